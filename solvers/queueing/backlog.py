"""Deferred work: what is done when, in order of deadlines, and what is left."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.inputs import duration, non_negative, positive

__all__ = ["DeferredWork", "deferred_work"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DeferredWork:
    """What becomes of deferred work, in the unit of work it was given in."""

    done: Floats
    """Work done in each interval, shape (class, interval)."""
    backlog: Floats
    """Work left at the end of each interval, shape (class, interval)."""
    idle: Floats
    """Capacity without work, shape (interval,)."""
    in_time: Floats
    """Of the work that arrived in an interval, what was done by its deadline, shape (class, interval)."""
    late: Floats
    """What was done after it, or is left and overdue at the end of the horizon."""
    undecided: Floats
    """What is left and not yet due at the end of the horizon."""
    delay_s: Floats
    """Mean time from arrival to completion of the work that arrived in an interval, seconds; NaN where none arrived,
    inf where some is never done, shape (class, interval)."""
    oldest_s: Floats
    """Age of the oldest work left at the end of each interval, seconds; 0 without backlog."""


@njit(cache=True, error_model="numpy")
def _judge(first: float, last: float, begin: float, end: float, deadline: float) -> tuple[float, float]:
    """Share in time, and mean delay, of work that arrives evenly over [first, last] and is done over [begin, end]."""
    early, late = begin - first, end - last
    low, high = min(early, late), max(early, late)
    if high <= deadline:
        share = 1.0
    elif low > deadline:
        share = 0.0
    else:
        share = (deadline - low) / (high - low)
    if low >= 0.0:
        return share, 0.5 * (low + high)
    # Work cannot be done before it arrives: such a part is done at once.
    return share, 0.5 * high * high / (high - low) if high > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def _next_due(left: Floats, cursor: NDArray[np.int64], deadline: Floats, now: int) -> int:
    """Class whose oldest batch of work is due first; -1 without work."""
    best, due = -1, math.inf
    for k in range(left.shape[0]):
        while cursor[k] <= now and left[k, cursor[k]] <= 0.0:
            cursor[k] += 1
        if cursor[k] <= now and cursor[k] + deadline[k] < due:
            best, due = k, cursor[k] + deadline[k]
    return best


@njit(cache=True, error_model="numpy")
def _run(arrivals: Floats, capacity: Floats, deadline: Floats, initial: Floats, out: Floats, idle: Floats) -> None:
    """Fill done, backlog, in_time, late, undecided, delay and oldest, (7, class, interval); times in intervals."""
    n_classes, n_intervals = arrivals.shape
    left = arrivals.copy()
    left[:, 0] += initial
    size = left.copy()
    cursor = np.zeros(n_classes, dtype=np.int64)
    for now in range(n_intervals):
        spent = 0.0
        while spent < capacity[now]:
            k = _next_due(left, cursor, deadline, now)
            if k < 0:
                break
            batch = cursor[k]
            work = min(left[k, batch], capacity[now] - spent)
            if work <= 0.0:
                break
            gone = size[k, batch] - left[k, batch]
            first, last = batch + gone / size[k, batch], batch + (gone + work) / size[k, batch]
            begin, end = now + spent / capacity[now], now + (spent + work) / capacity[now]
            share, delay = _judge(first, last, begin, end, deadline[k])
            left[k, batch] = 0.0 if work == left[k, batch] else left[k, batch] - work
            spent += work
            out[0, k, now] += work
            out[2, k, batch] += share * work
            out[3, k, batch] += work - share * work
            out[5, k, batch] += delay * work / size[k, batch]
        idle[now] = capacity[now] - spent
        for k in range(n_classes):
            for batch in range(cursor[k], now + 1):
                out[1, k, now] += left[k, batch]
            _next_due(left, cursor, deadline, now)
            if cursor[k] <= now:
                gone = size[k, cursor[k]] - left[k, cursor[k]]
                out[6, k, now] = now + 1.0 - cursor[k] - gone / size[k, cursor[k]]
    for k in range(n_classes):
        for batch in range(n_intervals):
            if size[k, batch] <= 0.0:
                out[5, k, batch] = math.nan
            elif left[k, batch] > 0.0:
                gone = size[k, batch] - left[k, batch]
                # Arrived at b + y, due at b + y + d: overdue up to y = horizon − b − d.
                overdue = min(max((n_intervals - batch - deadline[k]) * size[k, batch] - gone, 0.0), left[k, batch])
                out[3, k, batch] += overdue
                out[4, k, batch] = left[k, batch] - overdue
                out[5, k, batch] = math.inf


def deferred_work(
    arrivals: ArrayLike,
    capacity: ArrayLike,
    *,
    interval_s: float,
    deadline_s: ArrayLike,
    backlog: ArrayLike = 0.0,
) -> DeferredWork:
    """Work off deferred contacts, earliest deadline first.

    B_{t+1} = B_t + A_t − C_t with C_t ≤ capacity and ≤ what is there. Work of a class arrives evenly over its
    interval and is done in order of arrival, evenly over the capacity of an interval; between classes the batch due
    first goes first (optimal for meeting deadlines: Jackson 1955). Work is conserved: to the last bit when all
    amounts are whole numbers, else up to rounding.

    Parameters
    ----------
    arrivals
        Work by class and interval, ≥ 0, shape (class, interval) or (interval,) for one class. Contacts of one handle
        time, or agent-seconds; capacity has the same unit.
    capacity
        Work that can be done in each interval, ≥ 0, shape (interval,): what live channels leave, or a ring-fenced
        team.
    interval_s
        Length of an interval, seconds, > 0.
    deadline_s
        Time from arrival by which work of a class should be done, seconds, > 0, a number or shape (class,).
    backlog
        Work of each class there at the start, ≥ 0, a number or shape (class,); it counts as if it arrived in the
        first interval.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not fit.
    """
    work = np.atleast_2d(non_negative("arrivals", arrivals)).copy()
    room = non_negative("capacity", capacity)
    if work.ndim != 2 or work.size == 0:
        raise ValueError(f"arrivals of shape {work.shape} — must have shape (class, interval)")
    if room.ndim == 0:
        room = np.full(work.shape[1], float(room))
    if room.shape != work.shape[1:]:
        raise ValueError(
            f"capacity of shape {room.shape} — must have shape ({work.shape[1]},) as arrivals has intervals"
        )
    length = duration("interval_s", interval_s)
    per_class = {"deadline_s": positive("deadline_s", deadline_s), "backlog": non_negative("backlog", backlog)}
    for name, value in per_class.items():
        if value.shape not in ((), work.shape[:1]):
            raise ValueError(f"{name} of shape {value.shape} — must be a number or of shape ({work.shape[0]},)")
    deadline, initial = (np.full(work.shape[0], 1.0) * value for value in per_class.values())
    out, idle = np.zeros((7, *work.shape)), np.empty(work.shape[1])
    _run(work, room.copy(), deadline / length, initial, out, idle)
    done, left, in_time, late, undecided, delay, oldest = out
    return DeferredWork(done, left, idle, in_time, late, undecided, delay * length, oldest * length)
