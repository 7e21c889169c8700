"""Waiting in the master: facets of the queue of every live pool, close where the size of the pool is known.

The queue of Erlang A (or of a chat pool) is not jointly convex in agents and load, so facets that hold for any size of
a pool see hardly any waiting. Inside a *box* of pool sizes (least and most work over the horizon) the load of each
group of intervals lies in a narrow range, and the hull over that range is close; branching over boxes makes a bound of
it. At the same load longer contacts wait less, and which contacts come is free: facets hold for every handle time the
pool can have there, and rise with its arrivals. Of pools that overflow links only the load is known; there they are
taken at the longest handle time, the safe side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from solvers.flow.families import HOUR_S
from solvers.flow.groups import TimeGroups
from solvers.flow.network import Floats, FlowNetwork, Ints
from solvers.flow.stations import stations_of
from solvers.highs import HeldProgram
from solvers.queueing.hull import queue_lengths
from solvers.shifts.catalogue import Payroll

LEAST, MOST, LONGEST, SHORTEST = range(4)  # what `Station.ranges` tells of a group


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
    """Facets held as rows: where they are, what they say, and the loads (agents) and the ratios they hold for."""

    row: list[int] = field(default_factory=list)
    place: list[tuple[int, int]] = field(default_factory=list)
    plane: list[tuple[float, ...]] = field(default_factory=list)
    range: list[tuple[float, ...]] = field(default_factory=list)
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
        self.stations = stations_of(network, groups, self.pools)
        self.growth = 1.0
        self._queue, self._crew, self._load = (
            [_places(columns[name], [self.pools[k] for k in one.members], len(groups.size)) for one in self.stations]
            for name in ("queue", "crew", "offered")
        )
        self._arrivals = [
            _places(columns["arrivals"], [self.pools[k] for k in one.members if one.counted], len(groups.size))
            for one in self.stations
        ]
        self._total = np.array([columns["total"][g] for g in self.pools], dtype=np.int32)
        self.root = Box(
            np.zeros(len(self.pools)), np.array([most_work(network, payroll, g, least_growth) for g in self.pools])
        )
        shape = (len(self.stations), len(groups.size))
        self._facets = np.zeros((*shape, 1, 4))
        self._range = np.zeros((*shape, 4))
        self._rows = _Rows()
        self.enter(self.root)

    def enter(self, box: Box) -> None:
        """Bound the pools' sizes by a box and switch to the facets that hold there."""
        self._held.set_columns(self._total, box.lower, box.upper)
        hulls: list[list[Floats]] = []
        for k, station in enumerate(self.stations):
            members = list(station.members)
            self._range[k] = station.ranges(box.lower[members], box.upper[members])
            hulls.append([station.hull(*ends) for ends in self._range[k].tolist()])
        deepest = max((len(h) for row in hulls for h in row), default=1)
        self._facets = np.zeros((*self._range.shape[:2], max(1, deepest), 4))
        for k, row in enumerate(hulls):
            for t, facets in enumerate(row):
                self._facets[k, t, : len(facets)] = facets
        self._switch()

    def _switch(self) -> None:
        """Hold the rows that hold for all loads and handle times of the box, free the others."""
        rows = self._rows
        if not rows.row:
            return
        place, ranges = np.array(rows.place), np.array(rows.range)
        here = self._range[place[:, 0], place[:, 1]]
        lower, upper = [LEAST, SHORTEST], [MOST, LONGEST]
        active = (ranges[:, lower] <= here[:, lower]).all(axis=1) & (ranges[:, upper] >= here[:, upper]).all(axis=1)
        changed = np.flatnonzero(active != np.array(rows.active))
        least = np.where(active, np.array(rows.plane)[:, -1], -np.inf)[changed]
        self._held.set_rows(np.array(rows.row, dtype=np.int32)[changed], least, np.full(len(changed), np.inf))
        rows.active = active.tolist()

    def move(self, growth: float) -> None:
        """Go to another headroom: agents are (1 + h)·crew."""
        if growth == self.growth:
            return
        self.growth = growth
        for row, (k, t), (a, *_) in zip(self._rows.row, self._rows.place, self._rows.plane, strict=True):
            for column in self._crew[k][:, t].tolist():
                self._held.set_coefficient(row, column, -a * growth)

    def _sums(self, x: Floats, places: list[Ints]) -> Floats:
        """Sums over the members of stations at a point, (station, group)."""
        return np.array([x[one].sum(axis=0) for one in places]).reshape(self._range.shape[:2])

    def add_violated(self, x: Floats, tolerance: float) -> int:
        """Add the facet each queue misses most, by more than a tolerance (contacts); tell how many were added."""
        agents, planes = self.growth * self._sums(x, self._crew), self._facets
        there = np.stack([agents, self._sums(x, self._load), self._sums(x, self._arrivals)], axis=2)
        value = (planes[..., :-1] * there[..., None, :]).sum(axis=3) + planes[..., -1]
        worst = value.argmax(axis=2)
        short = np.take_along_axis(value, worst[..., None], axis=2)[..., 0] > self._sums(x, self._queue) + tolerance
        places = np.argwhere(short)
        if len(places) == 0:
            return 0
        data: list[float] = []
        columns: list[int] = []
        pointer, lower = [0], []
        for k, t in places.tolist():
            a, b, d, c = map(float, planes[k, t, worst[k, t]])
            terms = ((1.0, self._queue), (-a * self.growth, self._crew), (-b, self._load), (-d, self._arrivals))
            for value_of, own in terms:
                columns += own[k][:, t].tolist()
                data += [value_of] * len(own[k])
            pointer.append(len(data))
            lower.append(c)
            self._rows.row.append(self._held.rows + len(lower) - 1)
            self._rows.place.append((k, t))
            self._rows.plane.append((a, b, d, c))
            self._rows.range.append(tuple(self._range[k, t].tolist()))
            self._rows.active.append(True)
        matrix = sparse.csr_matrix((data, columns, pointer), shape=(len(lower), self._width))
        self._held.add_rows(matrix, np.array(lower), np.full(len(lower), np.inf))
        return len(lower)

    def unseen_wait_h(self, x: Floats) -> Floats:
        """Customer-hours of waiting that the point leaves out, shape (queued pool,); of linked pools by their load.

        What is left out in a narrow box, too, is not counted: there facets reach the chord between the queues at the
        longest and the shortest handle time.
        """
        missing = np.zeros(len(self.pools))
        for k, station in enumerate(self.stations):
            agents, load = self.growth * x[self._crew[k]].sum(axis=0), np.maximum(x[self._load[k]], 0.0)
            longest, shortest = self._range[k, :, LONGEST], self._range[k, :, SHORTEST]
            ends = [queue_lengths(load.sum(axis=0), agents, r, np.array(station.curve)) for r in (longest, shortest)]
            fewest, most = load.sum(axis=0) / longest, load.sum(axis=0) / shortest
            share = (x[self._arrivals[k]].sum(axis=0) - fewest) / np.maximum(most - fewest, 1e-12)
            seen = ends[0] + np.clip(share, 0.0, 1.0) * (ends[1] - ends[0])
            short = np.maximum(seen - x[self._queue[k]].sum(axis=0), 0.0)
            part = load / np.maximum(load.sum(axis=0), 1e-12)
            missing[list(station.members)] = (part * short) @ self.groups.size * self.network.interval_s / HOUR_S
        return missing

    def sizes(self, x: Floats) -> Floats:
        """Work of each queued pool at a point, hours, shape (queued pool,)."""
        return np.asarray(x[self._total])


def queued_pools(network: FlowNetwork) -> list[int]:
    """Live pools whose customers leave when they wait too long."""
    return [int(g) for g in np.flatnonzero(network.pools.waits & np.isfinite(network.pools.patience_s))]


def _places(columns: Mapping[Any, int], pools: list[int], groups: int) -> Ints:
    return np.array([[columns[g, t] for t in range(groups)] for g in pools], dtype=np.int64).reshape(-1, groups)


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
