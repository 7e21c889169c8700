"""Contacts that come when no shift of any pool that may serve them has people on the floor."""

from __future__ import annotations

import numpy as np

from planner.operation.problem import FlowProblem
from solvers.flow.network import Bools, FlowNetwork
from solvers.flow.solution import Instance


def uncovered(problem: FlowProblem) -> list[str]:
    """Say where contacts come while nobody can be on the floor, whatever is decided; empty: nowhere.

    A type's contacts stay in the channel they come to but for those who accept a steer. Where no steer takes all of
    them, and every pool that may serve the others is live, has no shift in some interval and no link to another pool,
    the occupancy cap is broken there.
    """
    network, nodes = problem.network, problem.network.nodes
    closed = _nobody(problem.instance)
    found: dict[tuple[str, str, str], list[str]] = {}
    for n in np.flatnonzero((nodes.stage == 0) & (nodes.steer < 0) & (network.first_volume > 0)):
        kind, pools = int(nodes.kind[n]), np.unique(network.flows.pool[network.flows.node == n])
        if _all_may_leave(network, int(n)):
            continue
        lacking = closed[pools] & (network.profile[kind] > 0)
        if len(pools) and lacking.any(axis=1).all():
            reason, segment = problem.types[kind]
            names = ", ".join(problem.pools[g] for g in pools)
            first = problem.starts[int(lacking[0].argmax())]
            found.setdefault((names, problem.channels[int(nodes.channel[n])], f"{first:%Y-%m-%d %H:%M}"), []).append(
                f"{reason} / {segment}"
            )
    return [
        f"no shift of {names} covers {first}, when contacts come in {channel}: {', '.join(kinds)}"
        for (names, channel, first), kinds in found.items()
    ]


def _nobody(instance: Instance) -> Bools:
    """Intervals in which a live pool without links can have nobody on the floor, shape (pool, interval)."""
    network = instance.network
    nobody = np.zeros((len(network.pools.queue), network.profile.shape[1]), dtype=bool)
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is not None and network.pools.waits[g] and g not in network.overflow_from:
            nobody[g] = ~catalogue.reachable_on(network.days).ravel()
    return nobody


def _all_may_leave(network: FlowNetwork, node: int) -> bool:
    """Whether a steer could take everybody away who comes to a node by themselves."""
    nodes = network.nodes
    beside = (nodes.steer >= 0) & (nodes.kind == nodes.kind[node]) & (nodes.natural == nodes.natural[node])
    return bool((nodes.acceptance[beside] >= 1.0).any())
