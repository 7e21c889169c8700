"""Cells counted in this process from batches of coded rows: the sums that a GROUP BY gives, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.history.tally_kernels import COUNT, add_rows, pack_keys, place_keys

MOST_PLACES = 2**62
_MOST_IN_ONE = 9e18 / 1e6
"""Sums below it are whole millionths in 64 bits."""
_MILLIONTH = 10**6
_FIRST_CELLS = 1 << 15


@dataclass(frozen=True)
class Key:
    """A key column: whole numbers from `least` to `least + size - 1`, or with `labels` their numbers, -1 for None.

    `code` names the numbers that it is read from, if not as the column.
    """

    name: str
    size: int
    least: int = 0
    labels: tuple[str, ...] | None = None
    code: str | None = None

    @classmethod
    def of_labels(cls, name: str, labels: Sequence[str], code: str | None = None) -> Key:
        """Key of texts in alphabetical order; what is missing comes last."""
        return cls(name, len(labels) + 1, 0, tuple(labels), code)

    def values(self, places: NDArray[np.int64], *, coded: bool) -> pd.Series:
        """Values of the column; texts as they are, or `coded`: the labels that it has as categories."""
        if self.labels is None:
            return pd.Series(places + self.least)
        if not coded:
            return pd.Series(np.array([*self.labels, None], dtype=object)[places], dtype=object)
        codes = np.where(places < len(self.labels), places, -1)
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(self.labels)).remove_unused_categories())


@dataclass(frozen=True)
class Measure:
    """What a cell adds up of a column: see `tally_kernels`; `largest` bounds the size of what is added."""

    name: str
    kind: int
    column: str
    largest: float = 1.0
    gate: str | None = None


class Tally:
    """Sums over rows that agree in every key; `codes` and `columns` say what the rows of the batches' arrays are.

    Raises
    ------
    OverflowError
        If the keys have more combinations than 64-bit numbers, or values are too large for exact sums.
    """

    def __init__(
        self, keys: Sequence[Key], measures: Sequence[Measure], codes: Sequence[str], columns: Sequence[str], rows: int
    ) -> None:
        self.keys, self.measures = tuple(keys), tuple(measures)
        size = 1
        for key in keys:
            size *= key.size
        if size > MOST_PLACES or any(m.largest >= _MOST_IN_ONE for m in measures):
            raise OverflowError(f"{size} combinations of keys")
        self._packing = np.array([[codes.index(key.code or key.name), key.least, key.size] for key in keys])
        self._wide = [m.kind != COUNT and m.largest * max(rows, 1) >= _MOST_IN_ONE for m in measures]
        self._at = 1 + np.concatenate([[0], np.cumsum([1 + wide for wide in self._wide])]).astype(np.int64)
        numbers = {name: k for k, name in enumerate(columns)}
        self._spec = np.array(
            [
                [m.kind, numbers[m.column], -1 if m.gate is None else numbers[m.gate], at, wide]
                for m, at, wide in zip(measures, self._at, self._wide, strict=False)
            ],
            dtype=np.int64,
        ).reshape(len(measures), 5)
        self.count = 0
        self._known = np.empty(_FIRST_CELLS, dtype=np.int64)
        self._sums = np.zeros((_FIRST_CELLS, int(self._at[-1])), dtype=np.int64)
        self._places = np.full((2 * _FIRST_CELLS, 2), -1, dtype=np.int64)

    def add(
        self, codes: NDArray[np.int32], values: NDArray[np.float64], left_out: NDArray[np.bool_] | None = None
    ) -> None:
        """Add a batch of rows: codes, shape (code, row), and values, shape (column, row)."""
        packed = pack_keys(codes, self._packing, np.zeros(0, dtype=np.bool_) if left_out is None else left_out)
        first = 0
        while first < len(packed):
            first, self.count = add_rows(
                first, self.count, packed, values, self._spec, self._known, self._places, self._sums
            )
            if first < len(packed):
                self._grow()

    def _grow(self) -> None:
        # Fresh memory is only taken once it is written: of twice the room, half may never be.
        room = 2 * len(self._known)
        known, sums = np.empty(room, dtype=np.int64), np.zeros((room, self._sums.shape[1]), dtype=np.int64)
        known[: self.count], sums[: self.count] = self._known[: self.count], self._sums[: self.count]
        self._known, self._sums = known, sums
        self._places = np.full((2 * len(self._places), 2), -1, dtype=np.int64)
        place_keys(self._known[: self.count], self._places)

    def frame(self, rows: str = "cnt", *, coded: bool = False) -> pd.DataFrame:
        """One row per cell, sorted by its keys: the keys, the number of rows under the name `rows`, and the sums.

        Texts are objects, or where they are `coded` categories in alphabetical order.
        """
        order = np.argsort(self._known[: self.count], kind="stable")
        packed = self._known[order]
        columns: dict[str, pd.Series] = {}
        for key in reversed(self.keys):
            packed, places = np.divmod(packed, key.size)
            columns[key.name] = key.values(places, coded=coded)
        found: dict[str, Any] = {key.name: columns[key.name] for key in self.keys} | {rows: self._ordered(0, order)}
        for measure, at, wide in zip(self.measures, self._at, self._wide, strict=False):
            whole = self._ordered(at, order)
            if measure.kind == COUNT:
                found[measure.name] = whole
            else:
                found[measure.name] = _in_units(whole, self._ordered(at + 1, order) if wide else None)
        return pd.DataFrame(found, copy=False)

    def _ordered(self, place: int, order: NDArray[np.intp]) -> NDArray[np.int64]:
        """One place of the sums, alone: put in order all together they would take as much again."""
        return np.ascontiguousarray(self._sums[: self.count, place])[order]


def _in_units(low: NDArray[np.int64], high: NDArray[np.int64] | None) -> NDArray[np.float64]:
    """Whole millionths as the nearest floating-point numbers."""
    if high is not None and (np.abs(high) >= 1 << 30).any():
        whole = [int(value) + (int(rest) << 32) for value, rest in zip(low, high, strict=True)]
        return np.array([value / _MILLIONTH for value in whole], dtype=np.float64)
    total = low if high is None else low + (high << 32)
    found = total / _MILLIONTH
    for k in np.flatnonzero(np.abs(total) > 2**53):
        found[k] = int(total[k]) / _MILLIONTH
    return found
