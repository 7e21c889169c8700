"""How the public objects show themselves in a notebook: small HTML, with every name from a file escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 25
"""Most rows of a table; the others are counted."""


def shown(title: str, *parts: str) -> str:
    """Join parts under a title."""
    return f"<div><strong>{html.escape(title)}</strong>{''.join(parts)}</div>"


def facts(values: Mapping[str, Any]) -> str:
    """Return a table of names and values."""
    rows = "".join(
        f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(_written(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<table>{rows}</table>"


def table(frame: pd.DataFrame, columns: Sequence[str] = (), rows: int = _ROWS) -> str:
    """Return the first rows of a frame, of these columns as far as it has them (none: all)."""
    kept = frame[[name for name in columns if name in frame] if columns else list(frame)]
    more = len(kept) - rows
    rest = f"<p>{more:,} more rows</p>" if more > 0 else ""
    text: str = kept.head(rows).to_html(index=False, escape=True, border=0, float_format=lambda x: f"{x:,.4g}")
    return text + rest


def sentences(lines: Sequence[str]) -> str:
    """Return sentences as a list."""
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _written(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
