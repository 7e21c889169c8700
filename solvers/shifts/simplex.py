"""A compiled dual simplex for covering programs of a day: min cost·x, cover'x >= need, x >= 0.

A day has few rows (its intervals), and one cover is asked for thousands of needs that differ little: a dense tableau
that keeps its basis when the need changes answers in tens of microseconds. The basis of slacks is dual feasible
because costs are not negative (Lemke 1954), and it stays so whatever the need.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.shifts.catalogue import Floats, Ints

ZERO = 1e-9
BLAND_AFTER = 20  # pivots per row and column before the rule that cannot cycle takes over
GIVE_UP_AFTER = 20  # times as many


@njit(cache=True)
def slack_tableau(cover: Floats, cost: Floats) -> tuple[Floats, Floats, Ints]:
    """Tableau −cover' | I, shape (interval, shift + interval), reduced costs, and the basis of slacks."""
    n_shifts, n_intervals = cover.shape
    tableau = np.zeros((n_intervals, n_shifts + n_intervals))
    reduced = np.zeros(n_shifts + n_intervals)
    reduced[:n_shifts] = cost
    for t in range(n_intervals):
        for j in range(n_shifts):
            tableau[t, j] = -cover[j, t]
        tableau[t, n_shifts + t] = 1.0
    return tableau, reduced, n_shifts + np.arange(n_intervals)


@njit(cache=True)
def set_need(tableau: Floats, need: Floats, value: Floats) -> None:
    """Write the values of the basic columns at another need to `value`, shape (interval,)."""
    n_intervals = need.size
    first = tableau.shape[1] - n_intervals
    for row in range(n_intervals):
        total = 0.0
        for t in range(n_intervals):
            total -= tableau[row, first + t] * need[t]
        value[row] = total


@njit(cache=True)
def add_rows(tableau: Floats, reduced: Floats, basis: Ints, cover: Floats) -> tuple[Floats, Floats, Ints]:
    """Tableau with more intervals, `cover` shape (shift, new interval), whose slacks join the basis."""
    n_shifts, n_new = cover.shape
    n_rows, width = tableau.shape
    larger = np.zeros((n_rows + n_new, width + n_new))
    larger[:n_rows, :width] = tableau
    for t in range(n_new):
        line = larger[n_rows + t]
        for j in range(n_shifts):
            line[j] = -cover[j, t]
        for row in range(n_rows):
            factor = line[basis[row]]
            if factor != 0.0:
                for k in range(width):
                    line[k] -= factor * tableau[row, k]
                line[basis[row]] = 0.0
        line[width + t] = 1.0
    costs = np.zeros(width + n_new)
    costs[:width] = reduced
    members = np.empty(n_rows + n_new, dtype=np.int64)
    members[:n_rows] = basis
    members[n_rows:] = width + np.arange(n_new)
    return larger, costs, members


@njit(cache=True)
def _leaving(tableau: Floats, value: Floats, basis: Ints, bland: bool) -> int:
    """Row whose basic column is negative: steepest edge (Forrest and Goldfarb 1992), or lowest column (Bland 1977)."""
    n_intervals = value.size
    first = tableau.shape[1] - n_intervals
    chosen, best = -1, 0.0
    for row in range(n_intervals):
        if value[row] >= -ZERO:
            continue
        if bland:
            if chosen < 0 or basis[row] < basis[chosen]:
                chosen = row
            continue
        edge = 0.0
        for k in range(first, tableau.shape[1]):
            edge += tableau[row, k] * tableau[row, k]
        if value[row] * value[row] > best * edge:
            chosen, best = row, value[row] * value[row] / edge
    return chosen


@njit(cache=True)
def _entering(line: Floats, reduced: Floats, bland: bool) -> int:
    """Column of least ratio of reduced cost to pivot; among equals the largest pivot, or the lowest column."""
    chosen, least = -1, np.inf
    for k in range(line.size):
        if line[k] < -ZERO:
            ratio = max(reduced[k], 0.0) / -line[k]
            if ratio < least - 1e-12 or (not bland and ratio < least + 1e-12 and line[k] < line[chosen]):
                chosen, least = k, min(ratio, least)
    return chosen


@njit(cache=True)
def _pivot(tableau: Floats, reduced: Floats, value: Floats, basis: Ints, row: int, column: int) -> None:
    width = tableau.shape[1]
    pivot = tableau[row, column]
    for k in range(width):
        tableau[row, k] /= pivot
    value[row] /= pivot
    for other in range(value.size):
        factor = tableau[other, column]
        if other != row and factor != 0.0:
            for k in range(width):
                tableau[other, k] -= factor * tableau[row, k]
            tableau[other, column] = 0.0
            value[other] -= factor * value[row]
    factor = reduced[column]
    if factor != 0.0:
        for k in range(width):
            reduced[k] -= factor * tableau[row, k]
    reduced[column] = 0.0
    basis[row] = column


@njit(cache=True)
def reoptimize(tableau: Floats, reduced: Floats, value: Floats, basis: Ints) -> int:
    """Pivot until no basic column is negative; return the pivots made, −1 if the need cannot be covered.

    −2 where rounding makes it cycle although Bland's rule holds, which is given up.
    """
    most = BLAND_AFTER * (tableau.shape[0] + tableau.shape[1])
    pivots = 0
    while True:
        row = _leaving(tableau, value, basis, pivots > most)
        if row < 0:
            return pivots
        if pivots > GIVE_UP_AFTER * most:
            return -2
        column = _entering(tableau[row], reduced, pivots > most)
        if column < 0:
            return -1
        _pivot(tableau, reduced, value, basis, row, column)
        pivots += 1
