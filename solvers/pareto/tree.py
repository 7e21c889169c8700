"""The tree search of boxes: for programs so small that an engine's start costs more than the search.

Whole variables within finite bounds, few rows. What does not fit, or takes more work than `WORK_LIMIT`, belongs to an
engine behind a door (`milp`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack

from solvers.pareto.box import BoxAnswer, BoxStatus
from solvers.pareto.milp import Milp, minimized_objectives
from solvers.pareto.tree_kernels import COMPLETE, search_box

__all__ = ["TreeSearch", "fits_tree"]

Floats = NDArray[np.float64]
WORK_LIMIT = 1e9
"""Multiplications per box, a second or two; counted in work and not in seconds, so that results reproduce."""
_ENTRIES = 20_000
# A bound on every sum of a row: far below 2⁵³ ≈ 9e15, so that whole numbers stay exact.
_LARGEST_SUM = 1e12
_STACK_ENTRIES = 4_000_000


def fits_tree(milp: Milp) -> bool:
    """Tell whether a program is pure integer, boxed, small, and of moderate numbers."""
    rows, variables = milp.matrix.shape
    boxed = np.isfinite(milp.lower).all() and np.isfinite(milp.upper).all()
    if not (variables and boxed and milp.integrality.all() and (rows + len(milp.senses)) * variables <= _ENTRIES):
        return False
    reach = np.maximum(np.abs(milp.lower), np.abs(milp.upper))
    sums = np.concatenate([abs(milp.matrix) @ reach, [np.abs(milp.objectives).sum(axis=0) @ reach]])
    return bool(sums.max() < _LARGEST_SUM)


class TreeSearch:
    """One small program, searched box by box."""

    def __init__(self, milp: Milp) -> None:
        """Write the program densely, objectives minimized and appended as rows; rows without a side are left out."""
        objectives = minimized_objectives(milp)
        sided = np.isfinite(milp.row_lower) | np.isfinite(milp.row_upper)
        self._objectives = objectives
        self._matrix = np.ascontiguousarray(vstack([milp.matrix[sided], objectives]).toarray())
        lower, upper = milp.lower, milp.upper
        self._crossed = bool((lower > upper).any())
        self._highest = np.maximum(objectives * lower, objectives * upper).sum(axis=1)
        self._lower = np.concatenate([lower, milp.row_lower[sided], np.full(len(objectives), -np.inf)])
        self._upper = np.concatenate([upper, milp.row_upper[sided]])
        self._depth = max(64, min(4 * len(lower) + 64, _STACK_ENTRIES // self._matrix.size))

    def search(self, bound: Floats) -> BoxAnswer:
        """Search the box {f < bound}; unknown, or an incumbent of unknown gap, when the work limit is reached."""
        if self._crossed:
            return BoxAnswer(BoxStatus.EMPTY)
        upper = np.concatenate([self._upper, np.minimum(bound - 1.0, self._highest)])
        ended, solution = search_box(
            self._matrix, self._objectives.sum(axis=0), self._lower, upper, len(bound), WORK_LIMIT, self._depth
        )
        if np.isnan(solution).any():
            return BoxAnswer(BoxStatus.EMPTY if ended == COMPLETE else BoxStatus.UNKNOWN)
        point = np.round(self._objectives @ solution)
        if ended == COMPLETE:
            return BoxAnswer(BoxStatus.EFFICIENT, point, solution)
        return BoxAnswer(BoxStatus.INCUMBENT, point, solution, gap=np.inf)
