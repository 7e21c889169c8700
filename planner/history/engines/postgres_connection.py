"""A connection to PostgreSQL that keeps nothing there but temporary tables."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import NoReturn

import ibis
import psycopg
import psycopg.conninfo
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.postgres import Backend

from planner.errors import HistoryError, Issue
from planner.history.engines.postgres_sql import WarehouseCompiler

_SETTINGS = ("SET TIME ZONE 'UTC'", "SET jit = off", "SET client_min_messages = error")
"""Clock times are wall-clock times or UTC instants; compiling queries costs more than their many small steps."""

REFUSED = psycopg.Error
"""What is raised where the server refuses a session."""


class WarehouseBackend(Backend):
    """Ibis's PostgreSQL, whose every table without a schema is a temporary one of this session."""

    compiler = WarehouseCompiler()

    def table(self, name: str, /, *, database: tuple[str, str] | str | None = None) -> ibis.Table:
        """Table of a schema, or this session's own; never a table of the user that happens to have the name."""
        return super().table(name, database=database or self._session_temp_db)

    def create_table(
        self,
        name: str,
        /,
        obj: object = None,
        *,
        temp: bool = False,
        overwrite: bool = False,
        **_: object,
    ) -> ibis.Table:
        """Keep rows as a temporary table and count it, for the plans of later queries.

        Raises
        ------
        ValueError
            If the table would stay.
        HistoryError
            If the user may not make temporary tables, or the database refuses the query.
        """
        if not temp:
            raise ValueError(f"{name}: only temporary tables are made on a user's database")
        rows = obj if isinstance(obj, ibis.Table) else ibis.memtable(obj)
        self._run_pre_execute_hooks(rows)
        target = sg.table(name, db="pg_temp", quoted=True)
        columns = rows.schema().to_sqlglot_column_defs(self.dialect)
        kinds = [self.compiler.type_mapper.from_ibis(kind) for kind in rows.schema().types]
        columns = [sge.ColumnDef(this=column.this, kind=kind) for column, kind in zip(columns, kinds, strict=True)]
        create = sge.Create(kind="TABLE", this=sge.Schema(this=target, expressions=columns)).sql(self.dialect)
        insert = sge.Insert(this=target, expression=self.compiler.to_sqlglot(rows)).sql(self.dialect)
        if overwrite:
            self.drop_table(name, force=True)
        with _words(), self.con.cursor() as cursor, self.con.transaction():
            try:
                cursor.execute(create)
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as err:
                _refuse_temporary(str(self.con.info.dbname), err)
            cursor.execute(insert)
            cursor.execute(f"ANALYZE {target.sql(self.dialect)}")
        return self.table(name)

    def execute(self, expr: ibis.Expr, /, **options: object) -> object:
        """Fetch the result of an expression.

        Raises
        ------
        HistoryError
            If the database refuses it.
        """
        with _words():
            return super().execute(expr, **options)

    def drop_table(self, name: str, /, *, database: object = None, force: bool = False) -> None:
        """Drop a temporary table of this session; nothing else is ever dropped."""
        with self.con.cursor() as cursor:
            cursor.execute(
                sge.Drop(kind="TABLE", this=sg.table(name, db="pg_temp", quoted=True), exists=True).sql("postgres")
            )


def connect_postgres(**settings: str) -> ibis.BaseBackend:
    """Connect with the settings of libpq (`host, port, user, password, dbname, sslmode` and so on)."""
    address = psycopg.conninfo.make_conninfo(**{"connect_timeout": "15", **settings})
    connection = WarehouseBackend.from_connection(psycopg.connect(address, autocommit=True))
    for setting in _SETTINGS:
        connection.con.execute(setting)
    weakref.finalize(connection, connection.con.close)
    return connection


@contextlib.contextmanager
def _words() -> Iterator[None]:
    """What the database refuses, in words."""
    try:
        yield
    except psycopg.Error as err:
        said = str(err).strip().splitlines()[0]
        message = (
            f"the database refuses a query ({said}); needed are the right to SELECT from the table, room for temporary "
            "tables, and a session that stays open"
        )
        raise HistoryError([Issue("PostgreSQL", None, None, "", message)]) from err


def _refuse_temporary(database: str, err: Exception) -> NoReturn:
    said = str(err).strip().splitlines()[0]
    message = (
        f"the database {database!r} refuses a temporary table ({said}); it must be a primary server, and "
        f"the user needs the right to make them: GRANT TEMPORARY ON DATABASE {database} TO the user"
    )
    raise HistoryError([Issue(database, None, None, "", message)]) from err
