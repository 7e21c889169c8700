"""The SQL engines that a history may stand on: what each spells in its own way, one file per engine."""

from planner.history.engines.known import engine_of, local_engine_of
from planner.history.engines.protocol import Engine, LocalEngine, held_name

__all__ = ["Engine", "LocalEngine", "engine_of", "held_name", "local_engine_of"]
