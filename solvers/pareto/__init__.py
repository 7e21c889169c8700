"""Pareto fronts of any number of objectives: dominance, hypervolume, complete enumeration."""

from solvers.pareto.dominance import hypervolume, nondominated
from solvers.pareto.enumeration import Front, Milp, enumerate_front

__all__ = ["Front", "Milp", "enumerate_front", "hypervolume", "nondominated"]
