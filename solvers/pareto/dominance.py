"""Which points are non-dominated, and how much space they dominate. The only door to moocore."""

from collections.abc import Sequence

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.problem import Sense, to_minimized

__all__ = ["hypervolume", "hypervolume_contributions", "nondominated"]

Floats = NDArray[np.float64]


def nondominated(points: ArrayLike, senses: Sequence[Sense | str]) -> NDArray[np.bool_]:
    """Mark the points that no other point improves on.

    A point is dominated if another is at least as good in every objective and better in one; of equal points the
    first is kept (Kung, Luccio, Preparata 1975, by moocore).

    Parameters
    ----------
    points
        Shape (point, objective), each objective in its own unit; infinities allowed, NaN refused.
    senses
        Shape (objective,): "min" or "max".

    Returns
    -------
    ndarray of bool
        Shape (point,).
    """
    values = _matrix("points", points, senses)
    if len(values) == 0:
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(values, keep_weakly=False), dtype=bool)


def hypervolume(points: ArrayLike, reference: ArrayLike, senses: Sequence[Sense | str]) -> float:
    """Measure the space that the points dominate up to a reference point.

    The volume of ∪_p [p, reference] in the product of the objectives' units (Zitzler, Thiele 1998; exact, by
    moocore). Points no better than the reference in some objective add nothing. Objectives are not scaled here.

    Parameters
    ----------
    points
        Shape (point, objective).
    reference
        Shape (objective,), finite; worse than the points in every objective.
    senses
        Shape (objective,): "min" or "max".
    """
    values, corner = _measured(points, reference, senses)
    values = values[(values < corner).all(axis=1)]
    return float(moocore.hypervolume(values, ref=corner)) if len(values) else 0.0


def hypervolume_contributions(points: ArrayLike, reference: ArrayLike, senses: Sequence[Sense | str]) -> Floats:
    """Measure what each point alone dominates, shape (point,): the hypervolume lost if it were left out.

    Zero for dominated and repeated points. Parameters as for `hypervolume`.
    """
    values, corner = _measured(points, reference, senses)
    result = np.zeros(len(values))
    inside = (values < corner).all(axis=1)
    if inside.any():
        result[inside] = moocore.hv_contributions(values[inside], ref=corner)
    return result


def _measured(points: ArrayLike, reference: ArrayLike, senses: Sequence[Sense | str]) -> tuple[Floats, Floats]:
    """Points and reference, minimized and checked."""
    values = _matrix("points", points, senses)
    corner = to_minimized(np.atleast_1d(np.asarray(reference, dtype=np.float64)), senses)
    if corner.ndim != 1 or not np.isfinite(corner).all():
        raise ValueError(f"reference = {reference!r} — must be one finite value per objective")
    # moocore reads an unbounded box as it is; a point at −inf would make the volume infinite without a word.
    if np.isneginf(values).any():
        raise ValueError("points hold an infinitely good objective — every objective must be bounded on its good side")
    return values, corner


def _matrix(name: str, points: ArrayLike, senses: Sequence[Sense | str]) -> NDArray[np.float64]:
    values = np.asarray(points, dtype=np.float64)
    if values.size == 0:
        values = values.reshape(0, len(senses))
    if values.ndim != 2:
        raise ValueError(f"{name} of shape {values.shape} — must have shape (point, objective)")
    if np.isnan(values).any():
        raise ValueError(f"{name} hold a NaN in row {int(np.isnan(values).any(axis=1).argmax())} — must be numbers")
    return to_minimized(values, senses)
