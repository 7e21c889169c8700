"""Demand a scenario states: a table of issues or contacts, or the center's own agreed forecast per queue."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.model import Demand
from planner.demand.quantiles import interval_quantiles, joint_cv
from planner.errors import Issue, ScenarioError
from planner.experience.chain import first_contact_ratio
from planner.experience.model import ExperienceModel
from planner.scenario import Scenario

_KEYS = ["reason", "segment", "channel"]


def stated_demand(scenario: Scenario, table: pd.DataFrame, experience: ExperienceModel) -> Demand:
    """Turn a demand table into issues per type, channel and interval.

    A forecast per queue is split by the historical mix of the queue's contacts; contacts are turned into issues by
    the model's contacts per issue; growth comes on top.

    Parameters
    ----------
    table
        Columns `interval_start, reason, channel, contacts[, segment]` or `interval_start, queue, contacts` (a
        queue may be called channel).
    experience
        Gives the historical mix and the contacts per issue.
    """
    notes: list[str] = []
    frame = _within_horizon(table, scenario, notes)
    if "reason" in frame:
        frame = _by_segment(frame, scenario, experience)
    else:
        frame = _by_queue(
            frame.rename(columns={} if "queue" in frame else {"channel": "queue"}), scenario, experience, notes
        )
    counted = float(frame["contacts"].sum())
    if scenario.demand.counts == "contacts":
        frame = _as_issues(frame, experience)
        notes.append(
            f"{counted:.0f} contacts in the demand file stand for {frame['contacts'].sum():.0f} issues "
            f"({counted / max(frame['contacts'].sum(), 1e-9):.3f} contacts per issue)"
        )
    cube = _cube(frame, scenario) * (1 + scenario.demand.growth)
    if scenario.demand.growth:
        notes.append(f"growth of {scenario.demand.growth:+.1%} on top of the demand file")
    if scenario.demand.uncertainty is None:
        notes.append("no uncertainty of the weekly total is stated: only chance arrivals vary")
    date = scenario.demand.planning_date
    source = f"demand file {scenario.demand.source}" + (f", agreed on {date.isoformat()}" if date else "")
    level = 0.0 if scenario.demand.uncertainty is None else scenario.demand.uncertainty.value
    return demand_from_cube(scenario, cube, level, np.zeros(len(scenario.types)), source, tuple(notes))


def demand_from_cube(
    scenario: Scenario,
    cube: NDArray[np.float64],
    level_cv: float,
    type_cv: NDArray[np.float64],
    source: str,
    notes: tuple[str, ...],
) -> Demand:
    """Build the demand from issues of shape (type, channel, interval).

    An empty type gets profile 0 and comes naturally, in equal parts, to the channels (nobody is there to tell).
    """
    per_interval = cube.sum(axis=1)
    issues = per_interval.sum(axis=1)
    empty = issues <= 0
    safe = np.where(empty, 1.0, issues)[:, None]
    natural = np.where(empty[:, None], 1.0 / cube.shape[1], cube.sum(axis=2) / safe)
    p10, p50, p90 = interval_quantiles(per_interval, joint_cv(level_cv, type_cv)[:, None])
    return Demand(
        types=tuple(scenario.types),
        channels=tuple(scenario.channels),
        starts=tuple(scenario.horizon.starts()),
        issues=issues,
        profile=per_interval / safe,
        natural=natural,
        level_cv=level_cv,
        type_cv=type_cv,
        p10=p10,
        p50=p50,
        p90=p90,
        source=source,
        notes=notes,
    )


def _within_horizon(table: pd.DataFrame, scenario: Scenario, notes: list[str]) -> pd.DataFrame:
    frame = table.assign(interval_start=pd.to_datetime(table["interval_start"]))
    opened = np.array(scenario.horizon.opened())
    inside = frame["interval_start"].isin(pd.DatetimeIndex(scenario.horizon.starts())[opened])
    if not inside.any():
        message = (
            f"no interval_start lies in the horizon ({scenario.horizon.start.isoformat()}, {scenario.horizon.days} "
            f"days of {scenario.horizon.interval_min} min); move horizon.start or the file's dates"
        )
        raise ScenarioError([_issue(scenario, message)])
    lost = float(frame.loc[~inside, "contacts"].sum())
    if lost:
        notes.append(f"{lost:.0f} contacts of the demand file lie outside the opening hours of the horizon: left out")
    return frame[inside].reset_index(drop=True)


def _issue(scenario: Scenario, message: str) -> Issue:
    return Issue(file=scenario.demand.source, line=None, column=None, path="demand", message=message)


def historical_mix(experience: ExperienceModel) -> pd.DataFrame:
    """Return the contacts of history per `reason, segment, channel` (reason as known when routed)."""
    mix = experience.outcomes.groupby(_KEYS, sort=False, as_index=False)[["n_contacts"]].sum()
    return mix[mix["n_contacts"] > 0].reset_index(drop=True)


def _by_segment(frame: pd.DataFrame, scenario: Scenario, experience: ExperienceModel) -> pd.DataFrame:
    """Give every row a segment: the file's own, the only one there is, or the historical mix of the reason."""
    segments = list(scenario.segments)
    if "segment" in frame:
        return frame
    if len(segments) == 1:
        return frame.assign(segment=segments[0])
    mix = historical_mix(experience)
    if mix.empty:
        message = f"no segment column, and no history to split contacts over {', '.join(segments)}; add the column"
        raise ScenarioError([_issue(scenario, message)])
    mix["share"] = mix["n_contacts"] / mix.groupby(["reason", "channel"])["n_contacts"].transform("sum")
    split = frame.merge(mix[[*_KEYS, "share"]], on=["reason", "channel"], how="left")
    whole = mix.groupby("segment")["n_contacts"].sum() / mix["n_contacts"].sum()
    unseen = split[split["segment"].isna()].drop(columns=["segment", "share"])
    unseen = unseen.merge(whole.rename("share").reset_index(), how="cross")
    both = pd.concat([split[split["segment"].notna()], unseen], ignore_index=True)
    return both.assign(contacts=both["contacts"] * both["share"])


def _by_queue(frame: pd.DataFrame, scenario: Scenario, experience: ExperienceModel, notes: list[str]) -> pd.DataFrame:
    """Split a forecast per queue over the types that history saw there.

    A queue is a pool (its channel), a channel or a reason of the scenario, looked up in this order.
    """
    mix = historical_mix(experience)
    parts, issues = [], []
    for queue, rows in frame.groupby("queue", sort=False):
        found = _queue_mix(str(queue), scenario, experience, mix)
        if found is None:
            message = f"queue {queue} is neither a pool nor a channel nor a reason of the scenario; rename it"
            issues.append(_issue(scenario, message))
        elif found.empty:
            message = f"history has no contacts of queue {queue} to split its forecast by; give reasons in the file"
            issues.append(_issue(scenario, message))
        else:
            found = found.assign(share=found["n_contacts"] / found["n_contacts"].sum())
            both = rows.merge(found[[*_KEYS, "share"]], how="cross")
            parts.append(both.assign(contacts=both["contacts"] * both["share"]))
    if issues:
        raise ScenarioError(issues)
    notes.append(f"forecast of {frame['queue'].nunique()} queues split by the mix of reasons and segments in history")
    return pd.concat(parts, ignore_index=True)


def _queue_mix(queue: str, scenario: Scenario, experience: ExperienceModel, mix: pd.DataFrame) -> pd.DataFrame | None:
    if queue in scenario.pools:
        seen = experience.outcomes[experience.outcomes["pool"] == queue]
        seen = seen.groupby(_KEYS, sort=False, as_index=False)[["n_contacts"]].sum()
        return seen[seen["n_contacts"] > 0]
    if queue in scenario.channels:
        return mix[mix["channel"] == queue]
    if queue in scenario.reasons:
        return mix[mix["reason"] == queue]
    return None


def _as_issues(frame: pd.DataFrame, experience: ExperienceModel) -> pd.DataFrame:
    contacts = frame.groupby(["reason", "channel"], as_index=False)[["contacts"]].sum()
    ratio = first_contact_ratio(experience.chain, contacts)
    joined = frame.merge(ratio, on=["reason", "channel"], how="left")
    return joined.assign(contacts=joined["contacts"] * joined["ratio"].fillna(1.0)).drop(columns="ratio")


def _cube(frame: pd.DataFrame, scenario: Scenario) -> NDArray[np.float64]:
    """Sum the rows into shape (type, channel, interval); labels the scenario does not know raise."""
    types = pd.Index([f"{reason}\0{segment}" for reason, segment in scenario.types])
    rows = types.get_indexer(pd.Index(frame["reason"].astype(str) + "\0" + frame["segment"].astype(str)))
    channels = pd.Index(list(scenario.channels)).get_indexer(pd.Index(frame["channel"]))
    columns = pd.DatetimeIndex(scenario.horizon.starts()).get_indexer(pd.DatetimeIndex(frame["interval_start"]))
    unknown = frame[(rows < 0) | (channels < 0)][_KEYS].drop_duplicates()
    if len(unknown):
        named = "; ".join("/".join(map(str, row)) for row in unknown.head(5).itertuples(index=False, name=None))
        message = f"reason/segment/channel not in the scenario: {named}; use its keys"
        raise ScenarioError([_issue(scenario, message)])
    cube = np.zeros((len(types), len(scenario.channels), len(scenario.horizon.starts())))
    np.add.at(cube, (rows, channels, columns), frame["contacts"].to_numpy(float))
    return cube
