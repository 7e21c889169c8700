"""From an aspiration to the nearest efficient point, by the achievement scalarizing function (Wierzbicki 1980).

    s(f) = max_k w_k·(f_k − r_k), objectives minimized, r the aspiration, w_k > 0

A negative s means that the aspiration is exceeded in every objective. Minimizers of s may be only weakly efficient;
the usual cure adds a small multiple of Σ w_k·(f_k − r_k). Here a sum with positive weights decides among the minimizers
of s instead (lexicographic, the limit of a vanishing multiple), so the answer is efficient and no multiple is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, csr_matrix, hstack, vstack

from solvers.errors import NoSolution, SolverFailed, Termination
from solvers.highs import HeldProgram, Program
from solvers.pareto.box import BoxStatus
from solvers.pareto.extent import minimized_points
from solvers.pareto.front import PointStatus
from solvers.pareto.milp import Milp, minimized_objectives, whole_solution, with_variable
from solvers.pareto.mip_search import Engine, MipSearch, deadline_after, measure_objectives, seconds_to
from solvers.problem import Sense, from_minimized, to_minimized

__all__ = ["Projection", "achievement", "nearest_efficient", "nearest_point"]

Floats = NDArray[np.float64]
# Achievements that differ by less count as equal; far above the rounding of a subtraction, far below any meaning.
_EQUAL = 1e-9
# Beyond this spread of weights the engine's tolerance (1e-7 of a row) blurs whole steps of the lightest objective.
_WIDEST_SPREAD = 1e6


@dataclass(frozen=True, slots=True)
class Projection:
    """The efficient point that answers an aspiration."""

    point: Floats
    """Shape (objective,), in the user's senses."""
    solution: Floats
    """Shape (variable,)."""
    achievement: float
    """s of the point; negative when it beats the aspiration in every objective."""
    status: PointStatus
    """Proven: no feasible point has a lower achievement, and none dominates this one."""
    gap: float
    """How much lower the achievement of another point may still be; 0 where proven."""


def achievement(
    points: ArrayLike, aspiration: ArrayLike, senses: Sequence[Sense | str], weights: ArrayLike | None = None
) -> Floats:
    """Achievement s of each point, shape (point,), lower is better.

    Parameters
    ----------
    points
        Shape (point, objective), finite, in the user's senses.
    aspiration
        Shape (objective,), the values hoped for; they may be out of reach, or less than what can be had.
    senses
        One "min" or "max" per objective.
    weights
        Shape (objective,), above 0, per unit of each objective; by default 1 over the points' range.
    """
    values = minimized_points(points, senses)
    target = _aspiration(aspiration, senses)
    width = values.max(axis=0) - values.min(axis=0)
    scale = _weights(weights, np.where(width > 0.0, width, 1.0))
    result: Floats = (scale * (values - target)).max(axis=1)
    return result


def nearest_point(
    points: ArrayLike, aspiration: ArrayLike, senses: Sequence[Sense | str], weights: ArrayLike | None = None
) -> int:
    """Index of the point with the lowest achievement, of equal ones that with the lowest weighted sum.

    The point is non-dominated among the points. Parameters as for `achievement`.
    """
    values = minimized_points(points, senses)
    width = values.max(axis=0) - values.min(axis=0)
    scale = _weights(weights, np.where(width > 0.0, width, 1.0))
    scores = achievement(points, aspiration, senses, scale)
    sums = np.where(scores <= scores.min() + _EQUAL, values @ scale, np.inf)
    return int(sums.argmin())


def nearest_efficient(
    milp: Milp,
    aspiration: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    time_limit_s: float | None = None,
) -> Projection:
    """Find the feasible point nearest to an aspiration, efficient, by two integer programs.

    First min s; then, among all points within the box that s* allows, an efficient one. (Efficient there is efficient
    everywhere: what dominates a point of the box lies in it.)

    Parameters
    ----------
    milp
        The problem.
    aspiration
        Shape (objective,), in the user's senses.
    weights
        Shape (objective,), above 0; by default 1 over the range of each objective's linear relaxation.
    time_limit_s
        Wall time, seconds; None for no limit.

    Raises
    ------
    ValueError
        If the aspiration, the weights or the time limit do not fit.
    NoSolution
        If the problem has none, or none was found in time.
    SolverFailed
        If one objective weighs a million times as much as another, is unbounded, or has coefficients too large for
        the engine (sums of 5e6), or if an engine's answer does not check.
    """
    deadline = deadline_after(time_limit_s)
    variables, milp = milp.objectives.shape[1], with_variable(milp)
    target = _aspiration(aspiration, milp.senses)
    try:
        lowest, highest = measure_objectives(milp, deadline)
        width = np.where(np.isfinite(highest), highest - lowest, np.abs(target - lowest))
        scale = _weights(weights, np.maximum(width, 1.0))
        solution, proven_least, proven = _least_achievement(milp, target, scale, deadline)
    except TimeoutError:
        raise NoSolution("no solution was found in time; allow more") from None
    costs = minimized_objectives(milp)
    least = float((scale * (costs @ solution - target)).max())
    box = np.floor(target + least / scale + _EQUAL * np.maximum(1.0, np.abs(target))) + 1.0
    answer = MipSearch(milp, Engine.HIGHS, lowest, highest).search(np.maximum(box, costs @ solution + 1.0), deadline)
    if answer.solution is not None:
        solution = answer.solution
        proven = proven and answer.status is BoxStatus.EFFICIENT
    else:
        proven = False
    point = np.round(costs @ solution)
    reached = float((scale * (point - target)).max())
    return Projection(
        point=from_minimized(point, milp.senses),
        # Adding 0.0 turns -0.0 into 0.0, which would print oddly.
        solution=solution[:variables] + 0.0,
        achievement=reached,
        status=PointStatus.PROVEN if proven else PointStatus.GAP,
        gap=0.0 if proven else max(reached - proven_least, 0.0) if np.isfinite(proven_least) else np.inf,
    )


def _least_achievement(milp: Milp, target: Floats, scale: Floats, deadline: float | None) -> tuple[Floats, float, bool]:
    """Minimize t with t ≥ w_k·(f_k − r_k); solution, proven bound on t, and whether it is optimal.

    Rows are written f_k − t·u/w_k ≤ r_k with u the smallest weight, so that t counts in steps of an objective.
    """
    costs = minimized_objectives(milp)
    spread = float(scale.max() / scale.min())
    if spread > _WIDEST_SPREAD:
        raise SolverFailed(
            f"one objective weighs {spread:g} times as much as another; {_WIDEST_SPREAD:g} is the most — "
            f"give weights nearer to each other, or count in other units"
        )
    unit = float(scale.min())
    rows = vstack([milp.matrix, csr_array(costs)], format="csr")
    column = np.concatenate([np.zeros(milp.matrix.shape[0]), -unit / scale])
    program = Program(
        np.append(np.zeros(costs.shape[1]), 1.0),
        csr_matrix(hstack([rows, csr_array(column[:, None])])),
        np.concatenate([milp.row_lower, np.full(len(costs), -np.inf)]),
        np.concatenate([milp.row_upper, target]),
        np.append(milp.lower, -np.inf),
        np.append(milp.upper, np.inf),
        np.append(milp.integrality, False),
    )
    held = HeldProgram(program, absolute_gap=1e-6, row_tolerance=1e-7)
    answer = held.solve(cold=True, time_limit_s=seconds_to(deadline))
    if answer.termination in (Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED):
        raise NoSolution("the constraints leave no solution")
    if answer.termination not in (Termination.OPTIMAL, Termination.TIME_LIMIT):
        raise SolverFailed(f"HiGHS stopped on the achievement: {answer.termination}")
    if np.isnan(answer.x).any():
        raise TimeoutError
    return whole_solution(milp, answer.x[:-1]), answer.bound * unit, answer.optimal


def _aspiration(aspiration: ArrayLike, senses: Sequence[Sense | str]) -> Floats:
    target = np.atleast_1d(np.asarray(aspiration, dtype=np.float64))
    if target.shape != (len(senses),) or not np.isfinite(target).all():
        raise ValueError(f"aspiration = {aspiration!r} — must be {len(senses)} finite values, one per objective")
    return to_minimized(target, senses)


def _weights(weights: ArrayLike | None, width: Floats) -> Floats:
    if weights is None:
        scale: Floats = 1.0 / width
        return scale
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != width.shape or not (np.isfinite(given) & (given > 0.0)).all():
        raise ValueError(f"weights = {weights!r} — must be {len(width)} finite values above 0")
    return given
