"""Demand: issues per contact type and interval, with their uncertainty."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.demand.fit import demand_for
    from planner.demand.model import Demand

_PLACES = {
    "Demand": "model",
    "demand_for": "fit",
}

__all__ = ["Demand", "demand_for"]

__getattr__ = on_first_use(__name__, _PLACES)
