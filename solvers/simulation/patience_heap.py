"""Who leaves a queue next if not served: a binary heap that contacts can be taken out of, compiled.

Most contacts are served long before they would leave. Taking them out at once keeps the heap as short as the queue.
"""

from __future__ import annotations

from numba import njit

from solvers.simulation.state import State

__all__ = ["give_up_patience", "keep_patience"]


@njit(cache=True, error_model="numpy", inline="always")
def _put(state: State, place: int, time_s: float, i: int) -> None:
    state.leaves_s[place], state.leaver[place] = time_s, i
    state.slot[i].leaving = place


@njit(cache=True, error_model="numpy", inline="always")
def _rise(state: State, place: int, time_s: float, i: int) -> None:
    """Put a contact at a place or above it."""
    while place > 0:
        above = (place - 1) >> 1
        if state.leaves_s[above] <= time_s:
            break
        _put(state, place, state.leaves_s[above], state.leaver[above])
        place = above
    _put(state, place, time_s, i)


@njit(cache=True, error_model="numpy", inline="always")
def keep_patience(state: State, i: int, time_s: float) -> None:
    """Note when a contact that begins to wait will leave."""
    moment = state.now[0]
    moment.leavers += 1
    _rise(state, moment.leavers - 1, time_s, i)


@njit(cache=True, error_model="numpy", inline="always")
def give_up_patience(state: State, i: int) -> None:
    """Take out a contact that waits no longer; none where it would never have left."""
    moment, place = state.now[0], state.slot[i].leaving
    if place < 0:
        return
    state.slot[i].leaving = -1
    moment.leavers -= 1
    last = moment.leavers
    if place == last:
        return
    while 2 * place + 1 < last:
        below = 2 * place + 1
        if below + 1 < last and state.leaves_s[below + 1] < state.leaves_s[below]:
            below += 1
        _put(state, place, state.leaves_s[below], state.leaver[below])
        place = below
    _rise(state, place, state.leaves_s[last], state.leaver[last])
