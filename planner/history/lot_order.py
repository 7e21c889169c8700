"""Compiled sorting of contacts by customer: buckets of a few customers first, each sorted for itself."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: its multiples spread keys evenly over the buckets (Knuth 1973)."""
_IN_BUCKET = 16


@njit(cache=True, nogil=True)
def customer_order(
    person: NDArray[np.uint64], seconds: NDArray[np.float64], row: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order that sorts by customer (in no particular order), then time, then row; and where each customer begins.

    Parameters
    ----------
    person, seconds, row
        Shape (contact,): a key of the customer, start, and a number that tells contacts of one second apart.

    Returns
    -------
    order, begins
        Shapes (contact,) and (customer + 1,); the last of `begins` is the number of contacts.
    """
    n = len(person)
    bits = 1
    while (1 << bits) * _IN_BUCKET < n:
        bits += 1
    shift = np.uint64(64 - bits)
    ends = np.zeros((1 << bits) + 1, dtype=np.int64)
    for i in range(n):
        ends[np.int64((person[i] * _SCATTER) >> shift) + 1] += 1
    ends = np.cumsum(ends)
    order, free = np.empty(n, dtype=np.int64), ends[:-1].copy()
    for i in range(n):
        bucket = np.int64((person[i] * _SCATTER) >> shift)
        order[free[bucket]] = i
        free[bucket] += 1
    for k in range(len(ends) - 1):
        _sort_bucket(order[ends[k] : ends[k + 1]], person, seconds, row)
    return order, _begins(order, person)


@njit(cache=True, nogil=True)
def _before(i: int, j: int, person: NDArray[np.uint64], seconds: NDArray[np.float64], row: NDArray[np.int64]) -> bool:
    if person[i] != person[j]:
        return bool(person[i] < person[j])
    if seconds[i] != seconds[j]:
        return bool(seconds[i] < seconds[j])
    return bool(row[i] < row[j])


@njit(cache=True, nogil=True)
def _sort_bucket(
    order: NDArray[np.int64], person: NDArray[np.uint64], seconds: NDArray[np.float64], row: NDArray[np.int64]
) -> None:
    """Sort entries in place by Shell's method (1959): short for the compiler, and quick for few entries and many."""
    gap = len(order)
    while gap > 1:
        gap = max(1, gap * 4 // 9)
        for k in range(gap, len(order)):
            moved = order[k]
            at: int = k
            while at >= gap and _before(moved, order[at - gap], person, seconds, row):
                order[at] = order[at - gap]
                at -= gap
            order[at] = moved


@njit(cache=True, nogil=True)
def _begins(order: NDArray[np.int64], person: NDArray[np.uint64]) -> NDArray[np.int64]:
    found = np.empty(len(order) + 1, dtype=np.int64)
    count = 0
    for k in range(len(order)):
        if k == 0 or person[order[k]] != person[order[k - 1]]:
            found[count] = k
            count += 1
    found[count] = len(order)
    return found[: count + 1].copy()
