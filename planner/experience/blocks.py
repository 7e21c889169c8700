"""Families of exchangeable effects and the cross products of their columns, which are never written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """One family of exchangeable effects u_b ~ N(0, lam_b I): one column per level.

    Attributes
    ----------
    name
        For reading.
    codes
        Level of each row, shape (row,), 0 <= code < size.
    size
        Number of levels, seen or not.
    scale
        Prior scale of the standard deviation of the effects, units of y (per unit of the slope).
    slope
        Shape (row,), what the effect is multiplied with; 1 where left out.
    fixed
        True: lam stays at scale^2 (constants and the like).
    """

    name: str
    codes: NDArray[np.intp]
    size: int
    scale: float
    slope: Array | None = None
    fixed: bool = False


class System:
    """The rows and blocks of one fit, with their cross products for given weights."""

    def __init__(self, y: Array, blocks: Sequence[Block]) -> None:
        self.y = y
        self.blocks = tuple(blocks)
        self.offsets = np.concatenate([[0], np.cumsum([block.size for block in blocks])]).astype(int)
        self.q = int(self.offsets[-1])
        self.slopes = [np.ones(len(y)) if b.slope is None else np.asarray(b.slope, float) for b in blocks]
        self.codes = [np.asarray(block.codes, dtype=np.int32) for block in blocks]

    def gram(self, weight: Array) -> Array:
        """Z' diag(weight) Z, shape (column, column)."""
        out = np.zeros((self.q, self.q))
        for i, a in enumerate(self.blocks):
            left = weight * self.slopes[i]
            for j in range(i, len(self.blocks)):
                b = self.blocks[j]
                place = self.codes[i] * np.int32(b.size) + self.codes[j]
                value = left if b.slope is None else left * self.slopes[j]
                flat = np.bincount(place, weights=value, minlength=a.size * b.size)
                part = flat.reshape(a.size, b.size)
                rows = slice(self.offsets[i], self.offsets[i + 1])
                columns = slice(self.offsets[j], self.offsets[j + 1])
                out[rows, columns] = part
                out[columns, rows] = part.T
        return out

    def project(self, value: Array) -> Array:
        """Z' value, shape (column,)."""
        parts = [
            np.bincount(block.codes, weights=value * slope, minlength=block.size)
            for block, slope in zip(self.blocks, self.slopes, strict=True)
        ]
        return np.concatenate(parts)

    def predict(self, effects: Array) -> Array:
        """Z effects, shape (row,)."""
        out = np.zeros(len(self.y))
        for k, block in enumerate(self.blocks):
            out += effects[self.offsets[k] : self.offsets[k + 1]][block.codes] * self.slopes[k]
        return out

    def spread(self, variance: Array) -> Array:
        """Repeat one number per block for each of its columns."""
        return np.repeat(variance, np.diff(self.offsets))

    def block_sums(self, matrix: Array) -> Array:
        """Sum a (column, column) matrix within pairs of blocks."""
        starts = self.offsets[:-1]
        return np.asarray(np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1))
