"""Who really stood there: from the staffing table, else from the calls of the agents, else as somebody states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.backtest.center import CenterFacts, PoolFacts
from planner.backtest.seen import WEEK, monday_of
from planner.scenario.horizon import since_opening

Floats = NDArray[np.float64]

LONGEST_GAP_S = 600.0
"""An agent who takes no contact for longer is taken to have been away."""
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Roster:
    """Agents on task, shape (pool, week, interval of the week), NaN where nothing is known; `source` per pool.

    `present` is True where the agents were counted over gaps between their calls: what they do after a call, while
    somebody waits, must then be added to their work, see `after_calls`.
    """

    on_task: Floats
    source: tuple[str, ...]
    present: NDArray[np.bool_]


def roster_of(
    staffing: pd.DataFrame | None, calls: pd.DataFrame | None, facts: CenterFacts, weeks: Sequence[int]
) -> Roster:
    """Find the agents on task of every live pool in complete weeks.

    Parameters
    ----------
    staffing
        `interval_start, pool, scheduled, on_task` of history, or None.
    calls
        As from `agent_calls`, or None; used for pools the staffing table does not name.
    """
    shape = (len(facts.pools), len(weeks), WEEK * facts.slots)
    on_task, source = np.full(shape, np.nan), [""] * shape[0]
    present = np.zeros(shape[0], dtype=bool)
    for g, pool in enumerate(facts.pools):
        if not pool.live:
            continue
        own = None if staffing is None else staffing[staffing["pool"] == pool.name]
        if own is not None and len(own):
            on_task[g], source[g] = _from_table(own, pool, facts, weeks)
        elif calls is not None and (mine := calls[(calls["pool"] == pool.name) & (calls["agent"] >= 0)]).shape[0]:
            begin, end = sessions(*served_calls(mine))
            on_task[g] = _mean_present(begin, end, facts, weeks)
            source[g], present[g] = "calls of the agents", True
        elif facts.staffing is not None:
            on_task[g] = _stated(facts, pool, len(weeks))
            source[g] = f"stated staffing less {pool.shrinkage:.0%} shrinkage"
    return Roster(on_task, tuple(source), present)


def _from_table(rows: pd.DataFrame, pool: PoolFacts, facts: CenterFacts, weeks: Sequence[int]) -> tuple[Floats, str]:
    """Mean of the table's intervals inside each of ours; finer ones of ours take the table's value."""
    at = pd.DatetimeIndex(rows["interval_start"])
    minute = (at.hour * 60 + at.minute).to_numpy(int)
    distinct = np.unique(minute)
    step = int(np.diff(distinct).min()) if distinct.size > 1 else 60
    values = rows["on_task"].to_numpy(float)
    words = "staffing table"
    if np.isnan(values).all():
        values = rows["scheduled"].to_numpy(float) * (1.0 - pool.shrinkage)
        words = f"staffing table, scheduled less {pool.shrinkage:.0%} shrinkage"
    start = at.to_numpy().astype("datetime64[s]").astype(np.int64)
    known = pd.Series(np.nan_to_num(values), index=start)
    per_day = facts.opens * 60 + np.arange(facts.slots) * facts.interval_min * 60
    grid = np.array([monday_of(w).astype("datetime64[s]").astype(np.int64) for w in weeks])[:, None]
    grid = grid + (np.arange(WEEK)[:, None] * int(_DAY_S) + per_day).ravel()
    parts = []
    for k in range(max(1, facts.interval_min // step)):
        moment = grid + k * step * 60
        # A clock time without a row is nobody there.
        parts.append(known.reindex((moment - moment % (step * 60)).ravel()).fillna(0.0).to_numpy().reshape(grid.shape))
    return np.mean(parts, axis=0), words


def _stated(facts: CenterFacts, pool: PoolFacts, weeks: int) -> Floats:
    frame = facts.staffing
    week = np.zeros(WEEK * facts.slots)
    if frame is not None:
        own = frame[frame["pool"] == pool.name]
        clock = own["weekday"].to_numpy(np.int64), own["minute"].to_numpy(np.int64)
        weekday, minute = since_opening(facts.closes, *clock)
        slot = (minute - facts.opens) // facts.interval_min
        week[weekday % WEEK * facts.slots + slot] = own["scheduled"].to_numpy(float)
    return np.tile(week * (1.0 - pool.shrinkage), (weeks, 1))


def served_calls(calls: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Begin and end of services, seconds, and who gave them."""
    rows = calls[calls["handle_s"].notna()]
    begin = (rows["start_s"] + rows["wait_s"]).to_numpy(float)
    return begin, begin + rows["handle_s"].to_numpy(float), rows["agent"].to_numpy(np.int64)


def sessions(begin_s: Floats, end_s: Floats, agent: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Join the services of each agent over gaps of up to ten minutes; begin and end of each stretch, seconds."""
    order = np.lexsort((begin_s, agent))
    begin, end, who = begin_s[order], end_s[order], agent[order]
    if begin.size == 0:
        return begin, end
    # The latest end so far of the same agent: agents never mix because their times are shifted apart.
    apart = (who - who.min()) * (float(end.max() - begin.min()) + 2 * LONGEST_GAP_S)
    latest = np.maximum.accumulate(end + apart)
    new = np.r_[True, (begin + apart)[1:] > latest[:-1] + LONGEST_GAP_S]
    starts = np.flatnonzero(new)
    return begin[starts], np.maximum.reduceat(end, starts)


def _mean_present(begin_s: Floats, end_s: Floats, facts: CenterFacts, weeks: Sequence[int]) -> Floats:
    """Mean number of stretches under way in each interval, shape (week, interval of the week)."""
    length = facts.interval_min * 60.0
    per_day = facts.opens * 60.0 + np.arange(facts.slots) * length
    mondays = np.array([monday_of(w).astype("datetime64[s]").astype(np.int64) for w in weeks], dtype=float)
    start = (mondays[:, None, None] + np.arange(WEEK)[:, None] * _DAY_S + per_day).reshape(len(weeks), -1)
    return (_elapsed(begin_s, end_s, start + length) - _elapsed(begin_s, end_s, start)) / length


def _elapsed(begin_s: Floats, end_s: Floats, at: Floats) -> Floats:
    """Total length of the parts of all stretches before a moment."""
    total = np.zeros(at.shape)
    for edges, sign in ((np.sort(begin_s), 1.0), (np.sort(end_s), -1.0)):
        before = np.searchsorted(edges, at, side="right")
        total += sign * (before * at - np.r_[0.0, np.cumsum(edges)][before])
    return total
