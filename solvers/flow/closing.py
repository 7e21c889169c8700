"""Pools that are closed in some intervals, or must have people in others.

Everybody who would come to a closed pool goes over to the linked pools that are open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from solvers.flow.network import Bools, Floats, FlowNetwork


def closed_links(network: FlowNetwork) -> Bools:
    """Links and intervals that leave no choice, (link, interval): a pool at one of their ends is closed."""
    return np.asarray(network.closed[network.overflow_from] | network.closed[network.overflow_to])


def closed_overflow(network: FlowNetwork, overflow: Floats | None) -> Floats | None:
    """Return the overflow of a plan as closed pools have it, shape (link, interval); None where nobody is sent over.

    A closed pool sends everybody, in equal shares to its linked pools that are open, and gets nobody.
    """
    if not network.closed.any() or not len(network.overflow_from):
        return overflow
    source, target = network.overflow_from, network.overflow_to
    over = np.zeros((len(source), network.profile.shape[1])) if overflow is None else overflow.copy()
    over[closed_links(network)] = 0.0
    takes = network.closed[source] & ~network.closed[target]
    count = np.zeros(network.closed.shape)
    np.add.at(count, source, takes)
    return np.asarray(np.where(takes, 1.0 / np.maximum(count[source], 1.0), over))


def closed_pools(model: Any) -> Iterator[tuple[Any, Any]]:
    """crew[g,τ] = 0 where pool g is closed: by the cap nobody is served there then."""
    for g, t in zip(*np.nonzero(_groups_of(model, model.net.closed)), strict=True):
        yield (int(g), int(t)), model.crew[int(g), int(t)] == 0.0


def least_people(model: Any) -> Iterator[tuple[Any, Any]]:
    """crew[g,τ]/(1 − shrinkage[g]) >= people_min[g,τ]/(1 + h): a pool that is open is not left alone."""
    least = _groups_of(model, model.net.people_min)
    for g, t in zip(*np.nonzero(least), strict=True):
        people = float(1 / (1 - model.net.pools.shrinkage[g])) * model.crew[int(g), int(t)]
        yield (int(g), int(t)), people >= float(least[g, t]) * model.shrink


def _groups_of(model: Any, limit: Any) -> Any:
    """Limits (pool, interval) by group: its intervals all have the same."""
    first = np.unique(model.groups.member, return_index=True)[1]
    return limit[:, first]
