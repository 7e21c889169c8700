"""The second table of a history: the staffing that really stood there."""

from __future__ import annotations

from pathlib import Path

import ibis

from planner.errors import HistoryError, Issue
from planner.history.columns import STAFFING
from planner.history.database import Database, open_database
from planner.history.engine import count_if
from planner.history.mapping import ColumnRule, Csv, Mapping, did_you_mean
from planner.history.source import Format, Source, attached_tables, connect, open_source
from planner.history.values import number, text
from planner.history.zones import read_clock


def staffing_source(
    connection: ibis.BaseBackend, given: str | Path | None, contacts: Source, database: Database | None
) -> Source | None:
    """Open the staffing: a file, a table that the address of the database names, or one in the contacts' own file."""
    if given is None and database is not None and database.staffing is not None:
        return open_database(connection, database, database.staffing)
    if given is not None:
        csv = contacts.csv if contacts.csv != Csv() else None
        return open_source(connection if database is None else connect(), Path(given), csv, "staffing")
    if contacts.format is Format.DUCKDB and "staffing" in attached_tables(connection, contacts.path):
        return open_source(connection, contacts.path, None, "staffing")
    return None


def load_staffing(
    connection: ibis.BaseBackend, source: Source | None, zone: str | None = None
) -> tuple[ibis.Table | None, list[str]]:
    """Read `interval_start, pool, scheduled, on_task`.

    Stamps that carry a zone are converted to `zone`, the center's, like those of the contacts. Returns the table (None
    where there is none) and warnings.

    Raises
    ------
    HistoryError
        If a column is missing or a value cannot be read.
    """
    if source is None:
        return None, ["no staffing table: shrinkage is stated, not calibrated, and today's service is modeled"]
    raw, path, csv = source.table, source.path, source.csv
    absent = [name for name in STAFFING if name not in raw.columns]
    if absent:
        present = tuple(raw.columns)
        raise HistoryError(
            [
                Issue(str(path), None, None, name, f"required column is missing{did_you_mean(name, present)}")
                for name in absent
            ]
        )
    table = raw.select(
        interval_start=read_clock(source, Mapping(), ColumnRule.model_validate("interval_start"), zone).started_at,
        pool=text(raw.pool),
        scheduled=number(raw.scheduled, csv),
        on_task=number(raw.on_task, csv),
    )
    # A file beside a database has been read by the engine of this process, and moves to the other one.
    here = source.format is Format.POSTGRES or connection.name == raw.get_backend().name
    kept = connection.create_table("staffing", table if here else table.to_pandas(), temp=True)
    return _checked(kept, path)


def _checked(table: ibis.Table, path: Path) -> tuple[ibis.Table, list[str]]:
    counts = table.aggregate(
        unread=count_if(table.interval_start.isnull() | table.pool.isnull()),
        numbers=count_if(table.scheduled.isnull() & table.on_task.isnull()),
        negative=count_if((table.scheduled < 0) | (table.on_task < 0)),
        above=count_if(table.on_task > table.scheduled),
        rows=table.count(),
    ).execute()
    keys = int(table.select("interval_start", "pool").distinct().count().execute())
    row = counts.iloc[0]
    words = {
        "unread": "rows have no readable interval_start or pool",
        "numbers": "rows have neither scheduled nor on_task",
        "negative": "rows have fewer than zero agents",
    }
    issues = [
        Issue(str(path), None, None, "", f"{int(row[name])} {said}; correct them")
        for name, said in words.items()
        if row[name]
    ]
    if keys < row["rows"]:
        doubles = int(row["rows"] - keys)
        issues.append(Issue(str(path), None, None, "", f"{doubles} rows repeat a pool and interval; keep one of each"))
    if issues:
        raise HistoryError(issues)
    share = row["above"] / row["rows"]
    odd = [f"staffing: on_task exceeds scheduled in {share:.0%} of the intervals"] if share > 0 else []
    return table, odd
