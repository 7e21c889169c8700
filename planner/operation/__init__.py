"""From scenario, experience and demand to one flow network, and Today on it."""

from typing import TYPE_CHECKING

from planner.doors import on_first_use

if TYPE_CHECKING:
    from planner.operation.build import build_problem
    from planner.operation.initiatives import portfolio_problems, rebuilt, under_closings, under_initiatives
    from planner.operation.problem import FlowProblem
    from planner.operation.today import Today, baseline

_PLACES = {
    "FlowProblem": "problem",
    "Today": "today",
    "baseline": "today",
    "build_problem": "build",
    "portfolio_problems": "initiatives",
    "rebuilt": "initiatives",
    "under_closings": "initiatives",
    "under_initiatives": "initiatives",
}

__all__ = [
    "FlowProblem",
    "Today",
    "baseline",
    "build_problem",
    "portfolio_problems",
    "rebuilt",
    "under_closings",
    "under_initiatives",
]

__getattr__ = on_first_use(__name__, _PLACES)
