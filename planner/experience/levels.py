"""Levels of which the rows tell something: the others are left out of a fit and keep their prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.experience.blocks import Array, Block

_TOLD = 1e-4
"""Least information of the rows on an effect, in units of the prior's at its scale."""


@dataclass(frozen=True)
class ToldLevels:
    """The blocks of a fit without the levels of which the rows tell nothing.

    Attributes
    ----------
    blocks
        With the levels kept alone; a row of a level left out has the slope 0.
    columns
        Shape (column kept,): its place among all columns.
    sizes
        Levels of each block, kept or not.
    """

    blocks: tuple[Block, ...]
    columns: NDArray[np.intp]
    sizes: tuple[int, ...]

    def whole_mean(self, mean: Array) -> Array:
        """Effects of all columns from those kept, shape (component, column): 0 for the others."""
        whole = np.zeros((len(mean), sum(self.sizes)))
        whole[:, self.columns] = mean
        return whole

    def whole_covariance(self, covariance: Array, lam: Array) -> Array:
        """Covariance of all columns from that of those kept: the prior's lam, shape (block,), for the others."""
        if len(self.columns) == sum(self.sizes):
            return covariance
        whole = np.diag(np.repeat(lam, self.sizes))
        whole[np.ix_(self.columns, self.columns)] = covariance
        return whole


def told_levels(blocks: Sequence[Block], weight: Array) -> ToldLevels:
    """Leave out levels whose rows hold less than a ten-thousandth of the prior's information on the effect.

    Of an effect with w = scale^2 sum weight slope^2, the rows take the part w / (1 + w) of the prior's variance, and
    move the mean by some sqrt(w) of its sd: a hundredth, where w is a ten-thousandth. Where missing labels were
    allocated, most levels of fine blocks are such: they hold hundredths of a contact.

    Parameters
    ----------
    weight
        Shape (row,): inverse sampling variances, or the most they can be.
    """
    parts, columns, start = [], [], 0
    for block in blocks:
        part, kept = _told(block, weight)
        parts.append(part)
        columns.append(start + kept)
        start += block.size
    return ToldLevels(tuple(parts), np.concatenate(columns), tuple(block.size for block in blocks))


def _told(block: Block, weight: Array) -> tuple[Block, NDArray[np.intp]]:
    """One block with the levels kept, and which these are."""
    slope = 1.0 if block.slope is None else np.asarray(block.slope, float)
    information = block.scale**2 * np.bincount(block.codes, weights=weight * slope**2, minlength=block.size)
    told = information >= _TOLD
    told[np.argmax(information)] = True  # a block without levels has no variance to be found
    if told.all():
        return block, np.arange(block.size)
    kept = np.flatnonzero(told)
    place = np.cumsum(told) - 1
    known = told[block.codes]
    codes = np.where(known, place[block.codes], 0)
    if not known.all():
        return replace(block, codes=codes, size=len(kept), slope=np.where(known, slope, 0.0)), kept
    return replace(block, codes=codes, size=len(kept)), kept
