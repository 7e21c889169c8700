"""Labels of the tables that users read: plain text, whatever the cells inside kept them as."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import pandas as pd

_T = TypeVar("_T")


def plain_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn coded labels, and objects that are all text, into text columns."""
    text = {str(name): "str" for name in frame.columns if _is_text(frame[name])}
    return frame.astype(text) if text else frame


def _is_text(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.api.types.is_string_dtype(column.cat.categories)
    return column.dtype == object and len(column) > 0 and pd.api.types.infer_dtype(column, skipna=False) == "string"


def with_plain_labels(value: _T) -> _T:
    """Do so in every table of a frozen value."""
    tables = {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]
    plain: dict[str, Any] = {
        name: plain_labels(table) for name, table in tables.items() if isinstance(table, pd.DataFrame)
    }
    return replace(value, **plain)  # type: ignore[type-var]
