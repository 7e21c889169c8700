"""The second table of a history: the staffing that really stood there."""

from __future__ import annotations

from pathlib import Path

import ibis

from planner.errors import HistoryError, Issue
from planner.history.columns import STAFFING
from planner.history.engine import count_if
from planner.history.mapping import ColumnRule, Csv, Mapping, did_you_mean
from planner.history.source import Format, Source, attached_tables, open_source
from planner.history.values import number, text
from planner.history.zones import read_clock


def load_staffing(
    connection: ibis.BaseBackend, path: Path | None, contacts: Source, csv: Csv, zone: str | None = None
) -> tuple[ibis.Table | None, list[str]]:
    """Read `interval_start, pool, scheduled, on_task` from a file, or from the contacts' own database.

    Stamps that carry a zone are converted to `zone`, the center's, like those of the contacts. Returns the table (None
    where there is none) and warnings.

    Raises
    ------
    HistoryError
        If a column is missing or a value cannot be read.
    """
    if path is None:
        if contacts.format is not Format.DUCKDB or "staffing" not in attached_tables(connection, contacts.path):
            return None, ["no staffing table: shrinkage is stated, not calibrated, and today's service is modeled"]
        path = contacts.path
    source = open_source(connection, path, csv if csv != Csv() else None, "staffing")
    raw = source.table
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
    return _checked(connection.create_table("staffing", table, temp=True), path)


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
