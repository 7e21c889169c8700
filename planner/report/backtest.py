"""The backtest in words and rows, for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.frontier.frontier import Frontier
from planner.report.check_words import BACKTEST, BACKTEST_MEASURES
from planner.report.strings import SUMMARY
from planner.report.text import ENDLESS_S, percent

ERROR_WIDTH = 120
"""Width of the picture of errors, pixels."""
_RATES = ("abandon_rate", "service_level")


def measure_text(measure: str, value: float) -> str:
    """Write a value of a measure with its unit."""
    if not math.isfinite(value):
        return "–"
    if measure in _RATES:
        return percent(value, 1)
    if measure == "cx":
        return f"{value:,.3f}"
    if measure == "score":
        return f"{value:,.2f}"
    if measure == "volume":
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
    if abs(value) >= ENDLESS_S:
        return SUMMARY["endless"]
    return f"{value:,.1f} s" if abs(value) < 100 else f"{value:,.0f} s"


def error_marks(error: float, naive: float, floor: float) -> dict[str, float]:
    """Places of the three errors on one scale from 0, pixels of a picture `ERROR_WIDTH` wide; NaN ones are left out."""
    shown = {name: value for name, value in (("error", error), ("naive", naive), ("floor", floor)) if value >= 0}
    longest = max(shown.values(), default=0.0)
    return {name: round((ERROR_WIDTH - 8) * value / longest + 4, 1) for name, value in shown.items() if longest > 0}


def backtest_rows(summary: pd.DataFrame, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """One record per pool and measure: texts under `BACKTEST["heads"]`, `marks` of the errors, whether it `missed`."""
    rows = []
    for row in summary.to_dict("records"):
        measure = str(row["measure"])
        name = BACKTEST_MEASURES[measure]
        if row["volume"] == "seen":
            name = BACKTEST["known"].format(measure=name)
        values = [row[key] for key in ("seen", "predicted", "formula", "naive", "mae", "mae_naive", "mae_floor")]
        verdict = ""
        if row["volume"] != "seen":
            verdict = BACKTEST["missed" if row["missed"] else "near"]
        rows.append(
            {
                "pool": str(titles.get(str(row["pool"])) or row["pool"]),
                "measure": name,
                "cells": [
                    *(measure_text(measure, float(value)) for value in values),
                    percent(float(row["coverage"])),
                ],
                "marks": error_marks(float(row["mae"]), float(row["mae_naive"]), float(row["mae_floor"])),
                "verdict": verdict,
                "missed": bool(row["missed"]),
            }
        )
    return rows


def missed_words(summary: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """One sentence per pool and measure that Today's model got materially and significantly wrong."""
    return [
        BACKTEST["miss"].format(
            pool=titles.get(str(row["pool"])) or row["pool"],
            measure=BACKTEST_MEASURES[str(row["measure"])].lower(),
            predicted=measure_text(str(row["measure"]), float(row["predicted"])),
            seen=measure_text(str(row["measure"]), float(row["seen"])),
        )
        for row in summary[summary["missed"].astype(bool)].to_dict("records")
    ]


def backtest_section(frontier: Frontier) -> dict[str, Any]:
    """What the page shows; `{}` where the run has no history."""
    facts = frontier.meta.get("backtest")
    if not facts:
        return {}
    summary, titles = _summary(frontier), pool_titles(frontier.meta)
    return {
        "heads": list(BACKTEST["heads"]),
        "rows": [] if summary is None else backtest_rows(summary, titles),
        "missed": [] if summary is None else missed_words(summary, titles),
        "width": ERROR_WIDTH,
        "weeks": weeks_words(facts),
        "notes": [str(note) for note in facts.get("notes") or ()],
    }


def backtest_lines(frontier: Frontier) -> list[str]:
    """What the terminal says after a run: whether the model of Today would have predicted the last weeks."""
    facts, summary = frontier.meta.get("backtest"), _summary(frontier)
    if not facts:
        return []
    if summary is None:
        return [weeks_words(facts)]
    missed = missed_words(summary, pool_titles(frontier.meta))
    if not missed:
        return [BACKTEST["fine"].format(n=len(facts["weeks"]))]
    return [BACKTEST["banner"], *(f"  {line}" for line in missed)]


def weeks_words(facts: Mapping[str, Any]) -> str:
    """Say which weeks were predicted, or why none were."""
    weeks = facts.get("weeks") or ()
    if not weeks:
        return BACKTEST["refused"].format(why=facts.get("refused") or BACKTEST["skipped"])
    return BACKTEST["weeks"].format(n=len(weeks), first=weeks[0], last=weeks[-1])


def pool_titles(meta: Mapping[str, Any]) -> dict[str, str]:
    """Titles of pools by key."""
    return {str(key): str(title) for key, title in ((meta.get("titles") or {}).get("pools") or {}).items()}


def _summary(frontier: Frontier) -> pd.DataFrame | None:
    found = frontier.tables.get("backtest")
    return None if found is None or found.empty else found
