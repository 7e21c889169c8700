"""Plain tables of one plan for the workforce management suite: CSV files, harmless in a spreadsheet."""

from __future__ import annotations

import os
from pathlib import Path

from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.routing.export_cells import safe_frame, write_whole

PLAN_TABLES = ("staffing", "shifts", "channel_mix", "service", "costs", "promises", "hires")
"""Tables of a plan that `write_tables` writes where the run has them."""


def write_tables(frontier: Frontier, plan_id: str, folder: str | os.PathLike[str]) -> list[Path]:
    """Write the tables of a plan (id or name) as `<table>.csv` into an existing folder; return their paths.

    Every row carries the plan's id. Times are local, clock text as in the run; numbers use a decimal point.

    Raises
    ------
    PlanError
        The plan or the folder does not exist, or the run has no staffing.
    """
    plan = frontier.plan(plan_id)
    if "staffing" not in plan.tables:
        raise PlanError(f"plan {plan.id!r}: this run has no staffing table; run it again")
    paths = []
    for name in PLAN_TABLES:
        if name not in plan.tables:
            continue
        frame = safe_frame(plan.tables[name])
        frame.insert(0, "plan", plan.id)
        text = frame.to_csv(index=False, lineterminator="\n")
        paths.append(write_whole(Path(folder) / f"{name}.csv", text.encode("utf-8")))
    return paths
