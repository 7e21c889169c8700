"""The one door to HiGHS: linear programs that stay in memory, and small integer programs.

Four habits of the house (each was measured to matter): a hot start runs under an iteration limit and falls back to a
cold start with presolve, because a restarted dual simplex can stall after rows are added; it prices by Devex weights,
because exact steepest-edge weights are computed anew for every row after one is added (48 ms of a 54 ms solve of the
reference master); only *optimal* is accepted; and the objective is recomputed from the columns, because a hot-started
run can report a wrong one (ERGO-Code/HiGHS issue 3294). Whoever must not miss an optimum asks for a cold start each
time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from solvers.errors import SolverFailed, Termination

Floats = NDArray[np.float64]
HOT_ITERATIONS = 3000
MOST_HOT_ITERATIONS = 6000
MOST_ITERATIONS = 2_000_000
CHOOSE, DEVEX = -1, 1  # dual edge weights
DUAL, PRIMAL = 1, 4  # simplex
MANY_ROWS = 15_000  # from so many on a cold solve is left to the interior point method

_TERMINATION = {
    highspy.HighsModelStatus.kOptimal: Termination.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Termination.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Termination.UNBOUNDED,
    highspy.HighsModelStatus.kUnboundedOrInfeasible: Termination.INFEASIBLE_OR_UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Termination.TIME_LIMIT,
    highspy.HighsModelStatus.kIterationLimit: Termination.ITERATION_LIMIT,
    highspy.HighsModelStatus.kSolutionLimit: Termination.ITERATION_LIMIT,
}
_NOTHING = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)


@dataclass(frozen=True)
class Program:
    """min cost·x, row_lower <= matrix·x <= row_upper, lower <= x <= upper, some x integer."""

    cost: Floats
    matrix: sparse.csr_matrix
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Answer:
    """Columns, row duals and objective (recomputed from the columns); NaN where there is no solution."""

    termination: Termination
    x: Floats
    row_dual: Floats
    objective: float
    bound: float

    @property
    def optimal(self) -> bool:
        """True if proven optimal within the tolerances."""
        return self.termination is Termination.OPTIMAL


@dataclass(frozen=True)
class Basis:
    """Where a linear program stood: the engine's status of every column and of the `rows` of that time."""

    held: highspy.HighsBasis
    rows: int


class HeldProgram:
    """A linear (or small integer) program held in HiGHS; bounds, costs and rows may change between solves."""

    def __init__(
        self,
        program: Program,
        *,
        threads: int = 1,
        node_limit: int | None = None,
        absolute_gap: float = 1e-7,
        row_tolerance: float = 1e-6,
    ) -> None:
        """Pass a program to the engine; the last three settings (gap in units of cost) count for integer programs."""
        self._highs = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", threads), ("random_seed", 0), ("parallel", "off")):
            self._highs.setOptionValue(option, value)
        self._integer = program.integer is not None and bool(program.integer.any())
        if self._integer:
            self._highs.setOptionValue("mip_rel_gap", 0.0)
            self._highs.setOptionValue("mip_abs_gap", absolute_gap)
            self._highs.setOptionValue("mip_feasibility_tolerance", row_tolerance)
            if node_limit is not None:
                self._highs.setOptionValue("mip_max_nodes", node_limit)
        self._cost = program.cost.copy()
        self._rows = program.matrix.shape[0]
        self._fresh = True
        self._kept = False  # the last optimum keeps all rows and bounds: only costs have changed since
        self._check(self._highs.passModel(_to_lp(program)))

    def _check(self, status: Any) -> None:
        if status == highspy.HighsStatus.kError:
            raise SolverFailed(f"HiGHS refused a change of a program with {len(self._cost)} columns: {status}")

    @property
    def rows(self) -> int:
        """Number of rows held now."""
        return self._rows

    def set_cost(self, cost: Floats) -> None:
        """Replace all objective coefficients."""
        self._cost = cost.copy()
        index = np.arange(len(cost), dtype=np.int32)
        self._check(self._highs.changeColsCost(len(cost), index, cost))

    def set_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the bounds of one row."""
        self._kept = False
        self._check(self._highs.changeRowBounds(row, lower, upper))

    def set_rows(self, index: NDArray[np.int32], lower: Floats, upper: Floats) -> None:
        """Replace the bounds of several rows."""
        self._kept = False
        self._check(self._highs.changeRowsBounds(len(index), index, lower, upper))

    def set_coefficient(self, row: int, column: int, value: float) -> None:
        """Replace one coefficient of the matrix."""
        self._kept = False
        self._check(self._highs.changeCoeff(row, column, value))

    def set_columns(self, index: NDArray[np.int32], lower: Floats, upper: Floats) -> None:
        """Replace the bounds of several columns."""
        self._kept = False
        self._check(self._highs.changeColsBounds(len(index), index, lower, upper))

    def add_rows(self, matrix: sparse.csr_matrix, lower: Floats, upper: Floats) -> None:
        """Append rows."""
        count = matrix.shape[0]
        if count == 0:
            return
        self._kept = False
        self._check(
            self._highs.addRows(
                count,
                lower,
                upper,
                matrix.nnz,
                matrix.indptr[:-1].astype(np.int32),
                matrix.indices.astype(np.int32),
                matrix.data.astype(float),
            )
        )
        self._rows += count

    def basis(self) -> Basis:
        """Return where the last solve of a linear program ended."""
        return Basis(self._highs.getBasis(), self._rows)

    def start_from(self, basis: Basis) -> None:
        """Start the next solve from an earlier basis; rows added since then are in no way tight."""
        held = basis.held
        if self._rows > basis.rows:
            held = highspy.HighsBasis()
            held.col_status = basis.held.col_status
            held.row_status = basis.held.row_status + [highspy.HighsBasisStatus.kBasic] * (self._rows - basis.rows)
            held.valid = True
        self._check(self._highs.setBasis(held))
        self._fresh = self._kept = False

    def solve(
        self, *, cold: bool = False, inside: bool = False, proof: bool = True, time_limit_s: float = math.inf
    ) -> Answer:
        """Solve; hot under an iteration limit if a basis is there, else (or then) cold with presolve.

        Parameters
        ----------
        cold
            Forget every earlier solve first.
        inside
            The last optimum keeps all rows and bounds, although they have changed since.
        proof
            False: a hot start that finds no point within rows and bounds is believed.
        time_limit_s
            Wall time of this run, seconds. HiGHS counts it per run for integer programs only (1.15); for linear ones
            it counts from the first solve.
        """
        self._highs.setOptionValue("time_limit", time_limit_s)
        self._kept = self._kept or inside
        if cold:
            self._highs.clearSolver()
            self._fresh = True
        if not self._integer:
            self._get_ready(hot=not self._fresh)
        self._highs.run()
        status = self._highs.getModelStatus()
        missed = status != highspy.HighsModelStatus.kOptimal and (proof or status not in _NOTHING)
        if missed and not self._integer and not self._fresh:
            self._highs.clearSolver()
            self._get_ready(hot=False)
            self._highs.run()
            status = self._highs.getModelStatus()
        self._fresh = status != highspy.HighsModelStatus.kOptimal
        self._kept = not self._fresh
        return self._answer(_TERMINATION.get(status, Termination.ERROR))

    def _get_ready(self, *, hot: bool) -> None:
        """Set method, dual edge weights and the most iterations of a linear program.

        Cold solves of large programs take the interior point method with crossover 1.6 to 4.9 s, the dual simplex
        twice as long and with Devex weights up to 12 s. Where only costs have changed since an optimum, the primal
        simplex goes on from it: 2.7 s, where the dual one is given up and a cold solve follows; .13 s for .21 s on the
        reference master.
        """
        many = self._rows >= MANY_ROWS
        primal = hot and self._kept
        most = max(HOT_ITERATIONS, min(self._rows // 2, MOST_HOT_ITERATIONS)) if hot else MOST_ITERATIONS
        for option, value in (
            ("solver", "ipx" if many and not hot else "simplex"),
            ("simplex_strategy", PRIMAL if primal else DUAL),
            ("simplex_dual_edge_weight_strategy", DEVEX if hot else CHOOSE),
            ("simplex_iteration_limit", max(self._rows, HOT_ITERATIONS) if primal else most),
        ):
            self._highs.setOptionValue(option, value)

    def _answer(self, termination: Termination) -> Answer:
        info = self._highs.getInfo()
        has_point = termination is Termination.OPTIMAL or (
            self._integer and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        )
        if not has_point:
            nothing = np.full(len(self._cost), np.nan)
            return Answer(termination, nothing, np.full(self._rows, np.nan), np.nan, np.nan)
        solution = self._highs.getSolution()
        x = np.asarray(solution.col_value, dtype=float)
        dual = np.asarray(solution.row_dual, dtype=float) if not self._integer else np.full(self._rows, np.nan)
        objective = float(self._cost @ x)
        return Answer(termination, x, dual, objective, float(info.mip_dual_bound) if self._integer else objective)


def _to_lp(program: Program) -> highspy.HighsLp:
    matrix = sparse.csr_matrix(program.matrix)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), matrix.shape[0]
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = program.row_lower, program.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data.astype(float)
    if program.integer is not None:
        kinds = [highspy.HighsVarType.kInteger if i else highspy.HighsVarType.kContinuous for i in program.integer]
        lp.integrality_ = kinds
    return lp
