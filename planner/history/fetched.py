"""Rows fetched from the engine as a DataFrame, without an object in memory for every value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from planner.history.engines import engine_of

_MOST_PLACES = 2**62


def labeled_frame(rows: ibis.Table, by: Sequence[str] = ()) -> pd.DataFrame:
    """Fetch rows, sorted by the columns `by`: text as text or None, each distinct text once in memory.

    Text is sorted by its code points, what is missing comes last. Numbers with gaps become floats with NaN.
    """
    connection = rows.get_backend()
    fetched = engine_of(connection).fetch(connection, rows)
    columns = {name: coded_column(fetched.column(name)) for name in fetched.column_names}
    place = _order([columns[name] for name in by], fetched.num_rows) if by else None
    found = {}
    for name, (values, labels) in columns.items():
        sorted_values = values if place is None else values[place]
        found[name] = sorted_values if labels is None else pd.Series(labels[sorted_values], dtype=object)
    return pd.DataFrame(found, copy=False)


_Column = tuple[NDArray[Any], NDArray[np.object_] | None]


def coded_column(column: pa.ChunkedArray) -> _Column:
    """Values of a column; of text codes in alphabetical order, and the labels, the last of them None."""
    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)):
        return np.asarray(column.to_numpy()), None
    whole = (
        column.unify_dictionaries() if pa.types.is_dictionary(kind) else column.dictionary_encode()
    ).combine_chunks()
    texts = whole.dictionary.to_pylist()
    rank = sorted(range(len(texts)), key=texts.__getitem__)
    codes = np.empty(len(texts) + 1, dtype=np.int64)
    codes[rank], codes[-1] = np.arange(len(texts)), len(texts)
    labels = np.array([*(texts[k] for k in rank), None], dtype=object)
    return codes[whole.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)], labels


def _order(keys: list[_Column], rows: int) -> NDArray[np.intp]:
    """Order of rows by whole-number keys, the first of them foremost."""
    packed, places = np.zeros(rows, dtype=np.int64), 1
    numbers = [_from_zero(values) for values, _ in keys]
    for values in numbers:
        size = int(values.max()) + 1 if rows else 1
        places *= size
        if places > _MOST_PLACES:
            return np.lexsort(numbers[::-1])
        packed = packed * size + values
    return np.argsort(packed, kind="stable")


def _from_zero(values: NDArray[Any]) -> NDArray[np.int64]:
    whole = values.astype(np.int64)
    return whole - whole.min() if len(whole) else whole
