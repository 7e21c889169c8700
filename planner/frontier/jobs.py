"""The jobs a run deals out: pure functions of their arguments that return bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from planner.frontier.records import Record, brief, pack
from solvers.flow.bound import climb
from solvers.flow.enumerate import enumerate_offer
from solvers.flow.genome import express
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Routing
from solvers.flow.sweep import SweepSettings, Target, master_of, plans_at, sweep_level


def sweep_job(instance: Instance, headroom: float, settings: SweepSettings) -> bytes:
    """Plans and bounds of one headroom level."""
    result = sweep_level(instance, headroom, settings)
    return pack([brief(s) for s in result.solutions], result.planes, result.cheapest)


def bound_job(instance: Instance, levels: Sequence[float], price: float, boxes: int) -> bytes:
    """What no plan exceeds at ascending headroom levels for one price of CX (NaN: the least cost)."""
    found = [b for b in climb(master_of(instance), levels, price, boxes) if b is not None]
    rows = [[b.headroom, price, b.value, b.point.cost, b.point.cx, *b.box.lower, *b.box.upper] for b in found]
    buffer = io.BytesIO()
    np.save(buffer, np.array(rows, dtype=float), allow_pickle=False)
    return buffer.getvalue()


def aim_job(instance: Instance, targets: Sequence[Target], settings: SweepSettings) -> bytes:
    """Plans near points of the outer surface."""
    return pack([brief(s) for s in plans_at(instance, targets, settings)])


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
