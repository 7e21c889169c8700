"""Every plan of a small decision grid, so that a front can be proven by looking at all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from solvers.flow.decode import snap_offers, split_groups
from solvers.flow.evaluate import evaluate
from solvers.flow.network import Floats, Ints
from solvers.flow.solution import Instance, Routing, Solution, decision_of, floor_people, judge


def offer_grid(instance: Instance, step: float) -> list[Floats]:
    """All offers on the steps that are allowed, each shape (node,)."""
    network = instance.network
    steered = np.flatnonzero(network.nodes.steer >= 0)
    levels = np.linspace(0.0, 1.0, round(1 / step) + 1)
    grid = []
    for values in product(levels, repeat=len(steered)):
        offer = np.zeros(len(network.nodes.kind))
        offer[steered] = values
        if np.allclose(snap_offers(network, offer, step), offer):
            grid.append(offer)
    return grid


def people_ranges(instance: Instance) -> list[tuple[int, int, int]] | None:
    """(pool, slots of (day, shift) there are, most people in one) per staffed pool; None where a pool has no limit."""
    ranges = []
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None:
            continue
        most = instance.payroll.heads[g] + instance.payroll.hires_max[g]
        if not np.isfinite(most):
            return None
        ranges.append((g, int(catalogue.worked(instance.network.days).sum()), int(most)))
    return ranges


def grid_size(instance: Instance, step: float | None) -> float:
    """Number of plans of the grid; inf where it is not finite or shares of pools are free."""
    ranges = people_ranges(instance)
    network = instance.network
    if step is None or ranges is None or np.bincount(split_groups(network)).max(initial=0) > 1:
        return np.inf
    offers = (round(1 / step) + 1) ** int((network.nodes.steer >= 0).sum())
    return offers * math.prod((most + 1) ** slots for _, slots, most in ranges)  # whole numbers: no size overflows


def _staffings(instance: Instance) -> Iterator[tuple[Ints | None, ...]]:
    ranges = people_ranges(instance) or []
    worked = {g: c.worked(instance.network.days) for g, c in enumerate(instance.catalogues) if c is not None}
    for values in product(*(range(most + 1) for _, slots, most in ranges for _ in range(slots))):
        people: list[Ints | None] = [None] * len(instance.catalogues)
        start = 0
        for g, slots, _ in ranges:
            there = worked[g]
            counts = np.zeros(there.shape, dtype=np.int64)
            counts[there] = values[start : start + slots]
            people[g] = counts
            start += slots
        yield tuple(people)


def enumerate_offer(instance: Instance, offer: Floats, split: Floats) -> list[Solution]:
    """All feasible plans of the grid with the given offers, each judged exactly."""
    routing = Routing(offer, split, np.zeros(len(instance.network.pair_pool), dtype=np.int64))
    found = []
    for people in _staffings(instance):
        decision = decision_of(instance, routing, floor_people(instance, people))
        if evaluate(instance.network, instance.promises, decision, known_headroom=np.nan).kept:
            solution = judge(instance, routing, people, "master")
            if solution.feasible:
                found.append(solution)
    return found
