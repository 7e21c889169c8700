"""Writing cells and files that other people's tools open: harmless text, whole files only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import PlanError

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_text(value: Any) -> Any:
    """Give text that a spreadsheet would take for a formula a leading apostrophe; leave all else as it is."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose text cells and column names are harmless in a spreadsheet; numbers are untouched."""
    numeric = {name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])}
    columns = {name: frame[name] if name in numeric else frame[name].map(safe_text) for name in frame.columns}
    return pd.DataFrame(columns, index=frame.index).rename(columns=safe_text)


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file at once: a reader sees the old file or the new one, never half of one.

    Raises
    ------
    PlanError
        The folder does not exist or cannot be written.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise PlanError(f"{target}: cannot write here ({error.strerror}); choose another path") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise PlanError(f"{target}: cannot write here ({error.strerror}); choose another path") from error
    return target
