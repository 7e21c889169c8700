"""Contacts that wait, compiled: joining, leaving, and whom a free agent takes."""

from __future__ import annotations

import math

from numba import njit

from solvers.simulation.event_heap import OVERFLOW, encode
from solvers.simulation.model import Model
from solvers.simulation.patience_heap import give_up_patience, keep_patience
from solvers.simulation.service import add_event, begin, charge
from solvers.simulation.state import State
from solvers.simulation.streams import PATIENCE, draw

__all__ = ["admit", "remove", "serve"]

_CLOSE_ENOUGH_S = 1e-6
"""Rounding of clock times, so that a step that opens now counts as open."""


@njit(cache=True, error_model="numpy", inline="always")
def admit(model: Model, state: State, i: int, now: float) -> None:
    """Let a contact that has just come be served at once, or wait."""
    queue = model.queue[state.slot[i].queue]
    for s in range(queue.steps, queue.steps_stop):
        step = model.steps[s]
        if step.after_s <= 0.0 and state.pool[step.pool].free > step.reserve:
            charge(model, state, step.pool, now)
            begin(model, state, step.pool, i, now)
            return
    charge(model, state, queue.home, now)
    _join(model, state, i)
    slot = state.slot[i]
    which = model.klass[slot.klass].patience
    if which >= 0:
        patience = draw(model, which, slot.key, PATIENCE)
        if patience < math.inf:
            keep_patience(state, i, now + patience)
    for s in range(queue.steps, queue.steps_stop):
        if model.steps[s].after_s > 0.0:
            add_event(state, now + model.steps[s].after_s, encode(OVERFLOW, i, slot.stamp))


@njit(cache=True, error_model="numpy", inline="always")
def _join(model: Model, state: State, i: int) -> None:
    slot = state.slot[i]
    q = slot.queue
    slot.behind, slot.ahead = -1, state.tail[q]
    if slot.ahead >= 0:
        state.slot[slot.ahead].behind = i
    else:
        state.head[q] = i
    state.tail[q] = i
    state.length[q] += 1
    state.pool[model.queue[q].home].waiting += 1
    state.now[0].waiting += 1


@njit(cache=True, error_model="numpy", inline="always")
def remove(model: Model, state: State, i: int) -> None:
    """Take a contact out of its queue; the time of the queue's pool is charged already."""
    give_up_patience(state, i)
    slot = state.slot[i]
    q = slot.queue
    if slot.ahead >= 0:
        state.slot[slot.ahead].behind = slot.behind
    else:
        state.head[q] = slot.behind
    if slot.behind >= 0:
        state.slot[slot.behind].ahead = slot.ahead
    else:
        state.tail[q] = slot.ahead
    state.length[q] -= 1
    state.pool[model.queue[q].home].waiting -= 1
    state.now[0].waiting -= 1


@njit(cache=True, error_model="numpy", inline="always")
def _choose(model: Model, state: State, g: int, now: float) -> int:
    """Contact an agent of pool g takes now; −1: none."""
    best, rank, score, since = -1, 0, 0.0, 0.0
    free = state.pool[g].free
    for o in range(model.pool[g].offers, model.pool[g].offers_stop):
        offer = model.offers[o]
        i = state.head[offer.queue]
        if i < 0 or free <= offer.reserve:
            continue
        came = state.slot[i].arrival_s
        if now - came < offer.after_s - _CLOSE_ENOUGH_S:
            continue
        own = offer.value + offer.value_per_s * (now - came)
        better = best < 0 or offer.priority < rank
        if not better and offer.priority == rank:
            better = own > score or (own == score and came < since)
        if better:
            best, rank, score, since = i, offer.priority, own, came
    return best


@njit(cache=True, error_model="numpy")
def serve(model: Model, state: State, g: int, now: float) -> None:
    """Let the free agents of a pool take contacts until none may be taken."""
    while state.pool[g].free > 0 and state.now[0].waiting > 0:
        i = _choose(model, state, g, now)
        if i < 0:
            return
        home = model.queue[state.slot[i].queue].home
        charge(model, state, g, now)
        if home != g:
            charge(model, state, home, now)
        remove(model, state, i)
        begin(model, state, g, i, now)
