"""Formulas beside simulation, as rows of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import NAMED, Frontier
from planner.report.backtest import measure_text
from planner.report.check_words import AGREEMENT
from planner.report.text import label_of

WIDTH, LINE = 620.0, 26.0
"""Width of the picture and height of one of its lines, pixels."""
_LEFT, _REACH = 150.0, 1.5
_SHOWN = 10


def agreement_section(frontier: Frontier) -> dict[str, Any]:
    """What the page shows; `{}` where nothing was simulated.

    `summary` counts, `lines` hold one dot per check, `rows` the checks that failed and those nearest to it.
    """
    table = frontier.tables.get("agreement")
    if table is None or table.empty:
        return {}
    off = _in_tolerances(table)
    order = (table["failed"].astype(float) * 1e6 + off.abs().fillna(0.0)).sort_values(ascending=False, kind="stable")
    nearest = table.loc[order.index[: max(_SHOWN, int(table["failed"].sum()))]]
    names = dict(zip(frontier.table["plan"], frontier.table["name"], strict=True))
    facts = frontier.meta.get("agreement") or {}
    agree = int((~table["failed"].astype(bool)).sum())
    return {
        "heads": list(AGREEMENT["heads"]),
        "summary": AGREEMENT["summary"].format(agree=agree, n=len(table), plans=table["plan"].nunique()),
        "lines": _lines(table, off),
        "width": WIDTH,
        "line": LINE,
        "middle": _place(0.0),
        "edges": [_place(-1.0), _place(1.0)],
        "rows": [_row(frontier, row, names) for row in nearest.to_dict("records")],
        "assumptions": str(facts.get("assumptions") or ""),
    }


def _in_tolerances(table: pd.DataFrame) -> pd.Series:
    """Simulated less the better analytic figure, in tolerances of the measure."""
    carried = table["carried"] if "carried" in table else pd.Series(np.nan, index=table.index)
    return (table["simulated"] - carried.fillna(table["said"])) / table["tolerance"]


def _place(off: float) -> float:
    reach = (WIDTH - _LEFT) / 2
    return round(_LEFT + reach + min(max(off / _REACH, -1.0), 1.0) * (reach - 8), 1)


def _lines(table: pd.DataFrame, off: pd.Series) -> list[dict[str, Any]]:
    """One line per measure: its title, its place and the places of its checks."""
    lines: list[dict[str, Any]] = []
    for measure in dict.fromkeys(table["measure"]):
        own = table.index[(table["measure"] == measure) & off.notna()]
        dots = [{"x": _place(float(off[k])), "failed": bool(table.loc[k, "failed"])} for k in own]
        lines.append({"title": AGREEMENT["measures"][str(measure)], "dots": dots, "y": LINE * (len(lines) + 0.5)})
    return lines


def _row(frontier: Frontier, row: Mapping[Any, Any], names: Mapping[str, str]) -> dict[str, Any]:
    measure, half = str(row["measure"]), measure_text(str(row["measure"]), float(row["half_width"]))
    carried = float(row.get("carried", math.nan))  # runs from before it do not have it
    return {
        "plan": str(row["plan"]),
        "name": NAMED.get(str(names.get(row["plan"])), ""),
        "about": row["what"] or label_of(frontier.meta, "pools", row["pool"]),
        "period": AGREEMENT["whole"] if row["period"] == "horizon" else str(row["period"]),
        "measure": AGREEMENT["measures"][measure],
        "cells": [
            measure_text(measure, float(row["said"])),
            measure_text(measure, carried),
            f"{measure_text(measure, float(row['simulated']))} ± {half}",
            measure_text(measure, float(row["tolerance"])),
        ],
        "failed": bool(row["failed"]),
        "verdict": AGREEMENT["differ" if row["failed"] else "agree"],
    }
