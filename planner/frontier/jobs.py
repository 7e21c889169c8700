"""The jobs a run deals out: pure functions of their arguments that return bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.frontier.records import Record, brief, pack
from solvers.errors import NoSolution
from solvers.flow.enumerate import enumerate_offer
from solvers.flow.genome import express
from solvers.flow.master import Master
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Routing, decision_of, judge, on_task
from solvers.flow.staff import cover_need, day_covers, needed_on_task
from solvers.flow.steady_state import steady_state
from solvers.flow.sweep import Plane, SweepSettings, sweep_level, sweep_points


def sweep_job(instance: Instance, headroom: float, settings: SweepSettings) -> bytes:
    """Plans and bounds of one headroom level."""
    result = sweep_level(instance, headroom, settings)
    return pack([brief(s) for s in result.solutions], result.planes, result.cheapest)


def bound_job(instance: Instance, headroom: float, cost_points: int) -> bytes:
    """Bounds alone of one headroom level."""
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    cheapest, points = sweep_points(master.level(headroom), cost_points)
    return pack([], [Plane(headroom, p.slope, p.intercept) for p in points], cheapest)


def grid_job(instance: Instance, offer: Floats, split: Floats) -> bytes:
    """All feasible plans of the decision grid with given offers."""
    return pack([brief(s) for s in enumerate_offer(instance, offer, split)])


def search_job(instance: Instance, genomes: Floats, settings: SweepSettings) -> bytes:
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
            records.append(Record(nowhere, empty, (-np.inf, np.inf, -np.inf), False, "search"))
        else:
            records.append(brief(solution))
    return pack(records)


def polish_job(instance: Instance, records: Sequence[Record]) -> bytes:
    """Cover the same people on the floor again, exactly: the same service for less paid time where there is any."""
    covers = day_covers(instance)
    better = []
    for record in records:
        scheduled = np.zeros((len(record.people), instance.network.profile.shape[1]))
        for g, counts in enumerate(record.people):
            catalogue = instance.catalogues[g]
            if counts is not None and catalogue is not None:
                scheduled[g] = (counts @ catalogue.cover).ravel()
        try:
            people = cover_need(instance, covers, _least_need(instance, record, scheduled), exact=True)
        except NoSolution:
            better.append(record)
            continue
        solution = judge(instance, record.routing, people, record.origin)
        keeps = solution.feasible and solution.evaluation.headroom >= record.objectives[2] - 1e-3
        better.append(brief(solution) if keeps and solution.cost < record.objectives[1] - 1e-6 else record)
    return pack(better)


def _least_need(instance: Instance, record: Record, scheduled: Floats) -> Floats:
    """Agents on task the plan's own headroom asks for, never more than it has."""
    decision = decision_of(instance, record.routing, scheduled)
    state = steady_state(instance.network, decision, record.objectives[2])
    return np.minimum(needed_on_task(instance, state), on_task(instance, scheduled))
