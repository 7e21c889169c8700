"""The one evaluator: what a decision does, from which every reported number comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from solvers.flow.network import Bools, Decision, Floats, FlowNetwork, Ints, Promises, Queue
from solvers.flow.spread import spread_of
from solvers.flow.steady_state import TOLERANCE, SteadyState, first_contacts, steady_state
from solvers.flow.waiting import pair_wait_loss, service_level

KEPT_TOLERANCE = 1e-9
HEADROOM_TOLERANCE = 1e-5
ENOUGH = HEADROOM_TOLERANCE / 10  # by which the caps may admit more than the headroom found
MOST_HEADROOM = 9.0


@dataclass(frozen=True)
class Evaluation:
    """What a decision does at nominal demand, and how much more it can take.

    `points` (flow,) score points summed over the flow's share of issues; `score_weight` (flow,) contacts whose final
    score is the flow's `score` (CX is linear in it); `cx` mean per issue, `cx_segment` (segment,); `variable_cost`
    money for contacts, offers, fixed cost and programs (people come on top); `kept` tells if every promise and guard
    holds.
    """

    state: SteadyState
    cx: float
    cx_segment: Floats
    score_weight: Floats
    constant_points: float
    variable_cost: float
    headroom: float
    promise_values: tuple[Floats, ...]
    kept: bool


def score_points(network: FlowNetwork, decision: Decision, state: SteadyState) -> tuple[Floats, Floats]:
    """Score points of every flow (flow,), and the contacts that end with the flow's own score (flow,).

    served·(1−esc)·[fcr·score + (1−fcr)(1−ret)·given_up] + (1−ρ)·abandoned·score_abandoned − final·waiting − effort.
    """
    flows, pools = network.flows, network.pools
    lost = state.lost[flows.pair]
    served = state.volume * (1 - lost)
    weight = served * (1 - flows.escalate) * flows.resolve
    given_up = served * (1 - flows.escalate) * (1 - flows.resolve) * (1 - flows.comeback)
    gone = state.volume * lost * (1 - pools.redial[flows.pool])
    spread = spread_of(network, decision)
    waiting = pair_wait_loss(
        state.p_wait,
        state.mean_wait_s,
        state.delay_s,
        network.pair_pool,
        spread.row,
        decision.priority,
        pools.queue,
        spread.table,
        network.wait_knots_s,
        network.wait_bend,
    )
    points = (
        weight * flows.score
        + given_up * network.score_given_up
        + gone * network.score_abandoned
        - served * flows.final_share * waiting[flows.pair]
        - network.effort * state.volume
    )
    return points, weight


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


def promises_kept(promises: Promises, values: tuple[Floats, ...]) -> list[bool]:
    """Tell for each promise if every period meets its target."""
    kept = []
    for k, value in enumerate(values):
        least = promises.measure[k] in (0, 3)
        short = promises.target[k] - value if least else value - promises.target[k]
        kept.append(bool(np.nanmax(short, initial=-np.inf) <= KEPT_TOLERANCE))
    return kept


def strict_deadlines(network: FlowNetwork, promises: Promises) -> Bools:
    """Deferred pools whose every deadline must be met: those no promise on deadlines speaks of, shape (pool,)."""
    promised = promises.pools[promises.measure == 3].any(axis=0)
    return np.asarray((network.pools.queue == Queue.DEFERRED) & ~promised)


def in_time(network: FlowNetwork, promises: Promises, state: SteadyState) -> bool:
    """Tell if every deadline that no promise speaks of is met."""
    return bool((state.in_time[strict_deadlines(network, promises)] >= 1 - KEPT_TOLERANCE).all())


def holds(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> bool:
    """Tell if caps, deadlines and promises all hold in a steady state."""
    return _copes(network, promises, decision, state) and all(
        promises_kept(promises, promise_values(network, promises, decision, state))
    )


def _copes(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> bool:
    """Tell if caps and deadlines hold in a steady state."""
    return (
        state.converged and in_time(network, promises, state) and capacity_ratio(network, decision, state) >= 1 - 1e-9
    )


def headroom(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> float:
    """Largest uniform growth of issues at which caps on offered load, deadlines, rates and promises all hold.

    The caps must hold both for the load of the grown steady state (more waiting brings more redials) and for today's
    load scaled up (customers who give up instead of coming back create no headroom). `state` is the nominal steady
    state. −1 where nothing holds at any demand.
    """
    ceiling = min(capacity_ratio(network, decision, state) - 1.0, MOST_HEADROOM)
    if ceiling <= -1.0:
        return -1.0
    growth, here = _caps_hold(network, decision, ceiling, state)
    if holds(network, promises, decision, here):
        return growth
    low, high = -1.0, growth
    if growth > 0:
        low, high = (0.0, growth) if holds(network, promises, decision, state) else (-1.0, 0.0)
    while high - low > HEADROOM_TOLERANCE:
        middle = (low + high) / 2
        here = steady_state(network, decision, middle, here)
        low, high = (middle, high) if holds(network, promises, decision, here) else (low, middle)
    return low


def keeps(
    network: FlowNetwork, promises: Promises, decision: Decision, growth: float, guess: SteadyState | None = None
) -> bool:
    """Tell if a decision has a headroom: caps, deadlines and promises hold there, and caps for today's load scaled."""
    if not holds(network, promises, decision, steady_state(network, decision, growth, guess)):
        return False
    nominal = steady_state(network, decision, 0.0, guess)
    return capacity_ratio(network, decision, nominal) >= (1.0 + growth) * (1 - 1e-9)


def _caps_hold(
    network: FlowNetwork, decision: Decision, ceiling: float, state: SteadyState
) -> tuple[float, SteadyState]:
    """Largest growth up to `ceiling` at which the caps hold in the grown steady state, by bracketed false position."""
    here = steady_state(network, decision, ceiling, state)
    margin = capacity_ratio(network, decision, here) - 1.0
    if margin >= -1e-9 and here.converged:
        return ceiling, here
    high, high_margin = ceiling, margin
    low, low_margin, kept = -1.0, np.nan, state
    step, before = (1.0 + high) * (1.0 + high_margin) - 1.0, 0
    for _ in range(60):
        if high - low <= ENOUGH:
            break
        if not low < step < high:
            step = (low + high) / 2
        here = steady_state(network, decision, step, kept)
        margin = capacity_ratio(network, decision, here) - 1.0 if here.converged else -1.0
        side = 1 if margin >= -1e-9 else -1
        # Whoever stays where it is a second time counts half (Dowell and Jarratt 1971).
        if side > 0:
            high_margin /= 2 if before == side else 1
            low, low_margin, kept = step, max(margin, 0.0), here
            if margin <= ENOUGH:
                break
        else:
            low_margin /= 2 if before == side else 1
            high, high_margin = step, margin
        before = side
        if np.isfinite(low_margin):
            step = low + (high - low) * (low_margin - ENOUGH / 2) / max(low_margin - high_margin, 1e-300)
        else:
            step = (1.0 + high) * (1.0 + 1.05 * high_margin) - 1.0
    return low, kept if low > -1.0 else steady_state(network, decision, low, kept)


def below_floor(network: FlowNetwork, cx_segment: Floats) -> Bools:
    """Segments whose experience is below their floor, shape (segment,); nobody is let down where nothing is asked."""
    issues = np.bincount(network.segment, network.counted_issues, len(network.segment_min))
    return np.asarray((issues > 0) & (cx_segment < network.segment_min - 1e-9))


def evaluate(
    network: FlowNetwork,
    promises: Promises,
    decision: Decision,
    *,
    known_headroom: float | None = None,
    guess: SteadyState | None = None,
    tolerance: float = TOLERANCE,
) -> Evaluation:
    """Evaluate one decision exactly.

    Parameters
    ----------
    network, promises, decision
        What there is, what is promised and what is decided.
    known_headroom
        Headroom found for the same decision before; NaN where nobody asks for it. Left out: it is found.
    guess
        Steady state of a similar decision to start from.
    tolerance
        On abandoned shares, at which the steady state is settled.
    """
    state = steady_state(network, decision, 0.0, guess, tolerance=tolerance)
    points, weight = score_points(network, decision, state)
    kind_segment, count = network.segment[network.flow_kind], network.issue_weight[network.flow_kind]
    points, weight = points * count, weight * count
    issues = np.bincount(network.segment, network.counted_issues, len(network.segment_min))
    by_segment = np.bincount(kind_segment, points, len(issues)) + network.effort * issues
    values = promise_values(network, promises, decision, state)
    starved = state.lost[np.bincount(network.flows.pair, state.volume, len(state.lost)) > 1e-6]
    first = first_contacts(network, decision.offer)
    offers = network.first_volume * decision.offer
    money = float(
        network.pools.contact_cost[network.flows.pool] @ state.volume
        + network.pools.contract_money(pool_volume(network, state)).sum()
        + network.nodes.offer_cost @ offers
        + network.pools.fixed_cost.sum()
        + network.program_cost
    )
    cx_segment = by_segment / np.maximum(issues, 1e-300)
    kept = (
        all(promises_kept(promises, values))
        and _copes(network, promises, decision, state)
        and bool((starved <= network.abandon_max + 1e-9).all())
        and not below_floor(network, cx_segment).any()
        and bool((first <= network.nodes.most * (1 + 1e-9) + 1e-9).all())
    )
    total = float(issues.sum())
    return Evaluation(
        state=state,
        cx=float(by_segment.sum() / total),
        cx_segment=cx_segment,
        score_weight=weight / total,
        constant_points=float((by_segment.sum() - weight @ np.nan_to_num(network.flows.score)) / total),
        variable_cost=money,
        headroom=headroom(network, promises, decision, state) if known_headroom is None else known_headroom,
        promise_values=values,
        kept=kept,
    )
