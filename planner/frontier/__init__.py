"""The frontier of whole plans: found, certified, weighed and explained."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.frontier.frontier import NAMED, TABLES, Frontier, Plan

__all__ = ["NAMED", "TABLES", "Frontier", "Plan"]

__getattr__ = on_first_use(__name__, dict.fromkeys(__all__, "frontier"))
