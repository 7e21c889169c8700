"""A history in a PostgreSQL database: its address, and its table opened as it stands at one moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import ibis
import ibis.expr.datatypes as dt

from planner.errors import HistoryError, Issue
from planner.history.columns import ROW
from planner.history.mapping import Csv, did_you_mean
from planner.history.source import Format, Source

_SCHEMES = ("postgresql:", "postgres:")
FORM = "postgresql://user@host:5432/database?table=schema.contacts"
"""How an address is written."""
_BLANKS = r"E' \t\r\n'"


@dataclass(frozen=True)
class Database:
    """Where a history stands; the password is never part of what is shown.

    Attributes
    ----------
    settings
        What libpq is told; what is left out comes from `PGPASSWORD`, `~/.pgpass` and so on.
    table, staffing
        Tables of contacts and of staffing, `schema.name` or `name`; None where the address names none.
    shown
        Host and database, for people.
    """

    settings: dict[str, str] = field(repr=False)
    table: str | None
    staffing: str | None
    shown: str


def database_of(address: str | Path) -> Database | None:
    """Read the address of a database; None where it is the path of a file.

    Raises
    ------
    HistoryError
        If it begins like an address and is none.
    """
    text = str(address)
    if not text.startswith(_SCHEMES):
        return None
    # A path made of an address has lost slashes; without a host, the settings of libpq name one.
    given = text.split(":", 1)[1]
    rest = given.lstrip("/")
    if given.startswith("///") or ("/" not in rest.split("?")[0] and "host=" in rest):
        rest = "/" + rest
    try:
        parts = urlsplit(f"postgresql://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as err:
        raise _unreadable() from err
    settings = {name: value for name, value in parse_qsl(parts.query)}
    named = {"host": host, "port": port, "user": parts.username, "password": parts.password}
    named["dbname"] = parts.path.strip("/")
    settings = {name: unquote(str(value)) for name, value in named.items() if value} | settings
    table, staffing = settings.pop("table", None), settings.pop("staffing", None)
    if "dbname" not in settings:
        raise _unreadable()
    host = settings.get("host", "")
    place = "localhost" if not host or host.startswith("/") else host
    return Database(settings, table, staffing, f"{place}/{settings['dbname']}")


def _unreadable() -> HistoryError:
    message = f"this is no address of a database; write {FORM} (special characters of a password as %40 and so on)"
    return _refusal("postgresql", message)


def connect_database(database: Database) -> ibis.BaseBackend:
    """Open a session.

    Raises
    ------
    HistoryError
        If the driver is missing, or the server refuses.
    """
    try:
        from planner.history.engines.postgres_connection import REFUSED, connect_postgres
    except ImportError as err:
        message = (
            f"PostgreSQL cannot be read: its driver is missing ({_first_line(err)}); "
            "pip install 'cxfrontier[warehouse]', and the client library libpq of your system"
        )
        raise _refusal(database.shown, message) from err
    try:
        return connect_postgres(**database.settings)
    except REFUSED as err:
        words = _hidden(_first_line(err), database)
    # Outside the handler: the chain of errors would show what the driver was told.
    raise _refusal(database.shown, f"no connection ({words}); check the address: {FORM}")


def open_database(connection: ibis.BaseBackend, database: Database, table: str) -> Source:
    """Take a table or view into the session, as it stands now.

    Rows are numbered in the order of their values, so that nothing depends on how the server keeps them. Text loses the
    blanks around it, decimal numbers become floating-point ones; columns of other types (JSON, arrays) are left out.

    Raises
    ------
    HistoryError
        If there is no such table, or it may not be read, or it is empty.
    """
    schema, name = _found(connection, database, table)
    place = Path(database.shown, f"{schema}.{name}")
    kinds = connection.table(name, database=schema).schema()
    columns = {column: read for column, kind in kinds.items() if (read := _read(column, kind)) is not None}
    rows = connection.sql(_numbered(schema, name, columns), schema=ibis.schema(_schema(columns)))
    kept = connection.create_table(
        "source_" + hashlib.sha256(table.encode()).hexdigest()[:12], rows, temp=True, overwrite=True
    )
    if not int(kept.count().execute()):
        message = "the table has columns but no rows; name the one with the contacts: ?table=schema.name"
        raise _refusal(str(place), message)
    return Source(place, Format.POSTGRES, kept, Csv(), {})


def _found(connection: ibis.BaseBackend, database: Database, table: str) -> tuple[str, str]:
    """Schema and name of a table or view, searched as the server would."""
    query = (
        "SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid) FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') "
        "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2"
    )
    with connection.raw_sql(query) as cursor:
        there = [(str(schema), str(name), bool(seen)) for schema, name, seen in cursor.fetchall()]
    for schema, name, seen in there:
        if table == f"{schema}.{name}" or (seen and table == name):
            return schema, name
    known = tuple(f"{schema}.{name}" for schema, name, _ in there)
    listed = ", ".join(known[:10]) + (" and others" if len(known) > 10 else "")
    hint = did_you_mean(table, known) or f" (it has {listed or 'none'})"
    message = f"no table {table!r} in this database{hint}; name it in the address: ?table=schema.name"
    raise _refusal(database.shown, message)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read(column: str, kind: dt.DataType) -> tuple[str, dt.DataType] | None:
    """How a column is read, in SQL, and its type; None for types that no contact has."""
    own = _quoted(column)
    if kind.is_boolean() or kind.is_integer() or kind.is_timestamp() or kind.is_date():
        return own, dt.int64 if kind.is_integer() else kind
    if kind.is_numeric():
        return f"CAST({own} AS DOUBLE PRECISION)", dt.float64
    if kind.is_string() or kind.is_uuid() or kind.is_time():
        return f"BTRIM(CAST({own} AS TEXT), {_BLANKS})", dt.string
    return None


def _numbered(schema: str, name: str, columns: dict[str, tuple[str, dt.DataType]]) -> str:
    read = ", ".join(f"{how} AS {_quoted(column)}" for column, (how, _) in columns.items())
    first = sorted(columns, key=lambda column: column != "contact_id")
    order = ", ".join(
        how + (' COLLATE "C"' if columns[c][1].is_string() else "") for c in first for how in [columns[c][0]]
    )
    rows = f"{_quoted(schema)}.{_quoted(name)}"
    return f"SELECT {read}, ROW_NUMBER() OVER (ORDER BY {order}) - 1 AS {_quoted(ROW)} FROM {rows}"


def _schema(columns: dict[str, tuple[str, dt.DataType]]) -> dict[str, dt.DataType]:
    return {column: kind for column, (_, kind) in columns.items()} | {ROW: dt.int64}


def _hidden(words: str, database: Database) -> str:
    password = database.settings.get("password")
    return words.replace(password, "***") if password else words


def _first_line(err: Exception) -> str:
    return str(err).strip().splitlines()[0]


def _refusal(place: str, message: str) -> HistoryError:
    return HistoryError([Issue(place, None, None, "", message)])
