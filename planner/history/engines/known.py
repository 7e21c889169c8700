"""Which engine a connection belongs to."""

from __future__ import annotations

import ibis

from planner.history.engines.embedded import Embedded
from planner.history.engines.postgres import Postgres
from planner.history.engines.protocol import Engine, LocalEngine

_LOCAL: dict[str, LocalEngine] = {"duckdb": Embedded()}
_KNOWN: dict[str, Engine] = {**_LOCAL, "postgres": Postgres()}


def engine_of(connection: ibis.BaseBackend) -> Engine:
    """Return what is particular to the engine of a connection.

    Raises
    ------
    KeyError
        If there is none for it.
    """
    return _KNOWN[connection.name]


def local_engine_of(connection: ibis.BaseBackend) -> LocalEngine | None:
    """Return the same for an engine inside this process, None for any other."""
    return _LOCAL.get(connection.name)
