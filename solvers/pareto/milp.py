"""A multi-objective integer program: its data, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from solvers.errors import SolverFailed
from solvers.problem import Sense, as_senses, to_minimized

__all__ = ["Milp", "minimized_objectives", "whole_solution"]

Floats = NDArray[np.float64]
_WHOLE = 1e-9
# How far a rounded solution may miss a row, relative to the row's size: ten times the engine's own tolerance.
_ROW_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Milp:
    """Optimize several linear objectives subject to row_lower ≤ matrix·x ≤ row_upper and lower ≤ x ≤ upper.

    Parameters
    ----------
    objectives
        Whole coefficients, shape (objective, variable); two to four objectives.
    senses
        "min" or "max" per objective.
    matrix
        Dense or scipy sparse, shape (row, variable).
    row_lower, row_upper
        Shape (row,); infinities allowed.
    lower, upper
        Shape (variable,); infinities allowed.
    integrality
        Shape (variable,): true for integer variables. A continuous variable must not enter an objective.
    """

    objectives: Any
    senses: Sequence[Sense | str]
    matrix: Any
    row_lower: Any
    row_upper: Any
    lower: Any
    upper: Any
    integrality: Any

    def __post_init__(self) -> None:
        """Turn everything into arrays and check that shapes and numbers fit."""
        objectives = np.atleast_2d(np.asarray(self.objectives, dtype=np.float64))
        matrix = csr_array(self.matrix, dtype=np.float64)
        rows, variables = matrix.shape
        if not np.isfinite(matrix.data).all():
            raise ValueError(f"matrix holds {matrix.data[~np.isfinite(matrix.data)][0]:g} — must be finite numbers")
        if not np.isfinite(objectives).all():
            raise ValueError(f"objectives hold {objectives[~np.isfinite(objectives)][0]:g} — must be whole numbers")
        values = {
            "objectives": objectives,
            "senses": as_senses(self.senses),
            "matrix": matrix,
            "row_lower": _side("row_lower", self.row_lower, rows),
            "row_upper": _side("row_upper", self.row_upper, rows),
            "lower": _side("lower", self.lower, variables),
            "upper": _side("upper", self.upper, variables),
            "integrality": _side("integrality", self.integrality, variables) != 0,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_objectives(variables)

    def _check_objectives(self, variables: int) -> None:
        count, columns = self.objectives.shape
        if not 2 <= count <= 4:
            raise ValueError(f"objectives: {count} rows — must be 2 to 4 objectives")
        if columns != variables:
            raise ValueError(f"objectives of shape {(count, columns)} — must have {variables} columns like the matrix")
        if len(self.senses) != count:
            raise ValueError(f"senses: {len(self.senses)} given — must be one for each of {count} objectives")
        fraction = ~(np.abs(self.objectives - np.round(self.objectives)) <= _WHOLE)
        if fraction.any():
            raise ValueError(
                f"objectives hold {self.objectives[fraction][0]:g} — must be whole numbers; scale the objective"
            )
        continuous = ~self.integrality & (self.objectives != 0).any(axis=0)
        if continuous.any():
            raise ValueError(
                f"objectives use the continuous variable {int(continuous.argmax())} — only integer variables may enter"
            )


def _side(name: str, value: ArrayLike, size: int) -> Floats:
    values = np.asarray(value, dtype=np.float64)
    if values.ndim > 1 or (values.ndim == 1 and values.size != size):
        raise ValueError(f"{name} of shape {values.shape} — must have shape ({size},)")
    values = np.array(np.broadcast_to(values, (size,)))
    if np.isnan(values).any():
        raise ValueError(f"{name}[{int(np.isnan(values).argmax())}] is NaN — must be a number or an infinity")
    return values


def minimized_objectives(milp: Milp) -> Floats:
    """Objectives to be minimized, exactly whole, shape (objective, variable)."""
    return np.round(to_minimized(np.asarray(milp.objectives).T, milp.senses).T)


def whole_solution(milp: Milp, x: Floats) -> Floats:
    """Round the integers of an engine's solution.

    Raises
    ------
    SolverFailed
        If the solution only held before it was rounded.
    """
    solution = np.where(milp.integrality, np.round(x), x)
    activity = milp.matrix @ solution
    size = np.maximum(1.0, abs(milp.matrix) @ np.abs(solution))
    excess = np.maximum(milp.row_lower - activity, activity - milp.row_upper)
    worst = float((excess / size).max(initial=0.0))
    if worst > _ROW_TOLERANCE:
        raise SolverFailed(f"rounding the integers breaks a row by {worst:g} of its size; scale its coefficients")
    return solution
