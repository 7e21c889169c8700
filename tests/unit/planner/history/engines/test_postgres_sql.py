"""What is written for PostgreSQL, looked at without a server."""

from __future__ import annotations

import re

import ibis
import pytest

from planner.errors import HistoryError
from planner.history.engine import exact_sum, hash64, parse_stamp, salted_hash64, sha256
from planner.history.engines.postgres_sql import WarehouseCompiler
from planner.history.engines.postgres_stamps import readable_stamp, stamp_pattern

ROWS = ibis.table({"id": "string", "x": "float64", "k": "int64", "yes": "boolean", "at": "timestamp"}, name="rows")


def written(expression: ibis.Expr) -> str:
    compiler = WarehouseCompiler()
    return compiler.to_sqlglot(expression.as_table()).sql(compiler.dialect)


def test_text_is_ordered_by_code_points() -> None:
    assert '"id") COLLATE "C"' in written(ROWS.order_by("id"))
    assert 'COLLATE "C"' in written(ROWS.aggregate(first=ROWS.id.min()))
    assert 'COLLATE "C"' in written(ROWS.filter(ROWS.id < "8"))
    assert "COLLATE" not in written(ROWS.order_by("k"))


def test_truth_values_are_counted_through_short_integers() -> None:
    assert "AS INT) AS BIGINT" in written(ROWS.aggregate(n=ROWS.yes.cast("int64").sum()))


def test_a_windowed_sum_keeps_its_window_inside_the_cast() -> None:
    total = ROWS.k.sum().over(ibis.window(group_by="id", order_by="at"))
    assert re.search(r"CAST\(SUM\(.*\) OVER \(.*\) AS BIGINT\)", written(ROWS.select(total=total)))


def test_exact_sums_are_sums_of_whole_numbers() -> None:
    query = written(ROWS.aggregate(total=exact_sum(ROWS.x)))
    assert "1000000 AS DOUBLE PRECISION" in query
    assert "AS BIGINT" in query


def test_hashes_are_functions_of_the_server() -> None:
    query = written(ROWS.select(a=sha256(ROWS.id), b=hash64(ROWS.id), c=salted_hash64(ROWS.id, ibis.literal("it's"))))
    assert "encode(sha256(convert_to(" in query
    assert query.count("hashtextextended(coalesce(") == 2
    assert "|| 'it''s'" in query


def test_names_in_braces_inside_values_are_no_places() -> None:
    query = written(ROWS.select(c=salted_hash64(ibis.literal("{salt}") + ROWS.id, ibis.literal("{x}"))))
    assert "'{salt}'" in query
    assert "'{x}'" in query


def test_stamp_formats_become_patterns() -> None:
    pattern, places = stamp_pattern("%d.%m.%Y %H:%M")
    assert re.match(pattern, "3.12.2025 9:05")
    assert not re.match(pattern, "3x12.2025 9:05")
    assert places == {"d": 1, "m": 2, "Y": 3, "H": 4, "M": 5}
    assert stamp_pattern("%FT%T")[1] == {"Y": 1, "m": 2, "d": 3, "H": 4, "M": 5, "S": 6}
    assert "''" in stamp_pattern("%H'%M")[0]


@pytest.mark.parametrize("layout", ["%b %d %Y", "%Y-%m-%d %p", "%Y %Y"])
def test_formats_that_cannot_be_read_are_refused(layout: str) -> None:
    with pytest.raises(HistoryError, match="cannot be read on PostgreSQL"):
        stamp_pattern(layout)
    with pytest.raises(HistoryError, match="name a column of type timestamp"):
        written(ROWS.select(at=parse_stamp(ROWS.id, ibis.literal(layout))))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2025-01-31", True),
        ("2025-04-30 23:59:59.123", True),
        ("2025-04-31 10:00", False),
        ("2025-02-30 10:00", False),
        ("2025-13-01 10:00", False),
        ("2025-01-01T24:00", False),
        ("2025-01-01T10:00Z", False),
        ("x2025-01-01", False),
    ],
)
def test_stamps_are_looked_at_before_they_are_read(text: str, fits: bool) -> None:
    pattern = re.search(r"~ '(.*?)' THEN", readable_stamp("at", zoned=False))
    assert pattern is not None
    assert bool(re.search(pattern[1], text)) is fits
