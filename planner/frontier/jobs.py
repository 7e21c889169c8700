"""The jobs a run deals out: pure functions of their arguments that return bytes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from planner.frontier.objectives import Objectives
from planner.frontier.records import Record, brief, pack
from solvers.flow.enumerate import enumerate_offer
from solvers.flow.genome import express
from solvers.flow.master import Master
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Routing, Solution
from solvers.flow.sweep import SweepSettings, planes_of, sweep_level, sweep_points


def sweep_job(instance: Instance, headroom: float, settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans and bounds of one headroom level."""
    result = sweep_level(instance, headroom, settings)
    return pack(_briefs(instance, result.solutions, objectives), result.planes, result.cheapest)


def _briefs(instance: Instance, solutions: Iterable[Solution], objectives: Objectives) -> list[Record]:
    return [brief(s, objectives.values(instance, s)) for s in solutions]


def bound_job(instance: Instance, headroom: float, cost_points: int) -> bytes:
    """Bounds alone of one headroom level."""
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    cheapest, points = sweep_points(master.level(headroom), cost_points)
    return pack([], planes_of(points), cheapest)


def grid_job(instance: Instance, offer: Floats, split: Floats, objectives: Objectives) -> bytes:
    """All feasible plans of the decision grid with given offers."""
    return pack(_briefs(instance, enumerate_offer(instance, offer, split), objectives))


def search_job(instance: Instance, genomes: Floats, settings: SweepSettings, objectives: Objectives) -> bytes:
    """Plans of some genomes; infeasible ones stay in, marked, so that rows match genomes."""
    records = []
    for solution in express(instance, genomes, settings):
        if solution is None:
            empty = tuple(
                None if c is None else np.zeros((instance.network.days, len(c.paid_h)), dtype=np.int64)
                for c in instance.catalogues
            )
            network = instance.network
            nowhere = Routing(
                np.zeros(len(network.nodes.kind)),
                np.zeros(len(network.split_kind)),
                np.zeros(len(network.pair_pool), dtype=np.int64),
            )
            unknown = (np.nan,) * len(objectives.names)
            records.append(Record(nowhere, empty, (-np.inf, np.inf, -np.inf), False, "search", unknown))
        else:
            records += _briefs(instance, [solution], objectives)
    return pack(records)
