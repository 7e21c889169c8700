"""Raise the need of whole people where a missed service promise gains most per paid hour."""

from __future__ import annotations

import numpy as np

from solvers.flow.kept import KEPT_TOLERANCE, over_periods, promise_quality
from solvers.flow.network import Decision, Floats
from solvers.flow.solution import Instance, Routing, decision_of
from solvers.flow.steady_state import SteadyState, steady_state

ROUNDS = 30
NEXT_HEAD = 0.7  # what the next head of an interval gains, of what the last one did: a guess within a round
MOST_SHIFTS = 200  # added in a round


def raise_for_promises(
    instance: Instance, routing: Routing, growth: float, heads: Floats, state: SteadyState
) -> tuple[Floats, SteadyState]:
    """Add whole shifts to the need of live pools, shape (pool, interval), until every promise holds at grown demand.

    What a head is worth in an interval is measured: one steady state with a head more everywhere. Shifts are added by
    what they cover of the missing quality per money of paid hours, until the missing is made good as far as foreseen.
    """
    network = instance.network
    for _ in range(ROUNDS):
        missing = _missing(instance, decision_of(instance, routing, heads), state)
        if not missing.any():
            break
        more = decision_of(instance, routing, heads + network.pools.waits[:, None])
        gains = _gains(instance, decision_of(instance, routing, heads), more, state, growth, missing)
        added = _worth_most(instance, gains)
        if not added.any():
            break
        heads = heads + added
        state = steady_state(network, decision_of(instance, routing, heads), growth, state)
    return heads, state


def _shortfall(instance: Instance, decision: Decision, state: SteadyState, k: int) -> tuple[Floats, Floats]:
    """Quality of promise k, shape (pool, interval), larger is better, and what each period misses of it."""
    promises = instance.promises
    sign = 1.0 if promises.measure[k] in (0, 3) else -1.0
    quality = sign * promise_quality(instance.network, promises, decision, state, k)
    offered = state.arrivals.sum(axis=1)
    value = over_periods(quality, offered, promises.pools[k], int(promises.period_intervals[k]))
    missing = np.nan_to_num(sign * promises.target[k] - value, nan=0.0)
    return quality, np.where(missing > KEPT_TOLERANCE, missing, 0.0)


def _missing(instance: Instance, decision: Decision, state: SteadyState) -> Floats:
    """What each promise misses in each interval's period, shape (promise, interval)."""
    missing = np.zeros((len(instance.promises.measure), instance.network.profile.shape[1]))
    for k, period in enumerate(instance.promises.period_intervals):
        missing[k] = np.repeat(_shortfall(instance, decision, state, k)[1], int(period))
    return missing


def _gains(
    instance: Instance, now: Decision, more: Decision, state: SteadyState, growth: float, missing: Floats
) -> list[Floats]:
    """Share of what a period of a promise misses that a head more brings, an array (pool, interval) for each period."""
    network, promises = instance.network, instance.promises
    better = steady_state(network, more, growth, state)
    offered = state.arrivals.sum(axis=1)
    gains = []
    for k in map(int, np.flatnonzero(missing.any(axis=1))):
        before, _ = _shortfall(instance, now, state, k)
        after, _ = _shortfall(instance, more, better, k)
        members = (promises.pools[k] & network.pools.waits)[:, None]
        gain = np.where(members, np.maximum(after - before, 0.0) * offered, 0.0)
        period = int(promises.period_intervals[k])
        for first in range(0, missing.shape[1], period):
            here = slice(first, first + period)
            if missing[k, first] > 0:
                total = float(offered[promises.pools[k], here].sum())
                share = np.zeros_like(gain)
                share[:, here] = gain[:, here] / (missing[k, first] * total)
                gains.append(share)
    return gains


def _worth_most(instance: Instance, gains: list[Floats]) -> Floats:
    """Heads of the shifts that make good what is missing at least money, shape (pool, interval)."""
    network = instance.network
    per_day = network.intervals_per_day
    added = np.zeros((len(network.pools.queue), network.profile.shape[1]))
    made_good = np.zeros(len(gains))
    for _ in range(MOST_SHIFTS):
        still = np.zeros_like(added)
        for gain, made in zip(gains, made_good, strict=True):
            still += gain if made < 1.0 else 0.0
        found = _best_shift(instance, still)
        if found is None:
            break
        g, day, floor = found
        here = slice(day * per_day, (day + 1) * per_day)
        added[g, here] += floor
        for k, gain in enumerate(gains):
            made_good[k] += float(gain[g, here] @ floor)
            gain[g, here] *= np.where(floor > 0, NEXT_HEAD, 1.0)
    return added


def _best_shift(instance: Instance, gain: Floats) -> tuple[int, int, Floats] | None:
    """Pool, day and intervals of the shift that gains most per money; None where nothing gains."""
    network = instance.network
    best, found = 0.0, None
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None or not gain[g].any():
            continue
        money = max(float(network.pools.wage_per_h[g]), 1e-9) * catalogue.paid_h
        value = gain[g].reshape(network.days, network.intervals_per_day) @ catalogue.cover.T / money
        value = value if catalogue.allowed is None else np.where(catalogue.allowed, value, 0.0)
        day, shift = divmod(int(value.argmax()), value.shape[1])
        if value[day, shift] > best:
            best, found = float(value[day, shift]), (g, day, catalogue.cover[shift])
    return found
