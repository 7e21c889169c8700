"""DuckDB inside this process: temporary tables whose labels are small integers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb
import ibis
import pyarrow as pa

from planner.history.engines.protocol import held_name

_MOST_CODES = 60_000
_RESTING = "8MB"
"""Memory of an engine that is asked nothing; 2 MB it refuses."""
_MOST_LISTED = 100
"""Of so few labels text is looked up in their list: once per entry of a dictionary-coded column, where a cast looks at
every row."""


class Embedded:
    """The `Engine` of files: enumerated types make its tables a fraction of their size."""

    def kept_tables(self, connection: ibis.BaseBackend) -> list[str]:
        """Names of the tables and views kept so far."""
        rows = connection.raw_sql(
            "SELECT table_name FROM duckdb_tables() UNION "
            "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        )
        return [str(row[0]) for row in rows.fetchall()]

    def declared_codes(self, connection: ibis.BaseBackend) -> set[str]:
        """Names of the enumerated types declared so far."""
        rows = connection.raw_sql("SELECT type_name FROM duckdb_types() WHERE NOT internal").fetchall()
        return {str(row[0]) for row in rows}

    def declare_codes(self, connection: ibis.BaseBackend, name: str, labels: Sequence[str]) -> bool:
        """Declare an enumerated type, one or two bytes each; False where there are none or too many labels."""
        if not 0 < len(labels) <= _MOST_CODES:
            return False
        quoted = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
        connection.raw_sql(f"CREATE TYPE {name} AS ENUM ({quoted})")
        return True

    def keep(
        self, connection: ibis.BaseBackend, name: str, rows: ibis.Table, codes: Mapping[str, str], *, view: bool
    ) -> ibis.Table:
        """Keep rows as a temporary table or view; coded columns read as text."""
        query = connection.compile(rows)
        chosen = f"* REPLACE ({_coded(connection, query, codes)})" if codes else "*"
        kind = "VIEW" if view else "TABLE"
        self.drop(connection, [name])
        connection.raw_sql(f'CREATE TEMP {kind} "{name}" AS SELECT {chosen} FROM ({query})')
        return connection.table(name)

    def name(self, connection: ibis.BaseBackend, name: str, rows: ibis.Table) -> ibis.Table:
        """Make a view of them."""
        return self.keep(connection, name, rows, {}, view=True)

    def drop(self, connection: ibis.BaseBackend, names: Sequence[str]) -> None:
        """Give up tables and views kept under these names."""
        seen = connection.raw_sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        views = {str(row[0]) for row in seen}
        for name in names:
            connection.raw_sql(f'DROP {"VIEW" if name in views else "TABLE"} IF EXISTS "{name}"')

    def fetch(self, connection: ibis.BaseBackend, rows: ibis.Table) -> pa.Table:
        """Fetch rows; Ibis itself would spell out every code."""
        return connection.con.sql(connection.compile(rows)).to_arrow_table()

    def labels(self, connection: ibis.BaseBackend, name: str) -> list[str]:
        """Labels of an enumerated type, in the order of their codes; none where it is not declared."""
        return _labels(connection, name) if name in self.declared_codes(connection) else []

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
        """Let the engine read rows made in this process where they stand, or from a copy that it can spill to disk."""
        read = [_label_at(kind, f'"{column}"') + f' AS "{column}"' for column, kind in codes.items()]
        read += [f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in kinds.items()]
        chosen = f"SELECT * REPLACE ({', '.join(read)})" if read else "SELECT *"
        if not copied:
            connection.con.register(held_name(name), pa.concat_tables(parts))
            connection.raw_sql(f'CREATE TEMP VIEW "{name}" AS {chosen} FROM "{held_name(name)}"')
            return connection.table(name)
        for k, part in enumerate(parts):
            connection.con.register("held_part", part)
            start = f'INSERT INTO "{name}"' if k else f'CREATE TEMP TABLE "{name}" AS'
            connection.raw_sql(f"{start} {chosen} FROM held_part")
            connection.con.unregister("held_part")
        return connection.table(name)

    def batches(self, connection: ibis.BaseBackend, rows: ibis.Table, most: int) -> Iterator[pa.RecordBatch]:
        """Hand rows out in parts while the engine reads on; nothing else may be asked meanwhile."""
        yield from connection.con.sql(connection.compile(rows)).to_arrow_reader(most)

    def settle(self, connection: ibis.BaseBackend) -> None:
        """Let the engine hand rows out in any order, which costs less memory."""
        connection.raw_sql("SET preserve_insertion_order = false")

    def rest(self, connection: ibis.BaseBackend) -> None:
        """Put tables into the folder of what does not fit, compressed; they come back when they are asked."""
        allowed = connection.raw_sql("SELECT current_setting('memory_limit')").fetchone()[0]
        with contextlib.suppress(duckdb.Error):  # no room on disk: they stay where they are
            connection.raw_sql(f"SET memory_limit = '{_RESTING}'")
        connection.raw_sql(f"SET memory_limit = '{allowed}'")


def _coded(connection: ibis.BaseBackend, query: str, codes: Mapping[str, str]) -> str:
    """SQL of the columns of a query that are to have an enumerated type."""
    made = connection.con.sql(query)
    types = {name: str(kind) for name, kind in zip(made.columns, made.types, strict=True)}
    found = []
    for column, kind in codes.items():
        value = f'CAST("{column}" AS {kind})'
        if types[column] == "VARCHAR" and len(_labels(connection, kind)) <= _MOST_LISTED:
            value = _label_at(kind, f'list_position(enum_range(NULL::{kind}), "{column}")')
        found.append(f'{value} AS "{column}"')
    return ", ".join(found)


def _label_at(kind: str, place: str) -> str:
    """SQL of the label of an enumerated type at a place, from 1."""
    return f"list_extract(enum_range(NULL::{kind})::{kind}[], {place})"


def _labels(connection: ibis.BaseBackend, kind: str) -> list[str]:
    """Labels of an enumerated type, in the order of their codes."""
    return list(connection.raw_sql(f"SELECT enum_range(NULL::{kind})").fetchall()[0][0])
