"""Reading single values: text, numbers, durations, flags, stamps, and the tests of a mapping."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import ibis
import ibis.expr.datatypes as dt

from planner.history.engine import parse_stamp, salted_hash64, sha256
from planner.history.mapping import Check, ColumnRule, Condition, Csv, Scalar, Unit

TRUE = ("true", "t", "yes", "y", "1", "1.0", "wahr", "ja", "j", "vrai", "oui", "verdadero", "sí", "si", "vero")
FALSE = ("false", "f", "no", "n", "0", "0.0", "falsch", "nein", "faux", "non", "falso")
"""As people and spreadsheets write them in English, German, French, Spanish and Italian."""
_FACTOR = {Unit.SECONDS: 1.0, Unit.MILLISECONDS: 0.001, Unit.MINUTES: 60.0, Unit.HOURS: 3600.0}
OFFSET = r":\d{2}(\.\d+)?\s*(Z|z|UTC|[+-]\d{2}(:?\d{2})?)$"
_HASH_LENGTH = 20


def text(column: ibis.Value) -> ibis.Value:
    """Text, whose blanks the source has cut off; empty text is NULL; whole numbers without a decimal point."""
    kind = column.type()
    if kind.is_floating():
        whole = column == column.floor()
        shown = ibis.ifelse(whole, column.try_cast("int64").cast("string"), column.cast("string"))
        return column.isnan().ifelse(ibis.null("string"), shown)
    return column.cast("string").nullif("")


def number(column: ibis.Value, csv: Csv) -> ibis.Value:
    """Floating-point value; what cannot be read, and NaN or infinity, is NULL."""
    if column.type().is_string():
        plain = text(column)
        column = plain.replace(".", "").replace(",", ".") if csv.decimal == "," else plain
    read = column.try_cast("float64")
    return (read.isnan() | read.isinf()).ifelse(ibis.null("float64"), read)


def duration(column: ibis.Value, unit: Unit, csv: Csv) -> ibis.Value:
    """Seconds from a number in `unit`, or from text HH:MM:SS or MM:SS."""
    if unit is not Unit.CLOCK:
        return number(column, csv) * _FACTOR[unit]
    parts = text(column).split(":")
    last, middle = parts[parts.length() - 1].try_cast("float64"), parts[parts.length() - 2].try_cast("float64")
    hours = ibis.ifelse(parts.length() >= 3, parts[0].try_cast("float64"), 0.0)
    return ibis.ifelse(parts.length() >= 2, hours * 3600.0 + middle * 60.0 + last, ibis.null("float64"))


def flag(column: ibis.Value) -> ibis.Value:
    """Boolean from true/false, yes/no, 1/0, also in German, French, Spanish and Italian; anything else is NULL."""
    if column.type().is_boolean():
        return column
    if column.type().is_numeric():
        return column != 0
    lower = text(column).lower()
    return ibis.cases((lower.isin(TRUE), True), (lower.isin(FALSE), False), else_=ibis.null("boolean"))


def hashed(plain: ibis.Value, salt: str, role: str) -> ibis.Value:
    """Salted hash of an id, 80 bits in hexadecimal; the role keeps customers and agents apart."""
    return sha256(ibis.literal(f"{salt}:{role}:") + plain).substr(0, _HASH_LENGTH)


def numbered(plain: ibis.Value, salt: str) -> ibis.Value:
    """Salted hash of an id as a 64-bit number, for use inside the engine only: cheap, and narrow."""
    return ibis.ifelse(plain.isnull(), ibis.null("uint64"), salted_hash64(plain, salt))


def label(column: ibis.Value, rule: ColumnRule) -> ibis.Value:
    """Text, through the rule's value map where it has one."""
    shown = text(column)
    if rule.values is None:
        return shown
    rest = shown if rule.others == "keep" else ibis.null("string")
    branches = [
        (shown == source, ibis.null("string") if target is None else ibis.literal(str(target)))
        for source, target in rule.values.items()
    ]
    return ibis.cases(*branches, else_=rest) if branches else rest


def is_one_of(column: ibis.Value, values: Iterable[Scalar]) -> ibis.Value:
    """True where the value is one of those listed, compared as numbers or as text by the column's type."""
    listed = list(values)
    if column.type().is_numeric():
        numbers = [float(value) for value in listed if not isinstance(value, str)]
        return column.cast("float64").isin(numbers) if numbers else ibis.literal(False)
    if column.type().is_boolean():
        return column.isin([bool(value) for value in listed])
    return text(column).isin([str(value) for value in listed])


def holds(table: ibis.Table, condition: Condition, csv: Csv) -> ibis.Value:
    """True where every test of a condition holds; a missing value fails every test but `missing: true`."""
    return reduce(lambda a, b: a & b, [_holds(table[name], check, csv) for name, check in condition.items()])


def _holds(column: ibis.Value, check: Check, csv: Csv) -> ibis.Value:
    tests = []
    if check.equals is not None:
        tests.append(is_one_of(column, [check.equals]))
    if check.one_of is not None:
        tests.append(is_one_of(column, check.one_of))
    if check.not_one_of is not None:
        tests.append(~is_one_of(column, check.not_one_of))
    size = number(column, csv)
    bounds = ((check.above, size.__gt__), (check.at_least, size.__ge__), (check.below, size.__lt__))
    tests += [compare(bound) for bound, compare in (*bounds, (check.at_most, size.__le__)) if bound is not None]
    if check.missing is not None:
        empty = text(column).isnull()
        tests.append(empty if check.missing else ~empty)
    return reduce(lambda a, b: a & b, tests, ibis.literal(True)).fill_null(False)


def stamp_text(table: ibis.Table, rule: ColumnRule) -> ibis.Value | None:
    """Text of a stamp that must be parsed, or None where the source column already has a time type."""
    if rule.date is not None and rule.time is not None:
        day, clock = table[rule.date], table[rule.time]
        shown = day.cast("date").cast("string") if day.type().is_temporal() else text(day)
        return shown + " " + text(clock)
    column = table[rule.source]
    return text(column) if column.type().is_string() else None


def naive_stamp(table: ibis.Table, rule: ColumnRule) -> ibis.Value:
    """Stamp as written, without any zone."""
    shown = stamp_text(table, rule)
    if shown is None:
        return table[rule.source].cast("timestamp")
    if rule.format is not None:
        return parse_stamp(shown, rule.format)
    # The offset is cut off rather than applied: this is the clock time as written.
    return shown.re_replace(r"(:\d{2}(\.\d+)?)\s*(Z|z|UTC|[+-]\d{2}(:?\d{2})?)$", r"\1").try_cast("timestamp")


def instant_stamp(table: ibis.Table, rule: ColumnRule) -> ibis.Value:
    """Instant, for stamps that carry a zone or an offset or count from 1970."""
    shown = stamp_text(table, rule)
    kind = dt.Timestamp(timezone="UTC")
    if shown is not None:
        return shown.try_cast(kind)
    column = table[rule.source]
    if column.type().is_numeric():
        milliseconds = column if rule.unit is Unit.MILLISECONDS else column * 1000
        return milliseconds.cast("int64").as_timestamp("ms").cast(kind)
    return column.cast(kind)
