"""The user's sense of an objective, and the only two conversions to and from minimization."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Sense", "as_senses", "from_minimized", "to_minimized"]


class Sense(StrEnum):
    """Direction in which an objective is better."""

    MIN = "min"
    MAX = "max"


def to_minimized(points: ArrayLike, senses: Sequence[Sense | str]) -> NDArray[np.float64]:
    """Turn values in the user's senses into values that are all minimized.

    Parameters
    ----------
    points
        Objective values, shape (..., objective), each in its own unit and the user's sign.
    senses
        One sense per objective.

    Returns
    -------
    ndarray
        The same shape; maximized objectives have their sign turned.
    """
    values = np.asarray(points, dtype=np.float64)
    signs = _signs(senses)
    if values.ndim == 0 or values.shape[-1] != signs.size:
        raise ValueError(f"points of shape {values.shape} — the last axis must have {signs.size} objectives")
    # Adding 0.0 turns -0.0 into 0.0, which would print oddly in a table.
    return values * signs + 0.0


def from_minimized(points: ArrayLike, senses: Sequence[Sense | str]) -> NDArray[np.float64]:
    """Turn minimized values back into the user's senses; the inverse of `to_minimized`."""
    return to_minimized(points, senses)


def as_senses(senses: Sequence[Sense | str]) -> tuple[Sense, ...]:
    """Read senses given as enum members or as their spelling, "min" or "max"."""
    known = {sense.value for sense in Sense}
    for sense in senses:
        if sense not in known:
            raise ValueError(f"sense = {sense!r} — must be 'min' or 'max'")
    return tuple(Sense(sense) for sense in senses)


def _signs(senses: Sequence[Sense | str]) -> NDArray[np.float64]:
    return np.array([1.0 if sense is Sense.MIN else -1.0 for sense in as_senses(senses)])
