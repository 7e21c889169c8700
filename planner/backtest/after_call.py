"""What agents do between a call and the next one while somebody waits: after-call work, and moments away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from planner.backtest.calibration import WorkAndPatience, kaplan_meier
from planner.backtest.roster import LONGEST_GAP_S, served_calls
from planner.backtest.seen import monday_of
from solvers.simulation import empirical

Floats = NDArray[np.float64]

_NOTHING = 1e-12


def after_call(calls: pd.DataFrame, pool: str, before_week: int) -> tuple[Floats, NDArray[np.bool_]]:
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

    Returns
    -------
    tuple
        Seconds and whether they ended in a call (True) or were censored, both of shape (gap,).
    """
    limit = float(monday_of(before_week).astype("datetime64[s]").astype(np.int64))
    rows = calls[(calls["pool"].isna() | (calls["pool"] == pool)) & (calls["start_s"] < limit)]
    begin, end, agent = served_calls(rows[(rows["pool"] == pool) & (rows["agent"] >= 0)])
    order = np.lexsort((begin, agent))
    begin, end, agent = begin[order], end[order], agent[order]
    waiting = rows[rows["wait_s"] > 0.0].sort_values("start_s", kind="stable")
    if begin.size == 0 or waiting.empty:
        return np.zeros(0), np.zeros(0, dtype=bool)
    following = np.r_[np.where(agent[1:] == agent[:-1], begin[1:], np.inf), np.inf]
    first, last = _queue_spells(waiting["start_s"].to_numpy(float), waiting["wait_s"].to_numpy(float))
    spell = np.searchsorted(first, end, side="right") - 1
    empties = np.where(spell >= 0, last[spell], -np.inf)
    gap = following - end
    kept = (end < empties) & (gap >= 0.0) & (gap <= LONGEST_GAP_S)
    # The next customer may be the last one of the queue, whose wait ends as the call begins.
    took = following <= empties + 1.0
    return np.where(took, gap, empties - end)[kept], took[kept]


def _queue_spells(start_s: Floats, wait_s: Floats) -> tuple[Floats, Floats]:
    """Begin and end of the times in which somebody waits; starts in order."""
    latest = np.maximum.accumulate(start_s + wait_s)
    new = np.r_[True, start_s[1:] > latest[:-1]]
    first = np.flatnonzero(new)
    return start_s[first], latest[np.r_[first[1:] - 1, len(latest) - 1]]


def with_after_call(known: WorkAndPatience, gap_s: Floats, took: NDArray[np.bool_]) -> WorkAndPatience:
    """Add after-call times (their Kaplan–Meier distribution, in whole seconds, independent of the call) to the work."""
    if known.service is None or not took.any():
        return known
    times, survival = kaplan_meier(np.round(gap_s), np.ones(len(gap_s)), took.astype(float))
    # What no gap outlasted is taken to end with the longest one.
    shares = -np.diff(np.r_[1.0, survival])
    shares[-1] += survival[-1]
    work = _by_second(np.asarray(known.service.values_s), np.diff(np.r_[0.0, known.service.cumulative]))
    total = np.maximum(fftconvolve(work, _by_second(times, shares)), 0.0)
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
