"""What counts as a miss: more than a tolerance, and significant for the whole family of checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]

ALPHA = 0.05
"""Chance that any check of a family fails although every prediction is right."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Largest error that does not matter: `absolute`, or `relative` to what was seen where that is more."""

    absolute: float
    relative: float = 0.0

    def of(self, seen: ArrayLike) -> Floats:
        """The tolerance around values, in their unit."""
        return np.maximum(self.absolute, self.relative * np.abs(np.asarray(seen, dtype=np.float64)))


TOLERANCES: dict[str, Tolerance] = {
    "volume": Tolerance(0.0, 0.10),
    "aht_s": Tolerance(0.0, 0.10),
    "asa_s": Tolerance(15.0, 0.20),
    "abandon_rate": Tolerance(0.03),
    "service_level": Tolerance(0.05),
    "score": Tolerance(0.1),
}
"""Per measure; `score` in points of a five-point scale, see `score_tolerance`."""

BROKEN: dict[str, Tolerance] = {
    "service_level": Tolerance(0.02),
    "abandon_rate": Tolerance(0.02),
    "deadline_kept": Tolerance(0.02),
    "asa_s": Tolerance(1.0, 0.10),
}
"""By how much a promise that a plan says it keeps may be missed: two points of a ratio, a tenth of a wait."""


def score_tolerance(low: float, high: float) -> Tolerance:
    """A fortieth of a score's scale: 0.1 points on 1 to 5."""
    return Tolerance((high - low) / 40.0)


def holm(p_values: ArrayLike, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Tell which of a family of checks fail at a family-wise level (Holm 1979); NaN never fails.

    The smallest of m p-values is held against alpha/m, the next against alpha/(m − 1), … until one passes.
    """
    p = np.asarray(p_values, dtype=np.float64)
    failed = np.zeros(p.shape, dtype=bool)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    for k, position in enumerate(order):
        if p[position] > alpha / (len(order) - k):
            break
        failed[position] = True
    return failed


def two_sided(distance: ArrayLike, sd: ArrayLike, freedom: ArrayLike) -> Floats:
    """Two-sided p-value of a distance by Student's t; 1 for no distance, NaN where the spread is unknown."""
    gap, spread = (np.abs(np.asarray(v, dtype=np.float64)) for v in (distance, sd))
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(gap == 0.0, 0.0, gap / spread)
    return np.asarray(2.0 * stdtr(np.asarray(freedom, dtype=np.float64), -t))
