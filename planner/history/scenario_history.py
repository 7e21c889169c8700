"""The history a scenario names: opened, or first generated from a declared truth, and how Today looks in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.errors import Issue, ScenarioError
from planner.history.history import History
from planner.history.load import load_history
from planner.history.synthetic.files import ensure_history
from planner.history.today import mean_week_staffing, routing_shares, shrinkage_seen

if TYPE_CHECKING:
    from planner.scenario import Scenario


def history_of(scenario: Scenario) -> History | None:
    """Open the history of a scenario; None where it names none. A declared truth is generated first if needed."""
    source = scenario.history
    if source is None:
        return None
    contacts = scenario.resolve(source.contacts)
    if source.truth is not None:
        ensure_history(scenario.resolve(source.truth), contacts.parent)
    return load_history(
        contacts,
        None if source.mapping is None else scenario.resolve(source.mapping),
        staffing=None if source.staffing is None else scenario.resolve(source.staffing),
        timezone=source.timezone or scenario.horizon.timezone,
    )


def seen_staffing(scenario: Scenario, history: History | None) -> pd.DataFrame:
    """People per pool and interval as history has them: `pool, interval, scheduled, on_task`."""
    if history is None or history.staffing is None:
        message = (
            'is "history", but the scenario names no staffing table; give today.staffing a CSV file '
            "(weekday, time, pool, scheduled), or name history.staffing"
        )
        raise ScenarioError([Issue(scenario.name, None, None, "today.staffing", message)])
    return mean_week_staffing(history, scenario.horizon)


def shrinkage_notes(scenario: Scenario, history: History | None) -> tuple[str, ...]:
    """Say per pool what shrinkage the staffing table shows beside what the scenario states."""
    if history is None or history.staffing is None:
        return ()
    notes = []
    for row in shrinkage_seen(history).itertuples():
        pool = scenario.pools.get(str(row.pool))
        if pool is None or not pool.staffed:
            continue
        low, high = pool.shrinkage.bounds
        seen = float(str(row.shrinkage))
        verdict = "inside" if low <= seen <= high else "OUTSIDE"
        notes.append(
            f"{row.pool}: shrinkage measured {seen:.1%} over {row.n:,} intervals, stated {pool.shrinkage.value:.1%}: "
            f"{verdict} the stated range {low:.0%} to {high:.0%}"
        )
    return tuple(notes)


def seen_routing(scenario: Scenario, history: History | None) -> pd.DataFrame:
    """Shares of pools as history has them: `reason, segment, channel, pool, share`."""
    if history is None:
        message = 'is "history", but the scenario names none; give today.routing a CSV file'
        raise ScenarioError([Issue(scenario.name, None, None, "today.routing", message)])
    return routing_shares(history)
