"""What can make up the work of a pool whose size is known: its load in every interval, how long contacts can be.

Which types a pool serves is free, but none can send it more than it has. A pool that is known to be large therefore
serves short contacts, too, and is busy when its types are: both bring the facets of waiting closer (`queues`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.families import HOUR_S
from solvers.flow.groups import TimeGroups
from solvers.flow.network import Floats, FlowNetwork

SETTLED = 1e-9  # share by which volumes still grow; a thousand times that is left for where they end
ROUNDS = 1_000
UNLIMITED_H = 1e9  # hours of work where no limit is known
NONE_LEFT = 1e-9  # share of a pool's load


def most_volume(network: FlowNetwork) -> Floats:
    """Contacts that reach each node at most, whatever is decided, shape (node,); inf where no limit is known.

    First contacts: everybody who may go there. Later ones: what any flow of another node sends on, x = b + A·x with
    the largest share of its pools; abandonment, at most `abandon_max`, may turn those served into those who redial.
    """
    nodes, flows, pools = network.nodes, network.flows, network.pools
    entering = np.where(nodes.steer >= 0, nodes.acceptance, 1.0) * network.first_volume
    first = np.where(nodes.stage == 0, np.minimum(entering, nodes.most), 0.0)
    lost = np.where(pools.waits, network.abandon_max, 0.0)[flows.pool]
    share: dict[tuple[int, int], float] = {}
    again = pools.redial[flows.pool] * lost
    for f in range(len(flows.node)):
        onward = {int(network.redial_to[f]): again[f]} if again[f] > 0 else {}
        mine = slice(*np.searchsorted(network.served_from, [f, f + 1]))
        for n, part in zip(network.served_to[mine].tolist(), network.served_share[mine].tolist(), strict=True):
            onward[n] = max(part, part * (1.0 - lost[f]) + onward.get(n, 0.0))
        for n, part in onward.items():
            key = int(flows.node[f]), n
            share[key] = max(share.get(key, 0.0), part)
    if not share:
        return first
    here, there = np.array(list(share), dtype=np.int64).T
    parts = np.array(list(share.values()))
    volume = first
    for _ in range(ROUNDS):
        before, volume = volume, first + np.bincount(there, parts * volume[here], len(first))
        if (volume - before <= SETTLED * volume).all():
            return np.asarray(volume * (1.0 + 1e3 * SETTLED))
    return np.where(np.isin(np.arange(len(first)), there), np.inf, first)


@dataclass(frozen=True)
class Mixes:
    """What can make up the work of one pool.

    Axis (part,), flows of one type and handle time: `most_h` hours of work over the horizon, `aht_s`, `load` (part,
    interval) agents that an hour of work takes. Ranges are over the intervals of a group, for facets have to hold in
    each (Jensen).
    """

    most_h: Floats
    aht_s: Floats
    load: Floats
    groups: TimeGroups

    @staticmethod
    def of(network: FlowNetwork, groups: TimeGroups, g: int, most: Floats) -> Mixes:
        """Read them from a network and the most contacts of its nodes, shape (node,)."""
        mine = network.flows.pool == g
        kind, aht_s = network.flow_kind[mine], network.flows.aht_s[mine]
        parts, part = np.unique(np.column_stack([kind, aht_s]), axis=0, return_inverse=True)
        hours = np.minimum(most[network.flows.node[mine]] * aht_s / HOUR_S, UNLIMITED_H)
        scale = HOUR_S / (network.interval_s * network.pools.speed[g])
        load = network.profile[parts[:, 0].astype(np.int64)] * scale
        most_h = np.bincount(part.ravel(), hours, len(parts)).astype(np.float64)
        return Mixes(most_h, parts[:, 1], load, groups)

    def loads(self, least_h: float, most_h: float) -> tuple[Floats, Floats]:
        """Least and most agents' worth of load in an interval of each group, of a pool of such a size, (group,) both.

        A linear program over one knapsack an interval: parts enter in the order of their load there.
        """
        less = _fullest(-self.load, self.most_h, np.full(self.load.shape[1], least_h))
        more = _fullest(self.load, self.most_h, np.full(self.load.shape[1], most_h))
        return -self._largest(less), self._largest(more)

    def longest_s(self, least_h: float, steps_s: Floats) -> Floats:
        """Return the first of ascending `steps_s` no mean handle time exceeds in any interval of a group, (group,).

        `least_h`: work of the pool at least. The mean of a mix is Σ load/Σ(load/aht); it exceeds s where some mix has
        Σ load·(1 − s/aht) > 0 (Dinkelbach, 1967), and the best mix takes all parts that are longer, then those that
        take least away. The last of `steps_s` must be above all handle times.
        """
        return self._largest(self._first_beyond(least_h, steps_s, 1.0))

    def shortest_s(self, least_h: float, steps_s: Floats) -> Floats:
        """Return the first of descending `steps_s` that no mean handle time falls below, likewise, (group,).

        The last of `steps_s` must be below all handle times.
        """
        return -self._largest(-self._first_beyond(least_h, steps_s, -1.0))

    def _first_beyond(self, least_h: float, steps_s: Floats, sign: float) -> Floats:
        """First of `steps_s` that no mix passes, shape (interval,): above it for sign 1, below it for −1."""
        low = np.zeros(self.load.shape[1], dtype=np.int64)
        high = np.full(self.load.shape[1], len(steps_s) - 1)
        while (low < high).any():
            middle = (low + high) // 2
            value = sign * self.load * (1.0 - steps_s[middle] / self.aht_s[:, None])
            passing = ((value > 0) * self.most_h[:, None]).sum(axis=0)
            left = _fullest(value, self.most_h, np.maximum(passing, least_h))
            within = left <= NONE_LEFT * self.load.max(axis=0)
            high = np.where(within, middle, high)
            low = np.where(within, low, np.minimum(middle + 1, high))
        return np.asarray(steps_s[high])

    def _largest(self, values: Floats) -> Floats:
        largest = np.full(len(self.groups.size), -np.inf)
        np.maximum.at(largest, self.groups.member, values)
        return largest


def _fullest(value: Floats, most: Floats, hours: Floats) -> Floats:
    """Largest Σ x·value with 0 <= x <= most and Σ x = hours (or all there is), shape (interval,), greedily exact."""
    order = np.argsort(-value, axis=0, kind="stable")
    sizes = most[order]
    before = np.cumsum(sizes, axis=0) - sizes
    taken = np.clip(hours - before, 0.0, sizes)
    return np.asarray((taken * np.take_along_axis(value, order, axis=0)).sum(axis=0))
