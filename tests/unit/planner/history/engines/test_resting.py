"""An engine at rest: its tables take no memory, and nothing of them is lost."""

from __future__ import annotations

from planner.history.engine import rest
from planner.history.source import connect


def test_tables_leave_memory_and_come_back_whole() -> None:
    connection = connect()
    connection.raw_sql("CREATE TEMP TABLE numbers AS SELECT range AS n, hash(range) AS h FROM range(4000000)")

    def asked(query: str) -> object:
        return connection.raw_sql(query).fetchone()[0]

    held = "SELECT sum(memory_usage_bytes) FROM duckdb_memory()"
    before, allowed = asked(held), asked("SELECT current_setting('memory_limit')")
    whole = asked("SELECT sum(hash(n, h)) FROM numbers")
    rest(connection)
    assert before > 40e6
    assert asked(held) <= 8e6
    assert asked("SELECT current_setting('memory_limit')") == allowed
    assert asked("SELECT sum(hash(n, h)) FROM numbers") == whole
