"""A simulated plan as terminal tables: each number with its interval, and in brackets what the plan says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

POOL_HEADS = ("pool", "offered", "mean wait, s", "in 20 s, %", "abandoned, %", "occupancy, %")
INTERVAL_HEADS = ("pool", "interval", *POOL_HEADS[1:])
CX_HEADS = ("segment", "issues", "CX simulated", "plan", "difference", "plan's own interval")
PROMISE_HEADS = ("promise", "period", "target", "plan", "simulated", "verdict")

_COLUMNS = (("asa_s", 1.0), ("service_level", 100.0), ("abandon_rate", 100.0), ("occupancy", 100.0))


def service_rows(frame: pd.DataFrame) -> list[Sequence[object]]:
    """Return the rows of a table per pool, or per pool and interval."""
    names = [name for name in ("pool", "interval") if name in frame.columns]
    rows: list[Sequence[object]] = []
    for row in frame.to_dict("records"):
        offered = f"{row['offered']:,.1f} ({row['offered_plan']:,.1f})"
        cells = [
            _cell(row[name] * factor, row[f"{name}_half_width"] * factor, row[f"{name}_plan"] * factor)
            for name, factor in _COLUMNS
        ]
        rows.append((*(row[name] for name in names), offered, *cells))
    return rows


def cx_rows(frame: pd.DataFrame) -> list[Sequence[object]]:
    """Return a row for all issues and one per segment."""
    return [
        (
            row["segment"] or "all",
            f"{row['issues']:,.0f}",
            f"{row['cx']:.3f} ± {row['half_width']:.3f}",
            f"{row['cx_plan']:.3f}",
            f"{row['cx'] - row['cx_plan']:+.3f}",
            "" if math.isnan(row["cx_low"]) else f"{row['cx_low']:.3f} to {row['cx_high']:.3f}",
        )
        for row in frame.to_dict("records")
    ]


def promise_rows(frame: pd.DataFrame) -> list[Sequence[object]]:
    """Return a row per promise and period."""
    return [
        (
            row["promise"],
            row["period"],
            f"{row['target']:g}",
            f"{row['plan']:.3f}",
            f"{row['value']:.3f} ± {row['half_width']:.3f}",
            row["verdict"],
        )
        for row in frame.to_dict("records")
    ]


def _cell(mean: float, half_width: float, plan: float) -> str:
    if math.isnan(mean):
        return "–"
    spread = "" if math.isnan(half_width) else f" ± {half_width:.1f}"
    said = "" if math.isnan(plan) else f" ({plan:.1f})"
    return f"{mean:,.1f}{spread}{said}"
