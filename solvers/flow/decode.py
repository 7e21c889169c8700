"""Read routing out of a point of the master: offers, shares of pools, priority classes."""

from __future__ import annotations

import numpy as np

from solvers.flow.master_point import MasterPoint
from solvers.flow.network import Floats, FlowNetwork, Ints, Queue
from solvers.flow.solution import Routing

SMALLEST_SHARE = 0.03  # a pool asked for less of a type would be staffed for crumbs


def split_groups(network: FlowNetwork) -> Ints:
    """Index of the (type, channel) each share belongs to, shape (split,)."""
    return np.asarray(network.split_kind * (int(network.split_channel.max(initial=0)) + 1) + network.split_channel)


def normalize_split(network: FlowNetwork, share: Floats, fallback: Floats) -> Floats:
    """Scale shares of each (type, channel) to sum to 1; those with nothing take the fallback's."""
    group = split_groups(network)
    size = int(group.max(initial=0)) + 1
    total = np.bincount(group, share, size)[group]
    return np.asarray(np.where(total > 1e-12, share / np.maximum(total, 1e-300), fallback))


def even_split(network: FlowNetwork) -> Floats:
    """Equal shares over the pools of each (type, channel), shape (split,)."""
    group = split_groups(network)
    return np.asarray(1.0 / np.bincount(group)[group])


def snap_offers(network: FlowNetwork, offer: Floats, step: float | None) -> Floats:
    """Clip offers to what support and "one offer each" allow, on the steps of the scenario if there are any."""
    nodes = network.nodes
    steered = nodes.steer >= 0
    offer = np.where(steered, np.clip(offer, 0.0, 1.0), 0.0)
    possible = network.first_volume * nodes.acceptance
    allowed = np.where(steered & (possible > 0), np.minimum(1.0, nodes.most / np.maximum(possible, 1e-300)), 0.0)
    offer = np.minimum(offer, allowed)
    if step is not None:
        near = np.round(offer / step) * step
        offer = np.where(near <= allowed + 1e-12, near, np.floor(allowed / step + 1e-9) * step)
    group = nodes.kind * (int(nodes.natural.max(initial=0)) + 2) + nodes.natural + 1
    total = np.bincount(group, offer, int(group.max(initial=0)) + 1)[group]
    scaled = np.where(total > 1.0, offer / np.maximum(total, 1e-300), offer)
    if step is not None:
        scaled = np.floor(scaled / step + 1e-9) * step
    return np.asarray(scaled)


def routing_of(network: FlowNetwork, point: MasterPoint, fallback: Floats, step: float | None) -> Routing:
    """Offers and shares of a master point; crumbs below `SMALLEST_SHARE` go to the other pools of the pair."""
    nodes, flows = network.nodes, network.flows
    volume = np.bincount(flows.node, point.flow, len(nodes.kind))
    possible = network.first_volume * nodes.acceptance
    offer = np.where((nodes.steer >= 0) & (possible > 1e-12), volume / np.maximum(possible, 1e-300), 0.0)
    asked = np.bincount(flows.split, point.flow, len(network.split_kind)).astype(np.float64)
    share = normalize_split(network, asked, fallback)
    share = normalize_split(network, np.where(share < SMALLEST_SHARE, 0.0, share), fallback)
    return Routing(snap_offers(network, offer, step), share, np.zeros(len(network.pair_pool), dtype=np.int64))


def waiting_value(network: FlowNetwork) -> Floats:
    """Index of a (pool, type) per busy second, shape (pair,): points saved by a second less waiting / handle time.

    c·μ with c = θ(1 − ρ)(score − score_abandoned) + slope of the wait curve: the cμ/θ rule of Atar, Giat and Shimkin
    (2010) within a pool of common patience.
    """
    flows, pools = network.flows, network.pools
    count = len(network.pair_pool)
    first = network.nodes.stage[flows.node] == 0
    weight = np.where(first, 1.0, 1e-6)
    total = np.bincount(flows.pair, weight, count)
    score = np.bincount(flows.pair, weight * flows.score, count) / np.maximum(total, 1e-300)
    aht_s = np.bincount(flows.pair, weight * flows.aht_s, count) / np.maximum(total, 1e-300)
    patience = pools.patience_s[network.pair_pool]
    theta = np.where(np.isfinite(patience), 1.0 / patience, 0.0)
    mean = np.where(np.isfinite(patience), patience / 4, 60.0)[:, None]
    slope = (network.wait_bend * np.exp(-network.wait_knots_s / mean)).sum(axis=1)
    gain = theta * (1 - pools.redial[network.pair_pool]) * (score - network.score_abandoned) + slope
    return np.asarray(gain / np.maximum(aht_s, 1.0))


def priorities(network: FlowNetwork, routing: Routing, classes: int) -> Ints:
    """Priority class of each (pool, type): quantiles of the waiting value by volume, live voice pools only."""
    value = waiting_value(network)
    share = np.zeros(len(network.pair_pool))
    np.maximum.at(share, network.flows.pair, routing.split[network.flows.split])
    volume = share * network.issues[network.pair_kind]
    result = np.zeros(len(value), dtype=np.int64)
    for g in np.flatnonzero(network.pools.queue == Queue.VOICE):
        members = np.flatnonzero((network.pair_pool == g) & (volume > 0))
        if len(members) < 2 or np.ptp(value[members]) <= 1e-12:
            continue
        order = members[np.argsort(-value[members], kind="mergesort")]
        before = np.cumsum(volume[order]) - volume[order]
        result[order] = np.minimum(classes - 1, (before / volume[order].sum() * classes).astype(np.int64))
    return result
