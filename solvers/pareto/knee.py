"""The knee of a front: the point from which every move costs much, by several named rules.

All rules look at points scaled between ideal and nadir, so no unit matters. They answer different questions and may
differ; the rule is part of the answer.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.pareto.dominance import hypervolume_contributions, nondominated
from solvers.pareto.extent import scaled_points
from solvers.problem import Sense

__all__ = ["KneeRule", "find_knee", "knee_scores"]

Floats = NDArray[np.float64]
_LEAST_WEIGHTINGS = 2000
_REFERENCE = 1.1


class KneeRule(StrEnum):
    """How the knee is told from the other points."""

    CHORD = "chord"
    """Furthest from the plane through the best point of each objective, toward the ideal (Das 1999)."""
    BEND = "bend"
    """Sharpest bend between the two neighbors; two objectives only (Branke, Deb, Dierolf, Osswald 2004)."""
    UTILITY = "utility"
    """Largest mean loss, over all linear weightings, if the point were not there (Branke et al. 2004)."""
    IDEAL = "ideal"
    """Nearest to the ideal point, Euclidean (Zeleny 1973)."""
    HYPERVOLUME = "hypervolume"
    """Largest volume that this point alone dominates, up to the nadir point plus a tenth of the range."""


def find_knee(points: ArrayLike, senses: Sequence[Sense | str], rule: KneeRule | str = KneeRule.CHORD) -> int:
    """Index of the knee: the non-dominated point with the highest score; of equal ones the first.

    Parameters
    ----------
    points
        Shape (point, objective), finite, in the user's senses.
    senses
        One "min" or "max" per objective.
    rule
        See `KneeRule`.

    Raises
    ------
    ValueError
        If there is no point, or the rule is unknown or does not suit the number of objectives.
    """
    scores = knee_scores(points, senses, rule)
    best = scores == np.nanmax(scores)
    # Rounding must not decide between points that score the same.
    best |= scores >= np.nanmax(scores) - 1e-12
    return int(np.flatnonzero(best)[0])


def knee_scores(points: ArrayLike, senses: Sequence[Sense | str], rule: KneeRule | str = KneeRule.CHORD) -> Floats:
    """Score each point by a rule, shape (point,), higher is more of a knee; NaN for dominated and repeated points.

    Units are those of the scaled objectives (0 at the ideal, 1 at the nadir point), radians for "bend".
    """
    if rule not in tuple(KneeRule):
        raise ValueError(f"rule = {rule!r} — must be one of {', '.join(KneeRule)}")
    values = np.asarray(points, dtype=np.float64)
    scaled_points(values, senses)
    keep = nondominated(values, senses)
    scores = np.full(len(values), np.nan)
    scores[keep] = _RULES[KneeRule(rule)](scaled_points(values[keep], senses))
    return scores


def _chord(scaled: Floats) -> Floats:
    """Distance below the plane n·f = 1 through each objective's best point (the best in the sum where several)."""
    sums = scaled.sum(axis=1)
    anchors = np.array([scaled[np.lexsort((sums, column))[0]] for column in scaled.T])
    try:
        normal = np.linalg.solve(anchors, np.ones(len(anchors)))
    except np.linalg.LinAlgError:
        normal = np.ones(scaled.shape[1])
    if not (np.isfinite(normal).all() and (normal > 0.0).all()):
        # The best points span no plane that leans toward the ideal; the one through the axes' ends does.
        normal = np.ones(scaled.shape[1])
    distance: Floats = (1.0 - scaled @ normal) / np.linalg.norm(normal)
    return distance


def _bend(scaled: Floats) -> Floats:
    """Turn of the path through left neighbor, point and right neighbor, radians, positive when convex; ends 0."""
    if scaled.shape[1] != 2:
        raise ValueError(f"rule = 'bend' with {scaled.shape[1]} objectives — needs exactly 2")
    order = np.argsort(scaled[:, 0], kind="stable")
    steps = np.diff(scaled[order], axis=0)
    slopes = np.arctan2(steps[:, 1], steps[:, 0])
    turn = np.zeros(len(scaled))
    turn[order[1:-1]] = np.diff(slopes)
    return turn


def _utility(scaled: Floats) -> Floats:
    """Mean over evenly spread weightings of second best minus best, for those weightings the point wins."""
    if len(scaled) == 1:
        return np.zeros(1)
    weights = _weightings(scaled.shape[1])
    costs = weights @ scaled.T
    best = costs.argmin(axis=1)
    two = np.partition(costs, 1, axis=1)[:, :2]
    return np.bincount(best, two[:, 1] - two[:, 0], minlength=len(scaled)) / len(weights)


def _weightings(objectives: int) -> Floats:
    """All weights of a lattice on the simplex (Das, Dennis 1998), taken at the middle of their cells."""
    parts = 1
    while comb(parts + objectives - 1, objectives - 1) < _LEAST_WEIGHTINGS:
        parts += 1
    grid = np.indices((parts + 1,) * (objectives - 1)).reshape(objectives - 1, -1).T
    grid = grid[grid.sum(axis=1) <= parts]
    whole = np.column_stack([grid, parts - grid.sum(axis=1)])
    weights: Floats = (whole + 1.0 / objectives) / (parts + 1.0)
    return weights


def _near_ideal(scaled: Floats) -> Floats:
    return -np.asarray(np.linalg.norm(scaled, axis=1))


def _hypervolume(scaled: Floats) -> Floats:
    return hypervolume_contributions(scaled, np.full(scaled.shape[1], _REFERENCE), ["min"] * scaled.shape[1])


_RULES: dict[KneeRule, Callable[[Floats], Floats]] = {
    KneeRule.CHORD: _chord,
    KneeRule.BEND: _bend,
    KneeRule.UTILITY: _utility,
    KneeRule.IDEAL: _near_ideal,
    KneeRule.HYPERVOLUME: _hypervolume,
}
