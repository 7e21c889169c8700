"""What the weeks before say about a pool: how long its work takes, how long its customers wait, how they score it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.backtest.center import CenterFacts
from solvers.simulation import Distribution, empirical, exponential

Floats = NDArray[np.float64]

_FEW_EVENTS = 20
_TAIL_POINTS = 20


@dataclass(frozen=True, slots=True)
class WorkAndPatience:
    """Of one pool: `service` and `patience` (None: nobody leaves) as distributions, and their means in seconds.

    `patience_s` is the censored mean, total waiting time / abandonments; inf where nobody leaves. `aht_s` NaN and
    `service` None where no handle time is known.
    """

    service: Distribution | None
    aht_s: float
    patience: Distribution | None
    patience_s: float


def work_and_patience(
    handles: pd.DataFrame, waits: pd.DataFrame, facts: CenterFacts, before_week: int
) -> tuple[WorkAndPatience, ...]:
    """Calibrate every pool on the contacts before a week.

    Handle times are taken as they were measured; patience by Kaplan–Meier, per pool, where it has at least 20
    abandonments, else from its channel. Waits whose pool nobody knows count for every pool of their channel in the
    share of the channel's contacts it has.

    Parameters
    ----------
    handles, waits
        As from `handle_counts` and `wait_counts`.
    before_week
        Number of the week that nothing may be known of.
    """
    handles, waits = (frame[frame["week"] < before_week] for frame in (handles, waits))
    found = []
    for pool in facts.pools:
        service, aht_s = _service(handles[handles["pool"] == pool.name])
        own = _pool_waits(waits, pool.name, pool.channel)
        if own["left"].sum() < _FEW_EVENTS:
            own = waits[waits["channel"] == pool.channel]
        patience, patience_s = patience_of(
            own["second"].to_numpy(float), own["n"].to_numpy(float), own["left"].to_numpy(float)
        )
        found.append(WorkAndPatience(service, aht_s, patience, patience_s))
    return tuple(found)


def _pool_waits(waits: pd.DataFrame, pool: str, channel: str) -> pd.DataFrame:
    own = waits[waits["pool"] == pool]
    unknown = waits[waits["pool"].isna() & (waits["channel"] == channel)]
    if unknown.empty:
        return own
    known = waits.loc[waits["pool"].notna() & (waits["channel"] == channel), "n"].sum()
    share = own["n"].sum() / known if known else 0.0
    scaled = unknown.assign(n=unknown["n"] * share, left=unknown["left"] * share)
    return pd.concat([own, scaled], ignore_index=True)


def _service(counts: pd.DataFrame) -> tuple[Distribution | None, float]:
    if counts["n"].sum() == 0:
        return None, math.nan
    by_second = counts.groupby("second")["n"].sum()
    seconds, n = by_second.index.to_numpy(float), by_second.to_numpy(float)
    return empirical(seconds, n / n.sum()), float((seconds * n).sum() / n.sum())


def kaplan_meier(seconds: Floats, n: Floats, left: Floats) -> tuple[Floats, Floats]:
    """Estimate P(patience > t) from waits of which some ended by being answered (Kaplan & Meier 1958).

    Parameters
    ----------
    seconds, n, left
        `n` contacts waited so long, `left` of them abandoned then; in any order, seconds may repeat; shape (row,).

    Returns
    -------
    tuple
        Distinct times of abandonments, increasing, and the survival from each on; those who leave at a time come
        before those who are answered at it.
    """
    times, place = np.unique(seconds, return_inverse=True)
    total, gone = np.bincount(place, n, times.size), np.bincount(place, left, times.size)
    at_risk = total[::-1].cumsum()[::-1]
    kept = gone > 0.0
    # What is at risk may be a sum of shares: at the last time rounding must not turn it above 1.
    steps = 1.0 - np.minimum(gone[kept] / at_risk[kept], 1.0)
    return times[kept], np.cumprod(steps)


def patience_of(seconds: Floats, n: Floats, left: Floats) -> tuple[Distribution | None, float]:
    """Turn waits into a distribution of patience and its censored mean, total waiting time / abandonments.

    The Kaplan–Meier curve; what it leaves beyond the longest abandonment goes on with the censored rate. With fewer
    than 20 abandonments the patience is taken as exponential; without any nobody leaves.
    """
    events = float(left.sum())
    if events <= 0.0:
        return None, math.inf
    mean_s = float((seconds * n).sum()) / events
    if events < _FEW_EVENTS or mean_s <= 0.0:
        return (exponential(mean_s), mean_s) if mean_s > 0.0 else (None, math.inf)
    times, survival = kaplan_meier(seconds, n, left)
    steps = -np.diff(np.r_[1.0, survival])
    middle = (np.arange(_TAIL_POINTS) + 0.5) / _TAIL_POINTS
    tail = times[-1] - mean_s * np.log1p(-middle)
    shares = np.r_[steps, np.full(_TAIL_POINTS, survival[-1] / _TAIL_POINTS)]
    return empirical(np.r_[times, tail], shares), mean_s
