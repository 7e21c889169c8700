"""Rows the master gets only when they are violated: day covers, workplaces, rates and queues.

Day cover (Benders 1962): for the duals u of a day's cover program, paid[g,d] >= Σ_t u_t·scheduled[g,t], and the caps
make scheduled[g,t] >= (1 + h)·R[g,t]/(cap·(1 − shrinkage)), linear in the work columns. With a weight w per person
and day in the cover's cost the same holds for paid[g,d] + w·people[g,d]. Queues: facets of the lower convex hull of
Erlang A at the longest handle time of the pool, the safe side.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from solvers.flow.groups import TimeGroups, time_groups
from solvers.flow.network import Floats, FlowNetwork, Limits, Queue
from solvers.queueing.hull import erlang_a_hull
from solvers.shifts.catalogue import Catalogue, Payroll
from solvers.shifts.cover import DayCover

VIOLATED = 5e-4
PERSON_H = (0.0, 1.0, 4.0)  # weights of a person in the cover's cost
Row = dict[int, float]


class CutPool:
    """Finds violated rows at a point of the master at one headroom; remembers the duals of covers."""

    def __init__(
        self,
        network: FlowNetwork,
        limits: Limits,
        payroll: Payroll,
        catalogues: Sequence[Catalogue | None],
        columns: Mapping[str, Mapping[Any, int]],
        headroom: float,
        dropped: frozenset[str],
    ) -> None:
        self.network, self.limits, self.payroll, self.columns = network, limits, payroll, columns
        self.growth, self.dropped = 1.0 + headroom, dropped
        self.groups: TimeGroups = time_groups(network)
        self._width = 1 + max(max(places.values(), default=0) for places in columns.values())
        pools = network.pools
        self._live = [g for g, c in enumerate(catalogues) if c is not None and pools.queue[g] != Queue.DEFERRED]
        shared: dict[int, list[tuple[float, DayCover]]] = {}
        for g in self._live:
            if id(catalogues[g]) not in shared:
                shared[id(catalogues[g])] = [(weight, DayCover(_of(catalogues[g]), weight)) for weight in PERSON_H]
        self._covers = {g: shared[id(catalogues[g])] for g in self._live}
        self._pairs = {g: np.flatnonzero(network.pair_pool == g) for g in range(len(pools.queue))}
        self._duals: dict[int, dict[bytes, Floats]] = defaultdict(dict)
        self._facets = self._hulls()

    def violated(self, x: Floats) -> tuple[sparse.csr_matrix, Floats]:
        """Violated rows as a matrix over the master's columns and their lower bounds."""
        work = np.zeros(len(self.network.pair_pool))
        work[list(self.columns["work"])] = x[list(self.columns["work"].values())]
        rows: list[tuple[Row, float]] = []
        if "occupancy" not in self.dropped:
            rows += self._day_covers(x, work)
            rows += self._seats(work) if "seats" not in self.dropped else []
        rows += self._queues(x)
        matrix = sparse.lil_matrix((len(rows), self._width))
        for r, (row, _) in enumerate(rows):
            for column, value in row.items():
                matrix[r, column] = value
        return sparse.csr_matrix(matrix), np.array([lower for _, lower in rows], dtype=float)

    def _scheduled(self, g: int) -> Floats:
        """People on the floor per second of work in each pair of a pool, shape (pair of g, interval)."""
        network, pools = self.network, self.network.pools
        scale = network.interval_s * pools.speed[g] * pools.occupancy_max[g] * (1 - pools.shrinkage[g])
        return np.asarray(self.growth * network.profile[network.pair_kind[self._pairs[g]]] / scale)

    def _day_covers(self, x: Floats, work: Floats) -> list[tuple[Row, float]]:
        rows: list[tuple[Row, float]] = []
        per_day = self.network.intervals_per_day
        for g in self._live:
            per_work = self._scheduled(g)
            need = np.maximum(work[self._pairs[g]] @ per_work, 0.0)
            for d in range(self.network.days):
                day = slice(d * per_day, (d + 1) * per_day)
                paid, people = self.columns["paid"][g, d], self.columns["people"].get((g, d), -1)
                for weight, cover in self._covers[g]:
                    if weight > 0 and (people < 0 or not self.payroll.rostered[g]):
                        continue
                    here = float(x[paid] + (weight * x[people] if weight > 0 else 0.0))
                    dual = self._dual(cover, np.where(cover.catalogue.reachable, need[day], 0.0), here)
                    if dual is None:
                        continue
                    row: Row = {paid: 1.0} | ({people: weight} if weight > 0 else {})
                    for p, value in zip(self._pairs[g], per_work[:, day] @ dual, strict=True):
                        if value > 0 and int(p) in self.columns["work"]:
                            row[self.columns["work"][int(p)]] = -float(value)
                    rows.append((row, 0.0))
        return rows

    def _dual(self, cover: DayCover, need: Floats, here: float) -> Floats | None:
        """Duals whose cut the point violates: one already known if it does, else those of this need; None if none."""
        enough = here + VIOLATED * (1 + here)
        known = self._duals[id(cover)]
        if known:
            values = np.array(list(known.values())) @ need
            if values.max() > enough:
                return list(known.values())[int(values.argmax())]
        price, dual = cover.price(need)
        if price <= enough:
            return None
        known[dual.tobytes()] = dual
        return dual

    def _seats(self, work: Floats) -> list[tuple[Row, float]]:
        """Workplaces at full resolution, the worst interval of each limit."""
        rows: list[tuple[Row, float]] = []
        for k, most in enumerate(self.limits.seat_max):
            members = [g for g in self._live if self.limits.seat_pools[k, g]]
            if not members:
                continue
            per_work = {g: self._scheduled(g) for g in members}
            people = np.sum([work[self._pairs[g]] @ per_work[g] for g in members], axis=0)
            t = int(np.argmax(people))
            if people[t] > most * (1 + VIOLATED):
                row = {
                    self.columns["work"][int(p)]: -float(v)
                    for g in members
                    for p, v in zip(self._pairs[g], per_work[g][:, t], strict=True)
                    if v > 0
                }
                rows.append((row, -float(most)))
        return rows

    def _hulls(self) -> dict[int, Floats]:
        """Facets (a, b, c) per voice pool, Q >= a·on_task + b·load + c, valid for any load the pool could get."""
        network, pools = self.network, self.network.pools
        facets: dict[int, Floats] = {}
        for g in np.flatnonzero((pools.queue == Queue.VOICE) & np.isfinite(pools.patience_s)):
            mine = network.flows.pool == g
            longest = float(network.flows.aht_s[mine].max(initial=0.0))
            if longest > 0:
                ratio = longest / float(pools.patience_s[g])
                facets[int(g)] = _hull(math.ceil(self._most_load(int(g))), ratio)
        return facets

    def _most_load(self, g: int) -> float:
        """No pool gets more than every visit of its types at their longest, nor than its people may take."""
        network, pools, payroll = self.network, self.network.pools, self.payroll
        mine = network.flows.pool == g
        longest = np.zeros(len(network.issues))
        np.maximum.at(longest, network.flow_kind[mine], network.flows.aht_s[mine])
        onward = np.bincount(network.served_from, network.served_share, len(network.flows.node))
        onward = np.maximum(onward, pools.redial[network.flows.pool])
        visits = 1.0 / max(1.0 - float(onward.max()), 0.1)
        work = visits * float((network.issues * longest) @ network.profile.max(axis=1))
        people = (payroll.heads[g] + payroll.hires_max[g]) * (1.0 - pools.shrinkage[g]) * pools.occupancy_max[g]
        return float(min(work / network.interval_s, people))

    def _queues(self, x: Floats) -> list[tuple[Row, float]]:
        rows: list[tuple[Row, float]] = []
        network = self.network
        for g, facets in self._facets.items():
            load_of = self.groups.profile[network.pair_kind[self._pairs[g]]] / network.interval_s
            places = [self.columns["work"][int(p)] for p in self._pairs[g]]
            load = x[places] @ load_of
            for t in range(len(self.groups.size)):
                there = x[self.columns["on_task"][g, t]]
                value = facets[:, 0] * there + facets[:, 1] * load[t] + facets[:, 2]
                worst = int(np.argmax(value))
                if value[worst] > x[self.columns["queue"][g, t]] + 1e-3:
                    a, b, c = facets[worst]
                    row = {self.columns["queue"][g, t]: 1.0, self.columns["on_task"][g, t]: -float(a)}
                    for place, part in zip(places, load_of[:, t], strict=True):
                        row[place] = row.get(place, 0.0) - float(b * part)
                    rows.append((row, float(c)))
        return rows


@functools.lru_cache(maxsize=64)
def _hull(load_max: int, abandon_ratio: float) -> Floats:
    return erlang_a_hull(float(load_max), abandon_ratio, 1.0).coefficients


def _of(catalogue: Catalogue | None) -> Catalogue:
    if catalogue is None:
        raise ValueError("a pool without shifts has no day cover")
    return catalogue
