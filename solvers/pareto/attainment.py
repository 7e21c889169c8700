"""How sure a frontier is: what share of random frontiers attains a point, and their mean set. By moocore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.problem import Sense, to_minimized

__all__ = ["Vorobev", "attainment_surface", "vorobev"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Vorobev:
    """The mean of random frontiers.

    `expectation` (point, objective), in the user's senses: the attainment surface at whose share hypervolumes pass the
    mean one; `threshold` that share; `mean_hypervolume`; `deviation` the mean volume by which a frontier differs from
    the expectation (symmetric difference).
    """

    expectation: Floats
    threshold: float
    mean_hypervolume: float
    deviation: float


def attainment_surface(
    points: ArrayLike, sets: ArrayLike, count: int, senses: Sequence[Sense | str], share: float
) -> Floats:
    """Non-dominated points of the region that at least a share of random frontiers attains.

    A frontier attains a point if one of its points is no worse in every objective; the share of frontiers that do is
    the empirical attainment function (Grunert da Fonseca, Fonseca, Hall 2001; computed as in Fonseca et al. 2011).

    Parameters
    ----------
    points
        Shape (point, objective), of all frontiers together; rows with an infinity are refused.
    sets
        Shape (point,): which frontier a point belongs to, 0 ... count − 1. A frontier may have no point.
    count
        Number of frontiers.
    share
        In (0, 1]: the least share of frontiers.

    Returns
    -------
    ndarray
        Shape (point, objective), sorted by the first objective; empty where no point is attained so often.

    Raises
    ------
    ValueError
        On a share outside (0, 1], on more than three objectives, or on points or sets of the wrong kind.
    """
    values, owner = _checked(points, sets, count, senses)
    if not 0 < share <= 1:
        raise ValueError(f"share = {share!r} — must be in (0, 1]")
    needed = int(np.ceil(share * count - 1e-9))
    if len(np.unique(owner)) < needed:
        return np.zeros((0, len(senses)))
    # moocore counts percentiles of the sets it sees, so frontiers without a point are left to `needed`.
    seen = len(np.unique(owner))
    _, dense = np.unique(owner, return_inverse=True)
    found = np.asarray(moocore.eaf(values, dense + 1, percentiles=[100.0 * (needed - 0.5) / seen]))[:, :-1]
    found = found[np.lexsort(found.T[::-1])]
    return np.asarray(to_minimized(found, senses))


def vorobev(
    points: ArrayLike, sets: ArrayLike, count: int, reference: ArrayLike, senses: Sequence[Sense | str]
) -> Vorobev:
    """Vorob'ev expectation and deviation of random frontiers up to a reference point (Binois et al. 2015).

    Parameters
    ----------
    points, sets, count
        As in `attainment_surface`; at least one frontier.
    reference
        Shape (objective,), finite; volume is measured up to it, in the product of the objectives' units.

    Raises
    ------
    ValueError
        On a count of 0, a reference that is not finite, or as `attainment_surface`.
    """
    if count < 1:
        raise ValueError(f"count = {count} — must be at least 1")
    values, owner = _checked(points, sets, count, senses)
    corner = to_minimized(np.atleast_1d(np.asarray(reference, dtype=np.float64)), senses)
    if corner.shape != (len(senses),) or not np.isfinite(corner).all():
        raise ValueError(f"reference = {reference!r} — must be one finite value per objective")
    # A point at the corner adds no volume: it stands for what does not beat the reference, and for empty frontiers.
    values = np.where(np.all(values < corner, axis=1, keepdims=True), values, corner)
    empty = np.setdiff1d(np.arange(count), owner)
    values, owner = np.vstack([values, np.tile(corner, (len(empty), 1))]), np.append(owner, empty)
    order = np.argsort(owner, kind="stable")
    values, owner = values[order], owner[order]
    mean = moocore.vorob_t(values, owner + 1, ref=corner)
    deviation = moocore.vorob_dev(values, owner + 1, ref=corner, ve=mean["ve"])
    expectation = np.asarray(mean["ve"], dtype=np.float64)
    expectation = expectation[np.lexsort(expectation.T[::-1])]
    return Vorobev(
        np.asarray(to_minimized(expectation, senses)),
        float(mean["threshold"]) / 100.0,
        float(mean["avg_hyp"]),
        float(deviation),
    )


def _checked(points: ArrayLike, sets: ArrayLike, count: int, senses: Sequence[Sense | str]) -> tuple[Floats, Ints]:
    values = np.asarray(points, dtype=np.float64).reshape(-1, len(senses))
    owner = np.asarray(sets)
    if len(senses) not in (2, 3):
        raise ValueError(f"senses has {len(senses)} objectives — attainment is computed for 2 or 3")
    if owner.shape != (len(values),):
        raise ValueError(f"sets has shape {owner.shape} — must be one number per point, {len(values)}")
    for k, point in enumerate(values):
        if not np.isfinite(point).all():
            raise ValueError(f"points[{k}] = {point} — must be finite")
    if len(owner) and (owner.min() < 0 or owner.max() >= count):
        raise ValueError(f"sets holds {int(owner.min())} to {int(owner.max())} — must be in 0 ... {count - 1}")
    order = np.argsort(owner, kind="stable")  # moocore reads sets as runs of rows
    return to_minimized(values[order], senses), owner[order].astype(np.int64)
