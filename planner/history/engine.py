"""Functions of the SQL engine that Ibis does not spell itself, exact sums, and narrow tables kept on the engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from planner.history.engines import engine_of

_INSTANT = dt.Timestamp(timezone="UTC")
_MOST_IN_64_BITS = 1e11
_HALF_HASHES = 2**62


def _builtin(name: str, arguments: tuple[Any, ...], result: Any) -> Any:
    names = ("first", "second")[: len(arguments)]
    stubs = {1: lambda first: ..., 2: lambda first, second: ...}
    return ibis.udf.scalar.builtin(stubs[len(names)], name=name, signature=(arguments, result))


sha256 = _builtin("sha256", (dt.string,), dt.string)
hash64 = _builtin("hash", (dt.string,), dt.uint64)
"""text -> 64-bit number, the same wherever the text stands; of NULL it is a number too."""
salted_hash64 = _builtin("hash", (dt.string, dt.string), dt.uint64)
"""(text, salt) -> 64-bit number; of NULL it is a number too."""
wall_clock = _builtin("timezone", (dt.string, _INSTANT), dt.timestamp)
"""(zone, instant) -> wall-clock time in that zone."""
instant = _builtin("timezone", (dt.string, dt.timestamp), _INSTANT)
"""(zone, wall-clock time) -> instant."""
parse_stamp = _builtin("try_strptime", (dt.string, dt.string), dt.timestamp)
"""(text, format) -> stamp, or NULL where the text does not follow the format."""


def signed_hash(key: ibis.Value) -> ibis.Value:
    """Return a 64-bit hash as a signed number, which is how some engines have it and all can hand it out."""
    return (key % _HALF_HASHES).cast("int64")


def exact_sum(number: ibis.Value, largest: float = math.inf) -> ibis.Value:
    """Sum in decimals with six places, so that the order of rows and the number of threads cannot change a bit.

    Parameters
    ----------
    largest
        Bound of the absolute values, where it is known: below 1e11 decimals of 64 bits are enough, which are cheaper.
    """
    digits = 18 if largest < _MOST_IN_64_BITS else 38
    return number.try_cast(f"decimal({digits}, 6)").sum().cast("float64").fill_null(0.0)


def count_if(condition: ibis.Value) -> ibis.Value:
    """Count the rows for which a condition is true."""
    return ibis.ifelse(condition, ibis.literal(1, "int8"), ibis.null("int8")).count()


def kept_table(connection: ibis.BaseBackend, name: str) -> ibis.Table | None:
    """Table of that name if the engine already keeps it."""
    return connection.table(name) if name in kept_tables(connection) else None


def kept_tables(connection: ibis.BaseBackend) -> list[str]:
    """Names of the tables and views that the engine keeps."""
    return engine_of(connection).kept_tables(connection)


def declared_codes(connection: ibis.BaseBackend) -> set[str]:
    """Names of the code types that the engine knows."""
    return engine_of(connection).declared_codes(connection)


def declare_codes(connection: ibis.BaseBackend, name: str, labels: Iterable[str]) -> bool:
    """Declare a type whose values are these labels, one or two bytes each, in alphabetical order.

    Returns False, and declares nothing, where there are too many labels for that or the engine keeps text.
    """
    return engine_of(connection).declare_codes(connection, name, sorted(set(labels)))


def keep_coded(
    connection: ibis.BaseBackend, name: str, rows: ibis.Table, codes: Mapping[str, str], *, view: bool = False
) -> ibis.Table:
    """Keep rows as a temporary table (or view) of that name, the columns of `codes` in their type where it is declared.

    Coded columns read as text; in the engine they are small integers.
    """
    declared = declared_codes(connection)
    known = {column: kind for column, kind in codes.items() if kind in declared and column in rows.columns}
    return engine_of(connection).keep(connection, name, rows, known, view=view)


def named_rows(connection: ibis.BaseBackend, name: str, rows: ibis.Table) -> ibis.Table:
    """Give rows a name where that costs nothing: expressions on them are then compiled once, not with every query."""
    return engine_of(connection).name(connection, name, rows)


def rest(connection: ibis.BaseBackend) -> None:
    """Let the engine give back the memory of its tables while others work; nothing is lost, it reads them again."""
    engine_of(connection).rest(connection)


def drop_kept(connection: ibis.BaseBackend, *names: str) -> None:
    """Give up tables and views that the engine keeps."""
    engine_of(connection).drop(connection, names)
