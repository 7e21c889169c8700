"""How far a set of points reaches: ideal and nadir point, and points scaled between the two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.problem import Sense, as_senses, from_minimized, to_minimized

__all__ = ["ideal_point", "minimized_points", "nadir_point", "scaled_points"]

Floats = NDArray[np.float64]


def minimized_points(points: ArrayLike, senses: Sequence[Sense | str]) -> Floats:
    """Check points of shape (point, objective) and turn them so that all objectives are minimized.

    Raises
    ------
    ValueError
        If there is no point, the shape does not fit, or a value is not finite.
    """
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 2 or len(values) == 0:
        raise ValueError(f"points of shape {values.shape} — must have shape (point, objective) and hold a point")
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).any(axis=1).argmax())
        raise ValueError(f"points hold {values[row]} in row {row} — must be finite")
    return to_minimized(values, as_senses(senses))


def ideal_point(points: ArrayLike, senses: Sequence[Sense | str]) -> Floats:
    """Best value of each objective among the points, shape (objective,), in the user's senses."""
    return from_minimized(minimized_points(points, senses).min(axis=0), senses)


def nadir_point(points: ArrayLike, senses: Sequence[Sense | str]) -> Floats:
    """Worst value of each objective among the points, shape (objective,), in the user's senses.

    The nadir point of a problem if the points are its complete front; of a sample an estimate that is too good.
    """
    return from_minimized(minimized_points(points, senses).max(axis=0), senses)


def scaled_points(points: ArrayLike, senses: Sequence[Sense | str]) -> Floats:
    """Scale each objective to 0 at the ideal and 1 at the nadir point; 0 where all points are equal."""
    values = minimized_points(points, senses)
    least = values.min(axis=0)
    width = values.max(axis=0) - least
    scaled: Floats = (values - least) / np.where(width > 0.0, width, 1.0)
    return scaled
