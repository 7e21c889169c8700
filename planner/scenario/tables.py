"""Tables of the CSV files a scenario names, keyed by label, for the stages that compute with them."""

from __future__ import annotations

import pandas as pd

from planner.errors import Issue, ScenarioError
from planner.scenario.demand_csv import read_demand_rows
from planner.scenario.scenario import Scenario
from planner.scenario.today_csv import read_routing_rows, read_staffing_rows


def read_demand(scenario: Scenario) -> pd.DataFrame:
    """Read the demand table `demand.source` names.

    Returns
    -------
        Columns `interval` (index into the horizon), `interval_start` (local clock time), `reason`, `channel`,
        `segment`, `contacts` (contacts per interval). `segment` is missing where the table has no such column, and
        `reason` and `segment` are missing for a forecast by queue, whose queue is the channel. Sorted by interval,
        then as in the file.

    Raises
    ------
    ScenarioError
        With all problems of the table.
    """
    name = _named(scenario.demand.source, "demand.source")
    demand = read_demand_rows(scenario, scenario.resolve(name), str(scenario.resolve(name)))
    _refuse(demand.issues)
    table = pd.DataFrame(demand.rows, columns=["interval", "reason", "channel", "segment", "contacts"])
    starts = pd.Series(scenario.horizon.starts())
    table.insert(1, "interval_start", starts.iloc[table["interval"].to_numpy()].to_numpy())
    empty = [column for column in ("reason", "segment") if table[column].isna().all()]
    table = table.drop(columns=empty).astype({"contacts": float})
    return table.sort_values("interval", kind="stable", ignore_index=True)


def read_today_staffing(scenario: Scenario) -> pd.DataFrame:
    """Read Today's staffing table, expanded from weekdays and times onto the horizon.

    Returns
    -------
        Columns `pool`, `interval` (index into the horizon), `scheduled` (people, mean): every pool of people and
        every interval; 0 for pools the table leaves out, and while the center is closed.

    Raises
    ------
    ScenarioError
        With all problems of the table.
    """
    name = _named(scenario.today.staffing, "today.staffing")
    staffing = read_staffing_rows(scenario, scenario.resolve(name), str(scenario.resolve(name)))
    _refuse(staffing.issues)
    per_day, opened = scenario.horizon.intervals_per_day, scenario.horizon.opened()
    first = scenario.horizon.start.weekday()
    rows = [
        (pool, t, staffing.scheduled.get((pool, (first + t // per_day) % 7, t % per_day), 0.0) if opened[t] else 0.0)
        for pool, declared in scenario.pools.items()
        if declared.staffed
        for t in range(scenario.horizon.intervals)
    ]
    return pd.DataFrame(rows, columns=["pool", "interval", "scheduled"]).astype({"scheduled": float})


def read_today_routing(scenario: Scenario) -> pd.DataFrame:
    """Read Today's routing table.

    Returns
    -------
        Columns `reason`, `segment`, `channel`, `pool`, `share` (ratio): shares of each (reason, segment, channel)
        sum to 1 exactly, rounding in the file taken away.

    Raises
    ------
    ScenarioError
        With all problems of the table.
    """
    name = _named(scenario.today.routing, "today.routing")
    routing = read_routing_rows(scenario, scenario.resolve(name), str(scenario.resolve(name)))
    _refuse(routing.issues)
    rows = [(*key, share) for key, share in routing.shares.items()]
    table = pd.DataFrame(rows, columns=["reason", "segment", "channel", "pool", "share"]).astype({"share": float})
    table["share"] /= table.groupby(["reason", "segment", "channel"])["share"].transform("sum")
    return table


def _named(source: str, place: str) -> str:
    if source == "history":
        raise ValueError(f"{place} is 'history': there is no table to read")
    return source


def _refuse(issues: list[Issue]) -> None:
    if issues:
        raise ScenarioError(issues)
