"""What a reading page is made of: sections of sentences, tables and pictures; only pictures are markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, smaller lines below it, a flag, and a picture beside it (SVG text, or none)."""

    text: str
    below: tuple[str, ...] = ()
    flag: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first `labels` columns are names and whose other columns are numbers.

    `sentences`: positions of columns that hold text to read.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    labels: int = 1
    help: str = ""
    sentences: tuple[int, ...] = ()

    def kind(self, place: int) -> str:
        """Say what a column holds: `entry` (a name), `words` or `num`."""
        return "words" if place in self.sentences else "entry" if place < self.labels else "num"


@dataclass(frozen=True, slots=True)
class Picture:
    """An inline SVG with a caption; `svg` is markup made by this package from escaped names."""

    caption: str
    svg: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: a question as its title, how to read it, and its blocks in order."""

    key: str
    title: str
    help: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    folded: bool = True
    terms: tuple[tuple[str, str], ...] = field(default=())

    @property
    def empty(self) -> bool:
        """True where there is nothing to show."""
        return not (self.sentences or any(table.rows for table in self.tables) or self.pictures)


def row(*cells: object) -> tuple[Cell, ...]:
    """Make a table row of plain texts and ready cells."""
    return tuple(cell if isinstance(cell, Cell) else Cell(str(cell)) for cell in cells)


def rows(values: Sequence[Sequence[object]]) -> tuple[tuple[Cell, ...], ...]:
    """Make table rows of plain values."""
    return tuple(row(*value) for value in values)
