"""Compiled loops over the rows of a fit: cross products of columns that are never written out."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def cross_products(
    columns: NDArray[np.int32], values: NDArray[np.float64], weight: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Z' diag(weight) Z of a matrix with as many entries in each row, shape (size, size).

    Parameters
    ----------
    columns, values
        Shape (row, entry): where each entry of a row stands, rising along the row, and what it is.
    weight
        Shape (row,).
    """
    out = np.zeros((size, size))
    rows, entries = columns.shape
    for i in range(rows):
        for a in range(entries):
            left, at = weight[i] * values[i, a], columns[i, a]
            for b in range(a + 1):
                out[at, columns[i, b]] += left * values[i, b]
    for a in range(size):
        for b in range(a):
            out[b, a] = out[a, b]
    return out
