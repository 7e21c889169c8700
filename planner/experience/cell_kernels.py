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


@njit(cache=True, nogil=True)
def scaled_triangle(gram: NDArray[np.float64], root: NDArray[np.float64]) -> NDArray[np.float64]:
    """R gram R + I, R = diag root, on and above the diagonal; what stands below is undefined."""
    size = len(root)
    out = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            out[i, j] = gram[i, j] * root[i] * root[j]
        out[i, i] += 1.0
    return out


@njit(cache=True, nogil=True)
def add_scaled(total: NDArray[np.float64], matrix: NDArray[np.float64], root: NDArray[np.float64], parts: int) -> None:
    """Add R matrix R / parts, R = diag root, on and above the diagonal."""
    for i in range(len(root)):
        for j in range(i, len(root)):
            total[i, j] += matrix[i, j] * root[i] * (root[j] / parts)


@njit(cache=True, nogil=True)
def mirror(matrix: NDArray[np.float64]) -> None:
    """Copy what stands above the diagonal of a square matrix to below it, tile by tile."""
    size, tile = len(matrix), 32
    for top in range(0, size, tile):
        for start in range(top, size, tile):
            for i in range(top, min(top + tile, size)):
                for j in range(max(start, i + 1), min(start + tile, size)):
                    matrix[j, i] = matrix[i, j]


@njit(cache=True, nogil=True)
def fold(matrix: NDArray[np.float64], half: NDArray[np.float64]) -> None:
    """Put what stands on and above the diagonal of a square matrix into `half`, row by row."""
    at, size = 0, len(matrix)
    for i in range(size):
        half[at : at + size - i] = matrix[i, i:]
        at += size - i


@njit(cache=True, nogil=True)
def unfolded(half: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Symmetric matrix, shape (size, size), of the half that `fold` took."""
    out = np.empty((size, size))
    at = 0
    for i in range(size):
        out[i, i:] = half[at : at + size - i]
        at += size - i
    mirror(out)
    return out


@njit(cache=True, nogil=True)
def block_sums(
    inverse: NDArray[np.float64], offsets: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over pairs of blocks of the squares of I - S, and its trace in each block.

    Parameters
    ----------
    inverse
        S, symmetric, shape (column, column).
    offsets
        First column of each block, and the number of columns.
    """
    count = len(offsets) - 1
    squares, traces = np.zeros((count, count)), np.zeros(count)
    for b in range(count):
        for i in range(offsets[b], offsets[b + 1]):
            own = 1.0 - inverse[i, i]
            traces[b] += own
            squares[b, b] += own * own - inverse[i, i] * inverse[i, i]
            for c in range(b + 1):
                total = 0.0
                for j in range(offsets[c], offsets[c + 1]):
                    total += inverse[i, j] * inverse[i, j]
                squares[b, c] += total
    for b in range(count):
        for c in range(b):
            squares[c, b] = squares[b, c]
    return squares, traces
