"""The frontier of whole plans: found, certified, weighed and explained."""

from planner.frontier.frontier import NAMED, TABLES, Frontier, Plan

__all__ = ["NAMED", "TABLES", "Frontier", "Plan"]
