"""Contacts come, end and are followed by others, compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from solvers.simulation.event_heap import LATER, encode, replace_first
from solvers.simulation.model import Model
from solvers.simulation.service import add_event
from solvers.simulation.state import Ending, Measure, State
from solvers.simulation.streams import ARRIVAL, DELAY, ENTRY, NEXT, PLACE, ROUTE, child_key, contact_key, draw, uniform
from solvers.simulation.waiting_line import admit

__all__ = ["arrive", "arrive_later", "end_abandoned", "end_served", "expect_arrival"]

_OFFERED, _ABANDONED, _DUE, _IN_TIME = (
    int(Measure.OFFERED),
    int(Measure.ABANDONED),
    int(Measure.DUE),
    int(Measure.IN_TIME),
)
_WAIT_S, _WORK_S = int(Measure.WAIT_S), int(Measure.WORK_S)
_EXTERNAL, _FOLLOWING = int(Ending.EXTERNAL), int(Ending.FOLLOWING)
_SERVED, _LOST = int(Ending.SERVED_LAST), int(Ending.LOST_LAST)
_CLASS_ANSWERED, _CLASS_ABANDONED = int(Ending.ANSWERED), int(Ending.ABANDONED)
_MOST_BLOCKS = 60
_CLASS_WAIT_S, _CLASS_WORK_S, _POINTS = int(Ending.WAIT_S), int(Ending.WORK_S), int(Ending.POINTS)


@njit(cache=True, error_model="numpy", inline="always")
def expect_arrival(model: Model, state: State, s: int) -> float:
    """Time of the next contact of a source: unit exponentials through the inverse of the cumulated rate.

    inf where it comes after the end.
    """
    source, last = state.source[s], model.change_s.size - 1
    need = -math.log(uniform(contact_key(source.key, source.number), ARRIVAL))
    while source.time_s < state.now[0].limit_s:
        stop = source.lap * model.cycle_s + model.change_end_s[source.change]
        rate = model.rate[s, model.change_cell[source.change]]
        room = rate * (stop - source.time_s)
        if room > need:
            source.time_s += need / rate
            return source.time_s
        need -= room
        source.time_s = stop
        source.change += 1
        if source.change > last:
            source.change = 0
            source.lap += 1
    return math.inf


@njit(cache=True, error_model="numpy", inline="always")
def _take_slot(state: State) -> int:
    moment = state.now[0]
    i = moment.spare
    moment.spare = state.slot[i].behind
    return i


@njit(cache=True, error_model="numpy", inline="always")
def _free_slot(state: State, i: int) -> None:
    state.slot[i].stamp += 1
    state.slot[i].behind = state.now[0].spare
    state.now[0].spare = i


@njit(cache=True, error_model="numpy", inline="always")
def arrive(model: Model, state: State, s: int, now: float) -> None:
    """Let a new contact come from outside, and expect the next one of its source."""
    source = state.source[s]
    i = _take_slot(state)
    slot = state.slot[i]
    slot.key = contact_key(source.key, source.number)
    slot.source, slot.parent = s, -1
    first, last = model.entry_start[s], model.entry_start[s + 1] - 1
    u = uniform(slot.key, ENTRY) if last > first else 0.0
    while first < last and model.entry_cumulative[first] <= u:
        first += 1
    slot.klass = model.entry_class[first]
    source.number += 1
    replace_first(state.coming_s, state.coming, state.coming.size, expect_arrival(model, state, s), s)
    _enter(model, state, i, now, _EXTERNAL)


@njit(cache=True, error_model="numpy")
def arrive_later(model: Model, state: State, i: int, now: float) -> None:
    """Let a contact come that follows another."""
    _enter(model, state, i, now, _FOLLOWING)


@njit(cache=True, error_model="numpy", inline="always")
def _enter(model: Model, state: State, i: int, now: float, how: int) -> None:
    """Give a contact its route and number, count it and admit it."""
    slot, moment = state.slot[i], state.now[0]
    klass = model.klass[slot.klass]
    route = klass.routes
    if klass.routes_stop - route > 1:
        u = uniform(slot.key, ROUTE)
        when = moment.cell if model.route_cumulative.shape[1] > 1 else 0
        while model.route_cumulative[route, when] <= u:
            route += 1
    slot.queue = model.route_queue[route]
    slot.arrival_s = now
    slot.ident = moment.next_ident
    moment.next_ident += 1
    slot.cell = moment.cell if 0.0 <= now < moment.end_s else -1
    if slot.cell >= 0:
        home = model.queue[slot.queue].home
        state.tally[home, slot.cell, _OFFERED] += 1.0
        state.endings[slot.klass, how] += 1.0
        if model.deadline_s[slot.klass, home] < np.inf:
            state.tally[home, slot.cell, _DUE] += 1.0
        moment.open += 1
    admit(model, state, i, now)


@njit(cache=True, error_model="numpy")
def _open_time(model: Model, state: State, time_s: float) -> float:
    """Open seconds from the start of lap 0 to a time."""
    lap = math.floor(time_s / model.cycle_s)
    within = time_s - lap * model.cycle_s
    t = np.searchsorted(model.starts_s, within, side="right")
    full = lap * model.starts_s.size * model.interval_s
    if t == 0:
        return full
    return full + (t - 1) * model.interval_s + min(within - model.starts_s[t - 1], model.interval_s)


@njit(cache=True, error_model="numpy", inline="always")
def end_served(model: Model, state: State, i: int, now: float) -> None:
    """End a contact that was served, and begin what follows it."""
    slot = state.slot[i]
    home = model.queue[slot.queue].home
    way = slot.klass * (model.pool.size + 1) + slot.pool + 1
    edge = _following(model, slot.key, way)
    if slot.cell >= 0:
        state.now[0].open -= 1
        state.tally[home, slot.cell, _WORK_S] += slot.work_s
        deadline = model.deadline_s[slot.klass, home]
        if deadline < np.inf:
            taken = _open_time(model, state, now) - _open_time(model, state, slot.arrival_s)
            state.tally[home, slot.cell, _IN_TIME] += 1.0 if taken <= deadline else 0.0
        _count_end(state, i, _CLASS_ANSWERED, _SERVED, edge)
        if model.points.size > 0:
            state.endings[slot.klass, _POINTS] += _score(model, slot.klass, slot.pool, slot.wait_s)
        _write(model, state, i, slot.pool, now)
    _continue(model, state, i, edge, now)


@njit(cache=True, error_model="numpy")
def end_abandoned(model: Model, state: State, i: int, now: float) -> None:
    """End a contact that left its queue, and begin what follows it; the queue is without it already."""
    slot = state.slot[i]
    slot.wait_s, slot.work_s = now - slot.arrival_s, 0.0
    edge = _following(model, slot.key, slot.klass * (model.pool.size + 1))
    if slot.cell >= 0:
        state.now[0].open -= 1
        row = state.tally[model.queue[slot.queue].home, slot.cell]
        row[_ABANDONED] += 1.0
        row[_WAIT_S] += slot.wait_s
        _count_end(state, i, _CLASS_ABANDONED, _LOST, edge)
        if model.points.size > 0:
            state.endings[slot.klass, _POINTS] += model.lost_points[slot.klass, model.queue[slot.queue].home]
        _write(model, state, i, -1, now)
    _continue(model, state, i, edge, now)


@njit(cache=True, error_model="numpy")
def _score(model: Model, klass: int, pool: int, wait_s: float) -> float:
    """Points of a contact that a pool served after a wait."""
    points, row = model.points[klass, pool], model.curve[klass, pool]
    if row >= 0:
        for k in range(model.knots_s.shape[1]):
            points -= model.bend[row, k] * max(0.0, wait_s - model.knots_s[row, k])
    return points


@njit(cache=True, error_model="numpy", inline="always")
def _count_end(state: State, i: int, how: int, last: int, edge: int) -> None:
    slot = state.slot[i]
    row = state.endings[slot.klass]
    row[how] += 1.0
    row[last + (1 if edge >= 0 else 0)] += 1.0
    row[_CLASS_WAIT_S] += slot.wait_s
    row[_CLASS_WORK_S] += slot.work_s


@njit(cache=True, error_model="numpy", inline="always")
def _write(model: Model, state: State, i: int, pool: int, now: float) -> None:
    """Keep the record of a contact, if records are kept."""
    if state.record.size == 0:
        return
    slot, moment = state.slot[i], state.now[0]
    row = state.record[moment.records]
    row.contact, row.parent, row.source, row.klass = slot.ident, slot.parent, slot.source, slot.klass
    row.home, row.pool = model.queue[slot.queue].home, pool
    row.arrival_s, row.wait_s, row.work_s, row.end_s = slot.arrival_s, slot.wait_s, slot.work_s, now
    moment.records += 1


@njit(cache=True, error_model="numpy", inline="always")
def _following(model: Model, key: int, way: int) -> int:
    """Edge a contact takes after it ended in a way; −1: none follows."""
    first, stop = model.ways[way], model.ways[way + 1]
    if first == stop:
        return -1
    u = uniform(key, NEXT)
    for e in range(first, stop):
        if u < model.edges[e].cumulative:
            return e
    return -1


@njit(cache=True, error_model="numpy", inline="always")
def _continue(model: Model, state: State, i: int, e: int, now: float) -> None:
    """Free the place of a contact, or turn it into the one that follows along edge e."""
    if e < 0:
        _free_slot(state, i)
        return
    slot, edge = state.slot[i], model.edges[e]
    slot.key = child_key(slot.key)
    slot.klass, slot.parent = edge.to, slot.ident
    slot.stamp += 1
    time_s = now
    if edge.delay >= 0:
        time_s += draw(model, edge.delay, slot.key, DELAY)
    add_event(state, _placed(model, slot.klass, time_s, now, edge.placed, slot.key), encode(LATER, i, 0))


@njit(cache=True, error_model="numpy")
def _placed(model: Model, klass: int, time_s: float, now: float, placed: int, key: int) -> float:
    """Time at which a later contact comes: never while closed, and by the class's weights where `placed` is above 0."""
    lap = math.floor(time_s / model.cycle_s)
    within = time_s - lap * model.cycle_s
    t = int(np.searchsorted(model.starts_s, within, side="right")) - 1
    inside = t >= 0 and within < model.starts_s[t] + model.interval_s
    if inside and not placed:
        return time_s
    first, lap = _block(model, lap, model.block_first[t] if inside else t + 1)
    if placed:
        first, lap = _accepted(model, placed - 1, first, lap, now, key)
    earliest = max(model.starts_s[first], now - lap * model.cycle_s)
    t = int(np.searchsorted(model.starts_s, earliest, side="right")) - 1
    stop = model.block_stop[first]
    return lap * model.cycle_s + _time_in_block(model, klass, earliest, t, stop, uniform(key, PLACE))


@njit(cache=True, error_model="numpy")
def _block(model: Model, lap: int, first: int) -> tuple[int, int]:
    """Return first interval and lap of a block that may lie one past the last of a cycle."""
    return (0, lap + 1) if first == model.starts_s.size else (first, lap)


@njit(cache=True, error_model="numpy")
def _accepted(model: Model, row: int, first: int, lap: int, now: float, key: int) -> tuple[int, int]:
    """Go on to the first block that is accepted; the present one always is."""
    for k in range(_MOST_BLOCKS):
        if lap * model.cycle_s + model.starts_s[first] <= now:
            break
        if uniform(key, PLACE + 256 + k) <= model.accept[row, model.block[first]]:
            break
        first, lap = _block(model, lap, model.block_stop[first])
    return first, lap


@njit(cache=True, error_model="numpy")
def _time_in_block(model: Model, klass: int, earliest: float, t: int, stop: int, u: float) -> float:
    """Time between `earliest`, which lies in interval t, and the end of interval stop − 1, by the weights."""
    weights = model.weights[klass]
    left = (model.starts_s[t] + model.interval_s - earliest) / model.interval_s
    first = (weights[t + 1] - weights[t]) * left
    total = first + weights[stop] - weights[t + 1]
    if total <= 0.0:
        return earliest + u * (model.starts_s[stop - 1] + model.interval_s - earliest)
    mass = u * total
    if mass < first:
        return earliest + mass / first * left * model.interval_s
    target = weights[t + 1] + (mass - first)
    t += 1
    while t < stop - 1 and weights[t + 1] <= target:
        t += 1
    width = weights[t + 1] - weights[t]
    part = min(max((target - weights[t]) / width, 0.0), 1.0) if width > 0.0 else u
    return model.starts_s[t] + part * model.interval_s
