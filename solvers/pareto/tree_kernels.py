"""Branch and bound over one box of a small integer program, depth first, on dense dictionaries; compiled.

Every node that is closed is closed by a bound or an infeasibility that holds whatever the simplex did
(`simplex_kernels`); what cannot be decided is divided further, down to single points, which are evaluated. Hence no
point is lost to rounding.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.pareto.simplex_kernels import (
    ROW_TOLERANCE,
    Dictionary,
    can_move,
    dual_simplex,
    make_dictionary,
    refutes,
    safe_bound,
)

__all__ = ["COMPLETE", "search_box"]

Floats = NDArray[np.float64]

COMPLETE, OUT_OF_WORK = 0, 1
_FRACTION = 1e-7
# Costs are whole numbers, so a bound that exceeds the permitted cost by this much proves that it is exceeded by one.
_MARGIN = 1e-6


class _Stack(NamedTuple):
    """The other halves of the nodes on the way down, one dictionary per depth."""

    table: Floats
    cost: Floats
    basic: NDArray[np.int64]
    nonbasic: NDArray[np.int64]
    at_upper: NDArray[np.bool_]
    lower: Floats
    upper: Floats


@njit(cache=True)
def _make_stack(depth: int, rows: int, columns: int) -> _Stack:
    return _Stack(
        np.empty((depth, rows, columns)),
        np.empty((depth, columns)),
        np.empty((depth, rows), dtype=np.int64),
        np.empty((depth, columns), dtype=np.int64),
        np.empty((depth, columns), dtype=np.bool_),
        np.empty((depth, rows + columns)),
        np.empty((depth, rows + columns)),
    )


@njit(cache=True)
def _save(stack: _Stack, depth: int, node: Dictionary) -> None:
    stack.table[depth], stack.cost[depth] = node.table, node.cost
    stack.basic[depth], stack.nonbasic[depth], stack.at_upper[depth] = node.basic, node.nonbasic, node.at_upper
    stack.lower[depth], stack.upper[depth] = node.lower, node.upper


@njit(cache=True)
def _restore(stack: _Stack, depth: int, node: Dictionary, limits: Floats) -> None:
    """Go back to a saved node; the objectives' limits may have become tighter since."""
    node.table[:], node.cost[:] = stack.table[depth], stack.cost[depth]
    node.basic[:], node.nonbasic[:], node.at_upper[:] = stack.basic[depth], stack.nonbasic[depth], stack.at_upper[depth]
    node.lower[:], node.upper[:] = stack.lower[depth], stack.upper[depth]
    node.upper[node.upper.size - limits.size :] = limits


@njit(cache=True)
def _fix_by_reduced_costs(node: Dictionary, reduced: Floats, room: float) -> None:
    """Cut off values of variables that would cost more than the room that is left above the bound."""
    for j in range(reduced.size):
        width = node.upper[j] - node.lower[j]
        price = abs(reduced[j])
        if width > 0.0 and price * width > room:
            steps = max(np.floor(room / price + 1e-9), 0.0)
            if reduced[j] > 0.0:
                node.upper[j] = node.lower[j] + steps
            else:
                node.lower[j] = node.upper[j] - steps


@njit(cache=True)
def _penalty(node: Dictionary, row: int, rising: bool) -> float:
    """Least growth of the cost per unit by which a basic variable moves (Driebeek 1966)."""
    best = 1e9
    for j in range(node.cost.size):
        if can_move(node, row, j, rising):
            best = min(best, abs(node.cost[j] / node.table[row, j]))
    return best


@njit(cache=True)
def _fractional_branch(node: Dictionary, values: Floats) -> tuple[int, float, bool]:
    """Pick the fractional variable whose two halves cost most; its value rounded down, and if to go up first."""
    best, chosen, cut, up_first = -1.0, -1, 0.0, False
    for i in range(values.size):
        if node.basic[i] >= node.cost.size:
            continue
        below = np.floor(values[i])
        fraction = values[i] - below
        if fraction < _FRACTION or fraction > 1.0 - _FRACTION:
            continue
        down = fraction * _penalty(node, i, False)
        up = (1.0 - fraction) * _penalty(node, i, True)
        score = max(down, 1e-6) * max(up, 1e-6)
        if score > best:
            best, chosen, cut, up_first = score, node.basic[i], below, up < down
    return chosen, cut, up_first


@njit(cache=True)
def _widest_branch(node: Dictionary) -> tuple[int, float, bool]:
    """Halve the widest variable; −1 if all are fixed."""
    widest, chosen = 0.0, -1
    for j in range(node.cost.size):
        if node.upper[j] - node.lower[j] > widest:
            widest, chosen = node.upper[j] - node.lower[j], j
    if chosen < 0:
        return -1, 0.0, False
    return chosen, np.floor(0.5 * (node.lower[chosen] + node.upper[chosen])), False


@njit(cache=True)
def _read(node: Dictionary, values: Floats, x: Floats) -> None:
    """Write the whole point that a dictionary stands at into `x`."""
    for i in range(values.size):
        if node.basic[i] < x.size:
            x[node.basic[i]] = np.round(values[i])
    for j in range(x.size):
        k = node.nonbasic[j]
        if k < x.size:
            x[k] = node.upper[k] if node.at_upper[j] else node.lower[k]


@njit(cache=True)
def _accept(matrix: Floats, node: Dictionary, x: Floats, limits: Floats, best: Floats) -> bool:
    """Take a point that keeps every row and improves on `limits`; from then on only what dominates it counts."""
    rows, columns = matrix.shape
    for i in range(rows):
        activity, size = 0.0, 1.0
        for j in range(columns):
            activity += matrix[i, j] * x[j]
            size += abs(matrix[i, j] * x[j])
        low, high = node.lower[columns + i], node.upper[columns + i]
        if activity < low - ROW_TOLERANCE * size or activity > high + ROW_TOLERANCE * size:
            return False
    before, first = limits.sum(), rows - limits.size
    point = np.empty(limits.size)
    for k in range(limits.size):
        point[k] = np.round(np.dot(matrix[first + k], x))
    if np.isfinite(best[0]) and point.sum() >= before:
        return False
    best[:] = x
    limits[:] = point
    node.upper[node.upper.size - limits.size :] = limits
    return True


@njit(cache=True)
def search_box(
    matrix: Floats, objective: Floats, lower: Floats, upper: Floats, objectives: int, work_limit: float, depth: int
) -> tuple[int, Floats]:
    """Find an efficient point of a box, or prove that the box is empty.

    The first point p met narrows the search to {f ≤ p, Σf ≤ Σp − 1}, so each next one dominates the last. When no
    node is left, nothing dominates the last one: a node closed earlier held no point of the box at all, a node closed
    later no point that dominates.

    Parameters
    ----------
    matrix
        Shape (row, column); the last `objectives` rows are the objectives, to be minimized, whole coefficients.
    objective
        Sum of the objectives, shape (column,).
    lower, upper
        Bounds of the variables, whole and finite, then of the rows; the upper sides of the last rows are the box.
    work_limit
        Multiplications in table steps after which to stop.
    depth
        Divisions after which to stop.

    Returns
    -------
    int
        COMPLETE or OUT_OF_WORK.
    ndarray
        The last point found, shape (column,); NaN if none.
    """
    rows, columns = matrix.shape
    node = make_dictionary(matrix, objective, lower, upper)
    stack = _make_stack(depth, rows, columns)
    limits = upper[upper.size - objectives :].copy()
    values, reduced, x, best = np.empty(rows), np.empty(columns), np.empty(columns), np.full(columns, np.nan)
    level, work = 0, 0.0
    while True:
        status, steps = dual_simplex(node, values, 50 + 10 * rows)
        work += (steps + 3.0) * rows * columns
        if work > work_limit:
            return OUT_OF_WORK, best
        closed = status >= 0 and refutes(matrix, node, status, reduced)
        branch, cut, up_first = -1, 0.0, False
        if not closed:
            room = limits.sum() - (1.0 if np.isfinite(best[0]) else 0.0) + _MARGIN
            room -= safe_bound(matrix, objective, node, reduced)
            closed = room < 0.0
            if not closed and np.isfinite(room):
                _fix_by_reduced_costs(node, reduced, room)
        if not closed and status == -1:
            branch, cut, up_first = _fractional_branch(node, values)
            if branch < 0:
                _read(node, values, x)
                if _accept(matrix, node, x, limits, best):
                    continue
        if not closed and branch < 0:
            branch, cut, up_first = _widest_branch(node)
            if branch < 0:
                x[:] = node.lower[:columns]
                _accept(matrix, node, x, limits, best)
        if branch < 0:
            if level == 0:
                return COMPLETE, best
            level -= 1
            _restore(stack, level, node, limits)
            continue
        if level == depth:
            return OUT_OF_WORK, best
        _save(stack, level, node)
        if up_first:
            stack.upper[level, branch] = cut
            node.lower[branch] = cut + 1.0
        else:
            stack.lower[level, branch] = cut + 1.0
            node.upper[branch] = cut
        level += 1
