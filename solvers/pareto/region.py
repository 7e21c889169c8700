"""The part of objective space that may still hold an unknown efficient point, as a set of boxes {f < u}.

One box per local upper bound u (Klamroth, Lacour, Vanderpooten 2015): a feasible f that no known point weakly
dominates lies in at least one box {f < u} = {f ≤ u − 1}, because objectives are whole numbers. Boxes leave for three
reasons only, and none of them loses a point: a new point splits them (the boxes of what it does not dominate remain);
their search ended with the proof that they are empty; or such a proof follows from an earlier one, because

* the box lies below what some objective can reach, or within a box that was proven empty, or
* it lies within a box over which w·f ≥ β was proven, and w·f < β everywhere in it (no f exceeds `highest` anyway).
"""

import numpy as np
from numpy.typing import NDArray

from solvers.pareto.box import Floor

__all__ = ["Region", "split_bounds"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def split_bounds(bounds: Floats, point: Floats) -> Floats:
    """Replace each local upper bound above a new point by its projections, without redundant ones.

    Parameters
    ----------
    bounds
        Local upper bounds, shape (bound, objective), minimized; inf where open.
    point
        A new point, shape (objective,).

    Returns
    -------
    ndarray
        The bounds of what neither the old points nor the new one weakly dominates. A projection below another bound
        in every objective is redundant; it can lie only below one that shares the projected value (Klamroth, Lacour,
        Vanderpooten 2015, algorithm 2 and proposition 2.9).
    """
    inside = (point < bounds).all(axis=1)
    parts = [bounds[~inside]]
    for objective, value in enumerate(point):
        projections = bounds[inside].copy()
        projections[:, objective] = value
        projections = np.unique(projections, axis=0)
        others = np.arange(len(point)) != objective
        touching = (bounds[:, objective] == value) & (bounds[:, others] > point[others]).all(axis=1)
        rivals = np.concatenate([projections, bounds[touching]])
        covered: Flags = np.all(projections[:, None, :] <= rivals[None, :, :], axis=2)
        np.fill_diagonal(covered, False)
        parts.append(projections[~covered.any(axis=1)])
    return np.concatenate(parts)


class Region:
    """Open boxes, and what is proven about closed ones; changes as points and proofs come in."""

    def __init__(self, lowest: Floats, highest: Floats) -> None:
        """Start with one box without limits; every feasible f lies between the two, shape (objective,)."""
        nothing = np.empty((0, len(lowest)))
        self.bounds = np.full((1, len(lowest)), np.inf)
        self._lowest, self._highest = lowest, highest
        self._empty = nothing
        self._floor_bounds, self._floor_weights, self._floor_values = nothing, nothing, np.empty(0)

    def loosest(self, count: int) -> Floats:
        """Pick the boxes with the largest sum of bounds: their points split the most."""
        sums = np.minimum(self.bounds, np.where(np.isinf(self._highest), 1e12, self._highest + 1.0)).sum(axis=1)
        # Ties by the bounds themselves, so that the choice does not depend on the order in which boxes were made.
        order = np.lexsort([*self.bounds.T, -sums])
        picked: Floats = self.bounds[order[:count]]
        return picked

    def add_point(self, point: Floats) -> None:
        """Take a feasible point: what it weakly dominates leaves the region."""
        unsplit = int((~(point < self.bounds).all(axis=1)).sum())
        bounds = split_bounds(self.bounds, point)
        fresh = bounds[unsplit:]
        self.bounds = np.concatenate([bounds[:unsplit], fresh[~self._closed(fresh)]])

    def close(self, bound: Floats) -> None:
        """Take the proof that a box is empty."""
        self._empty = np.concatenate([self._empty, bound[None]])
        self.bounds = self.bounds[~_within(self.bounds, bound[None])]

    def learn(self, bound: Floats, floor: Floor) -> None:
        """Take the proof that a weighted sum does not fall below a value within a box."""
        self._floor_bounds = np.concatenate([self._floor_bounds, bound[None]])
        self._floor_weights = np.concatenate([self._floor_weights, floor.weights[None]])
        self._floor_values = np.append(self._floor_values, floor.value)
        self.bounds = self.bounds[~self._closed(self.bounds)]

    def _closed(self, bounds: Floats) -> Flags:
        """Mark the boxes whose emptiness follows from what is proven."""
        closed = (bounds <= self._lowest).any(axis=1) | _within(bounds, self._empty)
        if len(self._floor_values):
            sums = np.minimum(bounds - 1.0, self._highest) @ self._floor_weights.T
            inside = np.all(bounds[:, None, :] <= self._floor_bounds[None, :, :], axis=2)
            closed = closed | np.any(inside & (sums < self._floor_values - 0.5), axis=1)
        return np.asarray(closed, dtype=np.bool_)


def _within(bounds: Floats, others: Floats) -> Flags:
    """Mark the boxes that lie within one of some others."""
    inside = np.all(bounds[:, None, :] <= others[None, :, :], axis=2)
    return np.asarray(np.any(inside, axis=1), dtype=np.bool_)
