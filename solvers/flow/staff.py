"""Staff a routing for a headroom: cover the *evaluated* load, then repair what rounding and waiting left short.

Plans covered for the master's load miss their headroom, because real waits bring abandonment, redials and more load;
so the load is evaluated at grown demand, covered, evaluated again, and repaired.
"""

from __future__ import annotations

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.evaluate import capacity_ratio, in_time, promise_values, promises_kept, strict_deadlines
from solvers.flow.network import Decision, Floats, Ints, Queue
from solvers.flow.solution import Instance, Routing, decision_of, floor_people, pool_money, pool_people
from solvers.flow.steady_state import SteadyState, steady_state
from solvers.shifts.cover import DayCover

COVER_PASSES = 3
REPAIR_ROUNDS = 40
PERSON_H = (0.0, 1.0, 4.0)  # hours a person weighs on top of paid hours: fewer, longer shifts


Covers = dict[int, tuple[DayCover, ...]]


def day_covers(instance: Instance) -> Covers:
    """Held day covers per staffed pool, one for each weight of a person; pools with the same catalogue share them."""
    shared: dict[int, tuple[DayCover, ...]] = {}
    covers: Covers = {}
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is not None:
            if id(catalogue) not in shared:
                shared[id(catalogue)] = tuple(DayCover(catalogue, weight) for weight in PERSON_H)
            covers[g] = shared[id(catalogue)]
    return covers


def needed_on_task(instance: Instance, state: SteadyState) -> Floats:
    """Agents on task that keep the occupancy caps, shape (pool, interval); deferred work is spread over its window."""
    network = instance.network
    pools = network.pools
    work = state.work_s.copy()
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        work[g] = _spread(work[g], max(1, int(pools.deadline_s[g] // network.interval_s)))
    scale = network.interval_s * pools.speed * pools.occupancy_max
    return np.asarray(np.where(pools.staffed[:, None], work / scale[:, None], 0.0))


def _spread(work: Floats, window: int) -> Floats:
    """Spread the work of each interval evenly over the open intervals of its deadline window (cyclic)."""
    window = min(window, len(work))
    total = np.zeros_like(work)
    for shift in range(window):
        total += np.roll(work, shift)
    return np.asarray(total / window)


def cover_need(instance: Instance, covers: Covers, need: Floats) -> tuple[Ints | None, ...]:
    """Cover a need of agents on task with people on shifts, per pool and day.

    Where the people at least paid hours are more than the payroll has, longer shifts of fewer people are tried, and
    the cheapest staffing within the hires allowed is taken.
    """
    network = instance.network
    people: list[Ints | None] = []
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None:
            people.append(None)
            continue
        heads = np.ceil(need[g] / (1.0 - network.pools.shrinkage[g]) - 1e-9)
        days = heads.reshape(network.days, network.intervals_per_day)
        if (days[:, ~catalogue.reachable] > 0).any():
            raise NoSolution(f"pool {g} has work in intervals no shift covers")
        people.append(_cheapest_people(instance, g, covers[g], days))
    return tuple(people)


def _cheapest_people(instance: Instance, g: int, covers: tuple[DayCover, ...], days: Floats) -> Ints:
    best: Ints | None = None
    least = (np.inf, np.inf)
    for cover in covers:
        counts = np.array([cover.people(day) for day in days], dtype=np.int64)
        paid_h, _, hires, overtime_h = pool_people(instance, g, counts)
        beyond = max(0.0, hires - float(instance.payroll.hires_max[g]))
        value = (beyond, pool_money(instance, g, paid_h, hires, overtime_h))
        if best is None or value < least:
            best, least = counts, value
        if hires == 0:
            break
    assert best is not None
    return best


def staff(
    instance: Instance,
    routing: Routing,
    target: float,
    covers: Covers,
    *,
    margin: Floats | None = None,
) -> tuple[Ints | None, ...]:
    """Find people on shifts with which `routing` keeps caps and promises at demand grown by `target`.

    `margin` (pool,) adds a share to the need of pools (the search buys shorter waits with it). What cannot be repaired
    within the rounds is left short; the evaluator has the last word.
    """
    network = instance.network
    ample = np.where(network.pools.staffed[:, None], 1e4, 0.0) * np.ones_like(network.profile[:1])
    decision = Decision(routing.offer, routing.split, routing.priority, ample)
    state = steady_state(network, decision, target)
    factor = np.ones(len(network.pools.queue)) if margin is None else 1.0 + margin
    need = needed_on_task(instance, state) * factor[:, None]
    people = cover_need(instance, covers, need)
    for _ in range(COVER_PASSES):
        decision = decision_of(instance, routing, floor_people(instance, people))
        state = steady_state(network, decision, target, state)
        if capacity_ratio(network, decision, state) >= 1 - 1e-9 and in_time(network, instance.promises, state):
            break
        need = np.maximum(need, needed_on_task(instance, state) * factor[:, None])
        people = cover_need(instance, covers, need)
    return _repair(instance, routing, target, covers, need, people, state)


def _repair(
    instance: Instance,
    routing: Routing,
    target: float,
    covers: Covers,
    need: Floats,
    people: tuple[Ints | None, ...],
    state: SteadyState,
) -> tuple[Ints | None, ...]:
    """Raise the need where caps, deadlines or promises are missed at grown demand until they hold."""
    network = instance.network
    for _ in range(REPAIR_ROUNDS):
        decision = decision_of(instance, routing, floor_people(instance, people))
        state = steady_state(network, decision, target, state)
        short = _short_intervals(instance, decision, state)
        if not short.any():
            break
        step = (1.0 - network.pools.shrinkage)[:, None]
        need = np.where(short, np.maximum(need, decision.on_task) + step, need)
        people = cover_need(instance, covers, need)
    return people


def _short_intervals(instance: Instance, decision: Decision, state: SteadyState) -> np.ndarray:
    """Intervals where one more person helps a missed cap, deadline or promise, bool (pool, interval)."""
    network = instance.network
    pools = network.pools
    offered = state.arrivals.sum(axis=1)
    capacity = decision.on_task * (pools.speed * pools.occupancy_max)[:, None] * network.interval_s
    live = (pools.queue <= Queue.CHAT)[:, None]
    short = live & (state.work_s > capacity * (1 + 1e-9)) & (state.work_s > 1e-9)
    strict = strict_deadlines(network, instance.promises)
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        if strict[g] and state.in_time[g] < 1 - 1e-9:
            short[g] |= state.delay_s[g] > pools.deadline_s[g]
        if capacity[g].sum() < state.work_s[g].sum():
            short[g, int(np.argmax(state.work_s[g]))] = True
    values = promise_values(network, instance.promises, decision, state)
    for k, kept in enumerate(promises_kept(instance.promises, values)):
        if not kept:
            members = np.flatnonzero(instance.promises.pools[k] & pools.staffed)
            wait = (state.mean_wait_s * state.arrivals).sum(axis=1)[members]
            wait += (state.delay_s * offered)[members]
            worst = wait >= np.quantile(wait[wait > 0], 0.8) if (wait > 0).any() else wait > 0
            short[members] |= worst
    return np.asarray(short & pools.staffed[:, None])
