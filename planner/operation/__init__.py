"""From scenario, experience and demand to one flow network, and Today on it."""

from planner.operation.build import build_problem
from planner.operation.initiatives import portfolio_problems, rebuilt, under_initiatives
from planner.operation.problem import FlowProblem
from planner.operation.today import Today, baseline

__all__ = [
    "FlowProblem",
    "Today",
    "baseline",
    "build_problem",
    "portfolio_problems",
    "rebuilt",
    "under_initiatives",
]
