"""The journey map as one inline SVG: a box per touchpoint, a line per way from one to the next."""

from __future__ import annotations

import math
from html import escape

import networkx as nx
import pandas as pd

from planner.curves import curve
from planner.experience.journeys.touchpoints import START, map_layout, worst_friction
from planner.history.issue_steps import GAVE_UP, SOLVED

WIDTH = 900
_LEFT, _TOP, _STEP_X, _STEP_Y = 130, 66, 244, 104
_BOX_W, _BOX_H = 186, 82
_REACH, _LOOP = 62.0, (52.0, 34.0, 14.0)
_WIDEST, _THINNEST = 18.0, 1.0
_LEAST_SHARE = 0.002
"""Ways taken by fewer issues than this are counted in the legend, not drawn."""
_LONGEST_NAME = 16
_FONT = "font-family='system-ui,sans-serif'"
_SOLVED, _ON, _LOST, _WORST = "#2f855a", "#d69e2e", "#c53030", "#c53030"


def render_map(graph: nx.DiGraph, title: str = "Journey map") -> str:
    """Draw a journey map as SVG text, 900 px wide.

    Columns are the first, second and third or later contact of an issue, rows the channels. Each box says how many
    contacts there were and what became of them: solved, going on (after how long), gave up. The width of a line follows
    the contacts that took it. The touchpoint with the most friction has a red frame. All names are escaped.
    """
    layout = map_layout(graph)
    boxes = layout[layout["kind"] == "touchpoint"]
    names = {int(row["row"]): str(row["channel"]) for row in boxes.to_dict("records")}
    height = _TOP + max(len(names), 1) * _STEP_Y + 60
    issues = float(graph.nodes[START]["contacts"])
    worst = worst_friction(graph)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' "
        f"style='max-width:100%;height:auto' role='img' aria-label='{escape(title, quote=True)}' {_FONT} "
        "font-size='12' fill='currentColor'>",
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_described(graph, worst))}</desc>",
        f"<text x='8' y='18' font-size='15' font-weight='600'>{escape(title)}</text>",
        *_headings(),
        *(_row_name(row, name) for row, name in sorted(names.items())),
    ]
    lines, hidden = _lines(graph, boxes, issues)
    parts += lines
    parts += [_box(row, worst == (row["channel"], row["attempt"])) for row in boxes.to_dict("records")]
    parts += [_legend(graph, hidden, height), "</svg>"]
    return "\n".join(parts)


def _headings() -> list[str]:
    words = ("first contact", "second contact", "third and later")
    return [
        f"<text x='{_x(k + 1) + _BOX_W / 2:g}' y='{_TOP - 20}' text-anchor='middle' font-weight='600'>{word}</text>"
        for k, word in enumerate(words)
    ]


def _row_name(row: int, name: str) -> str:
    y = _y(row) + _BOX_H / 2 + 4
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    full = f"<title>{escape(name)}</title>"
    return f"<text x='{_LEFT - 14}' y='{y:g}' text-anchor='end' font-size='13'>{escape(short)}{full}</text>"


def _lines(graph: nx.DiGraph, boxes: pd.DataFrame, issues: float) -> tuple[list[str], float]:
    """Ways between touchpoints, the widest first so that thin ones stay visible, and the contacts not drawn."""
    rows = {(row["channel"], row["attempt"]): row["row"] for row in boxes.to_dict("records")}
    edges = [
        (data["contacts"], origin, target)
        for origin, target, data in graph.edges(data=True)
        if origin in rows and target in rows
    ]
    edges.sort(key=lambda edge: (-edge[0], edge[1], edge[2]))
    widest = edges[0][0] if edges else 1.0
    drawn, hidden = [], 0.0
    for n, origin, target in edges:
        if n < _LEAST_SHARE * issues:
            hidden += n
            continue
        wide = max(_THINNEST, _WIDEST * n / widest)
        words = f"{_named(origin)} to {_named(target)}: {n:,.0f} contacts"
        path = _path(rows[origin], origin[1], rows[target], target[1])
        drawn.append(
            f"<path d='{path}' fill='none' stroke='#718096' stroke-opacity='.45' stroke-width='{wide:.1f}'>"
            f"<title>{escape(words)}</title></path>"
        )
    return drawn, hidden


def _path(row: int, attempt: int, to_row: int, to_attempt: int) -> str:
    start = _x(attempt) + _BOX_W, _y(row) + _BOX_H / 2
    end = _x(to_attempt), _y(to_row) + _BOX_H / 2
    return curve(start, end, attempt == to_attempt, _REACH, _LOOP)


def _box(data: dict, worst: bool) -> str:
    x, y = _x(data["attempt"]), _y(data["row"])
    stroke, wide = (_WORST, 3) if worst else ("#718096", 1)
    solved = max(1 - data["goes_on"] - data["drop_out"], 0.0)
    seen = data["contacts"] > 0
    lines = [
        [f"{data['contacts']:,.0f} contacts"],
        [f"{data['goes_on']:.0%} go on" if seen else "too young to tell", _time("after", data["next_s"])],
        [_time("wait", data["wait_s"]), "" if math.isnan(data["score"]) else f"score {data['score']:.2f}"],
    ]
    facts = [" · ".join(filter(None, line)) for line in lines]
    words = f"{_named((data['channel'], data['attempt']))}: {', '.join(filter(None, facts))}"
    bar, left = [], float(x + 8)
    for share, color in ((solved, _SOLVED), (data["goes_on"], _ON), (data["drop_out"], _LOST)):
        wide_s = share * (_BOX_W - 16) if seen else 0.0
        bar.append(f"<rect x='{left:.1f}' y='{y + 66:g}' width='{wide_s:.1f}' height='9' fill='{color}'/>")
        left += wide_s
    return (
        f"<g><title>{escape(words)}</title>"
        f"<rect x='{x}' y='{y:g}' width='{_BOX_W}' height='{_BOX_H}' rx='6' fill='Canvas' stroke='{stroke}' "
        f"stroke-width='{wide}'/>"
        f"<text x='{x + 8}' y='{y + 18:g}' font-weight='600'>{escape(facts[0])}</text>"
        f"<text x='{x + 8}' y='{y + 36:g}' font-size='11'>{escape(facts[1])}</text>"
        f"<text x='{x + 8}' y='{y + 54:g}' font-size='11'>{escape(facts[2])}</text>"
        f"{''.join(bar)}</g>"
    )


def _legend(graph: nx.DiGraph, hidden: float, height: int) -> str:
    solved, lost = graph.nodes[SOLVED]["contacts"], graph.nodes[GAVE_UP]["contacts"]
    y = height - 34
    entries = ((_SOLVED, f"solved ({solved:,.0f})"), (_ON, "goes on"), (_LOST, f"gave up ({lost:,.0f})"))
    parts, x = [], 8
    for color, words in entries:
        parts.append(f"<rect x='{x}' y='{y - 9}' width='12' height='9' fill='{color}'/>")
        parts.append(f"<text x='{x + 17}' y='{y}'>{escape(words)}</text>")
        x += 40 + 7 * len(words)
    note = "Means. Red frame: where most contacts go on beyond what is usual."
    note += f" {hidden:,.0f} contacts on rare ways are not drawn." if hidden > 0 else ""
    return "".join([*parts, f"<text x='8' y='{y + 20}' font-size='11'>{escape(note)}</text>"])


def _described(graph: nx.DiGraph, worst: tuple[str, int] | None) -> str:
    issues = graph.nodes[START]["contacts"]
    text = f"{issues:,.0f} issues; lines are contacts that followed another one of the same issue."
    return text if worst is None else f"{text} Most friction: {_named(worst)}."


def _named(state: tuple[str, int]) -> str:
    order = {1: "first", 2: "second"}.get(state[1], "third or later")
    return f"{state[0]}, {order} contact"


def _time(what: str, seconds: float) -> str:
    if math.isnan(seconds):
        return ""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{what} {seconds / size:.1f} {unit}"
    return f"{what} {seconds:.0f} s"


def _x(attempt: int) -> int:
    return _LEFT + (attempt - 1) * _STEP_X


def _y(row: int) -> float:
    return float(_TOP + row * _STEP_Y)
