"""What caps, rates, deadlines and promises say of a steady state: how far each is kept."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.flow.network import Bools, Decision, Floats, FlowNetwork, Ints, Promises, Queue
from solvers.flow.steady_state import SteadyState
from solvers.flow.waiting import service_level

KEPT_TOLERANCE = 1e-9


def pool_volume(network: FlowNetwork, state: SteadyState) -> Floats:
    """Contacts of each pool over the horizon, shape (pool,)."""
    return np.bincount(network.flows.pool, state.volume, len(network.pools.queue)).astype(np.float64)


@njit(cache=True)
def _load_ratio(queue: Ints, capacity: Floats, work_s: Floats, rate_max: Floats, arrivals: Floats) -> float:
    """Least ratio of capacity (pool, interval) to work, interval by interval where customers wait, and of rates."""
    ratio = np.inf
    for g in range(queue.size):
        if queue[g] <= Queue.CHAT.value:
            for t in range(work_s.shape[1]):
                if work_s[g, t] > 1e-9:
                    ratio = min(ratio, capacity[g, t] / work_s[g, t])
        elif queue[g] == Queue.DEFERRED.value and work_s[g].sum() > 1e-9:
            ratio = min(ratio, capacity[g].sum() / work_s[g].sum())
        if np.isfinite(rate_max[g]):
            for t in range(work_s.shape[1]):
                offered = arrivals[g, :, t].sum()
                if offered > 0.0:
                    ratio = min(ratio, rate_max[g] / offered)
    return ratio


def capacity_ratio(network: FlowNetwork, decision: Decision, state: SteadyState) -> float:
    """Least ratio of what caps, rates and contracts admit to what is offered (inf: nothing is offered)."""
    pools = network.pools
    capacity = decision.on_task * (pools.speed * pools.occupancy_max)[:, None] * network.interval_s
    ratio = float(_load_ratio(pools.queue, capacity, state.work_s, pools.rate_max, state.arrivals))
    if not np.isfinite(pools.contract_max).any():
        return ratio
    volume = pool_volume(network, state)
    taken = np.isfinite(pools.contract_max) & (volume > 0)
    return min(ratio, float((pools.contract_max[taken] / volume[taken]).min(initial=np.inf)))


def promise_quality(
    network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState, promise: int
) -> Floats:
    """What a promise measures, pool by pool and interval by interval, shape (pool, interval)."""
    pools, measure = network.pools, promises.measure[promise]
    if measure == 0:
        return service_level(
            state.arrivals,
            state.work_s,
            decision.on_task,
            pools.queue,
            pools.patience_s,
            pools.chat_speed,
            network.interval_s,
            promises.pools[promise],
            float(promises.within_s[promise]),
        )
    offered = state.arrivals.sum(axis=1)
    if measure == 3:
        return np.repeat(state.in_time[:, None], offered.shape[1], axis=1)
    source = state.mean_wait_s if measure == 1 else state.p_abandon
    quality = np.asarray((source * state.arrivals).sum(axis=1) / np.maximum(offered, 1e-300))
    if measure == 1:
        deferred = pools.queue == Queue.DEFERRED
        quality[deferred] = state.delay_s[deferred]
    return quality


def over_periods(quality: Floats, offered: Floats, wanted: Bools, period_intervals: int) -> Floats:
    """Mean of (pool, interval) over the wanted pools, (period,), weighted by offered; NaN where nothing is offered."""
    weight = offered[wanted].reshape(int(wanted.sum()), offered.shape[1] // period_intervals, -1)
    total = weight.sum(axis=(0, 2))
    value = (quality[wanted].reshape(weight.shape) * weight).sum(axis=(0, 2))
    return np.asarray(np.where(total > 1e-9, value / np.maximum(total, 1e-300), np.nan))


def promise_values(
    network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState
) -> tuple[Floats, ...]:
    """Value of each promise in each of its periods, weighted by offered contacts; NaN where nothing is offered."""
    offered = state.arrivals.sum(axis=1)
    return tuple(
        over_periods(
            promise_quality(network, promises, decision, state, k),
            offered,
            promises.pools[k],
            int(promises.period_intervals[k]),
        )
        for k in range(len(promises.measure))
    )


def promise_shortfalls(promises: Promises, values: tuple[Floats, ...]) -> list[float]:
    """How far each promise falls short of its target in its worst period, in its own measure; −inf: nobody comes."""
    short = []
    for k, value in enumerate(values):
        least = promises.measure[k] in (0, 3)
        missed = promises.target[k] - value if least else value - promises.target[k]
        short.append(float(np.nanmax(missed, initial=-np.inf)))
    return short


def promises_kept(promises: Promises, values: tuple[Floats, ...]) -> list[bool]:
    """Tell for each promise if every period meets its target."""
    return [short <= KEPT_TOLERANCE for short in promise_shortfalls(promises, values)]


def strict_deadlines(network: FlowNetwork, promises: Promises) -> Bools:
    """Deferred pools whose every deadline must be met: those no promise on deadlines speaks of, shape (pool,)."""
    promised = promises.pools[promises.measure == 3].any(axis=0)
    return np.asarray((network.pools.queue == Queue.DEFERRED) & ~promised)


def in_time(network: FlowNetwork, promises: Promises, state: SteadyState) -> bool:
    """Tell if every deadline that no promise speaks of is met."""
    return bool((state.in_time[strict_deadlines(network, promises)] >= 1 - KEPT_TOLERANCE).all())


def holds(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> bool:
    """Tell if caps, deadlines and promises all hold in a steady state."""
    return missed_by(network, promises, decision, state) <= 0


def missed_by(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> float:
    """How far the worst promise falls short, in its own measure; > 0 also where caps or deadlines do not hold (inf)."""
    if not copes(network, promises, decision, state):
        return np.inf
    values = promise_values(network, promises, decision, state)
    return max(promise_shortfalls(promises, values), default=-np.inf) - KEPT_TOLERANCE


def copes(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> bool:
    """Tell if caps and deadlines hold in a steady state."""
    return (
        state.converged and in_time(network, promises, state) and capacity_ratio(network, decision, state) >= 1 - 1e-9
    )
