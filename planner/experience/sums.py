"""Sums of a table over groups of rows that agree in every key, by whole numbers instead of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_MOST_PLACES = 2**62
_SPARSE = 16
"""Up to so many places for each row, counting the places is cheaper than sorting the rows."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class _Key:
    """A key column as whole numbers from 0 in the order of its values, -1 where missing, and the way back."""

    codes: Numbers
    size: int
    labels: pd.Series | int

    def values(self, codes: Numbers) -> pd.Series:
        """Values of the column that have these codes."""
        if isinstance(self.labels, int):
            return pd.Series(codes + self.labels)
        if isinstance(self.labels.dtype, pd.CategoricalDtype):
            return pd.Series(pd.Categorical.from_codes(codes, dtype=self.labels.dtype))
        return self.labels.take(codes).reset_index(drop=True)


def _key(column: pd.Series) -> _Key:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _Key(np.asarray(column.cat.codes, dtype=np.int64), len(column.cat.categories), column)
    if column.dtype == np.int64 and len(column):
        values = column.to_numpy()
        least = int(values.min())
        return _Key(values - least, int(values.max()) - least + 1, least)
    codes, labels = pd.factorize(column, sort=True)
    return _Key(codes.astype(np.int64), len(labels), pd.Series(labels))


def group_numbers(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[NDArray[np.intp], pd.DataFrame]:
    """Number the groups of rows that agree in `keys`, in the order of their keys.

    Returns
    -------
        The number of each row's group (-1 where a key is missing), and the keys of the groups, one row each.
    """
    found = [_key(frame[name]) for name in keys]
    packed, missing, places = np.zeros(len(frame), dtype=np.int64), np.zeros(len(frame), dtype=bool), 1
    for key in found:
        if places * max(key.size, 1) > _MOST_PLACES:
            _, packed = np.unique(packed, return_inverse=True)
            places = int(packed.max(initial=0)) + 1
        packed = packed * key.size + key.codes
        missing |= key.codes < 0
        places *= max(key.size, 1)
    known = packed if not missing.any() else packed[~missing]
    number, first = _ranked(known, places)
    if missing.any():
        every = np.full(len(frame), -1, dtype=np.intp)
        every[~missing] = number
        number, first = every, np.flatnonzero(~missing)[first]
    labels = {name: key.values(key.codes[first]) for name, key in zip(keys, found, strict=True)}
    return number, pd.DataFrame(labels)


def _ranked(packed: Numbers, places: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rank of each number among the different ones, and the row in which each of these stands (the last one)."""
    if (packed[1:] > packed[:-1]).all():
        every = np.arange(len(packed))
        return every, every
    if places > _SPARSE * max(len(packed), 1):
        _, first, number = np.unique(packed, return_index=True, return_inverse=True)
        return number.astype(np.intp), first.astype(np.intp)
    row = np.full(places, -1, dtype=np.intp)
    row[packed] = np.arange(len(packed))
    seen = np.flatnonzero(row >= 0)
    rank = np.zeros(places, dtype=np.intp)
    rank[seen] = np.arange(len(seen))
    return rank[packed], row[seen]


def summed(frame: pd.DataFrame, keys: Sequence[str], sums: Sequence[str]) -> pd.DataFrame:
    """Sum columns over the rows that agree in every key: one row per group, sorted by its keys.

    As `frame.groupby(keys, observed=True, as_index=False)[sums].sum()`: rows with a missing key are left out.
    """
    number, labels = group_numbers(frame, keys)
    if not len(labels):
        return frame.iloc[:0][[*keys, *sums]].reset_index(drop=True)
    known = number >= 0
    whole = bool(known.all())
    added = {}
    for name in sums:
        values = frame[name].to_numpy()
        total = np.bincount(number if whole else number[known], values if whole else values[known], len(labels))
        added[name] = total if values.dtype.kind == "f" else total.astype(np.int64)
    return pd.concat([labels, pd.DataFrame(added)], axis=1)
