"""The journey map as SVG: a box per channel and contact of an issue, a line per way from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from planner.curves import curve
from planner.frontier.frontier import Frontier
from planner.report.part_words import JOURNEYS
from planner.report.text import label_of, percent

WIDTH = 860.0
"""Width of a picture, pixels; it is as high as it has channels."""
_LEFT, _TOP, _STEP_X, _STEP_Y = 136.0, 30.0, 262.0, 68.0
_BOX_W, _BOX_H, _BAR = 164.0, 54.0, 7.0
_REACH, _LOOP = 44.0, (38.0, 24.0, 9.0)
_WIDEST, _THINNEST = 16.0, 1.0
_LEAST = 0.003
"""Ways taken by a smaller share of issues are not drawn."""
_LONGEST = 18

Spot = tuple[str, int]


def journey_picture(frontier: Frontier, journeys: tuple[pd.DataFrame, pd.DataFrame], title: str) -> str:
    """Draw `journey_steps`: columns are the first, second and later contacts of an issue, rows the channels."""
    points, steps = journeys
    rows = {channel: k for k, channel in enumerate(dict.fromkeys(points["channel"]))}
    names = {channel: label_of(frontier.meta, "channels", channel) for channel in rows}
    issues = float(points.loc[points["attempt"] == 1, "contacts"].sum())
    shown = [row for row in points.to_dict("records") if row["contacts"] >= 0.5]
    boxes = {(str(row["channel"]), int(row["attempt"])) for row in shown}
    height = _TOP + len(rows) * _STEP_Y
    heads = JOURNEYS["columns"].split("|")
    parts = [
        f'<text x="{_x(k) + _BOX_W / 2:g}" y="16" text-anchor="middle">{escape(head)}</text>'
        for k, head in enumerate(heads, start=1)
    ]
    parts += [_name(names[channel], k) for channel, k in rows.items()]
    parts += _lines(steps, rows, names, boxes, issues)
    parts += [_box(row, rows[row["channel"]], names[row["channel"]], heads) for row in shown]
    told = JOURNEYS["described"].format(issues=f"{issues:,.0f}", contacts=f"{points['contacts'].sum() / issues:.2f}")
    return (
        f'<svg class="journey" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{''.join(parts)}</svg>"
    )


def _x(attempt: int) -> float:
    return _LEFT + (attempt - 1) * _STEP_X


def _y(row: int) -> float:
    return _TOP + row * _STEP_Y


def _name(name: str, row: int) -> str:
    short = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    y = _y(row) + _BOX_H / 2 + 4
    return f'<text x="{_LEFT - 10:g}" y="{y:g}" text-anchor="end">{escape(short)}<title>{escape(name)}</title></text>'


def _lines(
    steps: pd.DataFrame, rows: Mapping[str, int], names: Mapping[str, str], boxes: set[Spot], issues: float
) -> list[str]:
    """Ways that enough issues take, the widest first, so that thin ones stay visible."""
    drawn = steps[steps["contacts"] >= _LEAST * issues].sort_values("contacts", ascending=False, kind="stable")
    widest = float(drawn["contacts"].max()) if len(drawn) else 1.0
    lines = []
    for row in drawn.to_dict("records"):
        start, end = (row["channel"], int(row["attempt"])), (row["to_channel"], int(row["to_attempt"]))
        if {start, end} <= boxes:
            wide = max(_THINNEST, _WIDEST * row["contacts"] / widest)
            told = {"from": names[start[0]], "to": names[end[0]], "contacts": f"{row['contacts']:,.0f}"}
            title = escape(JOURNEYS["way"].format(**told))
            path = _path(rows[start[0]], start[1], rows[end[0]], end[1])
            lines.append(f'<path d="{path}" stroke-width="{wide:.1f}"><title>{title}</title></path>')
    return lines


def _path(row: int, attempt: int, to_row: int, to_attempt: int) -> str:
    start = _x(attempt) + _BOX_W, _y(row) + _BOX_H / 2
    end = _x(to_attempt), _y(to_row) + _BOX_H / 2
    return curve(start, end, attempt == to_attempt, _REACH, _LOOP)


def _box(point: Mapping[Any, Any], row: int, name: str, heads: list[str]) -> str:
    x, y, n = _x(point["attempt"]), _y(row), point["contacts"]
    on, lost = point["goes_on"] / n, point["lost"] / n
    facts = [
        JOURNEYS["contacts"].format(n=f"{n:,.0f}"),
        JOURNEYS["on"].format(share=percent(on)),
        JOURNEYS["wait"].format(wait=_time(point["wait_s"])) if point["wait_s"] >= 1 else "",
    ]
    told = f"{name}, {heads[int(point['attempt']) - 1].lower()}"
    bars, left = [], x + 8
    for kind, share in (("settled", max(0.0, 1 - on - lost)), ("on", on), ("lost", lost)):
        wide = share * (_BOX_W - 16)
        if wide >= 0.05:
            place = f'x="{left:.1f}" y="{y + _BOX_H - 13:g}" width="{wide:.1f}" height="{_BAR:g}"'
            bars.append(f'<rect class="{kind}" {place}/>')
        left += wide
    return (
        f'<g><title>{escape(told)}</title><rect class="box" x="{x:g}" y="{y:g}" width="{_BOX_W:g}" height="{_BOX_H:g}" '
        f'rx="5"/><text class="strong" x="{x + 8:g}" y="{y + 16:g}">{escape(facts[0])}</text>'
        f'<text x="{x + 8:g}" y="{y + 33:g}">{escape(" · ".join(filter(None, facts[1:])))}</text>{"".join(bars)}</g>'
    )


def _time(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
