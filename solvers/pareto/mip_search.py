"""One held program that an engine searches box by box, one integer program per box."""

from __future__ import annotations

import math
import time
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix, vstack

from solvers.cbc import HeldCbc
from solvers.errors import NoSolution, SolverFailed, Termination
from solvers.highs import Answer, HeldProgram, Program
from solvers.pareto.box import BoxAnswer, BoxStatus, Floor
from solvers.pareto.milp import Milp, minimized_objectives, whole_solution

__all__ = ["Engine", "MipSearch", "deadline_after", "measure_objectives", "seconds_to"]

Floats = NDArray[np.float64]
# Costs above this size would blur the engine's tolerances (1e-6 to 1e-7 of a cost) into whole steps.
_LARGEST_COST = 1e6


_STEP = 0.5  # by which engines tell whole values apart


class Engine(StrEnum):
    """Who searches the boxes."""

    AUTO = "auto"
    """The tree search of this package where the program is small, HiGHS otherwise and behind it."""
    HIGHS = "highs"
    CBC = "cbc"


_WHOLE = {Engine.HIGHS: 1e-7, Engine.CBC: 1e-6}
"""How far a variable may be from a whole number for the engine to take it as whole."""


def deadline_after(time_limit_s: float | None) -> float | None:
    """Moment on the monotonic clock at which a time limit, seconds from now, ends; None for no limit."""
    if time_limit_s is None:
        return None
    if not time_limit_s > 0.0:
        raise ValueError(f"time_limit_s = {time_limit_s} — must be above 0, or None for no limit")
    return time.monotonic() + time_limit_s


def seconds_to(deadline: float | None) -> float:
    """Seconds left until a deadline on the monotonic clock; raises TimeoutError when it has passed."""
    left = math.inf if deadline is None else deadline - time.monotonic()
    if left <= 0.0:
        raise TimeoutError
    return left


def _program(milp: Milp, integer: NDArray[np.bool_] | None) -> Program:
    """Append the minimized objectives as rows."""
    costs = minimized_objectives(milp)
    open_side = np.full(len(costs), np.inf)
    return Program(
        np.zeros(costs.shape[1]),
        csr_matrix(vstack([milp.matrix, csr_array(costs)], format="csr")),
        np.concatenate([milp.row_lower, -open_side]),
        np.concatenate([milp.row_upper, open_side]),
        milp.lower,
        milp.upper,
        integer,
    )


def measure_objectives(milp: Milp, deadline: float | None) -> tuple[Floats, Floats]:
    """Bound each minimized objective from below and above by its linear relaxation.

    Returns
    -------
    tuple of ndarray
        Lowest and highest values, shape (objective,), whole numbers; the highest may be inf.

    Raises
    ------
    NoSolution
        If the problem has no solution at all.
    SolverFailed
        If an objective is unbounded where it is better: the front would have no end. (An integer program with
        rational data is unbounded if it has a solution and its relaxation is unbounded, Meyer 1974.)
    TimeoutError
        If the deadline passed.
    """
    relaxation = HeldProgram(_program(milp, None))
    costs = minimized_objectives(milp)
    lowest, highest = np.full(len(costs), -np.inf), np.full(len(costs), np.inf)
    for objective, cost in enumerate(costs):
        for sign, values in ((1.0, lowest), (-1.0, highest)):
            relaxation.set_cost(sign * cost)
            answer = relaxation.solve(cold=True, time_limit_s=seconds_to(deadline))
            if answer.optimal:
                slack = 1e-6 * max(1.0, abs(answer.objective))
                values[objective] = sign * np.ceil(answer.objective - slack)
            elif answer.termination is Termination.INFEASIBLE:
                raise NoSolution("the constraints leave no solution")
            elif answer.termination is Termination.TIME_LIMIT:
                raise TimeoutError
            elif answer.termination not in (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED):
                raise SolverFailed(f"HiGHS stopped on the relaxation of objective {objective}: {answer.termination}")
            elif sign > 0.0:
                _refuse_unbounded(milp, objective, deadline)
    return lowest, highest


def _refuse_unbounded(milp: Milp, objective: int, deadline: float | None) -> None:
    """Tell unbounded from infeasible by a run without costs, which cannot be unbounded."""
    answer = HeldProgram(_program(milp, milp.integrality)).solve(cold=True, time_limit_s=seconds_to(deadline))
    if answer.optimal:
        raise SolverFailed(f"objective {objective} is unbounded — every objective must be bounded")
    if answer.termination is Termination.TIME_LIMIT:
        raise TimeoutError
    if answer.termination is not Termination.INFEASIBLE:
        raise SolverFailed(f"HiGHS could not decide whether there is a solution: {answer.termination}")
    raise NoSolution("the constraints leave no solution")


def _check_size(costs: Floats, engine: Engine) -> None:
    """Refuse objectives that move by half a step while every variable is whole to the engine's tolerance.

    Beyond that engines call boxes empty that are not (seen from coefficients of 1e6 on with CBC, 1e8 with HiGHS).
    """
    most = _STEP / _WHOLE[engine]
    for objective, size in enumerate(np.abs(costs).sum(axis=1)):
        if size >= most:
            raise SolverFailed(
                f"the coefficients of objective {objective} sum to {size:g} in size; {engine} tells whole steps apart "
                f"up to {most:g} only — divide by a common factor, or count in larger units"
            )


class MipSearch:
    """One problem in an engine; only costs and the objective rows' upper sides change between runs."""

    def __init__(self, milp: Milp, engine: Engine, lowest: Floats, highest: Floats) -> None:
        """Pass the problem to the engine once, objectives minimized and appended as rows.

        Raises
        ------
        SolverFailed
            If coefficients are so large that the engine would take points for infeasible that are not.
        """
        self._milp = milp
        self._costs = minimized_objectives(milp)
        _check_size(self._costs, engine)
        rows = milp.matrix.shape[0]
        self._objective_rows = np.arange(rows, rows + len(self._costs), dtype=np.int32)
        # Objectives move in whole steps, so half a step proves the optimum; the relative default of 1e-4 would
        # silently drop points.
        door = HeldCbc if engine is Engine.CBC else HeldProgram
        program = _program(milp, milp.integrality)
        self._held: HeldCbc | HeldProgram = door(program, absolute_gap=_STEP, row_tolerance=1e-7)
        self._lowest, self._highest = lowest, highest

    def search(self, bound: Floats, deadline: float | None) -> BoxAnswer:
        """Search the box {f < bound} by one integer program.

        The cost W·f₀ + f₁ + … falls with every objective, so its minimizers are efficient. A large W also proves
        that nothing lies below the point found in f₀: the box {f₀ < point₀} needs no program of its own.
        """
        weights = self._weights(bound)
        self._held.set_cost(weights @ self._costs)
        # Half a step below the bound, not a whole one: robust to the engine's tolerance on long sums.
        self._held.set_rows(self._objective_rows, np.full(len(bound), -np.inf), bound - 0.5)
        # Warm starts of one HiGHS object have returned wrong optima (ERGO-Code/HiGHS issue 3294).
        answer = self._solve(deadline)
        if answer.termination is Termination.INFEASIBLE_OR_UNBOUNDED:
            # The relaxations are bounded, so this is "infeasible"; a run without costs proves it.
            self._held.set_cost(np.zeros(self._costs.shape[1]))
            answer = self._solve(deadline)
            if answer.optimal:
                raise SolverFailed(f"the engine calls a box below {bound} unbounded, which it is not; report it")
        if answer.termination is Termination.INFEASIBLE:
            return BoxAnswer(BoxStatus.EMPTY)
        if answer.termination in (Termination.OPTIMAL, Termination.TIME_LIMIT):
            return self._read(answer, bound, weights)
        raise SolverFailed(f"the engine stopped on a box below {bound}: {answer.termination}")

    def _solve(self, deadline: float | None) -> Answer:
        left = math.inf if deadline is None else max(deadline - time.monotonic(), 1e-3)
        return self._held.solve(cold=True, time_limit_s=left)

    def _weights(self, bound: Floats) -> Floats:
        """Weight the first objective as high as the ranges of the others ask for and the engine can bear."""
        weights = np.ones(len(bound))
        tops = np.minimum(bound - 1.0, self._highest)
        others = (tops - self._lowest)[1:].sum()
        reach = max(abs(tops[0]), abs(self._lowest[0]), 1.0)
        if np.isfinite(others) and np.isfinite(reach):
            weights[0] = max(1.0, min(others + 1.0, np.floor(_LARGEST_COST / reach)))
        return weights

    def _read(self, answer: Answer, bound: Floats, weights: Floats) -> BoxAnswer:
        """Turn an engine's answer into a whole point within the box; an unproven one carries its gap."""
        if np.isnan(answer.x).any():
            return BoxAnswer(BoxStatus.UNKNOWN)
        solution = whole_solution(self._milp, answer.x)
        point = np.round(self._costs @ solution)
        if not (point < bound).all():
            raise SolverFailed(f"the engine returned {point} outside the box below {bound}; report the problem")
        total = float(weights @ point)
        if answer.optimal:
            return BoxAnswer(BoxStatus.EFFICIENT, point, solution, floor=Floor(weights, total))
        gap = (total - answer.bound) / max(1.0, abs(total))
        return BoxAnswer(BoxStatus.INCUMBENT, point, solution, gap=max(gap, 0.0) if np.isfinite(gap) else np.inf)
