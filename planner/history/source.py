"""Opening a file of contacts, staffing or counts as a table on the engine, refusing what is not what it says."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import duckdb
import ibis
import ibis.backends.duckdb
import pyarrow.parquet as pq

from planner.errors import HistoryError, Issue
from planner.history.columns import ROW
from planner.history.mapping import Csv

_HEAD_BYTES = 65_536
_LOOKED_AT, _FEW_LABELS = 10_000, 1_000
"""A text column with at most so many different values in so many rows holds labels."""
_LEADING, _TRAILING = (" ",), (" ", "\r", "\n")
_MEMORY_BYTES = 700_000_000
"""Most memory of the engine; what does not fit goes to a folder of its own that is removed with the connection."""


class Format(StrEnum):
    """What a file really is, by its content."""

    PARQUET = "Parquet"
    CSV = "CSV"
    DUCKDB = "DuckDB"
    POSTGRES = "PostgreSQL"


_SUFFIXES = {
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".txt": Format.CSV,
    ".duckdb": Format.DUCKDB,
    ".ddb": Format.DUCKDB,
    ".db": Format.DUCKDB,
}


@dataclass(frozen=True)
class Source:
    """An opened file: its rows with their position `row_id`, and what the file itself says about time zones.

    A table of a database has the path `host/database/schema.table`.
    """

    path: Path
    format: Format
    table: ibis.Table
    csv: Csv
    zones: dict[str, str]


def connect() -> ibis.BaseBackend:
    """Open the embedded engine; all clock times in it are wall-clock times or UTC instants."""
    spill = tempfile.mkdtemp(prefix="planner-")
    connection = ibis.duckdb.connect(memory_limit=f"{_MEMORY_BYTES}B", temp_directory=spill)
    weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
    # Slow queries would draw on standard output. In a notebook it is off, and turning it off would ask for widgets.
    if connection.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()[0]:
        connection.raw_sql("SET enable_progress_bar = false")
    connection.raw_sql("SET TimeZone = 'UTC'")
    # What queries are done with goes back to the system, instead of staying with the engine for seconds.
    connection.raw_sql("SET allocator_background_threads = true")
    return connection


def open_source(connection: ibis.BaseBackend, path: Path, csv: Csv | None, table: str) -> Source:
    """Open a Parquet or CSV file, or a table of a DuckDB database.

    Raises
    ------
    HistoryError
        If the file is missing, empty, or not what its name says.
    """
    found = _format_of(path)
    settings = csv or Csv()
    zones: dict[str, str] = {}
    try:
        if found is Format.PARQUET:
            raw = connection.read_parquet(str(path), file_row_number=True)
            raw = _without_blanks(raw.rename({ROW: "file_row_number"}))
            zones = _parquet_zones(path)
        elif found is Format.DUCKDB:
            raw = _without_blanks(_attached(connection, path, table))
        else:
            raw = _read_csv(connection, path, csv)
    except duckdb.Error as err:
        _refuse(path, f"this {found} file cannot be read ({_first_line(err)}); export it again")
    if raw.count().execute() == 0:
        _refuse(path, "the file has column names but no rows; name the file with the contacts")
    return Source(path, found, raw, settings, zones)


def _format_of(path: Path) -> Format:
    if not path.exists():
        _refuse(path, "no such file; check the name, or the folder you are in")
    if path.is_dir():
        _refuse(path, "this is a folder; name one Parquet, CSV or DuckDB file inside it")
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    expected = _SUFFIXES.get(suffixes[-1].lower()) if suffixes else None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as err:
        _refuse(path, f"the file cannot be read ({err.strerror or err}); check its permissions")
    if not head.strip():
        _refuse(path, "the file is empty; a history needs at least contact_id, started_at and channel")
    words, found = _sniff(head, path)
    if found is None or (expected is not None and found is not expected):
        kind = expected or "Parquet, CSV or DuckDB"
        _refuse(path, f"the name says {kind}, but the content is {words}; rename it, or export it again")
    return found


def _sniff(head: bytes, path: Path) -> tuple[str, Format | None]:
    if head.startswith(b"PAR1"):
        return "Parquet", Format.PARQUET
    if head[8:12] == b"DUCK":
        return "a DuckDB database", Format.DUCKDB
    if head.startswith(b"PK\x03\x04"):
        return "an Excel workbook or ZIP archive", None
    if head.startswith(b"\x1f\x8b"):
        with gzip.open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text in UTF-16 (save it as UTF-8)", None
    if b"\x00" in head:
        return "binary data", None
    return "text (CSV)", Format.CSV


def _attached(connection: ibis.BaseBackend, path: Path, table: str) -> ibis.Table:
    tables = attached_tables(connection, path)
    if table not in tables:
        _refuse(
            path, f"no table {table!r} in this database (it has {', '.join(tables) or 'none'}); name it in `table:`"
        )
    rows = connection.table(table, database=(_catalog(path), "main"))
    return rows.mutate(**{ROW: ibis.row_number()})


def attached_tables(connection: ibis.BaseBackend, path: Path) -> list[str]:
    """Attach a DuckDB database read-only and name its tables and views."""
    quoted = str(path).replace("'", "''")
    connection.raw_sql(f"ATTACH IF NOT EXISTS '{quoted}' AS {_catalog(path)} (READ_ONLY)")
    # Asked in SQL: the engine's own listing needs an Arrow call that newer DuckDB versions no longer have.
    rows = connection.raw_sql(
        f"SELECT table_name FROM information_schema.tables WHERE table_catalog = '{_catalog(path)}' ORDER BY ALL"
    )
    return [str(row[0]) for row in rows.fetchall()]


def _catalog(path: Path) -> str:
    return "source_" + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]


def _read_csv(connection: ibis.BaseBackend, path: Path, csv: Csv | None) -> ibis.Table:
    first = _head_line(path)
    counts = {mark: first.count(mark) for mark in (",", ";", "\t", "|")}
    guess = max(counts, key=lambda mark: counts[mark])
    delimiter = csv.delimiter if csv is not None else "\t" if ".tsv" in path.suffixes else ","
    if counts[delimiter] == 0 and counts[guess] > 0:
        words = {";": "semicolons (';')", "\t": "tabs", "|": "bars ('|')", ",": "commas"}[guess]
        shown = "\\t" if guess == "\t" else guess
        hint = f'declare `csv: {{delimiter: "{shown}"' + (', decimal: ","' if guess == ";" else "") + "}`"
        message = (
            f"columns are separated by {words}; {hint} in a mapping file (--mapping FILE), or export it with commas"
        )
        raise HistoryError([Issue(str(path), 1, None, "", message)])
    raw = connection.read_csv(str(path), delim=delimiter, header=True, all_varchar=True, quote='"', escape='"')
    cut = raw.mutate(**{name: raw[name].strip() for name in raw.columns})
    # Parsed once into a table: the checks that follow would otherwise parse the text again and again.
    return connection.create_table("raw_" + _catalog(path), cut.mutate(**{ROW: ibis.row_number()}), temp=True)


def _without_blanks(raw: ibis.Table) -> ibis.Table:
    """Cut blanks around text, in those columns that have any: cutting is slow, and few files need it."""
    texts = [name for name, kind in raw.schema().items() if kind.is_string()]
    if not texts:
        return raw
    first = raw.select(*texts).limit(_LOOKED_AT)
    kinds = first.aggregate(**{name: first[name].nunique() for name in texts}).execute().iloc[0]
    asked = []
    for name in texts:
        # Labels are looked at once each: the engine then reads the dictionaries of the file and none of its rows.
        text = raw.select(text=raw[name])
        text = text.distinct() if kinds[name] <= _FEW_LABELS else text
        marked = [*(text.text.startswith(mark) for mark in _LEADING), *(text.text.endswith(m) for m in _TRAILING)]
        asked.append(text.aggregate(blank=ibis.or_(*marked).any()).mutate(column=ibis.literal(name)))
    found = ibis.union(*asked).execute()
    blank = sorted(found.loc[found["blank"].fillna(False).astype(bool), "column"], key=texts.index)
    return raw.mutate(**{name: raw[name].strip() for name in blank}) if blank else raw


def _head_line(path: Path) -> str:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        return file.read(_HEAD_BYTES).decode("utf-8-sig", "replace").split("\n", 1)[0]


def _parquet_zones(path: Path) -> dict[str, str]:
    """Time zones that Parquet stamps name themselves."""
    schema = pq.read_schema(path)
    return {field.name: field.type.tz for field in schema if getattr(field.type, "tz", None)}


def _first_line(err: Exception) -> str:
    return str(err).strip().splitlines()[0]


def _refuse(path: Path, message: str) -> NoReturn:
    raise HistoryError([Issue(str(path), None, None, "", message)])
