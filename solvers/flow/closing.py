"""Pools that are closed in some intervals: everybody who would come goes over to the linked pools that are open."""

from __future__ import annotations

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
