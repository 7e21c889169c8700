"""What the history stage asks of an engine beyond Ibis expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import ibis
import pyarrow as pa


class Engine(Protocol):
    """Tables kept on an engine for as long as its connection, and how they are kept small."""

    def kept_tables(self, connection: ibis.BaseBackend) -> list[str]:
        """Names of the tables and views kept so far."""
        ...

    def declared_codes(self, connection: ibis.BaseBackend) -> set[str]:
        """Names of the code types declared so far."""
        ...

    def declare_codes(self, connection: ibis.BaseBackend, name: str, labels: Sequence[str]) -> bool:
        """Declare a type whose values are these labels in this order; False where the engine has no use for it."""
        ...

    def keep(
        self, connection: ibis.BaseBackend, name: str, rows: ibis.Table, codes: Mapping[str, str], *, view: bool
    ) -> ibis.Table:
        """Keep rows under a name, replacing what was kept there, the columns of `codes` in their declared type."""
        ...

    def name(self, connection: ibis.BaseBackend, name: str, rows: ibis.Table) -> ibis.Table:
        """Give rows a name where that costs nothing, so that queries of them are short to write and to read."""
        ...

    def drop(self, connection: ibis.BaseBackend, names: Sequence[str]) -> None:
        """Give up tables and views kept under these names."""
        ...

    def fetch(self, connection: ibis.BaseBackend, rows: ibis.Table) -> pa.Table:
        """Fetch rows, labels coded where the engine has them so."""
        ...

    def settle(self, connection: ibis.BaseBackend) -> None:
        """Free the engine from the order of rows: from here on they carry their numbers."""
        ...

    def rest(self, connection: ibis.BaseBackend) -> None:
        """Let go of the memory that tables take until they are asked again."""
        ...


class LocalEngine(Engine, Protocol):
    """An engine inside this process: rows go there and back at the cost of a copy."""

    def labels(self, connection: ibis.BaseBackend, name: str) -> list[str]:
        """Labels of a declared code type, in their order; none where it is not declared."""
        ...

    def hold(
        self,
        connection: ibis.BaseBackend,
        name: str,
        parts: Iterable[pa.Table],
        codes: Mapping[str, str],
        kinds: Mapping[str, str],
        *,
        copied: bool,
    ) -> ibis.Table:
        """Give rows made in this process a name: a copy of them or, unless `copied`, where they stand.

        Columns of `codes` are places among the labels of their declared type, from 1, 0 where missing, and read as
        these labels; those of `kinds` are read in these SQL types. Rows that stand here have the `held_name` of the
        name, too, as they were made.
        """
        ...

    def batches(self, connection: ibis.BaseBackend, rows: ibis.Table, most: int) -> Iterator[pa.RecordBatch]:
        """Hand rows out in parts of at most so many, never all at once; nothing else may be asked meanwhile."""
        ...


def held_name(name: str) -> str:
    """Name of the rows that stand in this process as they are held there."""
    return f"{name}_held"
