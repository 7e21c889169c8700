"""A compiled dual simplex for covering programs of a day: min cost·x, cover'x >= need, x >= 0.

A day has few rows (its intervals), and one cover is asked for thousands of needs that differ little. So the inverse of
the basis is held, dense, and keeps its basis when the need changes; the row a pivot needs of the columns is made from
it. People on a shift are on the floor in few runs of intervals: an entry is a sum over where these begin and end. The
basis of slacks is dual feasible because costs are not negative (Lemke 1954), and it stays so whatever the need.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.shifts.catalogue import Floats, Ints

ZERO = 1e-9
NOISE = 1e-12  # entries that only rounding leaves
PIVOT = 1e-7  # least pivot
NEARLY = 1e-10  # by which a reduced cost may miss 0
BLAND_AFTER = 20  # pivots per row before the rule that cannot cycle takes over; a cover takes one to four
FEW_ROWS = 10  # covers with fewer count as many
GIVE_UP_AFTER = 20  # times as many


class Columns(NamedTuple):
    """What people on shifts add to rows, `cover` (shift, row), and the same in few numbers.

    Those of shift j: `size` at rows `place`, from `first[j]` to before `first[j + 1]`. They are what is not 0 or, where
    that takes fewer (`runs`), by how much the cover changes from one row to the next.
    """

    cover: Floats
    first: Ints
    place: Ints
    size: Floats
    runs: bool


@njit(cache=True)
def columns_of(cover: Floats) -> Columns:
    """Columns of `cover`, shape (shift, row)."""
    n_shifts, n_rows = cover.shape
    changes, there = 0, 0
    for j in range(n_shifts):
        for t in range(n_rows):
            before = cover[j, t - 1] if t > 0 else 0.0
            changes += 1 if cover[j, t] != before else 0
            there += 1 if cover[j, t] != 0.0 else 0
    runs = changes < there
    first = np.zeros(n_shifts + 1, dtype=np.int64)
    place, size = np.empty(min(changes, there), dtype=np.int64), np.empty(min(changes, there))
    k = 0
    for j in range(n_shifts):
        for t in range(n_rows):
            entry = cover[j, t] - (cover[j, t - 1] if runs and t > 0 else 0.0)
            if entry != 0.0:
                place[k], size[k] = t, entry
                k += 1
        first[j + 1] = k
    return Columns(cover, first, place, size, runs)


@njit(cache=True)
def slack_basis(columns: Columns, cost: Floats) -> tuple[Floats, Floats, Ints]:
    """Inverse of the basis of slacks, shape (slack, row), reduced costs (shift + slack,), and its columns (row,)."""
    n_shifts, n_rows = columns.cover.shape
    reduced = np.zeros(n_shifts + n_rows)
    reduced[:n_shifts] = cost
    return np.eye(n_rows), reduced, n_shifts + np.arange(n_rows)


@njit(cache=True)
def set_need(inverse: Floats, need: Floats, value: Floats) -> None:
    """Write the values of the basic columns at another need to `value`, shape (row,)."""
    value[:] = 0.0
    for t in range(need.size):
        if need[t] != 0.0:
            for row in range(need.size):
                value[row] -= inverse[t, row] * need[t]


@njit(cache=True)
def add_rows(inverse: Floats, reduced: Floats, basis: Ints, cover: Floats) -> tuple[Floats, Floats, Ints]:
    """Basis with more rows, `cover` shape (shift, new row), whose slacks join it."""
    n_shifts, n_new = cover.shape
    n_rows, width = basis.size, reduced.size
    larger = np.zeros((n_rows + n_new, n_rows + n_new))
    larger[:n_rows, :n_rows] = inverse
    for new in range(n_new):
        for row in range(n_rows):
            if basis[row] < n_shifts and cover[basis[row], new] != 0.0:
                for t in range(n_rows):
                    larger[t, n_rows + new] += cover[basis[row], new] * inverse[t, row]
        larger[n_rows + new, n_rows + new] = 1.0
    costs = np.zeros(width + n_new)
    costs[:width] = reduced
    members = np.empty(n_rows + n_new, dtype=np.int64)
    members[:n_rows] = basis
    members[n_rows:] = width + np.arange(n_new)
    return larger, costs, members


@njit(cache=True)
def _leaving(inverse: Floats, value: Floats, basis: Ints, bland: bool, edge: Floats) -> int:
    """Row whose basic column is negative: steepest edge (Forrest and Goldfarb 1992), or lowest column (Bland 1977)."""
    chosen, best = -1, 0.0
    if bland:
        for row in range(value.size):
            if value[row] < -ZERO and (chosen < 0 or basis[row] < basis[chosen]):
                chosen = row
        return chosen
    if value.min() >= -ZERO:
        return chosen
    edge[:] = 0.0
    for t in range(value.size):
        for row in range(value.size):
            edge[row] += inverse[t, row] * inverse[t, row]
    for row in range(value.size):
        if value[row] < -ZERO and value[row] * value[row] > best * edge[row]:
            chosen, best = row, value[row] * value[row] / edge[row]
    return chosen


@njit(cache=True)
def _line(columns: Columns, inverse: Floats, row: int, line: Floats) -> None:
    """Write a row of the tableau, shape (shift + slack,)."""
    n_shifts, n_rows = columns.cover.shape
    weight = np.empty(n_rows)  # of an entry; of a change, which counts from its row on, the sum from there
    for t in range(n_rows - 1, -1, -1):
        line[n_shifts + t] = inverse[t, row]
        weight[t] = inverse[t, row] + (weight[t + 1] if columns.runs and t < n_rows - 1 else 0.0)
    for j in range(n_shifts):
        entry = 0.0
        for k in range(columns.first[j], columns.first[j + 1]):
            entry -= columns.size[k] * weight[columns.place[k]]
        line[j] = entry if abs(entry) > NOISE else 0.0


@njit(cache=True)
def _column(columns: Columns, inverse: Floats, column: int, entries: Floats) -> None:
    """Write a column of the tableau, shape (row,)."""
    n_shifts, n_rows = columns.cover.shape
    if column >= n_shifts:
        entries[:] = inverse[column - n_shifts]
        return
    entries[:] = 0.0
    for t in range(n_rows):
        weight = columns.cover[column, t]
        if weight != 0.0:
            for row in range(n_rows):
                entries[row] -= weight * inverse[t, row]


@njit(cache=True)
def _entering(line: Floats, reduced: Floats, bland: bool) -> int:
    """Column of largest pivot (or the lowest, Bland 1977) among those whose ratio of reduced cost to pivot is least.

    Least within a tolerance on reduced costs (Harris 1973): tiny pivots made inverses of long backlogs explode.
    """
    least = np.inf
    for k in range(line.size):
        if line[k] < -PIVOT:
            least = min(least, (max(reduced[k], 0.0) + NEARLY) / -line[k])
    chosen = -1
    for k in range(line.size):
        if line[k] < -PIVOT and max(reduced[k], 0.0) <= least * -line[k]:
            if bland:
                return k
            if chosen < 0 or line[k] < line[chosen]:
                chosen = k
    return chosen


@njit(cache=True)
def _pivot(inverse: Floats, value: Floats, entries: Floats, row: int) -> None:
    """Let a column with such entries, shape (row,), take the place of a row's."""
    pivot = entries[row]
    value[row] /= pivot
    for other in range(value.size):
        if other != row:
            value[other] -= entries[other] * value[row]
    entries[row] = 0.0
    for t in range(value.size):
        if inverse[t, row] != 0.0:
            part = inverse[t, row] / pivot
            for other in range(value.size):
                inverse[t, other] -= entries[other] * part
            inverse[t, row] = part


@njit(cache=True)
def reoptimize(columns: Columns, inverse: Floats, reduced: Floats, value: Floats, basis: Ints) -> int:
    """Pivot until no basic column is negative; return the pivots made, −1 if the need cannot be covered.

    −2 where rounding makes it cycle although Bland's rule holds, or the inverse has lost its digits: it is given up.
    """
    most = BLAND_AFTER * max(value.size, FEW_ROWS)
    line, entries, edge = np.empty(reduced.size), np.empty(value.size), np.empty(value.size)
    pivots = 0
    while True:
        row = _leaving(inverse, value, basis, pivots > most, edge)
        if row < 0:
            return pivots
        if pivots > GIVE_UP_AFTER * most:
            return -2
        _line(columns, inverse, row, line)
        column = _entering(line, reduced, pivots > most)
        if column < 0:
            return -1
        _column(columns, inverse, column, entries)
        if entries[row] > -PIVOT / 2:
            return -2
        factor = reduced[column] / entries[row]
        for k in range(reduced.size):
            reduced[k] -= factor * line[k]
        reduced[column] = 0.0
        _pivot(inverse, value, entries, row)
        basis[row] = column
        pivots += 1
