"""Functions of the SQL engine that Ibis does not spell itself, and exact, order-independent sums."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.datatypes as dt

_INSTANT = dt.Timestamp(timezone="UTC")


def _builtin(name: str, arguments: tuple[Any, ...], result: Any) -> Any:
    names = ("first", "second")[: len(arguments)]
    stubs = {1: lambda first: ..., 2: lambda first, second: ...}
    return ibis.udf.scalar.builtin(stubs[len(names)], name=name, signature=(arguments, result))


sha256 = _builtin("sha256", (dt.string,), dt.string)
wall_clock = _builtin("timezone", (dt.string, _INSTANT), dt.timestamp)
"""(zone, instant) -> wall-clock time in that zone."""
instant = _builtin("timezone", (dt.string, dt.timestamp), _INSTANT)
"""(zone, wall-clock time) -> instant."""
parse_stamp = _builtin("try_strptime", (dt.string, dt.string), dt.timestamp)
"""(text, format) -> stamp, or NULL where the text does not follow the format."""


def exact_sum(number: ibis.Value) -> ibis.Value:
    """Sum in decimals with six places, so that the order of rows and the number of threads cannot change a bit."""
    return number.try_cast("decimal(38, 6)").sum().cast("float64").fill_null(0.0)


def count_if(condition: ibis.Value) -> ibis.Value:
    """Count the rows for which a condition is true."""
    return condition.fill_null(False).cast("int64").sum().fill_null(0).cast("int64")
