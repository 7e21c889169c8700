"""A dense dual simplex for small boxed programs, and conclusions that do not depend on its arithmetic; compiled.

Variables 0…n−1 are the program's, n…n+m−1 are its row activities r = A·x. A *dictionary* writes the basic ones and
the cost as combinations of the nonbasic ones, x_B = T·x_N and cost = d·x_N (Chvátal 1983, chapter 8). The program's
variables are boxed, so a start with each at its cheaper bound is dual feasible and only dual steps are needed.

Rounding can spoil a dictionary, never a conclusion: whatever multipliers y it yields, c·x = y·r + (c − yᵀA)·x holds
for every x, so the least value of the right side within the bounds is a lower bound (Neumaier, Shcherbina 2004).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "PIVOT",
    "ROW_TOLERANCE",
    "Dictionary",
    "can_move",
    "dual_simplex",
    "make_dictionary",
    "refutes",
    "safe_bound",
]

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

PIVOT = 1e-9
"""Entries of a dictionary below this size count as zero."""
_FEASIBLE = 1e-9
ROW_TOLERANCE = 1e-9
"""How far a whole point may miss a row, relative to the row's size. No proof may cut off what that admits; it also
covers rounding, because a sum of N terms is wrong by at most N·1.1e-16 of the sum of their sizes."""


class Dictionary(NamedTuple):
    """One node of a search: a basis, written out, and the bounds of all n + m variables."""

    table: Floats
    cost: Floats
    basic: Indices
    nonbasic: Indices
    at_upper: Flags
    lower: Floats
    upper: Floats


@njit(cache=True)
def make_dictionary(matrix: Floats, objective: Floats, lower: Floats, upper: Floats) -> Dictionary:
    """Start with all row activities basic, and each variable at the bound where it costs less."""
    rows, columns = matrix.shape
    basic, nonbasic = columns + np.arange(rows), np.arange(columns)
    return Dictionary(matrix.copy(), objective.copy(), basic, nonbasic, objective < 0.0, lower.copy(), upper.copy())


@njit(cache=True)
def _basic_values(node: Dictionary, values: Floats) -> None:
    rows, columns = node.table.shape
    for i in range(rows):
        total = 0.0
        for j in range(columns):
            k = node.nonbasic[j]
            total += node.table[i, j] * (node.upper[k] if node.at_upper[j] else node.lower[k])
        values[i] = total


@njit(cache=True)
def _pivot(table: Floats, cost: Floats, row: int, column: int) -> None:
    """Exchange the basic variable of a row with the nonbasic one of a column."""
    rows, columns = table.shape
    inverse = 1.0 / table[row, column]
    for j in range(columns):
        table[row, j] *= -inverse
    table[row, column] = inverse
    for i in range(rows):
        factor = table[i, column]
        if i == row or factor == 0.0:
            continue
        table[i, column] = 0.0
        for j in range(columns):
            table[i, j] += factor * table[row, j]
    factor = cost[column]
    if factor != 0.0:
        cost[column] = 0.0
        for j in range(columns):
            cost[j] += factor * table[row, j]


@njit(cache=True)
def _worst_row(node: Dictionary, values: Floats) -> int:
    """Find the basic variable furthest outside its bounds; −1 if none is outside."""
    worst, row = 0.0, -1
    for i in range(values.size):
        k = node.basic[i]
        excess = max(node.lower[k] - values[i], values[i] - node.upper[k])
        if excess > worst and excess > _FEASIBLE * (1.0 + abs(values[i])):
            worst, row = excess, i
    return row


@njit(cache=True)
def can_move(node: Dictionary, row: int, column: int, rising: bool) -> bool:
    """Tell whether a nonbasic variable, leaving its bound, moves a basic one in the given direction."""
    slope = node.table[row, column]
    k = node.nonbasic[column]
    if abs(slope) < PIVOT or node.lower[k] == node.upper[k]:
        return False
    return (slope > 0.0) == (node.at_upper[column] != rising)


@njit(cache=True)
def _entering(node: Dictionary, row: int, rising: bool) -> int:
    """Find the column whose reduced cost reaches zero first; −1 if nothing can move the row."""
    best, size, column = np.inf, 0.0, -1
    for j in range(node.cost.size):
        if not can_move(node, row, j, rising):
            continue
        slope = abs(node.table[row, j])
        ratio = abs(node.cost[j]) / slope
        if ratio < best - 1e-12 or (ratio <= best + 1e-12 and slope > size):
            best, size, column = min(ratio, best), slope, j
    return column


@njit(cache=True)
def dual_simplex(node: Dictionary, values: Floats, limit: int) -> tuple[int, int]:
    """Step until every basic variable is within its bounds; writes their values into `values`.

    Returns
    -------
    int
        −1 when optimal, −2 when `limit` steps were not enough, else the row that nothing can bring within its bounds.
    int
        Steps taken.
    """
    _basic_values(node, values)
    for steps in range(limit):
        row = _worst_row(node, values)
        if row < 0:
            return -1, steps
        leaving = node.basic[row]
        rising = values[row] < node.lower[leaving]
        column = _entering(node, row, rising)
        if column < 0:
            return row, steps
        entering = node.nonbasic[column]
        start = node.upper[entering] if node.at_upper[column] else node.lower[entering]
        target = node.lower[leaving] if rising else node.upper[leaving]
        step = (target - values[row]) / node.table[row, column]
        for i in range(values.size):
            values[i] += node.table[i, column] * step
        values[row] = start + step
        _pivot(node.table, node.cost, row, column)
        node.basic[row], node.nonbasic[column], node.at_upper[column] = entering, leaving, not rising
    return -2, limit


@njit(cache=True)
def _least(price: float, lower: float, upper: float) -> float:
    if price > 0.0:
        return price * lower
    return price * upper if price < 0.0 else 0.0


@njit(cache=True)
def _size(lower: float, upper: float) -> float:
    """Size of the larger bound that is finite."""
    return max(abs(lower) if np.isfinite(lower) else 0.0, abs(upper) if np.isfinite(upper) else 0.0)


@njit(cache=True)
def safe_bound(matrix: Floats, objective: Floats, node: Dictionary, reduced: Floats) -> float:
    """Bound the cost from below over all x within the bounds, rounding errors already taken off.

    Writes c − yᵀA, shape (column,), into `reduced`. Multipliers whose activity has no bound on the needed side are
    left out, which the identity allows.
    """
    columns = matrix.shape[1]
    reduced[:] = objective
    bound, size = 0.0, 0.0
    for j in range(columns):
        k = node.nonbasic[j]
        if k < columns:
            continue
        price = node.cost[j]
        term = _least(price, node.lower[k], node.upper[k])
        if price == 0.0 or not np.isfinite(term):
            continue
        bound += term
        size += abs(price) * (1.0 + _size(node.lower[k], node.upper[k]))
        row = matrix[k - columns]
        for c in range(columns):
            reduced[c] -= price * row[c]
            size += abs(price * row[c]) * _size(node.lower[c], node.upper[c])
    for c in range(columns):
        bound += _least(reduced[c], node.lower[c], node.upper[c])
        size += abs(objective[c]) * _size(node.lower[c], node.upper[c])
    return bound - ROW_TOLERANCE * size


@njit(cache=True)
def refutes(matrix: Floats, node: Dictionary, row: int, combination: Floats) -> bool:
    """Check that one row of a dictionary proves that no x lies within the bounds.

    The row stands for an identity y·(r − A·x) = 0; if its left side cannot be zero within the bounds, no x is left.
    Small multipliers are left out, which the identity allows: an open side would make them infinite.
    """
    columns = matrix.shape[1]
    combination[:] = 0.0
    least, most, size = 0.0, 0.0, 0.0
    for position in range(columns + 1):
        k = node.basic[row] if position == columns else node.nonbasic[position]
        price = 1.0 if position == columns else -node.table[row, position]
        if k < columns or abs(price) < PIVOT:
            continue
        least += _least(price, node.lower[k], node.upper[k])
        most -= _least(-price, node.lower[k], node.upper[k])
        size += abs(price) * (1.0 + _size(node.lower[k], node.upper[k]))
        activity = matrix[k - columns]
        for c in range(columns):
            combination[c] -= price * activity[c]
            size += abs(price * activity[c]) * _size(node.lower[c], node.upper[c])
    for c in range(columns):
        least += _least(combination[c], node.lower[c], node.upper[c])
        most -= _least(-combination[c], node.lower[c], node.upper[c])
    slack = ROW_TOLERANCE * size
    return least > slack or most < -slack
