"""A multi-objective integer program, and one held program that solves it box by box."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, csr_matrix, vstack

from solvers.errors import NoSolution, SolverFailed, Termination
from solvers.highs import HeldProgram, Program
from solvers.problem import Sense, as_senses, to_minimized

__all__ = ["HeldMilp", "Milp"]

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


class HeldMilp:
    """One held program for one problem; only costs and the objective rows' upper sides change between runs."""

    def __init__(self, milp: Milp) -> None:
        """Pass the problem to the engine once, objectives minimized and appended as rows."""
        self._milp = milp
        self._costs = np.round(to_minimized(np.asarray(milp.objectives).T, milp.senses).T)
        rows = milp.matrix.shape[0]
        self._objective_rows = np.arange(rows, rows + len(self._costs), dtype=np.int32)
        # Objectives move in whole steps, so half a step proves the optimum; the relative default of 1e-4 would
        # silently drop points.
        self._held = HeldProgram(self._program(), absolute_gap=0.5, row_tolerance=1e-7)

    def _program(self) -> Program:
        milp = self._milp
        open_side = np.full(len(self._costs), np.inf)
        return Program(
            np.zeros(self._costs.shape[1]),
            csr_matrix(vstack([milp.matrix, csr_array(self._costs)], format="csr")),
            np.concatenate([milp.row_lower, -open_side]),
            np.concatenate([milp.row_upper, open_side]),
            milp.lower,
            milp.upper,
            milp.integrality,
        )

    def check_bounded(self, deadline: float | None) -> None:
        """Solve for each objective alone, because a front without an ideal point has no end.

        Raises
        ------
        NoSolution
            If the problem has no solution at all.
        SolverFailed
            If an objective is unbounded.
        TimeoutError
            If the deadline passed.
        """
        open_box = np.full(len(self._costs), np.inf)
        for objective, costs in enumerate(self._costs):
            if self._run(costs, open_box, deadline, f"objective {objective}") is None:
                raise NoSolution("the constraints leave no solution")

    def solve_within(self, bound: Floats, deadline: float | None) -> tuple[Floats, Floats] | None:
        """Find an efficient solution with every (minimized) objective strictly below a bound.

        Returns
        -------
        tuple of ndarray, or None
            Minimized objectives, shape (objective,), and the solution, shape (variable,); None if there is none.
        """
        found = self._run(self._costs.sum(axis=0), bound, deadline, "the sum of the objectives")
        if found is None:
            return None
        solution = found.copy()
        whole = self._milp.integrality
        solution[whole] = np.round(solution[whole])
        self._check_rows(solution)
        point = np.round(self._costs @ solution)
        if not (point < bound).all():
            raise SolverFailed(f"HiGHS returned {point} outside the box below {bound}; report the problem")
        return point, solution

    def _run(self, costs: Floats, bound: Floats, deadline: float | None, what: str) -> Floats | None:
        """Solve from scratch; the solution, shape (variable,), or None if there is none."""
        self._held.set_cost(costs)
        # Half a step below the bound, not a whole one: robust to the engine's tolerance on long sums.
        self._held.set_rows(self._objective_rows, np.full(len(bound), -np.inf), bound - 0.5)
        left = math.inf if deadline is None else deadline - time.monotonic()
        if left <= 0.0:
            raise TimeoutError
        # Warm starts of one HiGHS object have returned wrong optima (ERGO-Code/HiGHS issue 3294).
        answer = self._held.solve(cold=True, time_limit_s=left)
        if answer.optimal:
            return answer.x
        if answer.termination is Termination.INFEASIBLE:
            return None
        if answer.termination is Termination.TIME_LIMIT:
            raise TimeoutError
        if answer.termination is Termination.INFEASIBLE_OR_UNBOUNDED:
            self._settle(costs, bound, deadline, what)
            return None
        raise SolverFailed(f"HiGHS stopped on {what}: {answer.termination} — must be bounded")

    def _settle(self, costs: Floats, bound: Floats, deadline: float | None, what: str) -> None:
        """Tell unbounded from infeasible by a run without costs, which cannot be unbounded."""
        if not costs.any():
            raise SolverFailed(f"HiGHS could not decide whether {what} has a solution")
        if self._run(np.zeros_like(costs), bound, deadline, what) is not None:
            raise SolverFailed(f"HiGHS stopped on {what}: unbounded — every objective must be bounded")

    def _check_rows(self, solution: Floats) -> None:
        """Refuse a solution that only held before its integers were rounded."""
        milp = self._milp
        activity = milp.matrix @ solution
        size = np.maximum(1.0, abs(milp.matrix) @ np.abs(solution))
        excess = np.maximum(milp.row_lower - activity, activity - milp.row_upper)
        worst = float((excess / size).max(initial=0.0))
        if worst > _ROW_TOLERANCE:
            raise SolverFailed(f"rounding the integers breaks a row by {worst:g} of its size; scale its coefficients")
