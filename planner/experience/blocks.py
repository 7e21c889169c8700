"""Families of exchangeable effects and the cross products of their columns, which are never written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.experience.cell_kernels import cross_products

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
    codes: NDArray[np.intp] | NDArray[np.int32]
    size: int
    scale: float
    slope: Array | None = None
    fixed: bool = False


class System:
    """The rows and blocks of one fit, with their cross products for given weights.

    Many blocks are nested in others: the levels of channels are sums of those of reason and channel. With Z = Y P',
    where Y holds the columns of the blocks nested in no other one and P is 0 or 1, Z'WZ = P (Y'WY) P': only Y is ever
    held against the rows.
    """

    def __init__(self, y: Array, blocks: Sequence[Block]) -> None:
        self.y = y
        self.blocks = tuple(blocks)
        self.offsets = _offsets(self.blocks)
        self.q = int(self.offsets[-1])
        self._codes = [np.asarray(block.codes, dtype=np.int32) for block in blocks]
        self._slopes = [None if b.slope is None else np.asarray(b.slope, float) for b in blocks]
        within = self._nesting()
        self._whole = [k for k, (outer, _) in enumerate(within) if outer == k]
        self._starts = _offsets([self.blocks[k] for k in self._whole])
        self._columns = np.stack([self._codes[k] + s for k, s in zip(self._whole, self._starts, strict=False)], axis=1)
        self._columns = self._columns.astype(np.int32)
        self._values = np.stack([self._sloped(np.ones(len(y)), k) for k in self._whole], axis=1)
        start = dict(zip(self._whole, self._starts, strict=False))
        columns = [start[outer] + np.arange(len(levels)) for outer, levels in within]
        rows = [self.offsets[k] + levels for k, (_, levels) in enumerate(within)]
        at = np.concatenate(rows), np.concatenate(columns)
        self._sums = sparse.csr_matrix((np.ones(len(at[0])), at), shape=(self.q, int(self._starts[-1])))

    def _nesting(self) -> list[tuple[int, NDArray[np.intp]]]:
        """For each block the one it is nested in (itself, if in none), and its level for each level of that one."""
        count = len(self.blocks)
        order = sorted(range(count), key=lambda k: (-self.blocks[k].size, k))
        found: list[tuple[int, NDArray[np.intp]]] = [(k, np.arange(self.blocks[k].size)) for k in range(count)]
        outermost: list[int] = []
        for k in order:
            for outer in outermost:
                levels = self._levels_within(k, outer)
                if levels is not None:
                    found[k] = (outer, levels)
                    break
            else:
                outermost.append(k)
        return found

    def _levels_within(self, inner: int, outer: int) -> NDArray[np.intp] | None:
        one, other = self._slopes[inner], self._slopes[outer]
        if one is None or other is None:
            if one is not other:
                return None
        elif not np.array_equal(one, other):
            return None
        levels = np.zeros(self.blocks[outer].size, dtype=np.intp)
        levels[self._codes[outer]] = self._codes[inner]
        return levels if np.array_equal(levels[self._codes[outer]], self._codes[inner]) else None

    def gram(self, weight: Array) -> Array:
        """Z' diag(weight) Z, shape (column, column)."""
        return np.asarray(self._sums @ np.ascontiguousarray((self._sums @ self.inner_gram(weight)).T))

    def inner_gram(self, weight: Array) -> Array:
        """Y' diag(weight) Y, shape (column of Y, column of Y)."""
        return cross_products(self._columns, self._values, weight, int(self._starts[-1]))

    def nested_sums(self, matrix: Array) -> Array:
        """P' matrix: sum the rows, one for each column, to the columns of Y that are nested in them."""
        return np.asarray(self._sums.T @ matrix)

    def project(self, value: Array) -> Array:
        """Z' value, shape (column,)."""
        parts = []
        for k in self._whole:
            parts.append(np.bincount(self._codes[k], weights=self._sloped(value, k), minlength=self.blocks[k].size))
        return np.asarray(self._sums @ np.concatenate(parts))

    def predict(self, effects: Array) -> Array:
        """Z effects, shape (row,)."""
        out = np.zeros(len(self.y))
        whole = self._sums.T @ effects
        for n, k in enumerate(self._whole):
            out += self._sloped(whole[self._starts[n] : self._starts[n + 1]][self._codes[k]], k)
        return out

    def _sloped(self, value: Array, k: int) -> Array:
        slope = self._slopes[k]
        return value if slope is None else value * slope

    def spread(self, variance: Array) -> Array:
        """Repeat one number per block for each of its columns."""
        return np.repeat(variance, np.diff(self.offsets))


def _offsets(blocks: Sequence[Block]) -> NDArray[np.intp]:
    """First column of each block, and the number of columns."""
    return np.concatenate([[0], np.cumsum([block.size for block in blocks])]).astype(np.intp)
