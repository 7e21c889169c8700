"""Scenario files: strict YAML in, one frozen `Scenario` out."""

from planner.scenario.scenario import Scenario

__all__ = ["Scenario"]
