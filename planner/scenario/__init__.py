"""Scenario files: strict YAML in, one frozen `Scenario` out."""

from planner.scenario.load import LoadedScenario, load_scenario, load_scenario_record
from planner.scenario.scenario import Scenario

__all__ = ["LoadedScenario", "Scenario", "load_scenario", "load_scenario_record"]
