"""Agents at work, compiled: contacts begin and end, agents come and go, time is charged to pools."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.simulation.event_heap import DONE, SHARED_DONE, encode, push, replace_first
from solvers.simulation.model import Model
from solvers.simulation.state import Measure, State
from solvers.simulation.streams import STAFF, WORK, contact_key, draw, uniform

Floats = NDArray[np.float64]

__all__ = ["add_event", "begin", "charge", "count_answered", "leave_shared", "leave_single", "set_agents"]

_QUEUE_S, _BUSY_S, _CAPACITY_S = int(Measure.QUEUE_S), int(Measure.BUSY_S), int(Measure.CAPACITY_S)
_OVERFLOWED = int(Measure.OVERFLOWED)
_ANSWERED, _WAIT_S, _WAIT_ANSWERED_S = int(Measure.ANSWERED), int(Measure.WAIT_S), int(Measure.WAIT_ANSWERED_S)
_WITHIN = int(Measure.WITHIN)
_ALWAYS = 1 << 40
_LAPS = 1 << 32
"""Keeps the number of an interval positive in the laps of the warm-up."""


@njit(cache=True, error_model="numpy", inline="always")
def charge(model: Model, state: State, g: int, now: float) -> None:
    """Charge the time since the last change in a pool to the current interval."""
    pool, moment = state.pool[g], state.now[0]
    since = max(pool.touched_s, 0.0)
    until = min(now, moment.end_s)
    pool.touched_s = now
    if until <= since:
        return
    row = state.tally[g, moment.cell]
    span = until - since
    row[_QUEUE_S] += pool.waiting * span
    if model.pool[g].slots == 1:
        row[_BUSY_S] += pool.busy * span * model.speed[g, 1]
        present = 0 if model.pool[g].unlimited else max(pool.agents, pool.busy)
        row[_CAPACITY_S] += present * span * model.speed[g, 1]
    else:
        row[_BUSY_S] += pool.speed * span
        row[_CAPACITY_S] += (pool.agents + pool.draining) * span * model.pool[g].full_speed


@njit(cache=True, error_model="numpy", inline="always")
def add_event(state: State, time_s: float, code: int) -> None:
    """Enter an event; the first one takes the place of the event that is happening."""
    moment = state.now[0]
    if moment.hole:
        moment.hole = 0
        replace_first(state.event_s, state.event, moment.events, time_s, code)
    else:
        push(state.event_s, state.event, moment.events, time_s, code)
        moment.events += 1


@njit(cache=True, error_model="numpy")
def count_answered(state: State, row: Floats, wait_s: float) -> None:
    """Count a contact that is answered, in the row of its pool and interval."""
    row[_ANSWERED] += 1.0
    row[_WAIT_S] += wait_s
    row[_WAIT_ANSWERED_S] += wait_s
    for k in range(state.within_s.size):
        row[_WITHIN + k] += 1.0 if wait_s <= state.within_s[k] else 0.0


@njit(cache=True, error_model="numpy")
def begin(model: Model, state: State, g: int, i: int, now: float) -> None:
    """Let pool g begin with contact i, which it may; the pool's time is charged already."""
    slot, pool = state.slot[i], state.pool[g]
    slot.stamp += 1
    slot.pool = g
    slot.wait_s = now - slot.arrival_s
    work = draw(model, model.service[slot.klass, g], slot.key, WORK)
    slot.work_s = work
    if slot.cell >= 0:
        row = state.tally[model.queue[slot.queue].home, slot.cell]
        count_answered(state, row, slot.wait_s)
        if model.queue[slot.queue].home != g:
            row[_OVERFLOWED] += 1.0
    if model.pool[g].slots == 1:
        pool.busy += 1
        pool.free -= 1
        add_event(state, now + work / model.speed[g, 1], encode(DONE, i, 0))
    else:
        _join(model, state, g, _idlest(model, state, g), i, work, now)


@njit(cache=True, error_model="numpy")
def _idlest(model: Model, state: State, g: int) -> int:
    """Active agent of a pool with the fewest contacts."""
    first = model.pool[g].first_agent
    last = model.pool[g + 1].first_agent if g + 1 < model.pool.size else state.agent.size
    best, least = -1, _ALWAYS
    for a in range(first, last):
        if state.agent[a].active and state.agent[a].load < least:
            best, least = a, state.agent[a].load
            if least == 0:
                break
    return best


@njit(cache=True, error_model="numpy")
def _advance(model: Model, state: State, g: int, a: int, now: float) -> None:
    """Bring the work that each contact of an agent has got up to now."""
    agent = state.agent[a]
    if agent.load > 0:
        agent.attained += (now - agent.touched_s) * model.speed[g, agent.load] / agent.load
    else:
        agent.attained = 0.0
    agent.touched_s = now


@njit(cache=True, error_model="numpy")
def _expect(model: Model, state: State, g: int, a: int, now: float) -> None:
    """Enter the next end of an agent's contacts; the one expected before is void."""
    agent = state.agent[a]
    agent.stamp += 1
    if agent.load == 0:
        return
    least = math.inf
    for j in range(agent.load):
        least = min(least, state.goal[a, j])
    left = max(0.0, least - agent.attained) * agent.load / model.speed[g, agent.load]
    add_event(state, now + left, encode(SHARED_DONE, a, agent.stamp))


@njit(cache=True, error_model="numpy")
def _join(model: Model, state: State, g: int, a: int, i: int, work: float, now: float) -> None:
    agent, pool = state.agent[a], state.pool[g]
    _advance(model, state, g, a, now)
    state.chat[a, agent.load] = i
    state.goal[a, agent.load] = agent.attained + work
    pool.speed += model.speed[g, agent.load + 1] - model.speed[g, agent.load]
    agent.load += 1
    pool.busy += 1
    pool.free -= 1
    _expect(model, state, g, a, now)


@njit(cache=True, error_model="numpy", inline="always")
def leave_single(model: Model, state: State, i: int, now: float) -> int:
    """End contact i of an agent who had only this one; return its pool."""
    g = state.slot[i].pool
    charge(model, state, g, now)
    state.pool[g].busy -= 1
    state.pool[g].free += 1
    return g


@njit(cache=True, error_model="numpy")
def leave_shared(model: Model, state: State, a: int, now: float) -> int:
    """End the contact of agent a that is due; return its number."""
    last = 0
    for j in range(1, state.agent[a].load):
        if state.goal[a, j] < state.goal[a, last]:
            last = j
    i = state.chat[a, last]
    g = state.slot[i].pool
    agent, pool = state.agent[a], state.pool[g]
    charge(model, state, g, now)
    _advance(model, state, g, a, now)
    agent.load -= 1
    state.chat[a, last], state.goal[a, last] = state.chat[a, agent.load], state.goal[a, agent.load]
    pool.speed += model.speed[g, agent.load] - model.speed[g, agent.load + 1]
    pool.busy -= 1
    if agent.active:
        pool.free += 1
    elif agent.load == 0:
        pool.draining -= 1
    if pool.busy == 0:
        pool.speed = 0.0  # what rounding left behind
    _expect(model, state, g, a, now)
    return i


@njit(cache=True, error_model="numpy")
def set_agents(model: Model, state: State, g: int, now: float) -> None:
    """Put the agents of the current interval on task; who leaves finishes what was begun."""
    pool, moment = state.pool[g], state.now[0]
    if model.pool[g].unlimited:
        pool.free = _ALWAYS
        return
    planned = model.agents[g, moment.cell]
    number = moment.lap * model.agents.shape[1] + moment.cell + _LAPS
    wanted = int(math.floor(planned + uniform(contact_key(pool.key, number), STAFF)))
    if model.pool[g].slots == 1:
        pool.agents = wanted
        pool.free = wanted - pool.busy
        return
    while pool.agents < wanted:
        a = _most_loaded_leaver(model, state, g)
        state.agent[a].active = 1
        pool.agents += 1
        pool.draining -= 1 if state.agent[a].load > 0 else 0
        pool.free += model.pool[g].slots - state.agent[a].load
    while pool.agents > wanted:
        a = _idlest(model, state, g)
        state.agent[a].active = 0
        pool.agents -= 1
        pool.draining += 1 if state.agent[a].load > 0 else 0
        pool.free -= model.pool[g].slots - state.agent[a].load


@njit(cache=True, error_model="numpy")
def _most_loaded_leaver(model: Model, state: State, g: int) -> int:
    """Agent not on task who comes next: one who has not finished yet, if any."""
    first = model.pool[g].first_agent
    last = model.pool[g + 1].first_agent if g + 1 < model.pool.size else state.agent.size
    best, most = -1, -1
    for a in range(first, last):
        if not state.agent[a].active and state.agent[a].load > most:
            best, most = a, state.agent[a].load
    return best
