"""A front, complete or so far, and what is known about the rest."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.errors import SolutionStatus, Termination
from solvers.pareto.dominance import hypervolume
from solvers.pareto.extent import nadir_point
from solvers.problem import Sense, to_minimized

__all__ = ["Front", "PointStatus"]

Floats = NDArray[np.float64]


class PointStatus(StrEnum):
    """What is proven about a point."""

    PROVEN = "proven"
    """Non-dominated among all feasible points."""
    GAP = "gap"
    """Feasible, and not dominated by the other points; time ran out before a better one was excluded."""


@dataclass(frozen=True, slots=True)
class Front:
    """The non-dominated points found, whether they are all, and where others may still lie."""

    points: Floats
    """Shape (point, objective), in the user's senses, sorted by objective, first objective first."""
    solutions: Floats
    """Shape (point, variable): one solution per point."""
    complete: bool
    """True if every non-dominated point of the problem is among the points."""
    termination: Termination
    status: SolutionStatus
    senses: tuple[Sense, ...]
    point_status: tuple[PointStatus, ...]
    gaps: Floats
    """Shape (point,): 0 where proven; else how far the sum that the engine minimized may still fall, relative to it."""
    bounds: Floats
    """Shape (box, objective), in the user's senses; no rows when complete. An efficient point that is not among the
    points is strictly better than some row in every objective (infinite rows: no limit yet)."""
    ideal: Floats
    """Shape (objective,): no feasible point is better; attained when complete, else a bound, infinite if unknown."""
    searches: int
    """Boxes searched, each by one integer program or one tree."""

    def hypervolume_bounds(self, reference: ArrayLike) -> tuple[float, float]:
        """Bound the hypervolume of the complete front from below and above.

        An unknown point dominates only what lies in a box that is open or above a known point, so the upper bound
        adds the union of the open boxes, each from the ideal point to its bound. The two are equal when complete.

        Parameters
        ----------
        reference
            Shape (objective,), finite; see `hypervolume`.
        """
        lower = hypervolume(self.points, reference, self.senses)
        if len(self.bounds) == 0:
            return lower, lower
        corner = to_minimized(np.asarray(reference, dtype=np.float64), self.senses)
        ideal = to_minimized(self.ideal, self.senses)
        if not np.isfinite(ideal).all():
            return lower, np.inf
        tops = np.minimum(to_minimized(self.bounds, self.senses), corner)
        room = hypervolume(tops, ideal, ["max"] * len(corner))
        whole = float(np.prod(np.maximum(corner - ideal, 0.0)))
        return lower, min(lower + room, whole)

    @property
    def nadir(self) -> Floats:
        """Worst value per objective among the points, shape (objective,); an estimate unless complete."""
        if len(self.points) == 0:
            return np.full(len(self.senses), np.nan)
        return nadir_point(self.points, self.senses)
