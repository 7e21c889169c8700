"""Formulas beside simulation, as rows of the page."""

from __future__ import annotations

import math
from typing import Any

from planner.frontier.frontier import NAMED, Frontier
from planner.report.backtest import measure_text
from planner.report.check_words import AGREEMENT
from planner.report.text import label_of


def agreement_section(frontier: Frontier) -> dict[str, Any]:
    """What the page shows; `{}` where nothing was simulated."""
    table = frontier.tables.get("agreement")
    if table is None or table.empty:
        return {}
    names = dict(zip(frontier.table["plan"], frontier.table["name"], strict=True))
    rows = []
    for row in table.to_dict("records"):
        measure, half = str(row["measure"]), measure_text(str(row["measure"]), float(row["half_width"]))
        carried = float(row.get("carried", math.nan))  # runs from before it do not have it
        rows.append(
            {
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
        )
    facts = frontier.meta.get("agreement") or {}
    return {"heads": list(AGREEMENT["heads"]), "rows": rows, "assumptions": str(facts.get("assumptions") or "")}
