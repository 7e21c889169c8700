"""Result tables on disk: Parquet whose bytes depend on the data alone, and CSV that no spreadsheet executes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from planner.errors import RunError
from planner.runs.atomic import explained, write_bytes

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def parquet_bytes(frame: pd.DataFrame, name: str) -> bytes:
    """Encode a table as Parquet; the same data gives the same bytes.

    The index is dropped (tables are keyed by their columns) and so is the metadata pandas adds, which names versions.
    """
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as err:
        raise TypeError(f"table {name} mixes types in a column: {err}") from err
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
        row_group_size=1 << 20,
        data_page_version="1.0",
    )
    return buffer.getvalue()


def read_table(path: Path) -> pd.DataFrame:
    """Read a result table back."""
    with explained(path, "read"):
        data = path.read_bytes()
    try:
        frame: pd.DataFrame = pq.read_table(io.BytesIO(data)).to_pandas()
    except pa.ArrowInvalid as err:
        raise RunError(f"{path}: is not a Parquet file ({err}); the run is damaged, run it again") from err
    return frame


def csv_text(frame: pd.DataFrame) -> str:
    """Render a table as CSV with line feeds; text that a spreadsheet would execute gets a leading apostrophe."""
    safe = frame.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = [_inert(value) for value in safe[column]]
    safe.columns = pd.Index([_inert(str(column)) for column in safe.columns])
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table in the format of the file name: `.parquet` or `.csv`."""
    data = parquet_bytes(frame, path.stem) if path.suffix == ".parquet" else csv_text(frame).encode("utf-8")
    write_bytes(path, data)


def plain(value: Any) -> Any:
    """Turn a value into what strict JSON can hold: numpy scalars to Python, NaN to None, stamps to text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if hasattr(value, "tolist"):  # numpy scalar or array
        return plain(value.tolist())
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, int):
        return value
    if value is pd.NaT or value is pd.NA:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain JSON objects."""
    return [plain(row) for row in frame.to_dict("records")]


def _inert(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
