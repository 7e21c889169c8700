"""Scenario files: strict YAML in, one frozen `Scenario` out.

The tables are loaded on first use, so that reading and checking a scenario needs neither numpy nor pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from planner.scenario.layers import Applied
from planner.scenario.load import LoadedScenario, load_scenario, load_scenario_record
from planner.scenario.scenario import Scenario
from planner.scenario.schema import scenario_schema, schema_text
from planner.scenario.summary import describe

if TYPE_CHECKING:
    from planner.scenario.tables import read_demand, read_today_routing, read_today_staffing

__all__ = [
    "Applied",
    "LoadedScenario",
    "Scenario",
    "describe",
    "load_scenario",
    "load_scenario_record",
    "read_demand",
    "read_today_routing",
    "read_today_staffing",
    "scenario_schema",
    "schema_text",
]

_TABLES = ("read_demand", "read_today_routing", "read_today_staffing")


def __getattr__(name: str) -> Any:
    """Load a reader of tables on first use."""
    if name in _TABLES:
        return getattr(importlib.import_module("planner.scenario.tables"), name)
    raise AttributeError(f"module 'planner.scenario' has no attribute {name!r}")
