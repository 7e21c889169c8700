"""PostgreSQL of the user: temporary tables only, gone with the connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import pyarrow as pa


class Postgres:
    """The `Engine` of a PostgreSQL database.

    Labels stay text: an enumerated type would be a permanent object of the user's database.
    """

    def kept_tables(self, connection: ibis.BaseBackend) -> list[str]:
        """Names of this session's temporary tables and views."""
        query = (
            "SELECT relname FROM pg_catalog.pg_class "
            "WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'v') ORDER BY 1"
        )
        with connection.raw_sql(query) as cursor:
            return [str(row[0]) for row in cursor.fetchall()]

    def declared_codes(self, connection: ibis.BaseBackend) -> set[str]:
        """Return nothing: labels stay text."""
        return set()

    def declare_codes(self, connection: ibis.BaseBackend, name: str, labels: Sequence[str]) -> bool:
        """Declare nothing."""
        return False

    def keep(
        self, connection: ibis.BaseBackend, name: str, rows: ibis.Table, codes: Mapping[str, str], *, view: bool
    ) -> ibis.Table:
        """Keep rows as a temporary table, views too: the server plans better with tables it has counted."""
        return connection.create_table(name, rows, temp=True, overwrite=True)

    def name(self, connection: ibis.BaseBackend, name: str, rows: ibis.Table) -> ibis.Table:
        """Return them as they are: a name would be a copy."""
        return rows

    def drop(self, connection: ibis.BaseBackend, names: Sequence[str]) -> None:
        """Give up tables kept under these names."""
        for name in names:
            connection.drop_table(name)

    def fetch(self, connection: ibis.BaseBackend, rows: ibis.Table) -> pa.Table:
        """Fetch rows."""
        return rows.to_pyarrow()

    def settle(self, connection: ibis.BaseBackend) -> None:
        """Nothing to do: a database promises no order anyway."""

    def rest(self, connection: ibis.BaseBackend) -> None:
        """Nothing to do: its tables are on its server."""
