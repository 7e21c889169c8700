"""The way from the survey's mean to Today's CX as the page and the workbook show it: rows with a floating bar each."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.frontier.frontier import NAMED, Frontier
from planner.report.strings import BRIDGE, MEASURES
from planner.report.text import Units

WIDTH, HEIGHT = 240.0, 16.0
"""Size of the picture of one row, in its own units."""
_EDGE = 4.0
_LEAST = 1.5


def bridge_rows(frontier: Frontier, units: Units) -> list[dict[str, Any]]:
    """Return one row per step that changes what is shown, with the ends first and last; none without a survey.

    `step, words, change, value` as text, `kind` (start, up, down, end) and the bar: `x, width` of the change and
    `mark`, where the value after it stands. All rows share one scale, which need not start at zero: bars are changes.
    """
    table = frontier.tables.get("bridge")
    if table is None or table.empty:
        return []
    least = 0.5 * 10.0 ** -_digits(units)
    kept = table[(table.index == 0) | (table["change"].abs() >= least)].reset_index(drop=True)
    values, end = table["value"].astype(float), float(table["value"].iloc[-1])
    low, high = float(values.min()), float(values.max())

    def place(value: float) -> float:
        return _EDGE + (WIDTH - 2 * _EDGE) * ((value - low) / (high - low) if high > low else 0.5)

    # Steps left out change nothing that is shown; each bar still starts where its own step does.
    rows = [_row(record, units, place, first=k == 0) for k, record in enumerate(kept.to_dict("records"))]
    last = {"step": BRIDGE["end"], "words": BRIDGE["end_words"], "change": "", "value": _score(end, units)}
    rows.append(last | {"kind": "end", "x": place(end), "width": 0.0, "mark": place(end)})
    return [{k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()} for row in rows]


def _row(record: dict[Any, Any], units: Units, place: Any, *, first: bool) -> dict[str, Any]:
    value, change = float(record["value"]), float(record["change"])
    words = {"step": str(record["step"]), "words": str(record["words"]), "value": _score(value, units)}
    if first:
        return words | {"change": "", "kind": "start", "x": place(value), "width": 0.0, "mark": place(value)}
    ends = sorted((place(value - change), place(value)))
    width = max(ends[1] - ends[0], _LEAST)
    kind = "up" if change > 0 else "down"
    return (
        words
        | {"change": _score(change, units, signed=True), "kind": kind, "x": ends[0], "width": width}
        | {"mark": place(value)}
    )


def _digits(units: Units) -> int:
    return max(units.cx_digits, 3 if units.cx_digits else 1)


def _score(value: float, units: Units, signed: bool = False) -> str:
    return f"{value:{'+' if signed else ''},.{_digits(units)}f}".replace("-", "−")


def second_look(frontier: Frontier, units: Units) -> dict[str, Any]:
    """Return what scoring the plans again found: `words` and `rows` of plan, gain and gain again; {} if not done."""
    found = frontier.meta.get("rescored") or {}
    table = frontier.table
    if not found.get("words") or "gain_rescored" not in table:
        return {}
    named = table[(table["name"].fillna("") != "") & (table["origin"] != "today")]
    rows = [
        {
            "plan": f"{MEASURES['plan']} {row['plan']}",
            "name": NAMED.get(str(row["name"]), ""),
            "gain": _score(float(row["gain"]), units, signed=True),
            "again": _score(float(row["gain_rescored"]), units, signed=True),
        }
        for row in named.to_dict("records")
    ]
    return {"words": str(found["words"]).replace("-", "−"), "rows": rows}


def bridge_frame(frontier: Frontier) -> pd.DataFrame:
    """Return the bridge for the workbook: steps, change, value after it, words; empty without a survey."""
    table = frontier.tables.get("bridge")
    return pd.DataFrame() if table is None else table[["step", "change", "value", "words"]].reset_index(drop=True)
