"""A multi-objective integer program: its data, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

from solvers.errors import SolverFailed
from solvers.problem import Sense, as_senses, to_minimized

__all__ = ["Milp", "minimized_objectives", "whole_solution", "with_variable"]

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
        Whole coefficients, dense or scipy sparse, shape (objective, variable); two to four objectives.
    senses
        "min" or "max" per objective.
    matrix
        Dense or scipy sparse, shape (row, variable).
    row_lower, row_upper
        Shape (row,); −inf below and inf above where a row has no side.
    lower, upper
        Shape (variable,); −inf below and inf above where there is none. Those of integer variables become whole.
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
        objectives = np.atleast_2d(_dense("objectives", self.objectives))
        matrix = self.matrix if issparse(self.matrix) else _dense("matrix", self.matrix)
        if matrix.ndim != 2:
            raise ValueError(f"matrix of shape {matrix.shape} — must have shape (row, variable)")
        matrix = csr_array(matrix, dtype=np.float64)
        rows, variables = matrix.shape
        if not np.isfinite(matrix.data).all():
            raise ValueError(f"matrix holds {matrix.data[~np.isfinite(matrix.data)][0]:g} — must be finite numbers")
        if not np.isfinite(objectives).all():
            raise ValueError(f"objectives hold {objectives[~np.isfinite(objectives)][0]:g} — must be whole numbers")
        values = {
            "objectives": objectives,
            "senses": as_senses(self.senses),
            "matrix": matrix,
            "row_lower": _side("row_lower", self.row_lower, rows, np.inf),
            "row_upper": _side("row_upper", self.row_upper, rows, -np.inf),
            "lower": _side("lower", self.lower, variables, np.inf),
            "upper": _side("upper", self.upper, variables, -np.inf),
            "integrality": _side("integrality", self.integrality, variables) != 0,
        }
        _make_whole(values["lower"], values["upper"], values["integrality"])
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


def _dense(name: str, value: Any) -> Floats:
    try:
        return np.asarray(value.toarray() if issparse(value) else value, dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise ValueError(f"{name}: {err} — must be numbers, as many in each row") from err


def _side(name: str, value: ArrayLike, size: int, refused: float | None = None) -> Floats:
    values = _dense(name, value)
    if values.ndim > 1 or (values.ndim == 1 and values.size != size):
        raise ValueError(f"{name} of shape {values.shape} — must have shape ({size},)")
    values = np.array(np.broadcast_to(values, (size,)))
    if np.isnan(values).any():
        raise ValueError(f"{name}[{int(np.isnan(values).argmax())}] is NaN — must be a number or an infinity")
    if refused is not None and (values == refused).any():
        raise ValueError(f"{name}[{int((values == refused).argmax())}] is {refused:g} — no number lies beyond it")
    return values


def _make_whole(lower: Floats, upper: Floats, integrality: NDArray[np.bool_]) -> None:
    """Take the bounds of integer variables to whole numbers: engines lose points between fractional ones."""
    lower[integrality] = np.ceil(lower[integrality] - _WHOLE)
    upper[integrality] = np.floor(upper[integrality] + _WHOLE)


def with_variable(milp: Milp) -> Milp:
    """Give a program without variables one that is fixed at 0, because engines refuse an empty program."""
    if milp.objectives.shape[1]:
        return milp
    rows, objectives = milp.matrix.shape[0], len(milp.senses)
    column = np.zeros((rows, 1))
    return Milp(np.zeros((objectives, 1)), milp.senses, column, milp.row_lower, milp.row_upper, 0, 0, 1)


def minimized_objectives(milp: Milp) -> Floats:
    """Objectives to be minimized, exactly whole, shape (objective, variable)."""
    return np.round(to_minimized(np.asarray(milp.objectives).T, milp.senses).T)


def whole_solution(milp: Milp, x: Floats) -> Floats:
    """Round the integers of an engine's solution.

    Raises
    ------
    SolverFailed
        If the solution only held before it was rounded, or lies outside its bounds.
    """
    solution = np.where(milp.integrality, np.round(x), x)
    activity = milp.matrix @ solution
    size = np.maximum(1.0, abs(milp.matrix) @ np.abs(solution))
    excess = np.maximum(milp.row_lower - activity, activity - milp.row_upper)
    worst = float((excess / size).max(initial=0.0))
    if worst > _ROW_TOLERANCE:
        raise SolverFailed(f"rounding the integers breaks a row by {worst:g} of its size; scale its coefficients")
    beyond = np.maximum(milp.lower - solution, solution - milp.upper) / np.maximum(1.0, np.abs(solution))
    if beyond.max(initial=0.0) > _ROW_TOLERANCE:
        raise SolverFailed(f"the engine's solution lies outside the bounds of variable {int(beyond.argmax())}")
    return solution
