"""Rows of an engine inside this process in batches of numbers: labels as codes, never as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from planner.history.engines import local_engine_of

BATCH = 122_880
"""Rows of a batch: as the engine keeps them together, and few enough for a processor's cache."""


class NotCoded(Exception):
    """A column holds text that the engine does not keep as codes."""


@dataclass(frozen=True)
class CodedBatch:
    """Some rows, column by column."""

    columns: pa.RecordBatch

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.columns.num_rows)

    def numbers(self, name: str) -> NDArray[Any]:
        """Numbers of a column; NaN where a floating-point one is missing, microseconds of stamps, 0 or 1 of flags."""
        column = self.columns.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        return np.asarray(column.to_numpy(zero_copy_only=False))

    def labels(self, name: str) -> tuple[str, ...]:
        """Labels of a column, all those the engine knows for it, in alphabetical order.

        Raises
        ------
        NotCoded
            If the engine hands out text.
        """
        column = self.columns.column(name)
        if isinstance(column, pa.DictionaryArray):
            return tuple(str(label) for label in column.dictionary.to_pylist())
        if column.null_count < len(column):
            raise NotCoded(name)
        return ()

    def codes(self, name: str, labels: Sequence[str]) -> NDArray[np.int32]:
        """Numbers of the labels of a column among these, which hold them all; -1 where missing.

        Raises
        ------
        NotCoded
            If the engine hands out text.
        """
        column = self.columns.column(name)
        own = self.labels(name)
        if not isinstance(column, pa.DictionaryArray):
            return np.full(len(column), -1, dtype=np.int32)
        codes = np.asarray(column.indices.cast(pa.int32()).fill_null(-1).to_numpy())
        if own == tuple(labels):
            return codes
        place = {label: k for k, label in enumerate(labels)}
        return np.array([*(place.get(label, -1) for label in own), -1], dtype=np.int32)[codes]


def coded_batches(connection: ibis.BaseBackend, rows: ibis.Table) -> Iterator[CodedBatch]:
    """Hand rows out in batches, each read while the one before is worked on.

    Nothing else may be asked of the engine before the last one.

    Raises
    ------
    ValueError
        If the engine is not one inside this process.
    """
    engine = local_engine_of(connection)
    if engine is None:
        raise ValueError(f"the engine {connection.name} does not run in this process")
    batches = engine.batches(connection, rows, BATCH)
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(next, batches, None)
        while (batch := ahead.result()) is not None:
            ahead = pool.submit(next, batches, None)
            yield CodedBatch(batch)


class Labels:
    """Labels numbered as they come, whether the engine has them as codes or as text."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._last: pa.Array | None = None
        self._places = np.zeros(0, dtype=np.int32)

    def codes(self, column: pa.Array) -> NDArray[np.int32]:
        """Numbers of the labels of a column of a batch, -1 where missing."""
        coded = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
        if self._last is None or not coded.dictionary.equals(self._last):
            own = [self._numbers.setdefault(str(label), len(self._numbers)) for label in coded.dictionary.to_pylist()]
            self._last, self._places = coded.dictionary, np.array([*own, -1], dtype=np.int32)
        return self._places[np.asarray(coded.indices.cast(pa.int32()).fill_null(-1).to_numpy())]

    def alphabetical(self, *more: str) -> tuple[list[str], NDArray[np.int32]]:
        """All labels in alphabetical order, these among them, and the place of each number in it; -1 is last."""
        for label in more:
            self._numbers.setdefault(label, len(self._numbers))
        labels = sorted(self._numbers)
        place = {label: k for k, label in enumerate(labels)}
        return labels, np.array([*(place[label] for label in self._numbers), -1], dtype=np.int32)
