"""All non-dominated points of an integer program with several objectives, complete by construction.

The part of objective space that may still hold an unknown point is kept as a set of boxes {f < u}, one per local
upper bound u (Klamroth, Lacour, Vanderpooten 2015). One box after the other is searched by one integer program; a
new point splits the boxes it lies in, an infeasible one is closed. When no box is left the front is complete. Steps
between objective values are whole numbers, so "better" means "better by one" and no grid is sampled.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.errors import NoSolution, SolutionStatus, Termination
from solvers.pareto.milp import HeldMilp, Milp
from solvers.problem import from_minimized

__all__ = ["Front", "Milp", "enumerate_front"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Front:
    """The non-dominated points found, and whether they are all."""

    points: Floats
    """Shape (point, objective), in the user's senses, sorted by objective, first objective first."""
    solutions: Floats
    """Shape (point, variable): one solution per point."""
    complete: bool
    """True if every non-dominated point of the problem is among the points."""
    termination: Termination
    status: SolutionStatus


def enumerate_front(milp: Milp, *, time_limit_s: float | None = None) -> Front:
    """Find all non-dominated points of an integer program with two to four objectives.

    Each box {f ≤ u − 1} is searched for the least sum of objectives, whose minimizers are efficient because the sum
    falls with every objective. Gaps of the engine are set to less than one step.

    Parameters
    ----------
    milp
        Objectives with whole coefficients on integer variables only, so that they move in whole steps.
    time_limit_s
        Wall time, seconds; None for no limit. Whatever was found by then is returned as not complete; all of its
        points are non-dominated all the same.

    Returns
    -------
    Front
        Empty, with termination `infeasible`, when the problem has no solution; empty and not complete when time ran
        out before the first one.

    Raises
    ------
    ValueError
        If `time_limit_s` is not above 0.
    SolverFailed
        If an objective is unbounded, or the engine returns something that does not check.
    """
    if time_limit_s is not None and not time_limit_s > 0.0:
        raise ValueError(f"time_limit_s = {time_limit_s} — must be above 0, or None for no limit")
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    held = HeldMilp(milp)
    found: list[tuple[Floats, Floats]] = []
    bounds = np.full((1, len(milp.senses)), np.inf)
    termination = Termination.OPTIMAL
    try:
        held.check_bounded(deadline)
        while len(bounds):
            box = _next_box(bounds)
            answer = held.solve_within(bounds[box], deadline)
            if answer is None:
                bounds = np.delete(bounds, box, axis=0)
                continue
            found.append(answer)
            bounds = split_bounds(bounds, answer[0])
    except TimeoutError:
        termination = Termination.TIME_LIMIT
    except NoSolution:
        termination = Termination.INFEASIBLE
    if not found and termination is Termination.OPTIMAL:
        termination = Termination.INFEASIBLE
    return _front(milp, found, termination)


def _next_box(bounds: Floats) -> int:
    """Take the loosest box: its point splits the most, and few infinite sides remain."""
    return int(np.argmax(np.where(np.isinf(bounds), 1e12, bounds).sum(axis=1)))


def split_bounds(bounds: Floats, point: Floats) -> Floats:
    """Replace each local upper bound above a new point by its projections, without redundant ones.

    Parameters
    ----------
    bounds
        Local upper bounds, shape (bound, objective), minimized; inf where open.
    point
        A new non-dominated point, shape (objective,).

    Returns
    -------
    ndarray
        The bounds of what neither the old points nor the new one dominates. A bound below another one in every
        objective describes a part of the other's box and is dropped.
    """
    inside = (point < bounds).all(axis=1)
    projections = []
    for bound in bounds[inside]:
        for objective, value in enumerate(point):
            projection = bound.copy()
            projection[objective] = value
            projections.append(projection)
    candidates = np.unique(np.concatenate([bounds[~inside], *[p[None] for p in projections]]), axis=0)
    covered: NDArray[np.bool_] = np.all(candidates[:, None, :] <= candidates[None, :, :], axis=2)
    np.fill_diagonal(covered, False)
    return candidates[~covered.any(axis=1)]


def _front(milp: Milp, found: Sequence[tuple[Floats, Floats]], termination: Termination) -> Front:
    complete = termination in (Termination.OPTIMAL, Termination.INFEASIBLE)
    objectives, variables = milp.objectives.shape
    if not found:
        return Front(np.empty((0, objectives)), np.empty((0, variables)), complete, termination, SolutionStatus.NONE)
    points = from_minimized(np.stack([point for point, _ in found]), milp.senses)
    solutions = np.stack([solution for _, solution in found])
    order = np.lexsort(points.T[::-1])
    status = SolutionStatus.OPTIMAL if complete else SolutionStatus.FEASIBLE
    return Front(points[order], solutions[order], complete, termination, status)
