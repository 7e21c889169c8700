"""A binary heap of events in plain arrays, earliest first; equal times in order of their code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class EventHeap(NamedTuple):
    """Events as time and code; `size` holds one number."""

    time_s: NDArray[np.float64]
    code: NDArray[np.int64]
    size: NDArray[np.int64]


def empty_heap(capacity: int) -> EventHeap:
    """Make a heap that holds at most `capacity` events."""
    return EventHeap(np.empty(capacity), np.empty(capacity, dtype=np.int64), np.zeros(1, dtype=np.int64))


@njit(cache=True)
def _before(heap: EventHeap, a: int, b: int) -> bool:
    if heap.time_s[a] != heap.time_s[b]:
        return heap.time_s[a] < heap.time_s[b]
    return heap.code[a] < heap.code[b]


@njit(cache=True)
def _swap(heap: EventHeap, a: int, b: int) -> None:
    time_s, code = heap.time_s[a], heap.code[a]
    heap.time_s[a], heap.code[a] = heap.time_s[b], heap.code[b]
    heap.time_s[b], heap.code[b] = time_s, code


@njit(cache=True)
def push(heap: EventHeap, time_s: float, code: int) -> None:
    """Add an event."""
    place = heap.size[0]
    if place >= heap.time_s.size:
        raise ValueError("more events under way than the heap holds")
    heap.time_s[place] = time_s
    heap.code[place] = code
    heap.size[0] += 1
    while place > 0:
        above = (place - 1) // 2
        if not _before(heap, place, above):
            break
        _swap(heap, place, above)
        place = above


@njit(cache=True)
def pop(heap: EventHeap) -> tuple[float, int]:
    """Take the earliest event away and return it as (time, code)."""
    time_s, code = heap.time_s[0], heap.code[0]
    heap.size[0] -= 1
    size = heap.size[0]
    heap.time_s[0], heap.code[0] = heap.time_s[size], heap.code[size]
    place = 0
    while True:
        least = place
        for below in (2 * place + 1, 2 * place + 2):
            if below < size and _before(heap, below, least):
                least = below
        if least == place:
            return time_s, code
        _swap(heap, place, least)
        place = least
