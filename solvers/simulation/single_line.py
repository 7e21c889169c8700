"""One line before a constant number of agents, compiled: contact after contact instead of event after event.

Whoever comes is served by the agent who is free first, unless patience ends before (Kiefer and Wolfowitz 1955, with
abandonment as in Baccelli and Hébuterne 1981). Contacts, times and counts are those of the event loop, to the last
contact; only sums of seconds differ by rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.simulation.contacts import expect_arrival
from solvers.simulation.event_heap import replace_first
from solvers.simulation.handles import handle
from solvers.simulation.model import Model
from solvers.simulation.network import Network
from solvers.simulation.service import count_answered
from solvers.simulation.state import Ending, Measure, State
from solvers.simulation.streams import PATIENCE, WORK, contact_key, draw

__all__ = ["is_single_line", "run_line"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_OFFERED, _ABANDONED, _WAIT_S = int(Measure.OFFERED), int(Measure.ABANDONED), int(Measure.WAIT_S)
_WORK_S, _QUEUE_S = int(Measure.WORK_S), int(Measure.QUEUE_S)
_BUSY_S, _CAPACITY_S = int(Measure.BUSY_S), int(Measure.CAPACITY_S)
_EXTERNAL, _CLASS_ANSWERED, _CLASS_ABANDONED = int(Ending.EXTERNAL), int(Ending.ANSWERED), int(Ending.ABANDONED)
_SERVED_LAST, _LOST_LAST = int(Ending.SERVED_LAST), int(Ending.LOST_LAST)
_CLASS_WAIT_S, _CLASS_WORK_S = int(Ending.WAIT_S), int(Ending.WORK_S)


def is_single_line(network: Network) -> bool:
    """Tell if a network is one class before one pool of always the same agents, with nothing else to it."""
    agents, calendar = network.agents, network.calendar
    return bool(
        network.arrivals.shape[0] == 1
        and network.service.shape == (1, 1)
        and network.routes.pool.shape == (1, 1)
        and network.speed.shape[1] == 1
        and np.isfinite(agents).all()
        and (agents == np.floor(agents[0, 0])).all()
        and agents[0, 0] > 0.0
        and network.following.of_class.size == 0
        and network.reserve[0, 0] == 0
        and network.scores is None
        and np.isinf(network.deadline_s[0, 0])
        and np.allclose(calendar.starts_s, np.arange(calendar.starts_s.size) * calendar.interval_s, rtol=0, atol=1e-6)
        and abs(calendar.cycle_s - calendar.starts_s.size * calendar.interval_s) <= 1e-6
    )


@njit(cache=True, error_model="numpy")
def _spread(model: Model, state: State, column: int, since: float, until: float, weight: float) -> None:
    """Charge a span of time to the intervals it lies in, as far as it is measured."""
    since, until = max(since, 0.0), min(until, state.now[0].end_s)
    number = int(since / model.interval_s)
    while since < until:
        stop = min(until, (number + 1) * model.interval_s)
        state.tally[0, number % model.starts_s.size, column] += max(stop - since, 0.0) * weight
        since = stop
        number += 1


@njit(cache=True, error_model="numpy")
def run_line(arrays: Model, changing: State, free_s: Floats) -> None:
    """Simulate from where `start` left the state; `free_s` (agent,) all lie before the first contact."""
    model, state = handle(arrays), handle(changing)
    source, moment = state.source[0], state.now[0]
    names = np.zeros(free_s.size, dtype=np.int64)
    pace = model.speed[0, 1]
    while source.time_s < moment.end_s:
        key = contact_key(source.key, source.number)
        came, cell = source.time_s, model.change_cell[source.change]
        wait_s = max(0.0, free_s[0] - came)
        patience_s = math.inf
        if wait_s > 0.0 and model.klass[0].patience >= 0:
            patience_s = draw(model, model.klass[0].patience, key, PATIENCE)
        measured = came >= 0.0
        if measured:
            state.tally[0, cell, _OFFERED] += 1.0
            state.endings[0, _EXTERNAL] += 1.0
        _spread(model, state, _QUEUE_S, came, came + min(wait_s, patience_s), 1.0)
        if wait_s <= patience_s:
            work_s = draw(model, model.service[0, 0], key, WORK)
            begun = max(came, free_s[0])
            replace_first(free_s, names, free_s.size, begun + work_s / pace, 0)
            _spread(model, state, _BUSY_S, begun, begun + work_s / pace, pace)
            if measured:
                _served(state, cell, begun, begun - came, work_s, begun + work_s / pace)
        elif measured and came + patience_s < moment.limit_s:
            _lost(state, cell, patience_s)
        source.number += 1
        expect_arrival(model, state, 0)
    for t in range(model.starts_s.size):
        laps = moment.end_s / model.cycle_s
        state.tally[0, t, _CAPACITY_S] = laps * model.interval_s * free_s.size * pace


@njit(cache=True, error_model="numpy")
def _served(state: State, cell: int, begun: float, wait_s: float, work_s: float, end_s: float) -> None:
    moment = state.now[0]
    if begun < moment.limit_s:
        count_answered(state, state.tally[0, cell], wait_s)
    if end_s < moment.limit_s:
        state.tally[0, cell, _WORK_S] += work_s
        _end(state, _CLASS_ANSWERED, _SERVED_LAST, wait_s, work_s)


@njit(cache=True, error_model="numpy")
def _lost(state: State, cell: int, wait_s: float) -> None:
    state.tally[0, cell, _ABANDONED] += 1.0
    state.tally[0, cell, _WAIT_S] += wait_s
    _end(state, _CLASS_ABANDONED, _LOST_LAST, wait_s, 0.0)


@njit(cache=True, error_model="numpy")
def _end(state: State, how: int, last: int, wait_s: float, work_s: float) -> None:
    row = state.endings[0]
    row[how] += 1.0
    row[last] += 1.0
    row[_CLASS_WAIT_S] += wait_s
    row[_CLASS_WORK_S] += work_s
