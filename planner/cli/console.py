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
_BETWEEN_COLUMNS = 3
_WHOLE_LABEL = 14
"""Labels up to this length are never broken."""


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

    Long names are cut with an ellipsis and wrapped at words, numbers never; in a pipe nothing is wrapped.
    """
    from rich import box  # lazy: completion and help must not pay for it
    from rich.table import Table
    from rich.text import Text

    cells = [[_cut(inert("" if cell is None else cell)) for cell in row] for row in rows]
    name = Text(inert(title)) if title else None
    table = Table(title=name, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_header=any(heads))
    narrowest = 2
    for position, head in enumerate(heads):
        widest = max((len(row[position]) for row in cells), default=0)
        lines = [head] if len(head) <= widest else head.split(" ")
        exact = max(widest, *(len(line) for line in lines))
        if position in left:
            table.add_column(Text(head), overflow="fold")
            narrowest += min(exact, _WHOLE_LABEL) + _BETWEEN_COLUMNS
        else:
            table.add_column(Text("\n".join(lines)), justify="right", no_wrap=True)
            narrowest += exact + _BETWEEN_COLUMNS
    for row in cells:
        table.add_row(*[Text(cell) for cell in row])
    _console_for(table, narrowest).print(table)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _console_for(table: Table, narrowest: int) -> Console:
    """Return a console wide enough to keep every number whole, and in a pipe every line."""
    from rich.console import Console

    console = Console(file=sys.stdout, emoji=False, markup=False, highlight=False)
    if console.is_terminal:
        console.width = max(console.width, narrowest)
    else:
        console.width = Console(file=sys.stdout, width=10_000, emoji=False).measure(table).maximum
    return console
