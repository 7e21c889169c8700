"""What agents do between a call and the next one while somebody waits: after-call work, and moments away."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.backtest.calibration import WorkAndPatience, kaplan_meier
from planner.backtest.roster import LONGEST_GAP_S, served_calls
from planner.backtest.seen import monday_of
from solvers.simulation import empirical

Floats = NDArray[np.float64]

_NOTHING = 1e-12


@dataclass(frozen=True)
class AfterCalls:
    """Gaps after calls, each of shape (gap,).

    `seconds`; whether the agent then `took` a call, or the queue had emptied; how many customers were `waiting` when
    the call ended.
    """

    seconds: Floats
    took: NDArray[np.bool_]
    waiting: Floats


def after_calls(calls: pd.DataFrame, pool: str, before_week: int) -> AfterCalls:
    """Times from the end of a call to the agent's next one, where a customer waited all along.

    An agent who could work would take the next customer at once, so such a gap is time the agent needed. Where the
    queue empties first, the gap is known to be at least as long as that: it is censored. Gaps of more than ten minutes
    are absences, as in `sessions`.

    Parameters
    ----------
    calls
        As from `agent_calls`.
    before_week
        Number of the week that nothing may be known of.

    """
    limit = float(monday_of(before_week).astype("datetime64[s]").astype(np.int64))
    rows = calls[(calls["pool"].isna() | (calls["pool"] == pool)) & (calls["start_s"] < limit)]
    begin, end, agent = served_calls(rows[(rows["pool"] == pool) & (rows["agent"] >= 0)])
    order = np.lexsort((begin, agent))
    begin, end, agent = begin[order], end[order], agent[order]
    waiting = rows[rows["wait_s"] > 0.0].sort_values("start_s", kind="stable")
    if begin.size == 0 or waiting.empty:
        return AfterCalls(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0))
    following = np.r_[np.where(agent[1:] == agent[:-1], begin[1:], np.inf), np.inf]
    joined = waiting["start_s"].to_numpy(float)
    left = joined + waiting["wait_s"].to_numpy(float)
    first, last = _queue_spells(joined, left)
    spell = np.searchsorted(first, end, side="right") - 1
    empties = np.where(spell >= 0, last[spell], -np.inf)
    gap = following - end
    kept = (end < empties) & (gap >= 0.0) & (gap <= LONGEST_GAP_S)
    # The next customer may be the last one of the queue, whose wait ends as the call begins.
    took = following <= empties + 1.0
    many = np.searchsorted(joined, end, side="right") - np.searchsorted(np.sort(left), end, side="right")
    return AfterCalls(np.where(took, gap, empties - end)[kept], took[kept], many[kept].astype(float))


def _queue_spells(joined_s: Floats, left_s: Floats) -> tuple[Floats, Floats]:
    """Begin and end of the times in which somebody waits; in the order in which customers join."""
    latest = np.maximum.accumulate(left_s)
    new = np.r_[True, joined_s[1:] > latest[:-1]]
    first = np.flatnonzero(new)
    return joined_s[first], latest[np.r_[first[1:] - 1, len(latest) - 1]]


def with_after_calls(known: WorkAndPatience, gaps: AfterCalls) -> WorkAndPatience:
    """Add after-call times (their Kaplan–Meier distribution, in whole seconds, independent of the call) to the work.

    Agents hurry when many wait. What delays customers are the gaps while they wait, so each gap counts as often as
    customers were waiting at its begin.
    """
    if known.service is None or not gaps.took.any():
        return known
    times, survival = kaplan_meier(np.round(gaps.seconds), gaps.waiting, gaps.waiting * gaps.took)
    # What no gap outlasted is taken to end with the longest one.
    shares = -np.diff(np.r_[1.0, survival])
    shares[-1] += survival[-1]
    work = _by_second(np.asarray(known.service.values_s), np.diff(np.r_[0.0, known.service.cumulative]))
    total = np.convolve(work, _by_second(times, shares))
    seconds = np.flatnonzero(total > _NOTHING).astype(float)
    weights = total[total > _NOTHING]
    return replace(
        known,
        service=empirical(seconds, weights / weights.sum()),
        aht_s=known.aht_s + float((times * shares).sum()),
    )


def _by_second(seconds: Floats, shares: Floats) -> Floats:
    """Probabilities of whole seconds from 0 on."""
    return np.asarray(np.bincount(np.round(seconds).astype(np.int64), shares), dtype=np.float64)
