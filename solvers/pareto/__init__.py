"""Pareto fronts of any number of objectives: dominance, hypervolume, complete enumeration, knee, reference point."""

from solvers.pareto.dominance import hypervolume, nondominated
from solvers.pareto.enumeration import enumerate_front
from solvers.pareto.extent import ideal_point, nadir_point
from solvers.pareto.front import Front, PointStatus
from solvers.pareto.knee import KneeRule, find_knee, knee_scores
from solvers.pareto.milp import Milp
from solvers.pareto.mip_search import Engine
from solvers.pareto.reference_point import achievement, nearest_efficient, nearest_point

__all__ = [
    "Engine",
    "Front",
    "KneeRule",
    "Milp",
    "PointStatus",
    "achievement",
    "enumerate_front",
    "find_knee",
    "hypervolume",
    "ideal_point",
    "knee_scores",
    "nadir_point",
    "nearest_efficient",
    "nearest_point",
    "nondominated",
]
