"""Waiting in the master: facets of the queue of every live pool, close where the size of the pool is known.

The queue of Erlang A (or of a chat pool) is not jointly convex in agents and load, so facets that hold for any size of
a pool see hardly any waiting. Inside a *box* of pool sizes (least and most work over the horizon) the load of each
group of intervals lies in a narrow range, and the hull over that range is close; branching over boxes makes a bound of
it. Facets are taken at the longest handle time of the pool, the safe side: at the same load, longer contacts wait less.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from solvers.flow.families import HOUR_S
from solvers.flow.groups import TimeGroups
from solvers.flow.mixes import Mixes, most_volume
from solvers.flow.network import Floats, FlowNetwork, Queue
from solvers.highs import HeldProgram
from solvers.queueing.hull import queue_hull, queue_lengths
from solvers.shifts.catalogue import Payroll

STEP = 1.1  # hulls are shared by loads within this factor
RATIO_STEP = 1.03  # and by handle times over patience within this one
LEAST_LOAD = 0.25  # agents; a range that starts below it starts at 0
WIDEST = 40.0  # agents; facets from no load at all to more than this are too low to be worth their time


@dataclass(frozen=True)
class Box:
    """Work of the pools with a queue over the horizon, hours: `lower`, `upper` (queued pool,)."""

    lower: Floats
    upper: Floats

    def split(self, pool: int, at: float) -> tuple[Box, Box]:
        """Cut the box in two at some work of one pool."""
        below, above = self.upper.copy(), self.lower.copy()
        below[pool] = above[pool] = at
        return Box(self.lower, below), Box(above, self.upper)


@dataclass
class _Rows:
    """Facets held as rows: where they are, what they say, and the loads (agents) and the ratio they hold for."""

    row: list[int] = field(default_factory=list)
    place: list[tuple[int, int]] = field(default_factory=list)
    plane: list[tuple[float, float, float]] = field(default_factory=list)
    range: list[tuple[float, float, float]] = field(default_factory=list)
    active: list[bool] = field(default_factory=list)


class QueueFacets:
    """The facets of one held program: which are there, which hold in the present box, which a point violates."""

    def __init__(
        self,
        held: HeldProgram,
        network: FlowNetwork,
        payroll: Payroll,
        groups: TimeGroups,
        columns: Mapping[str, Mapping[Any, int]],
        width: int,
        least_growth: float,
    ) -> None:
        self._held, self.network, self.groups, self._width = held, network, groups, width
        self.pools = queued_pools(network)
        self.growth = 1.0
        times = range(len(groups.size))
        shape = (len(self.pools), len(groups.size))
        self._queue, self._load, self._crew = (
            np.array([[columns[name][g, t] for t in times] for g in self.pools], dtype=np.int64).reshape(shape)
            for name in ("queue", "offered", "crew")
        )
        self._total = np.array([columns["total"][g] for g in self.pools], dtype=np.int32)
        self._speeds = [_speeds(network, g) for g in self.pools]
        most = most_volume(network)
        self._mixes = [Mixes.of(network, groups, g, most) for g in self.pools]
        self._ranges: dict[tuple[int, float, float], Floats] = {}
        self.root = Box(
            np.zeros(len(self.pools)), np.array([most_work(network, payroll, g, least_growth) for g in self.pools])
        )
        self._facets = np.zeros((*shape, 1, 3))
        self._range = np.zeros((*shape, 3))
        self._rows = _Rows()
        self.enter(self.root)

    def enter(self, box: Box) -> None:
        """Bound the pools' sizes by a box and switch to the facets that hold there."""
        self._held.set_columns(self._total, box.lower, box.upper)
        hulls: list[list[Floats]] = []
        for k in range(len(self.pools)):
            self._range[k] = self._range_of(k, float(box.lower[k]), float(box.upper[k]))
            hulls.append([_hull(low, high, ratio, self._speeds[k]) for low, high, ratio in self._range[k].tolist()])
        deepest = max((len(h) for row in hulls for h in row), default=1)
        self._facets = np.zeros((*self._range.shape[:2], max(1, deepest), 3))
        for k, row in enumerate(hulls):
            for t, facets in enumerate(row):
                self._facets[k, t, : len(facets)] = facets
        self._switch()

    def _range_of(self, k: int, lower: float, upper: float) -> Floats:
        """Least load, most load and ratio of handle time to patience of a pool within sizes, hours, (group, 3)."""
        known = self._ranges.get((k, lower, upper))
        if known is None:
            g, network = self.pools[k], self.network
            linked = g in network.overflow_from or g in network.overflow_to  # what goes over when is free
            low, high = (0.0, np.inf) if linked else self._mixes[k].loads(lower, upper)
            ratio = _abandon_ratio(self._mixes[k], 0.0 if linked else lower, float(network.pools.patience_s[g]))
            low, high, ratio = np.broadcast_arrays(low, high, ratio)
            rows = [(*_bucket(*ends), r) for *ends, r in zip(low.tolist(), high.tolist(), ratio.tolist(), strict=True)]
            known = self._ranges[k, lower, upper] = np.array(rows)
        return known

    def _switch(self) -> None:
        """Hold the rows that hold for all loads and handle times of the box, free the others."""
        rows = self._rows
        if not rows.row:
            return
        place, ranges = np.array(rows.place), np.array(rows.range)
        here = self._range[place[:, 0], place[:, 1]]
        active = (ranges[:, 0] <= here[:, 0]) & (ranges[:, 1:] >= here[:, 1:]).all(axis=1)
        changed = np.flatnonzero(active != np.array(rows.active))
        least = np.where(active, np.array(rows.plane)[:, 2], -np.inf)[changed]
        self._held.set_rows(np.array(rows.row, dtype=np.int32)[changed], least, np.full(len(changed), np.inf))
        rows.active = active.tolist()

    def move(self, growth: float) -> None:
        """Go to another headroom: agents are (1 + h)·crew."""
        if growth == self.growth:
            return
        self.growth = growth
        for row, (k, t), (a, _, _) in zip(self._rows.row, self._rows.place, self._rows.plane, strict=True):
            self._held.set_coefficient(row, int(self._crew[k, t]), -a * growth)

    def add_violated(self, x: Floats, tolerance: float) -> int:
        """Add the facet each queue misses most, by more than a tolerance (contacts); tell how many were added."""
        agents, load = self.growth * x[self._crew], x[self._load]
        planes = self._facets
        value = planes[..., 0] * agents[..., None] + planes[..., 1] * load[..., None] + planes[..., 2]
        worst = value.argmax(axis=2)
        short = np.take_along_axis(value, worst[..., None], axis=2)[..., 0] > x[self._queue] + tolerance
        places = np.argwhere(short)
        if len(places) == 0:
            return 0
        data, columns, lower = [], [], []
        for k, t in places:
            a, b, c = map(float, planes[k, t, worst[k, t]])
            columns += [self._queue[k, t], self._crew[k, t], self._load[k, t]]
            data += [1.0, -a * self.growth, -b]
            lower.append(c)
            self._rows.row.append(self._held.rows + len(lower) - 1)
            self._rows.place.append((int(k), int(t)))
            self._rows.plane.append((a, b, c))
            self._rows.range.append(tuple(self._range[k, t].tolist()))
            self._rows.active.append(True)
        pointer = np.arange(0, len(data) + 1, 3)
        matrix = sparse.csr_matrix((data, columns, pointer), shape=(len(lower), self._width))
        self._held.add_rows(matrix, np.array(lower), np.full(len(lower), np.inf))
        return len(lower)

    def unseen_wait_h(self, x: Floats) -> Floats:
        """Customer-hours of waiting that the point leaves out, shape (queued pool,)."""
        agents, load = self.growth * x[self._crew], np.maximum(x[self._load], 0.0)
        missing = np.zeros(len(self.pools))
        for k in range(len(self.pools)):
            true = queue_lengths(load[k], agents[k], self._range[k, :, 2], self._speeds[k])
            missing[k] = np.maximum(true - x[self._queue[k]], 0.0) @ self.groups.size * self.network.interval_s / HOUR_S
        return missing

    def sizes(self, x: Floats) -> Floats:
        """Work of each queued pool at a point, hours, shape (queued pool,)."""
        return np.asarray(x[self._total])


def queued_pools(network: FlowNetwork) -> list[int]:
    """Live pools whose customers leave when they wait too long."""
    return [int(g) for g in np.flatnonzero(network.pools.waits & np.isfinite(network.pools.patience_s))]


def _speeds(network: FlowNetwork, g: int) -> Floats:
    speeds = network.pools.chat_speed[g]
    chat = network.pools.queue[g] == Queue.CHAT
    return np.ascontiguousarray(speeds[~np.isnan(speeds)]) if chat else np.ones(1)


def _abandon_ratio(mixes: Mixes, least_h: float, patience_s: float) -> Floats:
    """Longest handle time of a pool over its patience, rounded up: at the same load a smaller queue, (group,)."""
    ends = np.log([mixes.aht_s.min(initial=1.0) / patience_s, mixes.aht_s.max(initial=1.0) / patience_s])
    first, last = np.floor(ends / math.log(RATIO_STEP)), np.ceil(ends / math.log(RATIO_STEP) - 1e-9)
    steps = RATIO_STEP ** np.arange(first[0], last[1] + 1.0)
    return np.asarray(mixes.longest_s(least_h, steps * patience_s) / patience_s)


def _bucket(low: float, high: float) -> tuple[float, float]:
    """Round a range of loads outwards to powers of STEP."""
    if not math.isfinite(high):
        return 0.0, math.inf
    down = STEP ** math.floor(math.log(low) / math.log(STEP) + 1e-9) if low > LEAST_LOAD else 0.0
    return down, STEP ** math.ceil(math.log(max(high, 2.0 * LEAST_LOAD)) / math.log(STEP) - 1e-9)


def _hull(low: float, high: float, ratio: float, speeds: Floats) -> Floats:
    """Facets over a range of loads; none over one so wide that they would see no waiting."""
    if low <= 0.0 and high > WIDEST:
        return np.zeros((0, 3))
    return _known_hull(float(low), float(high), ratio, tuple(map(float, speeds)))


@functools.lru_cache(maxsize=4096)
def _known_hull(low: float, high: float, ratio: float, speeds: tuple[float, ...]) -> Floats:
    return queue_hull(low, high, ratio, 1.0, np.array(speeds)).coefficients


def most_work(network: FlowNetwork, payroll: Payroll, g: int, growth: float) -> float:
    """Bound a pool's work over the horizon, hours: every visit of its types at their longest, and what people can do.

    Visits of an issue are at most 1/(1 − the largest share of a flow that goes on); people keep the occupancy cap at
    demand grown to `growth`. Infinite where neither is limited.
    """
    pools, flows = network.pools, network.flows
    mine = flows.pool == g
    longest = np.zeros(len(network.issues))
    np.maximum.at(longest, network.flow_kind[mine], flows.aht_s[mine])
    changes = network.flow_kind[network.served_from] != network.nodes.kind[network.served_to]
    longest = np.full(len(longest), longest.max(initial=0.0)) if changes.any() else longest
    onward = np.bincount(network.served_from, network.served_share, len(flows.node))
    most_onward = float(np.maximum(onward, pools.redial[flows.pool]).max(initial=0.0))
    visits = 1.0 / (1.0 - most_onward) if most_onward < 1.0 - 1e-9 else np.inf
    hours = np.maximum(payroll.contract_h[g] + payroll.overtime_h[g], 24.0)
    people = (payroll.heads[g] + payroll.hires_max[g]) * hours if payroll.rostered[g] else np.inf
    capable = people * pools.speed[g] * pools.occupancy_max[g] / growth
    return float(min(visits * float(network.issues @ longest) / HOUR_S, capable))
