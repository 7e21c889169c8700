"""What a plan requires of each pool in each interval: contacts, handle time, people."""

from __future__ import annotations

import pandas as pd

from planner.errors import PlanError
from planner.frontier.frontier import Frontier

_FLOW = ["reason", "segment", "from_channel", "channel", "stage", "pool"]


def requirements_of(frontier: Frontier, plan: str) -> pd.DataFrame:
    """Return the requirements of a plan, sorted by pool and time.

    Columns: `pool`, `start`, `end` (local clock times), `offered` (contacts in the interval), `aht_s` (mean handle time
    of the pool's contacts, weighted by the plan's flows; NaN where the pool has none), `required` (agents on task
    needed at least), `on_task` (agents on task in the plan), `scheduled` (people paid, shrinkage included).

    Raises
    ------
    PlanError
        If the run has no table of flows with handle times.
    """
    chosen = frontier.plan(plan)
    if "center_flows" not in frontier.tables:
        raise PlanError("this run is of an earlier version and holds no handle times; run the scenario again")
    table = chosen.tables["staffing"][["pool", "interval", "required", "on_task", "scheduled"]]
    service = chosen.tables["service"][["pool", "interval", "offered"]]
    table = table.merge(service, on=["pool", "interval"], how="left")
    table["start"] = pd.to_datetime(table["interval"])
    starts = table["start"].drop_duplicates().sort_values()
    length = starts.diff().min() if len(starts) > 1 else pd.Timedelta(minutes=30)
    table["end"] = table["start"] + length
    table["offered"] = table["offered"].fillna(0.0)
    table["aht_s"] = table["pool"].map(_handle_times(frontier.tables["center_flows"], chosen.tables["flows"]))
    columns = ["pool", "start", "end", "offered", "aht_s", "required", "on_task", "scheduled"]
    return table.sort_values(["pool", "start"], kind="stable", ignore_index=True)[columns]


def _handle_times(center: pd.DataFrame, flows: pd.DataFrame) -> pd.Series:
    """Mean handle time per pool, weighted by the served contacts of each flow."""
    known = center.groupby(_FLOW, as_index=False)["aht_s"].mean()
    rows = flows.merge(known, on=_FLOW, how="inner")
    rows["served"] = rows["contacts"] - rows["abandoned"]
    rows["work"] = rows["served"] * rows["aht_s"]
    sums = rows.groupby("pool")[["served", "work"]].sum()
    return sums["work"] / sums["served"].where(sums["served"] > 0)
