"""How PostgreSQL spells the expressions of the history stage, so that they mean what they mean on DuckDB.

Ibis writes the SQL; only where the two engines differ (text order, truth values as numbers, values that cannot be read,
sums to the last bit, a few functions) does this compiler write its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.backends.sql.datatypes import PostgresType

from planner.history.engines.postgres_stamps import readable_stamp, stamp_pattern, written_stamp

_NUMBER = r"^[+-]?([0-9]{1,100}[.]?[0-9]{0,100}|[.][0-9]{1,100})([eE][+-]?[0-9]{1,2})?$"
_MOST_SCALED = 9.0e12
"""Numbers below it are still whole 64-bit numbers when a million times larger."""
_MOST_DECIMAL = 1.0e32
_MOST_BIGINT = 9.2e18


def _sql(template: str, **parts: sge.Expression) -> sge.Expression:
    """Put expressions into SQL; names in braces stand for them."""
    written = {name: part.sql(PostgresCompiler.dialect) for name, part in parts.items()}
    filled = re.sub("{(" + "|".join(parts) + ")}", lambda found: written[found[1]], template)
    return sge.Paren(this=sge.Var(this=filled))


class WarehouseType(PostgresType):
    """Types of PostgreSQL, which has no unsigned integers: hashes are signed there."""

    @classmethod
    def from_ibis(cls, dtype: dt.DataType) -> sge.DataType:
        """Type in SQL of a type in Ibis."""
        return super().from_ibis(dt.int64 if dtype.is_unsigned_integer() else dtype)


class WarehouseCompiler(PostgresCompiler):
    """Ibis's compiler of PostgreSQL with the meaning of DuckDB."""

    __slots__ = ()
    type_mapper = WarehouseType

    def visit_SortKey(self, op: ops.SortKey, *, arg: sge.Expression, ascending: bool, nulls_first: bool) -> sge.Ordered:
        """Order text by its code points, whatever the language of the database."""
        return super().visit_SortKey(op, arg=_plain(op.arg, arg), ascending=ascending, nulls_first=nulls_first)

    def visit_Min(self, op: ops.Min, *, arg: sge.Expression, where: sge.Expression | None) -> sge.Expression:
        """Smallest value, of text by code points."""
        return super().visit_Min(op, arg=_plain(op.arg, arg), where=where)

    def visit_Max(self, op: ops.Max, *, arg: sge.Expression, where: sge.Expression | None) -> sge.Expression:
        """Largest value, of text by code points."""
        return super().visit_Max(op, arg=_plain(op.arg, arg), where=where)

    def visit_Less(self, op: ops.Less, *, left: sge.Expression, right: sge.Expression) -> sge.Expression:
        """Less than, for text by code points."""
        return sge.LT(this=_plain(op.left, left), expression=right)

    def visit_Sum(self, op: ops.Sum, *, arg: sge.Expression, where: sge.Expression | None) -> sge.Expression:
        """Sum, of integers as an integer and of decimals as `engine.exact_sum` has it."""
        if isinstance(op.arg, ops.TryCast) and op.dtype.is_decimal() and op.arg.arg.dtype.is_floating():
            return _exact_sum(arg.this)
        total = super().visit_Sum(op, arg=arg, where=where)
        return self.cast(total, dt.int64) if op.dtype.is_integer() else total

    def visit_WindowFunction(self, op: ops.WindowFunction, *, func: sge.Expression, **parts: object) -> sge.Expression:
        """Window of a function; a cast around it stays around the window."""
        if isinstance(func, sge.Cast):
            window = super().visit_WindowFunction(op, func=func.this, **parts)
            return sge.Cast(this=window, to=func.args["to"])
        return super().visit_WindowFunction(op, func=func, **parts)

    def visit_Floor(self, op: ops.Floor, *, arg: sge.Expression) -> sge.Expression:
        """Whole number below, in the type that Ibis says."""
        return self.cast(self.f.floor(arg), op.dtype)

    def visit_ExtractEpochSeconds(self, op: ops.ExtractEpochSeconds, *, arg: sge.Expression) -> sge.Expression:
        """Seconds since 1970 as a floating-point number, which is faster than a decimal one."""
        return self.cast(self.f.extract("epoch", arg), dt.float64)

    def visit_ArrayIndex(self, op: ops.ArrayIndex, *, arg: sge.Expression, index: sge.Expression) -> sge.Expression:
        """Element of a list, from 0, or from its end below that; written out, as Ibis and sqlglot both add one."""
        return _sql(
            "({x})[CASE WHEN {at} < 0 THEN cardinality({x}) ELSE 0 END + {at} + 1]", x=arg, at=sge.convert(index)
        )

    def visit_RegexSearch(self, op: ops.RegexSearch, *, arg: sge.Expression, pattern: sge.Expression) -> sge.Expression:
        """Match anywhere in a text."""
        return sge.RegexpLike(this=arg, expression=pattern)

    def visit_Cast(self, op: ops.Cast, *, arg: sge.Expression, to: dt.DataType) -> sge.Expression:
        """Cast; PostgreSQL casts a truth value to nothing but a short integer, and only that back."""
        if op.arg.dtype.is_boolean() and to.is_numeric():
            return self.cast(self.cast(arg, dt.int32), to)
        if op.arg.dtype.is_numeric() and to.is_boolean():
            return sge.NEQ(this=sge.Paren(this=arg), expression=sge.Literal.number(0))
        if op.arg.dtype.is_floating() and to.is_string():
            whole = "{x} = floor({x}) AND abs({x}) < 1.0e15"
            return _sql(f"CAST({{x}} AS TEXT) || CASE WHEN {whole} THEN '.0' ELSE '' END", x=arg)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_TryCast(self, op: ops.TryCast, *, arg: sge.Expression, to: dt.DataType) -> sge.Expression:
        """Cast where it can be done, else NULL: PostgreSQL would fail, so values are looked at first."""
        given = op.arg.dtype
        if given.is_floating() and to.is_decimal():
            return sge.Cast(this=arg, to=self.type_mapper.from_ibis(to))
        if given.is_floating() and to.is_integer():
            return _sql(f"CASE WHEN abs({{x}}) < {_MOST_BIGINT} THEN CAST({{x}} AS BIGINT) END", x=arg)
        if given.is_string() and to.is_floating():
            return _sql(f"CASE WHEN {{x}} ~ '{_NUMBER}' THEN CAST({{x}} AS DOUBLE PRECISION) END", x=arg)
        if given.is_string() and to.is_timestamp():
            return _sql(readable_stamp("{x}", zoned=to.timezone is not None), x=arg)
        return self.visit_Cast(op, arg=arg, to=to)

    def visit_ScalarUDF(self, op: ops.ScalarUDF, **parts: sge.Expression) -> sge.Expression:
        """Functions of `engine` in the words of PostgreSQL."""
        spelling = _FUNCTIONS.get(self.__sql_name__(op).lower())
        return spelling(*parts.values()) if spelling is not None else super().visit_ScalarUDF(op, **parts)


def _plain(value: ops.Value, written: sge.Expression) -> sge.Expression:
    if not value.dtype.is_string():
        return written
    return sge.Collate(this=sge.Paren(this=written), expression=sge.to_identifier("C", quoted=True))


def _exact_sum(number: sge.Expression) -> sge.Expression:
    """Sum in decimals with six places, rounded half away from zero as DuckDB does: in 64-bit numbers where they do."""
    scaled = "({x} * CAST(1000000 AS DOUBLE PRECISION))"
    whole = (
        f"CAST(trunc{scaled} + CASE WHEN abs({scaled} - trunc{scaled}) >= 0.5 THEN sign{scaled} ELSE 0 END AS BIGINT)"
    )
    usual = f"sum(CASE WHEN abs({{x}}) < {_MOST_SCALED} THEN {whole} END)"
    large = f"abs({{x}}) >= {_MOST_SCALED} AND abs({{x}}) < {_MOST_DECIMAL}"
    rest = f"sum(CAST({{x}} AS DECIMAL(38, 6))) FILTER (WHERE {large})"
    return _sql(f"coalesce({usual} * 0.000001, 0) + coalesce({rest}, 0)", x=number)


def _sha256(text: sge.Expression) -> sge.Expression:
    return _sql("encode(sha256(convert_to({x}, 'UTF8')), 'hex')", x=text)


def _hash64(text: sge.Expression, salt: sge.Expression | None = None) -> sge.Expression:
    if salt is None:
        return _sql("hashtextextended(coalesce({x}, ''), 0)", x=text)
    return _sql("hashtextextended(coalesce({x}, '') || {salt}, 0)", x=text, salt=salt)


def _parse_stamp(text: sge.Expression, layout: sge.Expression) -> sge.Expression:
    pattern, places = stamp_pattern(str(layout.this))
    return _sql(readable_stamp(written_stamp("{x}", pattern, places), zoned=False), x=text)


_FUNCTIONS: dict[str, Callable[..., sge.Expression]] = {
    "sha256": _sha256,
    "hash": _hash64,
    "try_strptime": _parse_stamp,
}
