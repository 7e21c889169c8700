"""Parts of a plan that must stay: offers, shares of pools, priority classes, people on shifts of a pool.

The master gets them as rows (a relaxation like every other: whole shifts enter as what they pay and cover), a routing
read out of it is set to them exactly, and nobody is hired into or sent home from a pool whose shifts are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.core as pyo

from solvers.flow.network import Floats, FlowNetwork, Ints, Queue
from solvers.shifts.catalogue import Catalogue

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Pins:
    """What is kept: `offer` (node,) and `split` (split,) ratios, NaN where free; `priority` (pair,), -1 where free.

    `people` per pool: people on shifts, shape (day, shift), or None where free.
    """

    offer: Floats
    split: Floats
    priority: Ints
    people: tuple[Ints | None, ...]

    @classmethod
    def none(cls, network: FlowNetwork) -> Pins:
        """Keep nothing."""
        return cls(
            np.full(len(network.nodes.kind), np.nan),
            np.full(len(network.split_kind), np.nan),
            np.full(len(network.pair_pool), -1, dtype=np.int64),
            (None,) * len(network.pools.queue),
        )

    @property
    def pools(self) -> list[int]:
        """Pools whose shifts are kept."""
        return [g for g, counts in enumerate(self.people) if counts is not None]

    def complete(self, network: FlowNetwork) -> bool:
        """Tell whether nothing is left to decide but priorities and overflow."""
        steered = np.isfinite(self.offer[network.nodes.steer >= 0]).all()
        staffed = {int(g) for g in np.flatnonzero(network.pools.staffed)}
        return bool(steered and np.isfinite(self.split).all() and staffed <= set(self.pools))

    def kept_offer(self, network: FlowNetwork, offer: Floats) -> Floats:
        """Set pinned offers; free ones of the same customers shrink where all would be more than one offer each."""
        pinned = np.isfinite(self.offer)
        nodes = network.nodes
        group = nodes.kind * (int(nodes.natural.max(initial=0)) + 2) + nodes.natural + 1
        kept = np.where(pinned, np.nan_to_num(self.offer), 0.0)
        free = np.where(pinned, 0.0, offer)
        size = int(group.max(initial=0)) + 1
        room = np.maximum(0.0, 1.0 - np.bincount(group, kept, size))[group]
        total = np.bincount(group, free, size)[group]
        return np.asarray(kept + free * np.minimum(1.0, room / np.maximum(total, 1e-300)))

    def kept_split(self, network: FlowNetwork, split: Floats) -> Floats:
        """Set pinned shares; the free pools of a (type, channel) divide what is left as they did, or evenly."""
        pinned = np.isfinite(self.split)
        if not pinned.any():
            return split
        group = network.split_kind * (int(network.split_channel.max(initial=0)) + 1) + network.split_channel
        size = int(group.max(initial=0)) + 1
        kept = np.where(pinned, np.nan_to_num(self.split), 0.0)
        left = np.maximum(0.0, 1.0 - np.bincount(group, kept, size))[group]
        free = np.where(pinned, 0.0, split)
        none = np.bincount(group, free, size)[group] <= TOLERANCE
        free = np.where(none & ~pinned, 1.0, free)
        total = np.bincount(group, free, size)[group]
        share = kept + np.where(pinned, 0.0, left * free / np.maximum(total, 1e-300))
        return np.asarray(np.where(np.bincount(group, pinned, size)[group] > 0, share, split))

    def kept_priority(self, priority: Ints) -> Ints:
        """Set pinned priority classes."""
        return np.asarray(np.where(self.priority >= 0, self.priority, priority))

    def floor(self, g: int, catalogue: Catalogue) -> Floats:
        """People on the floor of a pool whose shifts are kept, shape (interval,)."""
        counts = self.people[g]
        if counts is None:
            raise ValueError(f"the shifts of pool {g} are not kept")
        return np.asarray((counts @ catalogue.cover).ravel(), dtype=float)


Row = Iterator[tuple[object, object]]


def pinned_offers(model: Any) -> Row:
    """Σ_g flow[n,g] = offer[n]·acceptance[n]·natural[n] of steer nodes whose offer is kept."""
    net, pins = model.net, model.pins
    if pins is None:
        return
    for n in map(int, np.flatnonzero(np.isfinite(pins.offer) & (net.nodes.steer >= 0))):
        moved = float(pins.offer[n] * net.nodes.acceptance[n] * net.first_volume[n])
        if model.flows_at[n]:
            yield n, pyo.quicksum(model.flow[f] for f in model.flows_at[n]) == moved


def pinned_shares(model: Any) -> Row:
    """flow[n,g] = share·Σ_g flow[n,g] where the share of a pool is kept; one row less where all are."""
    net, pins = model.net, model.pins
    if pins is None:
        return
    for n, flows in model.flows_at.items():
        kept = [f for f in flows if np.isfinite(pins.split[net.flows.split[f]])]
        if len(kept) == len(flows):
            kept = kept[1:]
        for f in kept:
            share = float(pins.split[net.flows.split[f]])
            yield (n, f), model.flow[f] == share * pyo.quicksum(model.flow[other] for other in flows)


def pinned_people(model: Any) -> Row:
    """paid[g,d] = kept, people[g,d] = kept, crew[g,τ] <= who is there, Σ_i profile·work[g,i]/cap <= who is there.

    Kept people are those of the plan, so with columns divided by 1 + h they are divided, too.
    """
    net, pins = model.net, model.pins
    for g in pins.pools if pins is not None else ():
        counts, catalogue = pins.people[g], model.catalogues[g]
        on_floor = 1 - float(net.pools.shrinkage[g])
        floor = pins.floor(g, catalogue)
        for d, day in enumerate(counts):
            yield (g, d, 0), model.paid[g, d] == float(day @ catalogue.paid_h) * model.shrink
            yield (g, d, 1), model.people[g, d] == float(day.sum()) * model.shrink
        there = np.bincount(model.groups.member, floor) / model.groups.size
        for t in model.times:
            yield (g, t, 2), model.crew[g, t] <= float(there[t]) * on_floor * model.shrink
        if net.pools.queue[g] == Queue.DEFERRED or g in net.overflow_from or g in net.overflow_to:
            continue
        scale = 3600.0 / (net.interval_s * net.pools.speed[g] * net.pools.occupancy_max[g] * on_floor)
        for t, people in enumerate(floor):
            work = pyo.quicksum(
                float(net.profile[net.pair_kind[p], t] * scale) * model.work[p] for p in model.pairs_of[g]
            )
            yield (g, t, 3), work <= float(people) * model.shrink


def faults(network: FlowNetwork, pins: Pins) -> list[tuple[str, int, float]]:
    """Find pins that contradict each other or the network: (what, where, how much).

    `offers` of a steer node that together are more than one offer each, `support`: an offer beyond what history allows
    (the most is given), `shares` of a split that with the others are more than 1, or all kept and less.
    """
    found: list[tuple[str, int, float]] = []
    nodes = network.nodes
    by_customer: dict[tuple[int, int], list[int]] = defaultdict(list)
    for n in map(int, np.flatnonzero(np.isfinite(pins.offer) & (nodes.steer >= 0))):
        by_customer[int(nodes.kind[n]), int(nodes.natural[n])].append(n)
        possible = float(network.first_volume[n] * nodes.acceptance[n])
        if pins.offer[n] * possible > nodes.most[n] * (1 + 1e-6) + TOLERANCE:
            found.append(("support", n, float(nodes.most[n] / possible)))
    for members in by_customer.values():
        total = float(pins.offer[members].sum())
        if total > 1 + 1e-6:
            found.append(("offers", members[0], total))
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for s in range(len(network.split_kind)):
        groups[int(network.split_kind[s]), int(network.split_channel[s])].append(s)
    for members in groups.values():
        values = pins.split[members]
        total = float(np.nansum(values))
        if total > 1 + 1e-6 or (np.isfinite(values).all() and total < 1 - 1e-6):
            found.append(("shares", members[0], total))
    return found


def with_kept(pins: Pins | None, network: FlowNetwork, routing: Any) -> Any:
    """Set the pinned parts of a routing."""
    if pins is None:
        return routing
    return replace(
        routing,
        offer=pins.kept_offer(network, routing.offer),
        split=pins.kept_split(network, routing.split),
        priority=pins.kept_priority(routing.priority),
    )
