"""What the commands print: data on stdout, words for people on stderr; names from files are made inert."""

from __future__ import annotations

import contextvars
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

quiet: contextvars.ContextVar[bool] = contextvars.ContextVar("quiet", default=False)
"""True: only errors and data are printed."""

_LONGEST_CELL = 60


def inert(text: object, keep_lines: bool = False) -> str:
    """Spell out characters that could move the cursor, color or reorder what a terminal shows."""
    return "".join(
        char if (keep_lines and char == "\n") or unicodedata.category(char) not in _ACTIVE else _spelled(char)
        for char in str(text)
    )


_ACTIVE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def _spelled(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def say(text: object) -> None:
    """Tell people something on stderr."""
    if not quiet.get():
        complain(text)


def complain(text: object) -> None:
    """Tell people something on stderr, also when they asked for quiet."""
    print(inert(text, keep_lines=True), file=sys.stderr, flush=True)


def give(text: str) -> None:
    """Print data on stdout."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def give_json(value: Any) -> None:
    """Print data as strict JSON on stdout."""
    give(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def give_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], left: Sequence[int] = (0,)) -> None:
    """Print a table on stdout; columns are right-aligned except those in `left`.

    Long names are cut with an ellipsis; in a pipe the table is as wide as it needs to be.
    """
    from rich.table import Table  # lazy: completion and help must not pay for it
    from rich.text import Text

    table = Table(title=Text(inert(title)), title_justify="left", title_style="bold")
    for position, head in enumerate(heads):
        table.add_column(Text(head), justify="left" if position in left else "right", overflow="fold")
    for row in rows:
        table.add_row(*[Text(_cut(inert("" if cell is None else cell))) for cell in row])
    _console_for(table).print(table)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _console_for(table: Table) -> Console:
    from rich.console import Console

    console = Console(file=sys.stdout, emoji=False, markup=False, highlight=False)
    if console.is_terminal:
        return console
    wide = Console(file=sys.stdout, width=10_000, emoji=False, markup=False, highlight=False)
    needed = wide.measure(table).maximum
    return Console(file=sys.stdout, width=max(needed, 40), emoji=False, markup=False, highlight=False)
