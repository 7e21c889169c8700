"""A heap of events in plain arrays, earliest first; every event has four below it, which halves the levels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["DONE", "LATER", "OVERFLOW", "SHARED_DONE", "decode", "drop_first", "encode", "push", "replace_first"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DONE, SHARED_DONE, LATER, OVERFLOW = range(4)
"""Kinds of events."""

_0, _1, _2, _3 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
_STAMP = (1 << 32) - 1
_INDEX = (1 << 28) - 1


@njit(cache=True, error_model="numpy", inline="always")
def encode(kind: int, index: int, stamp: int) -> int:
    """Pack kind, index (of a contact or agent, below 2^28) and stamp (modulo 2^32) into one number."""
    return (kind << 60) | (index << 32) | (stamp & _STAMP)


@njit(cache=True, error_model="numpy", inline="always")
def decode(code: int) -> tuple[int, int, int]:
    """Return kind, index and stamp."""
    return code >> 60, (code >> 32) & _INDEX, code & _STAMP


@njit(cache=True, error_model="numpy")
def push(times: Floats, codes: Ints, size: int, time_s: float, code: int) -> None:
    """Add an event to a heap of `size` events; the caller counts and has made room."""
    place = np.uint64(size)  # unsigned: no code for indices that count from the end
    while place > _0:
        above = (place - _1) >> _2
        if times[above] <= time_s:
            break
        times[place], codes[place] = times[above], codes[above]
        place = above
    times[place], codes[place] = time_s, code


@njit(cache=True, error_model="numpy")
def replace_first(times: Floats, codes: Ints, size: int, time_s: float, code: int) -> None:
    """Put an event in place of the earliest one of a heap of `size` events.

    The hole sinks to the bottom without a look at the new event, which then rises (Wegener 1993): late events rarely
    rise far, and choices without a branch cannot be mispredicted.
    """
    place, below, stop = _0, _1, np.uint64(size)
    while below + _3 < stop:
        left = below + np.uint64(times[below + _1] < times[below])
        right = below + _2 + np.uint64(times[below + _3] < times[below + _2])
        below = right if times[right] < times[left] else left
        times[place], codes[place] = times[below], codes[below]
        place = below
        below = (place << _2) + _1
    least = below
    while below < stop:
        least = below if times[below] < times[least] else least
        below += _1
    if least < stop:
        times[place], codes[place] = times[least], codes[least]
        place = least
    push(times, codes, place, time_s, code)


@njit(cache=True, error_model="numpy")
def drop_first(times: Floats, codes: Ints, size: int) -> None:
    """Take the earliest event away from a heap of `size` events."""
    last = size - 1
    replace_first(times, codes, last, times[last], codes[last])
