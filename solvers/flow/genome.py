"""Whole plans as points of a box, so that an evolutionary search can vary them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.errors import NoSolution
from solvers.evolution import Space
from solvers.flow.covering import day_covers
from solvers.flow.decode import normalize_split, priorities, snap_offers, split_groups
from solvers.flow.network import Floats, FlowNetwork
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.staff import route_and_staff
from solvers.flow.sweep import SweepSettings

MOST_MARGIN = 0.5


@dataclass(frozen=True)
class Layout:
    """Where the genes are: offers of steer nodes, free shares, margins of staffed pools, then headroom and priority."""

    nodes: np.ndarray
    shares: np.ndarray
    pools: np.ndarray

    @property
    def size(self) -> int:
        """Number of genes."""
        return len(self.nodes) + len(self.shares) + len(self.pools) + 2

    def cut(self, genes: Floats) -> tuple[Floats, Floats, Floats, float, float]:
        """Split a genome into offers, shares, margins, headroom target and priority gene."""
        a, b = len(self.nodes), len(self.nodes) + len(self.shares)
        return genes[:a], genes[a:b], genes[b:-2], float(genes[-2]), float(genes[-1])


def layout_of(network: FlowNetwork) -> Layout:
    """Lay out the genome: shares are free where a (type, channel) has several pools."""
    group = split_groups(network)
    several = np.bincount(group)[group] > 1
    return Layout(
        np.flatnonzero(network.nodes.steer >= 0), np.flatnonzero(several), np.flatnonzero(network.pools.staffed)
    )


def space_of(network: FlowNetwork, asked: float) -> Space:
    """Bounds and blocks: a block per steer, per pool's shares, the margins, and the two last genes.

    `asked`: the most headroom a plan is staffed for.
    """
    layout = layout_of(network)
    n, s, p = len(layout.nodes), len(layout.shares), len(layout.pools)
    upper = np.concatenate([np.ones(n), np.ones(s), np.full(p, MOST_MARGIN), [max(asked, 0.0), 1.0]])
    steer = network.nodes.steer[layout.nodes]
    pool = network.split_pool[layout.shares]
    labels = np.concatenate([steer, 1_000 + pool, np.full(p, 2_000), [3_000, 3_000]])
    _, block = np.unique(labels, return_inverse=True)
    return Space(np.zeros(layout.size), upper, block.astype(np.int64))


def encode(network: FlowNetwork, solution: Solution) -> Floats:
    """Genome of a plan; its margins are 0 and its headroom target is what it has (cut to the space of the search)."""
    layout = layout_of(network)
    target = max(solution.evaluation.headroom, 0.0)
    ranked = 1.0 if solution.routing.priority.any() else 0.0
    return np.concatenate(
        [
            solution.routing.offer[layout.nodes],
            solution.routing.split[layout.shares],
            np.zeros(len(layout.pools)),
            [target, ranked],
        ]
    )


def express(instance: Instance, genomes: Floats, settings: SweepSettings) -> list[Solution | None]:
    """Turn genomes into judged plans, None where no staff is possible; a pure function of the whole chunk."""
    network = instance.network
    layout = layout_of(network)
    covers = day_covers(instance)
    plans: list[Solution | None] = []
    for genes in genomes:
        offers, shares, margins, target, ranked = layout.cut(genes)
        offer = np.zeros(len(network.nodes.kind))
        offer[layout.nodes] = offers
        split = np.ones(len(network.split_kind))
        split[layout.shares] = np.where(shares < 0.05, 0.0, shares)
        routing = Routing(
            snap_offers(network, offer, settings.step),
            normalize_split(network, split, settings.fallback),
            np.zeros(len(network.pair_pool), dtype=np.int64),
        )
        if ranked > 0.5 and settings.classes > 1:
            routing = replace(routing, priority=priorities(network, routing, settings.classes))
        margin = np.zeros(len(network.pools.queue))
        margin[layout.pools] = margins
        try:
            routing, people = route_and_staff(instance, routing, target, covers, margin=margin)
        except NoSolution:
            plans.append(None)
            continue
        plans.append(judge(instance, routing, people, "search"))
    return plans
