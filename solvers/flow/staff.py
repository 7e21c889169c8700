"""Staff a routing for a headroom: settle the *evaluated* load, cover it, make good what is short, drop who is spare.

Plans covered for the master's load miss their headroom, because real waits bring abandonment, redials and more load.
Load and whole people are therefore settled against each other before anybody gets a shift. Promises are made good on
what the shifts give: rigid ones have people on the floor beyond the need, who keep promises for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.covering import Covers, cover_deferred, cover_heads
from solvers.flow.headroom import HEADROOM_TOLERANCE
from solvers.flow.kept import capacity_ratio, promise_values, promises_kept, strict_deadlines
from solvers.flow.network import Decision, Floats, Ints, Queue
from solvers.flow.overflow import Sharing, rebalance, share_people, starved_intervals, with_overflow
from solvers.flow.pins import with_kept
from solvers.flow.promises import raise_for_promises
from solvers.flow.solution import Instance, Routing, decision_of, floor_people
from solvers.flow.spare import misses_floors, without_spare
from solvers.flow.steady_state import SteadyState, steady_state

SETTLING_ROUNDS = 8
FREE_ROUNDS = 3  # rounds in which the need may still come down
SETTLED = 1e-6  # on abandoned shares while the need is still being rounded; repairs look closer
REPAIR_ROUNDS = 40
SHARING_ROUNDS = 2  # in which people and overflow of linked pools are chosen anew for the load they bring
FLOOR_GROWTH = (0.1, 0.3, 1.0)  # of demand, staffed for on top where segments miss their floors by waiting
SHORTER = 0.7  # of the window of a backlog that misses what was promised
SHORTEST_WINDOW = 0.5


def needed_on_task(instance: Instance, state: SteadyState) -> Floats:
    """Agents on task that keep the occupancy caps, shape (pool, interval); deferred work is spread over its window."""
    network = instance.network
    pools, opened = network.pools, network.opened
    work = state.work_s.copy()
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        work[g, opened] = _spread(work[g, opened], max(1, int(pools.deadline_s[g] // network.interval_s)))
    scale = network.interval_s * pools.speed * pools.occupancy_max
    return np.asarray(np.where(pools.staffed[:, None], work / scale[:, None], 0.0))


def _spread(work: Floats, window: int) -> Floats:
    """Spread the work of each interval evenly over the open intervals of its deadline window (cyclic)."""
    window = min(window, len(work))
    total = np.zeros_like(work)
    for shift in range(window):
        total += np.roll(work, shift)
    return np.asarray(total / window)


def route_and_staff(
    instance: Instance, routing: Routing, target: float, covers: Covers, *, margin: Floats | None = None
) -> tuple[Routing, tuple[Ints | None, ...]]:
    """Find people on shifts, and overflow for `routing`, that keep caps and promises at demand grown by `target`.

    `margin` (pool,) adds a share to the need of pools (the search buys shorter waits with it). Where segments wait too
    long for their floors, more growth is staffed for. What cannot be repaired within the rounds is left short; the
    evaluator has the last word.
    """
    routing = with_kept(instance.pins, instance.network, routing)
    # Headroom is found from below to within its tolerance.
    growth = target + HEADROOM_TOLERANCE
    found = _staffed(instance, routing, growth, covers, margin)
    for more in FLOOR_GROWTH:
        if not misses_floors(instance, *found):
            break
        ampler = _staffed(instance, routing, growth + more, covers, margin)
        if not misses_floors(instance, *ampler):
            found = ampler
    routing, people = found
    return routing, people if margin is not None else without_spare(instance, routing, people, growth)


def _staffed(
    instance: Instance, routing: Routing, growth: float, covers: Covers, margin: Floats | None
) -> tuple[Routing, tuple[Ints | None, ...]]:
    """People on shifts, and overflow for `routing`, that keep caps and promises at grown demand."""
    network = instance.network
    factor = np.ones(len(network.pools.queue)) if margin is None else 1.0 + margin
    heads, state = _settled(instance, routing, growth, factor)
    if len(network.overflow_from):
        routing, heads, state = _shared(instance, routing, growth, covers, factor, heads, state)
        heads = np.maximum(heads, network.people_min)
    window = network.pools.deadline_s / network.interval_s
    deferred = cover_deferred(instance, covers, state.work_s * factor[:, None], window)
    if deferred:
        heads = np.where(network.pools.waits[:, None], heads, _floor(instance, deferred))
        state = steady_state(network, decision_of(instance, routing, heads), growth, state)
    heads = _kept(instance, heads)
    live = cover_heads(instance, covers, heads)
    staffed = _Staff(heads, live, deferred, window, factor)
    return routing, _repaired(instance, routing, growth, covers, staffed, state)


def _shared(
    instance: Instance,
    routing: Routing,
    growth: float,
    covers: Covers,
    factor: Floats,
    heads: Floats,
    state: SteadyState,
) -> tuple[Routing, Floats, SteadyState]:
    """Send fractions of a person's work between linked pools, so that fewer whole people meet their needs together."""
    network = instance.network
    live = network.pools.waits[:, None]
    linked = np.isin(np.arange(len(heads)), [network.overflow_from, network.overflow_to])[:, None]
    known = None
    for _ in range(SHARING_ROUNDS):
        sharing = Sharing.of(instance, routing, state, _people(instance, state, factor), factor)
        known, over = share_people(instance, covers, sharing, known)
        heads = _kept(instance, np.where(linked, known, heads))
        routing = with_overflow(routing, over)
        state = steady_state(network, decision_of(instance, routing, heads), growth, state)
    for _ in range(SETTLING_ROUNDS):
        need = _people(instance, state, factor)
        if (need <= heads + 1e-9)[live[:, 0]].all():
            starved = starved_intervals(network, decision_of(instance, routing, heads), state)
            if not starved.any():
                break
            heads = heads + starved
        over, short = rebalance(Sharing.of(instance, routing, state, need, factor), heads)
        heads = _kept(instance, heads + np.where(live, np.ceil(short - 1e-9), 0.0))
        routing = with_overflow(routing, over)
        state = steady_state(network, decision_of(instance, routing, heads), growth, state)
    return routing, heads, state


def _settled(instance: Instance, routing: Routing, growth: float, factor: Floats) -> tuple[Floats, SteadyState]:
    """Whole people on the floor that the caps need for the load their own waits bring, and that steady state."""
    network = instance.network
    nobody = np.zeros((len(network.pools.queue), network.profile.shape[1]))
    nobody_waits = replace(
        network, pools=replace(network.pools, queue=np.full_like(network.pools.queue, Queue.AUTOMATED))
    )
    state = steady_state(nobody_waits, decision_of(instance, routing, nobody), growth)
    heads = _whole_people(instance, state, factor)
    for k in range(SETTLING_ROUNDS):
        decision = decision_of(instance, routing, heads)
        state = steady_state(network, decision, growth, state, tolerance=SETTLED)
        need = _whole_people(instance, state, factor)
        if k < FREE_ROUNDS:
            heads = need
        elif (need > heads).any():
            heads = np.maximum(heads, need)
        else:
            break
    return heads, state


def _people(instance: Instance, state: SteadyState, factor: Floats) -> Floats:
    """People on the floor that keep the occupancy caps, fractions too, and those open pools must have at least.

    Shape (pool, interval).
    """
    on_floor = 1.0 - instance.network.pools.shrinkage
    need = needed_on_task(instance, state) * (factor / on_floor)[:, None]
    return np.asarray(np.maximum(need, instance.network.people_min))


def _whole_people(instance: Instance, state: SteadyState, factor: Floats) -> Floats:
    """Whole people on the floor that keep the occupancy caps, shape (pool, interval)."""
    return _kept(instance, np.asarray(np.ceil(_people(instance, state, factor) - 1e-9)))


def _kept(instance: Instance, heads: Floats) -> Floats:
    """Set people on the floor, shape (pool, interval), of pools whose shifts are kept."""
    pins = instance.pins
    if pins is None or not pins.pools:
        return heads
    heads = heads.copy()
    for g in pins.pools:
        heads[g] = floor_people(instance, pins.people)[g]
    return heads


@dataclass(frozen=True)
class _Staff:
    """Whole people needed (pool, interval), people on shifts of live and deferred pools, and what backlogs must meet.

    `window` (pool,) intervals to do deferred work in, `factor` (pool,) by which its work is raised.
    """

    heads: Floats
    live: dict[int, Ints]
    deferred: dict[int, Ints]
    window: Floats
    factor: Floats

    def people(self, instance: Instance) -> tuple[Ints | None, ...]:
        """People on shifts per pool, shape (day, shift)."""
        both = self.live | self.deferred
        return tuple(both.get(g) for g in range(len(instance.catalogues)))


def _floor(instance: Instance, people: dict[int, Ints]) -> Floats:
    return floor_people(instance, tuple(people.get(g) for g in range(len(instance.catalogues))))


def _repaired(
    instance: Instance, routing: Routing, growth: float, covers: Covers, staffed: _Staff, state: SteadyState
) -> tuple[Ints | None, ...]:
    """Raise the need where caps, deadlines or promises are missed at grown demand until they hold."""
    network, promises = instance.network, instance.promises
    for _ in range(REPAIR_ROUNDS):
        there = floor_people(instance, staffed.people(instance))
        decision = decision_of(instance, routing, there)
        state = steady_state(network, decision, growth, state)
        work = _work_at_caps(instance, decision, state, growth)
        short = work > _capacity_s(instance, decision) * (1 + 1e-9)
        heads = np.where(short & network.pools.waits[:, None], np.maximum(staffed.heads, there + 1.0), staffed.heads)
        heads = _kept(instance, heads)
        factor, window = _harder_backlogs(instance, decision, state, work, staffed)
        if (heads == staffed.heads).all() and (factor == staffed.factor).all() and (window == staffed.window).all():
            if all(promises_kept(promises, promise_values(network, promises, decision, state))):
                break
            heads, state = raise_for_promises(instance, routing, growth, np.maximum(heads, there), state)
            heads = _kept(instance, heads)
            if (heads <= there).all():
                break
        try:
            live = staffed.live if (heads == staffed.heads).all() else cover_heads(instance, covers, heads)
            deferred = staffed.deferred
            if (factor != staffed.factor).any() or (window != staffed.window).any():
                deferred = cover_deferred(instance, covers, state.work_s * factor[:, None], window)
        except NoSolution:
            break
        staffed = _Staff(heads, live, deferred, window, factor)
    return staffed.people(instance)


def _capacity_s(instance: Instance, decision: Decision) -> Floats:
    """Seconds of work the occupancy caps admit, shape (pool, interval)."""
    pools = instance.network.pools
    return np.asarray(decision.on_task * (pools.speed * pools.occupancy_max)[:, None] * instance.network.interval_s)


def _work_at_caps(instance: Instance, decision: Decision, state: SteadyState, growth: float) -> Floats:
    """Work the caps must hold for: the grown load and, where they hold for it, today's load scaled up."""
    network = instance.network
    work = state.work_s
    if capacity_ratio(network, decision, state) >= 1 - 1e-9 and growth > 0:
        work = np.maximum(work, (1 + growth) * steady_state(network, decision, 0.0, state).work_s)
    return np.where(network.pools.staffed[:, None] & (work > 1e-9), work, 0.0)


def _harder_backlogs(
    instance: Instance, decision: Decision, state: SteadyState, work: Floats, staffed: _Staff
) -> tuple[Floats, Floats]:
    """Larger factors and shorter windows of deferred pools that lack capacity, miss a deadline or a promise."""
    network, promises = instance.network, instance.promises
    factor, window = staffed.factor.copy(), staffed.window.copy()
    capacity = _capacity_s(instance, decision).sum(axis=1)
    strict = strict_deadlines(network, promises)
    kept = promises_kept(promises, promise_values(network, promises, decision, state))
    missed = promises.pools[~np.array(kept, dtype=bool)].any(axis=0)
    fixed = instance.pins.pools if instance.pins is not None else []
    for g in staffed.deferred:
        if g in fixed:
            continue
        load = float(work[g].sum())
        if load > capacity[g] * (1 + 1e-9):
            factor[g] *= 1.0001 * min(load / max(float(capacity[g]), 1e-9), 2.0)
        late = (strict[g] and state.in_time[g] < 1 - 1e-9) or missed[g]
        if late and window[g] > SHORTEST_WINDOW:
            window[g] = max(SHORTEST_WINDOW, SHORTER * min(float(window[g]), float(work.shape[1])))
    return factor, window
