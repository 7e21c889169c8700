"""Pareto fronts of any number of objectives: dominance, hypervolume, complete enumeration."""

from solvers.pareto.dominance import hypervolume, nondominated
from solvers.pareto.enumeration import enumerate_front
from solvers.pareto.front import Front, PointStatus
from solvers.pareto.milp import Milp
from solvers.pareto.mip_search import Engine

__all__ = ["Engine", "Front", "Milp", "PointStatus", "enumerate_front", "hypervolume", "nondominated"]
