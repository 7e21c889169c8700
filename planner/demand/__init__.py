"""Demand: issues per contact type and interval, with their uncertainty."""

from planner.demand.fit import demand_for
from planner.demand.model import Demand

__all__ = ["Demand", "demand_for"]
