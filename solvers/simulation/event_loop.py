"""The event loop: one replication from the start of its warm-up until every measured contact has ended, compiled."""

from __future__ import annotations

import math

from numba import njit

from solvers.simulation.contacts import arrive, arrive_later, end_abandoned, end_served, expect_arrival
from solvers.simulation.event_heap import DONE, LATER, SHARED_DONE, decode, drop_first, push
from solvers.simulation.handles import handle
from solvers.simulation.model import Model
from solvers.simulation.service import charge, leave_shared, leave_single, set_agents
from solvers.simulation.state import State
from solvers.simulation.streams import start_key
from solvers.simulation.waiting_line import remove, serve

__all__ = ["run", "start"]

_SPARE_EVENTS = 64


@njit(cache=True, error_model="numpy")
def start(
    arrays: Model, changing: State, seed: int, replication: int, lap: int, change: int, end_s: float, limit_s: float
) -> None:
    """Set the clock to a change of the calendar, at or before time 0, and expect the first contacts."""
    model, state = handle(arrays), handle(changing)
    moment = state.now[0]
    moment.end_s, moment.limit_s = end_s, limit_s
    moment.lap, moment.change = lap, change
    moment.cell = model.change_cell[moment.change]
    begin_s = moment.lap * model.cycle_s + model.change_s[moment.change]
    for g in range(model.pool.size):
        state.pool[g].key = start_key(seed, replication, -1 - g)
        state.pool[g].touched_s = begin_s
    for s in range(model.rate.shape[0]):
        source = state.source[s]
        source.key = start_key(seed, replication, s)
        source.lap, source.change, source.time_s = moment.lap, moment.change, begin_s
        push(state.coming_s, state.coming, s, expect_arrival(model, state, s), s)


@njit(cache=True, error_model="numpy")
def _change(model: Model, state: State) -> None:
    """Begin the next interval, or closed time: agents come and go."""
    moment = state.now[0]
    now = moment.lap * model.cycle_s + model.change_s[moment.change]
    for g in range(model.pool.size):
        charge(model, state, g, now)
    moment.cell = model.change_cell[moment.change]
    for g in range(model.pool.size):
        set_agents(model, state, g, now)
    moment.change += 1
    if moment.change == model.change_s.size:
        moment.change = 0
        moment.lap += 1
    for g in range(model.pool.size):
        serve(model, state, g, now)


@njit(cache=True, error_model="numpy", inline="always")
def _happen(model: Model, state: State, kind: int, index: int, stamp: int, now: float) -> None:
    """Carry out one event; those that something else overtook are void."""
    if kind == DONE:
        g = leave_single(model, state, index, now)
        end_served(model, state, index, now)
        serve(model, state, g, now)
    elif kind == SHARED_DONE:
        if state.agent[index].stamp == stamp:
            i = leave_shared(model, state, index, now)
            g = state.slot[i].pool
            end_served(model, state, i, now)
            serve(model, state, g, now)
    elif kind == LATER:
        arrive_later(model, state, index, now)
    elif state.slot[index].stamp == stamp:
        queue = model.queue[state.slot[index].queue]
        for s in range(queue.steps, queue.steps_stop):
            serve(model, state, model.steps[s].pool, now)


@njit(cache=True, error_model="numpy", inline="always")
def _abandon(model: Model, state: State, now: float) -> None:
    """Let the contact leave whose patience ends first."""
    i = state.leaver[0]
    charge(model, state, model.queue[state.slot[i].queue].home, now)
    remove(model, state, i)
    end_abandoned(model, state, i, now)


@njit(cache=True, error_model="numpy", inline="always")
def _cramped(state: State) -> bool:
    """Tell if the next event might not find room."""
    moment = state.now[0]
    if moment.events + moment.waiting + _SPARE_EVENTS > state.event_s.size or moment.spare < 0:
        return True
    return state.record.size > 0 and moment.records + 1 >= state.record.size


@njit(cache=True, error_model="numpy")
def run(arrays: Model, changing: State) -> bool:
    """Go on; True when the replication is finished, False when it needs more room first."""
    model, state = handle(arrays), handle(changing)
    moment = state.now[0]
    while True:
        if _cramped(state):
            return False
        change_s = moment.lap * model.cycle_s + model.change_s[moment.change]
        event_s = state.event_s[0] if moment.events > 0 else math.inf
        leaves_s = state.leaves_s[0] if moment.leavers > 0 else math.inf
        now = min(change_s, event_s, leaves_s, state.coming_s[0])
        if now >= moment.limit_s or (now >= moment.end_s and moment.open == 0):
            for g in range(model.pool.size):
                charge(model, state, g, moment.end_s)
            return True
        if now == change_s:
            _change(model, state)
        elif now == event_s:
            kind, index, stamp = decode(state.event[0])
            moment.hole = 1
            _happen(model, state, kind, index, stamp, now)
            if moment.hole:
                moment.hole = 0
                drop_first(state.event_s, state.event, moment.events)
                moment.events -= 1
        elif now == leaves_s:
            _abandon(model, state, now)
        else:
            arrive(model, state, state.coming[0], now)
