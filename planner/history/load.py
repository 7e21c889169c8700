"""The door of this stage: a file of contacts becomes a `History`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import warnings
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pandas as pd

from planner.collector import collector_apart
from planner.errors import HistoryError, Issue, PlannerWarning
from planner.history.canonical import (
    EARLY,
    FILTER,
    FIRST_LOGS,
    FUTURE,
    UNREAD_STAMP,
    Plan,
    canonical,
    plan_columns,
    within_scales,
)
from planner.history.columns import BY_NAME, ROW, Kind
from planner.history.counts import counted_contacts
from planner.history.database import Database, connect_database, database_of, open_database
from planner.history.engine import count_if, keep_coded, named_rows
from planner.history.engines import engine_of
from planner.history.faults import faulty_rows, judged, without
from planner.history.history import History
from planner.history.mapping import Layout, Mapping, load_mapping
from planner.history.oddities import (
    NAMES_NOTHING,
    far_stamps,
    ids_against_time,
    impossible_times,
    negative_durations,
    placeholders,
    sampled,
)
from planner.history.quality import QualityReport, build_report, quarantine_table
from planner.history.salt import project_salt, user_folder
from planner.history.source import Format, Source, connect, open_source
from planner.history.staffing import load_staffing, staffing_source
from planner.history.staged import stage_rows
from planner.history.values import flag, number, text
from planner.history.zones import Clock, read_clock

_MOST_BAD = 0.5


@collector_apart
def load_history(
    path: str | Path,
    mapping: str | Path | None = None,
    *,
    staffing: str | Path | None = None,
    timezone: str | None = None,
    salt: str | None = None,
) -> History:
    """Read past contacts.

    Parameters
    ----------
    path
        Parquet file, CSV file, or DuckDB database with a table `contacts`; or a table of a PostgreSQL database,
        `postgresql://user@host:5432/database?table=schema.contacts` (and `&staffing=schema.staffing`; other settings
        such as `sslmode` go to libpq). Contacts stay on its server, in temporary tables; what leaves it are counts, and
        samples for those checks that need rows. Leave the password to `PGPASSWORD` or `~/.pgpass` where you can; it is
        never shown or written anywhere.
    mapping
        Mapping file for a layout other than the canonical columns.
    staffing
        File with the staffing that really stood there: `interval_start, pool, scheduled, on_task`.
    timezone
        IANA time zone of the center; clock times of the result are in it.
    salt
        Salt of the hashed ids; left out: the one kept beside the history (`.planner-salt`), for a database in your
        configuration folder.

    Raises
    ------
    HistoryError
        With every problem that keeps the file from being read as contacts.
    """
    rules = load_mapping(mapping) if mapping is not None else None
    database = database_of(path)
    connection = connect() if database is None else connect_database(database)
    plan = _read_plan(connection, Path(path) if database is None else database, rules)
    clock = read_clock(plan.source, plan.mapping, plan.rules["started_at"], timezone)
    for doubt in clock.warnings:
        warnings.warn(doubt, PlannerWarning, stacklevel=2)
    if salt is None:
        salt = project_salt(user_folder() if database is not None else Path(path).resolve().parent)
    total = int(plan.source.table.count().execute())
    plan, read, sample, identities = _read_rows(connection, plan, clock, salt, total)
    staged = stage_rows(connection, plan, read, salt, total)
    bad, passed = faulty_rows(connection, plan, staged, total)
    quarantine = quarantine_table(bad)
    _refuse_mostly_bad(plan, quarantine, total)
    stood = staffing_source(connection, staffing, plan.source, None if database is None else database)
    people, doubts = load_staffing(connection, stood, clock.zone)
    good = without(staged.counted, bad)
    doubts += [*identities, *_unread(plan), *impossible_times(good, clock), *_passed(passed, total)]
    doubts += [*negative_durations(quarantine, total), *ids_against_time(sample, total)]
    report = _report(plan, clock, judged(staged.counted, bad), quarantine, sample, doubts)
    # Rows carry their numbers from here on: nothing depends on the order in which the engine hands them out.
    engine_of(connection).settle(connection)
    # A view: what is asked of the contacts is then written and read in little text.
    scaled = within_scales(without(staged.rows, bad), plan.scales)
    contacts = keep_coded(connection, "kept_contacts", scaled, {}, view=True)
    return History(contacts, people, quarantine, report, tuple(plan.covariates), connection)


def _read_rows(
    connection: ibis.BaseBackend, plan: Plan, clock: Clock, salt: str, total: int
) -> tuple[Plan, ibis.Table, pd.DataFrame, list[str]]:
    """Rows in canonical columns, with the plan that reads them, a sample, and what is said of ids that name nobody."""
    read = named_rows(connection, "read", canonical(plan, clock, salt, _now(clock)))
    sample = sampled(read, total)
    nothing, doubts = _placeholders(plan, read, sample)
    if nothing:
        plan = dataclasses.replace(plan, placeholders=nothing)
        read = named_rows(connection, "read", canonical(plan, clock, salt, _now(clock)))
    return plan, read, sample, doubts


def _report(
    plan: Plan, clock: Clock, rows: ibis.Table, quarantine: pd.DataFrame, sample: pd.DataFrame, doubts: list[str]
) -> QualityReport:
    """Build the quality report; only with its first and last contact can stamps far from the others be told."""
    report = build_report(
        plan,
        rows,
        quarantine,
        unmapped=_unmapped(plan),
        zone=clock.zone,
        notes=[*clock.notes, *_notes(plan)],
        warnings=[*clock.warnings, *doubts],
    )
    far = far_stamps(sample, report.first, report.last)
    return dataclasses.replace(report, warnings=(*report.warnings, *far))


def _placeholders(plan: Plan, read: ibis.Table, sample: pd.DataFrame) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Values of ids that stand for nobody or nothing, by column, and what is said of them."""
    asked = [name for name in NAMES_NOTHING if name in plan.rules]
    found = {name: placeholders(read, sample, name) for name in asked}
    values = {name: own for name, (own, _) in found.items() if own}
    return values, [doubt for _, doubts in found.values() for doubt in doubts]


def _read_plan(connection: ibis.BaseBackend, place: Path | Database, rules: Mapping | None) -> Plan:
    """Open the file or table and decide where its canonical columns come from."""
    csv = rules.csv if rules is not None and "csv" in rules.model_fields_set else None
    table = (rules.table if rules else None) or "contacts"
    if isinstance(place, Database):
        source = open_database(connection, place, place.table or table)
    else:
        source = open_source(connection, place, csv, table)
    if rules is None:
        rules = _aggregate_rules(source)
    if rules is not None and rules.layout is Layout.COUNTS:
        source = counted_contacts(connection, source, rules)
    plan = plan_columns(source, rules)
    _refuse_decimal_commas(plan)
    return plan


def _aggregate_rules(source: Source) -> Mapping | None:
    """How a table of counts per interval is read where no mapping says it; None: it is no such table."""
    present = set(source.table.columns)
    if not {"interval_start", "volume"} <= present or "contact_id" in present:
        return None
    columns = {"started_at": "interval_start", "volume": "volume"}
    columns |= {"handle_s": "aht_s"} if "aht_s" in present else {}
    return Mapping.model_validate({"layout": "counts", "columns": columns})


def _refuse_decimal_commas(plan: Plan) -> None:
    """A decimal comma in a CSV file that declares points would be read as nothing: say so instead."""
    source = plan.source
    if source.format is not Format.CSV or source.csv.decimal == ",":
        return
    kinds = (Kind.SECONDS, Kind.SCORE, Kind.NUMBER)
    names = [rule.source for name, rule in plan.rules.items() if BY_NAME[name].kind in kinds and rule.source]
    names += list(plan.covariates.values())
    table = source.table
    tests = {name: text(table[name]).re_search(r"^-?\d+,\d+$") for name in dict.fromkeys(names)}
    tests = _suspected(table, tests, {name: table[name].contains(",") for name in tests})
    if not tests:
        return
    counted = {f"n{k}": count_if(test) for k, test in enumerate(tests.values())}
    first = {f"r{k}": ibis.ifelse(test, table[ROW], ibis.null("int64")).min() for k, test in enumerate(tests.values())}
    row = table.aggregate(**counted, **first).execute().iloc[0]
    hint = f'declare `csv: {{delimiter: "{source.csv.delimiter}", decimal: ","}}` in a mapping file'
    issues = [
        Issue(str(source.path), int(row[f"r{k}"]) + 2, None, name, f"{int(row[f'n{k}'])} decimal commas; {hint}")
        for k, name in enumerate(tests)
        if row[f"n{k}"]
    ]
    if issues:
        raise HistoryError(issues)


def _suspected(
    table: ibis.Table, tests: dict[str, ibis.Value], suspects: dict[str, ibis.Value]
) -> dict[str, ibis.Value]:
    """Keep the tests of columns that a cheap look finds suspicious: most columns of most files are not."""
    if not tests:
        return {}
    seen = table.aggregate(**{name: suspect.any() for name, suspect in suspects.items()}).execute().iloc[0]
    return {name: test for name, test in tests.items() if seen[name] is not None and bool(seen[name])}


def _refuse_mostly_bad(plan: Plan, quarantine: pd.DataFrame, rows: int) -> None:
    bad = quarantine[~quarantine["problem"].str.startswith(FILTER)]
    contacts = rows - int(quarantine["rows"].sum() - bad["rows"].sum())
    if int(bad["rows"].sum()) > _MOST_BAD * contacts or contacts == 0:
        file = str(plan.source.path)
        issues = [
            Issue(
                file,
                None,
                None,
                "",
                f"{row['rows']:,} of {rows:,} rows: {row['problem']} ({row['example']}){_cure(row)}",
            )
            for row in bad.to_dict("records")
        ]
        closing = "more than half of the rows cannot be used; correct the export or the mapping file"
        raise HistoryError([*issues, Issue(file, None, None, "", closing)])


def _cure(row: dict[Any, Any]) -> str:
    """How to declare the format of a stamp, with seconds and marks as in the example."""
    if row["problem"] != UNREAD_STAMP:
        return ""
    example = str(row["example"])
    mark = next((mark for mark in "/-" if re.search(rf"\d{mark}\d+{mark}\d", example)), ".")
    seconds = ":%S" if re.search(r"\d:\d\d:\d\d", example) else ""
    form = f"%d{mark}%m{mark}%Y %H:%M{seconds}"
    return f'; say how it is written in a mapping file: started_at: {{from: COLUMN, format: "{form}"}}'


def _unread(plan: Plan) -> list[str]:
    """Values of text columns that could not be read and are taken as missing."""
    kinds = (Kind.SECONDS, Kind.SCORE, Kind.NUMBER, Kind.FLAG)
    table = plan.source.table
    tests, suspects = {}, {}
    for name, rule in plan.rules.items():
        plain = rule.source is not None and rule.minus is None and rule.values is None and rule.unit != "HH:MM:SS"
        if plain and BY_NAME[name].kind in kinds and table[rule.source].type().is_string():
            raw = table[rule.source]
            written = raw.notnull() & ~raw.isin(["", *[str(value) for value in rule.missing]])
            if BY_NAME[name].kind is Kind.FLAG:
                tests[name] = suspects[name] = written & flag(raw).isnull() & text(raw).notnull()
                continue
            tests[name] = written & number(raw, plan.source.csv).isnull() & text(raw).notnull()
            suspects[name] = (raw.notnull() & raw.try_cast("float64").isnull()) | raw.lower().contains("n")
    tests = _suspected(table, tests, suspects)
    if not tests:
        return []
    counts = table.aggregate(**{name: count_if(test) for name, test in tests.items()}).execute().iloc[0]
    found = []
    for name in [name for name in tests if counts[name]]:
        example = table.filter(tests[name]).order_by(ROW).limit(1)[plan.rules[name].source].execute().iloc[0]
        found.append(f"{name}: {int(counts[name]):,} values such as {example!r} cannot be read; taken as missing")
    return found


def _unmapped(plan: Plan) -> pd.DataFrame:
    """Source values that a value map does not list: `column, value, rows`."""
    frames = []
    table = plan.source.table
    for name, rule in plan.rules.items():
        if rule.values is not None and rule.source is not None:
            value = text(table[rule.source])
            rest = table.filter(value.notnull() & ~value.isin(["", *rule.values]))
            grouped = rest.group_by(value=text(rest[rule.source])).aggregate(rows=rest.count())
            frame = grouped.order_by(ibis.desc("rows"), "value").execute()
            frame.insert(0, "column", name)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["column", "value", "rows"])


def _notes(plan: Plan) -> list[str]:
    found = []
    if plan.left_out:
        found.append(f"columns left out, as neither canonical nor numeric: {', '.join(plan.left_out)}")
    if plan.mapping.layout is Layout.COUNTS:
        found.append("counts per interval: each counted contact starts with its interval and has no customer")
        if "csat_mean" in plan.source.table.columns:
            found.append(
                "csat_mean and csat_n are not read as answers, for their spread is not known: `planner import "
                "aggregate` and `planner init --from-history` take them as stated scores with their standard error"
            )
    return found


def _passed(passed: dict[str, int], total: int) -> list[str]:
    """Many stamps that cannot be are kept (see `faults.faulty_rows`), and said."""
    words = {
        FUTURE: "lie in the future: a made-up history, or a wrong clock or time zone",
        EARLY: f"lie before {FIRST_LOGS.year}: a made-up history, or a clock that starts on another day than is read",
    }
    return [f"{rows / total:.0%} of the contacts {words[problem]}" for problem, rows in passed.items()]


def _now(clock: Clock) -> dt.datetime:
    return dt.datetime.now(ZoneInfo(clock.zone or "UTC")).replace(tzinfo=None)
