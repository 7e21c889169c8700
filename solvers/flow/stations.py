"""Where the master bounds waiting: a live pool, or all pools that overflow connects, taken as one.

What goes over when is free, so the load of a linked pool in an interval is not known, but that of all together nearly
is. Pools that share everything wait least (pooling; Smith and Whitt, 1981): with like handle times, patience and
speeds the queues of several pools are together at least that of one with all their people and load.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field

import numpy as np

from solvers.flow.groups import TimeGroups
from solvers.flow.mixes import Mixes, most_volume
from solvers.flow.network import Floats, FlowNetwork, Queue
from solvers.queueing.mixed_hull import mixed_queue_hull

STEP = 1.1  # hulls are shared by loads within this factor
RATIO_STEP = 1.03  # and by the longest handle times over patience within this one,
SHORT_STEP = 1.1  # by the shortest, which matter less, within this one
LEAST_LOAD = 0.25  # agents; a range that starts below it starts at 0
WIDEST = 40.0  # times the least load, or an agent; facets over wider ranges are too low to be worth their time


@dataclass(frozen=True)
class Station:
    """Pools whose waiting is bounded as one: `members`, places among the pools with a queue.

    `mixes` of each; `patience_s` (member,), of contacts handled at full speed: patience times the speed of an agent
    with all slots busy, relative to one contact alone; `curve` (slot,) speed with 1..K contacts relative to that of K;
    `stretch`: most by which the work of a contact differs between members; `counted`: whether arrivals are known.
    """

    members: tuple[int, ...]
    mixes: tuple[Mixes, ...]
    patience_s: Floats
    curve: tuple[float, ...]
    stretch: float
    counted: bool
    known: dict[tuple[float, ...], Floats] = field(default_factory=dict, compare=False, repr=False)

    def ranges(self, lower: Floats, upper: Floats) -> Floats:
        """Least and most load (agents), longest and shortest handle time over patience of such sizes, (group, 4).

        `lower`, `upper` (member,): hours of work. Rounded outwards, so that hulls are shared.
        """
        key = (*lower.tolist(), *upper.tolist())
        found = self.known.get(key)
        if found is None:
            loads = [mixes.loads(*ends) for mixes, *ends in zip(self.mixes, lower, upper, strict=True)]
            low, high = np.sum([own for own, _ in loads], axis=0), np.sum([own for _, own in loads], axis=0)
            ends = [
                _bucket(a / self.stretch, b * self.stretch) for a, b in zip(low.tolist(), high.tolist(), strict=True)
            ]
            found = self.known[key] = np.column_stack([np.array(ends), *self._ratios(lower)])
        return found

    def _ratios(self, lower: Floats) -> tuple[Floats, Floats]:
        """Longest and shortest handle time over patience, (group,) both: the longest twice where nobody is counted."""
        single = len(self.members) == 1
        each = [
            _ratio_range(mixes, float(least_h) if single else 0.0, float(patience_s))
            for mixes, least_h, patience_s in zip(self.mixes, lower, self.patience_s, strict=True)
        ]
        longest = np.max([own for own, _ in each], axis=0)
        return longest, each[0][1] if self.counted else longest

    def hull(self, low: float, high: float, longest: float, shortest: float) -> Floats:
        """Facets (a, b, d, c) of queue >= a·agents + b·load + d·arrivals + c, arrivals while one is patient.

        None over a range that would see no waiting.
        """
        if high > WIDEST * max(low, 1.0):
            return np.zeros((0, 4))
        return _hull(low, high, longest, shortest, self.curve)


def stations_of(network: FlowNetwork, groups: TimeGroups, queued: list[int]) -> list[Station]:
    """Stations of the pools with a queue, in the order of their first members."""
    most, counted = most_volume(network), counted_pools(network, queued)
    label = network.linked
    stations = []
    for component in dict.fromkeys(label[g] for g in queued):
        pools = [g for g in queued if label[g] == component]
        curves = [_speeds(network, g) for g in pools]
        if (label == component).sum() > len(pools) or len({len(curve) for curve in curves}) > 1:
            continue  # a pool without a queue takes part, or their agents serve different numbers at a time
        stations.append(
            Station(
                members=tuple(queued.index(g) for g in pools),
                mixes=tuple(Mixes.of(network, groups, g, most) for g in pools),
                patience_s=np.array([network.pools.patience_s[g] * c[-1] for g, c in zip(pools, curves, strict=True)]),
                curve=tuple(np.max([curve / curve[-1] for curve in curves], axis=0).tolist()),
                stretch=_stretch(network, pools),
                counted=pools[0] in counted,
            )
        )
    return stations


def counted_pools(network: FlowNetwork, queued: list[int]) -> list[int]:
    """Pools whose arrivals in an interval the master counts beside their load: nothing overflows to or from them.

    None of a large network: their rows hold an entry for every type, and bring a tenth of a percent of cost there.
    """
    if network.large:
        return []
    return [g for g in queued if (network.linked == network.linked[g]).sum() == 1]


def _stretch(network: FlowNetwork, pools: list[int]) -> float:
    """Return the most by which the work of a node differs between pools, in agents at full speed, >= 1."""
    flows = network.flows
    mine = np.isin(flows.pool, pools)
    node, work = flows.node[mine], (flows.aht_s / network.pools.speed[flows.pool])[mine]
    least, most = np.full(len(network.nodes.kind), np.inf), np.zeros(len(network.nodes.kind))
    np.minimum.at(least, node, work)
    np.maximum.at(most, node, work)
    return float((most[node] / np.maximum(least[node], 1e-12)).max(initial=1.0)) if len(pools) > 1 else 1.0


def _speeds(network: FlowNetwork, g: int) -> Floats:
    speeds = network.pools.chat_speed[g]
    return speeds[~np.isnan(speeds)] if network.pools.queue[g] == Queue.CHAT else np.ones(1)


def _ratio_range(mixes: Mixes, least_h: float, patience_s: float) -> tuple[Floats, Floats]:
    """Longest and shortest handle time over patience, rounded outwards, (group,): longer contacts wait less."""
    if not len(mixes.aht_s):  # nobody can come here
        nobody = np.ones(len(mixes.groups.size))
        return nobody, nobody
    least, most = float(mixes.aht_s.min() / patience_s), float(mixes.aht_s.max() / patience_s)
    longest = mixes.longest_s(least_h, _steps(least, most, RATIO_STEP) * patience_s)
    shortest = mixes.shortest_s(least_h, _steps(least, most, SHORT_STEP)[::-1] * patience_s)
    return longest / patience_s, np.minimum(shortest, longest) / patience_s


def _steps(least: float, most: float, step: float) -> Floats:
    """Powers of a step from at most `least` to at least `most`."""
    first = math.floor(math.log(least) / math.log(step) + 1e-9)
    last = math.ceil(math.log(most) / math.log(step) - 1e-9)
    return np.asarray(step ** np.arange(first, max(first, last) + 1.0))


def _bucket(low: float, high: float) -> tuple[float, float]:
    """Round a range of loads outwards to powers of STEP, at least one step wide."""
    up = math.ceil(math.log(max(high, 2.0 * LEAST_LOAD)) / math.log(STEP) - 1e-9)
    if low <= LEAST_LOAD:
        return 0.0, STEP**up
    down = math.floor(math.log(low) / math.log(STEP) + 1e-9)
    return STEP**down, STEP ** max(up, down + 1)


@functools.lru_cache(maxsize=4096)
def _hull(low: float, high: float, longest: float, shortest: float, curve: tuple[float, ...]) -> Floats:
    return mixed_queue_hull(low, high, shortest, longest, 1.0, np.array(curve))
