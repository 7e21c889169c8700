"""Rows of a large family that a held program gets only when a point violates them: of many, few are ever tight."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from solvers.flow.network import Floats
from solvers.highs import HeldProgram


class LateRows:
    """Rows lower <= matrix·x <= upper, each added once, when a point misses it by more than a tolerance."""

    def __init__(self, matrix: sparse.csr_matrix, lower: Floats, upper: Floats) -> None:
        self._matrix, self._lower, self._upper = matrix, lower, upper
        self._out = np.ones(matrix.shape[0], dtype=bool)

    def add_violated(self, held: HeldProgram, x: Floats, tolerance: float) -> int:
        """Add what a point violates; tell how many rows that were."""
        value = self._matrix @ x
        missed = np.maximum(self._lower - value, value - self._upper)
        rows = np.flatnonzero(self._out & (missed > tolerance))
        held.add_rows(self._matrix[rows], self._lower[rows], self._upper[rows])
        self._out[rows] = False
        return len(rows)
