"""When contacts come to the pools that serve them: each type by its profile, but for those sent over by interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.closing import closed_overflow
from solvers.flow.network import Decision, Floats, FlowNetwork, Ints

SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Spread:
    """Who serves how much, and when.

    `share` (split,): share of the contacts of a (type, channel) that a pool serves, those sent over included; `table`
    (row, interval) sums to 1 per row, and `row` (pair,) is the row by which the contacts of a (pool, type) come.
    """

    share: Floats
    table: Floats
    row: Ints


def link_splits(network: FlowNetwork, link: int) -> tuple[Ints, Ints]:
    """Shares a link of overflow takes from and gives to, two arrays of split indices of the same length.

    One entry for each (type, channel) that both pools may serve; what only the first may serve stays there.
    """
    pools = len(network.pools.queue)
    group = network.split_kind * (int(network.split_channel.max(initial=0)) + 1) + network.split_channel
    key = group * pools + network.split_pool
    order = np.argsort(key)
    ours = np.flatnonzero(network.split_pool == network.overflow_from[link])
    wanted = group[ours] * pools + network.overflow_to[link]
    place = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
    theirs = order[place]
    both = key[theirs] == wanted
    return ours[both], theirs[both]


def spread_of(network: FlowNetwork, decision: Decision) -> Spread:
    """Spread the contacts of a decision over intervals.

    A share over[l,t] of the contacts that come to pool g by its share of a (type, channel) in interval t goes over
    link l to pool h, so that of all contacts of the type in the channel h serves

        share[h] = split[h]·Σ_t profile[t]·(1 − Σ_{l from h} over[l,t]) + Σ_{l: g → h} split[g]·Σ_t profile[t]·over[l,t]

    and they come by the terms of that sum. What is sent over is not sent on. Closed pools send everybody over.

    Raises
    ------
    ValueError
        `overflow` has another shape, a share outside [0, 1] or a pool that sends more than it gets.
    """
    overflow = closed_overflow(network, decision.overflow)
    if overflow is None:
        return Spread(decision.split, network.profile, network.pair_kind)
    check_overflow(network, overflow)
    linked = np.isin(network.split_pool, [network.overflow_from, network.overflow_to])
    place = np.cumsum(linked) - 1
    stays = np.ones((int(linked.sum()), network.profile.shape[1]))
    gets = np.zeros_like(stays)
    for link, over in enumerate(overflow):
        ours, theirs = link_splits(network, link)
        stays[place[ours]] -= over
        gets[place[theirs]] += decision.split[ours][:, None] * over
    moved = (stays < 1.0).any(axis=1) | (gets > 0.0).any(axis=1)
    touched, stays, gets = np.flatnonzero(linked)[moved], stays[moved], gets[moved]
    served = decision.split[touched][:, None] * np.maximum(stays, 0.0) + gets
    weight = network.profile[network.split_kind[touched]] * served
    total = weight.sum(axis=1)
    share, row = decision.split.copy(), network.pair_kind.copy()
    share[touched] = total
    used = total > 0.0
    row[_pair_of_split(network)[touched[used]]] = len(network.profile) + np.arange(used.sum())
    return Spread(share, np.vstack([network.profile, weight[used] / total[used, None]]), row)


def check_overflow(network: FlowNetwork, overflow: Floats) -> None:
    """Refuse shares of overflow that nobody could carry out.

    Raises
    ------
    ValueError
        Naming link, interval and value.
    """
    shape = (len(network.overflow_from), network.profile.shape[1])
    if overflow.shape != shape:
        raise ValueError(f"overflow has shape {overflow.shape} — must be (link, interval) = {shape}")
    outside = ~((overflow >= 0.0) & (overflow <= 1.0 + SUM_TOLERANCE))
    if outside.any():
        link, t = (int(k[0]) for k in np.nonzero(outside))
        raise ValueError(f"overflow[{link}, {t}] = {float(overflow[link, t])!r} — must be a share in [0, 1]")
    sent = np.zeros((len(network.pools.queue), shape[1]))
    np.add.at(sent, network.overflow_from, overflow)
    if (sent > 1.0 + SUM_TOLERANCE).any():
        g, t = (int(k[0]) for k in np.nonzero(sent > 1.0 + SUM_TOLERANCE))
        raise ValueError(f"overflow of pool {g} in interval {t} sums to {float(sent[g, t])!r} — must be at most 1")


def _pair_of_split(network: FlowNetwork) -> Ints:
    """Pair (pool, type) of each share, shape (split,); one to one, for a pool serves one channel."""
    pair = np.zeros(len(network.split_kind), dtype=np.int64)
    pair[network.flows.split] = network.flows.pair
    return pair
