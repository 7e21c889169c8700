"""The SQL engines that a history may stand on: what each spells in its own way, one file per engine."""

from planner.history.engines.known import engine_of
from planner.history.engines.protocol import Engine

__all__ = ["Engine", "engine_of"]
