"""From the rows of any layout to canonical contacts, each with the problem that keeps it out, if any."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import reduce

import ibis

from planner.errors import HistoryError, Issue
from planner.history.columns import (
    ALIASES,
    BY_NAME,
    COLUMNS,
    DTYPES,
    PERSON,
    REQUIRED,
    ROW,
    SCALES,
    Column,
    Kind,
    covariate_column,
)
from planner.history.mapping import ColumnRule, Layout, Mapping, did_you_mean
from planner.history.source import Source
from planner.history.values import (
    duration,
    flag,
    hashed,
    holds,
    is_one_of,
    label,
    naive_stamp,
    number,
    numbered,
    stamp_text,
    text,
)
from planner.history.zones import Clock

FILTER = "filter: "
"""Start of the problem of a row that the mapping declares to be no contact."""

_MOST_SHOWN = 15
"""Columns of a file that a message lists."""

FIRST_LOGS = dt.datetime(1980, 1, 1)  # stamps before it stand for "unknown": 1970 in Unix, 1900 in spreadsheets
FUTURE = "started_at lies in the future"
EARLY = f"started_at lies before {FIRST_LOGS.year}, before any log of contacts: a placeholder"
"""Problems of a few rows; where many have one, it is how this history counts time."""
UNREAD_STAMP = "started_at cannot be read as a date and time"
"""Problem of a row whose stamp is written in another way than is looked for."""


@dataclass(frozen=True)
class Plan:
    """How the canonical columns of one source are read: rules, constants, covariates and what is absent.

    `placeholders`: column of ids -> values that stand for nobody or nothing.
    """

    source: Source
    mapping: Mapping
    rules: dict[str, ColumnRule]
    constants: dict[str, str | int | float | bool]
    covariates: dict[str, str]
    absent: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    scales: dict[str, tuple[float, float]] = field(default_factory=dict)
    placeholders: dict[str, tuple[str, ...]] = field(default_factory=dict)


def plan_columns(source: Source, mapping: Mapping | None) -> Plan:
    """Decide where each canonical column comes from.

    Raises
    ------
    HistoryError
        With every column that is required or named but not there.
    """
    given = mapping or Mapping()
    present = [name for name in source.table.columns if name != ROW]
    rules: dict[str, ColumnRule] = {}
    for column in COLUMNS:
        if column.name in given.constants:
            continue
        rule = given.columns.get(column.name)
        if rule is None and column.name not in given.columns and column.name in present:
            rule = ColumnRule.model_validate(column.name)
        if rule is not None:
            rules[column.name] = rule
    _check_columns(source, given, rules, present)
    covariates, left_out = _covariates(source, mapping, present)
    known = {*rules, *given.constants}
    absent = tuple(column.name for column in COLUMNS if column.name not in known)
    return Plan(
        source, given, rules, dict(given.constants), covariates, absent, left_out, {**SCALES, **dict(given.scales)}
    )


def _check_columns(source: Source, mapping: Mapping, rules: dict[str, ColumnRule], present: list[str]) -> None:
    named = {f"columns.{name}": rule.reads for name, rule in rules.items()}
    named |= {f"columns.{name}": rule.reads for name, rule in mapping.columns.items() if name == "volume" and rule}
    named |= {f"filters.{k}": list(item.drop) for k, item in enumerate(mapping.filters)}
    named |= {f"covariates.{name}": [column] for name, column in mapping.covariates.items()}
    file = str(source.path)
    issues = [
        Issue(file, None, None, place, f"the file has no column {name!r}{did_you_mean(name, tuple(present))}")
        for place, names in named.items()
        for name in dict.fromkeys(names)
        if name not in present
    ]
    issues += [
        Issue(file, 1 if source.csv and file.endswith(".csv") else None, None, name, _missing(name, present))
        for name in REQUIRED
        if name not in rules
        and name not in mapping.constants
        and not (mapping.layout is Layout.COUNTS and name == "contact_id")
    ]
    if issues:
        raise HistoryError(issues)


def _missing(name: str, present: list[str]) -> str:
    lower = {column.lower(): column for column in present}
    alias = next((lower[other] for other in ALIASES[name] if other in lower), None)
    near = f" (did you mean {alias}?)" if alias else did_you_mean(name, tuple(present))
    example = f"`columns: {{{name}: {alias or 'its name here'}}}`"
    if name == "channel":
        example += " or `constants: {channel: voice}`"
    there = "" if near else f"; the file has {', '.join(present[:_MOST_SHOWN])}{', …' * (len(present) > _MOST_SHOWN)}"
    return f"required column is missing{near}; name it in a mapping file: {example}{there}"


def _covariates(source: Source, mapping: Mapping | None, present: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Declared covariates, or without a mapping every further numeric column; other columns are left out."""
    if mapping is not None:
        return {covariate_column(name): column for name, column in mapping.covariates.items()}, ()
    extra = [name for name in present if name not in BY_NAME]
    types = source.table.schema()
    numeric = {name: name for name in extra if types[name].is_numeric() or types[name].is_boolean()}
    texts = [name for name in extra if types[name].is_string()]
    if texts:
        # A text column whose every value reads as a number is a covariate of a CSV file; free text may name people.
        table = source.table
        tests = {name: number(table[name], source.csv).isnull() & text(table[name]).notnull() for name in texts}
        bad = table.aggregate(**{name: test.any() for name, test in tests.items()}).execute().iloc[0]
        numeric |= {name: name for name in texts if not bool(bad[name])}
    left_out = tuple(name for name in extra if name not in numeric)
    return {covariate_column(name): column for name, column in numeric.items()}, left_out


def canonical(plan: Plan, clock: Clock, salt: str, now: dt.datetime) -> ibis.Table:
    """Canonical columns and covariates of every row, lazily; ids as they stand in the source (see `with_hashed_ids`).

    With them come `row_id`, `person_key`, `identified` (has a customer), `faulty` (has a problem), `problem` and
    `example` (NULL for good rows).
    """
    table, csv = plan.source.table, plan.source.csv
    columns = {column.name: _column(plan, column, clock) for column in COLUMNS}
    columns["started_at"] = clock.started_at
    for one, other in (("entry_reason", "reason"), ("reason", "entry_reason")):
        if one in plan.absent and other not in plan.absent:
            columns[one] = columns[other]
    for name, values in plan.placeholders.items():
        columns[name] = ibis.ifelse(columns[name].isin(values), ibis.null("string"), columns[name])
    columns[PERSON] = numbered(columns["customer_id"], salt)
    extra = {name: number(_numeric(table[source]), csv) for name, source in plan.covariates.items()}
    drops = [(holds(table, item.drop, csv), ibis.literal(FILTER + item.why)) for item in plan.mapping.filters]
    dropped = ibis.cases(*drops, else_=ibis.null("string")) if drops else ibis.null("string")
    rows = table.select(
        table[ROW].cast("int64").name(ROW),
        **columns,
        **extra,
        dropped=dropped,
        written=clock.raw_text,
        unwritten=_unwritten(plan, clock),
        unnamed=_unread_id(plan, "contact_id", columns["contact_id"]),
        identified=~_unread_id(plan, "customer_id", columns["customer_id"]),
    )
    # An abandoned contact was never handled; sources write 0 for that.
    unhandled = rows.abandoned.fill_null(False) & (rows.handle_s == 0)
    rows = rows.mutate(handle_s=ibis.ifelse(unhandled, ibis.null("float64"), rows.handle_s))
    faulty, problem, example = _problem(rows, now)
    return rows.mutate(faulty=faulty, problem=problem, example=example).drop(
        "dropped", "written", "unwritten", "unnamed"
    )


def with_hashed_ids(rows: ibis.Table, plan: Plan, salt: str) -> ibis.Table:
    """Replace the ids of customers and agents by salted hashes, as everything beyond reading and counting sees them."""
    return rows.mutate(**{name: hashed(rows[name], salt, name) for name in _PEOPLE if name in plan.rules})


_PEOPLE = tuple(column.name for column in COLUMNS if column.kind is Kind.PERSON)


def _unwritten(plan: Plan, clock: Clock) -> ibis.Value:
    """True where no stamp was written; stamps of a time type are not spelled out to learn that."""
    rule = plan.rules["started_at"]
    plain = stamp_text(plan.source.table, rule) is None and plan.source.table[rule.source].type().is_temporal()
    return (plan.source.table[rule.source] if plain else clock.raw_text).isnull()


def _unread_id(plan: Plan, name: str, read: ibis.Value) -> ibis.Value:
    """True where an id is missing; numbers are not spelled out to learn that."""
    rule = plan.rules.get(name)
    if rule is not None and rule.source is not None and rule == ColumnRule.model_validate(rule.source):
        raw = plan.source.table[rule.source]
        if raw.type().is_integer() and name not in plan.placeholders:
            return raw.isnull()
    return read.isnull()


def _numeric(column: ibis.Value) -> ibis.Value:
    return column.cast("int64") if column.type().is_boolean() else column


def _column(plan: Plan, column: Column, clock: Clock) -> ibis.Value:
    kind = DTYPES[column.kind]
    if column.name in plan.constants:
        constant = plan.constants[column.name]
        return ibis.literal(str(constant) if kind == "string" else constant).cast(kind)
    rule = plan.rules.get(column.name)
    if rule is None or column.kind is Kind.STAMP:
        return ibis.null(kind)
    table, csv = plan.source.table, plan.source.csv
    if rule.when is not None:
        return holds(table, rule.when, csv)
    raw = table[rule.source]
    if column.kind is Kind.PERSON:
        read = text(raw)
    elif column.kind is Kind.LABEL:
        read = label(raw, rule)
    elif column.kind is Kind.FLAG:
        read = flag(raw) if rule.values is None else flag(label(raw, rule))
    elif rule.minus is not None:
        read = seconds_between(table, rule)
    elif column.kind is Kind.SECONDS:
        read = duration(raw, rule.unit, csv)
    else:
        read = number(raw if rule.values is None else label(raw, rule), csv)
    if rule.missing:
        read = ibis.ifelse(is_one_of(raw, rule.missing).fill_null(False), ibis.null(kind), read)
    if rule.negative == "missing" and column.kind is Kind.SECONDS:
        read = ibis.ifelse(read < 0, ibis.null(kind), read)
    return read.cast(kind)


def seconds_between(table: ibis.Table, rule: ColumnRule) -> ibis.Value:
    """Seconds from the stamp `minus` to the stamp `from` of a rule."""
    end = naive_stamp(table, rule)
    start = naive_stamp(table, ColumnRule.model_validate({"from": rule.minus, "format": rule.format}))
    return (end.epoch_seconds() - start.epoch_seconds()).cast("float64")


def within_scales(rows: ibis.Table, scales: dict[str, tuple[float, float]]) -> ibis.Table:
    """Rows with scores outside their scale taken as missing: the contact was there, whatever was typed."""
    scores = {
        name: ibis.ifelse(rows[name].between(low, high), rows[name], ibis.null("float64"))
        for name, (low, high) in scales.items()
        if name in rows.columns
    }
    return rows.mutate(**scores)


def _problem(rows: ibis.Table, now: dt.datetime) -> tuple[ibis.Value, ibis.Value, ibis.Value]:
    """Whether a row has a problem, the first one in words, and the value that shows it."""
    nothing = ibis.null("string")
    found: list[tuple[ibis.Value, ibis.Value, ibis.Value]] = [
        (rows.dropped.notnull(), rows.dropped, rows.contact_id),
        (rows.unnamed, ibis.literal("contact_id is missing"), nothing),
        (rows.unwritten, ibis.literal("started_at is missing"), rows.contact_id),
        (rows.started_at.isnull(), ibis.literal(UNREAD_STAMP), rows.written),
        (rows.channel.isnull(), ibis.literal("channel is missing or not mapped"), rows.contact_id),
    ]
    for name in ("wait_s", "handle_s"):
        found.append((rows[name] < 0, ibis.literal(f"{name} is negative"), rows[name].cast("string")))
    for test, words in ((rows.started_at < FIRST_LOGS, EARLY), (rows.started_at > now, FUTURE)):
        found.append((test, ibis.literal(words), rows.started_at.cast("string")))
    problems = [(test.fill_null(False), words) for test, words, _ in found]
    examples = [(test.fill_null(False), value) for test, _, value in found]
    faulty = reduce(lambda one, other: one | other, [test for test, _ in problems])
    return faulty, ibis.cases(*problems, else_=nothing), ibis.cases(*examples, else_=nothing)
