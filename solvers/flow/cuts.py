"""Rows the master gets only when they are violated: day covers and workplaces at full resolution.

Day cover (Benders 1962): for the duals u of a day's cover program, paid[g,d] >= Σ_t u_t·scheduled[g,t], and the caps
make scheduled[g,t] >= R[g,t]/(cap·(1 − shrinkage)), linear in the work columns (staffing columns are divided by
1 + h, so a cut holds at every headroom). With a weight w per person and day in the cover's cost the same holds for
paid[g,d] + w·people[g,d].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from solvers.flow.families import HOUR_S
from solvers.flow.network import Floats, FlowNetwork, Ints, Limits, Queue
from solvers.shifts.catalogue import Catalogue, Payroll
from solvers.shifts.cover import DayCover

VIOLATED = 5e-4
PERSON_H = (0.0, 1.0, 4.0)  # weights of a person in the cover's cost


@dataclass(frozen=True)
class Cut:
    """Σ values·x[columns] >= lower; `limit` says which limit of workplaces it is of (-1: a cover)."""

    columns: Ints
    values: Floats
    lower: float
    limit: int = -1


class CutPool:
    """Finds violated rows at a point of the master; remembers the duals of covers."""

    def __init__(
        self,
        network: FlowNetwork,
        limits: Limits,
        payroll: Payroll,
        catalogues: Sequence[Catalogue | None],
        columns: Mapping[str, Mapping[Any, int]],
        dropped: frozenset[str],
    ) -> None:
        self.network, self.limits, self.payroll, self.columns = network, limits, payroll, columns
        self.dropped = dropped
        pools = network.pools
        self._live = [g for g, c in enumerate(catalogues) if c is not None and pools.queue[g] != Queue.DEFERRED]
        shared: dict[int, list[tuple[float, DayCover]]] = {}
        for g in self._live:
            if id(catalogues[g]) not in shared:
                shared[id(catalogues[g])] = [(weight, DayCover(_of(catalogues[g]), weight)) for weight in PERSON_H]
        self._covers = {g: shared[id(catalogues[g])] for g in self._live}
        pairs = {g: np.flatnonzero(network.pair_pool == g) for g in self._live}
        self._places = {g: np.array([columns["work"][int(p)] for p in pairs[g]], dtype=np.int64) for g in self._live}
        self._per_work = {g: self._scheduled(g, pairs[g]) for g in self._live}
        self._duals: dict[int, dict[bytes, Floats]] = defaultdict(dict)

    def violated(self, x: Floats, seats: Floats) -> tuple[list[Cut], list[Cut]]:
        """Violated rows at a point: covers and workplaces, of which a share `seats` (limit,) may be used, nominally."""
        if "occupancy" in self.dropped:
            return [], []
        return self._day_covers(x), [] if "seats" in self.dropped else self._seats(x, seats)

    def _scheduled(self, g: int, pairs: Ints) -> Floats:
        """People on the floor per hour of work in each pair of a pool, shape (pair of g, interval)."""
        network, pools = self.network, self.network.pools
        scale = network.interval_s * pools.speed[g] * pools.occupancy_max[g] * (1 - pools.shrinkage[g])
        return np.asarray(HOUR_S * network.profile[network.pair_kind[pairs]] / scale)

    def _day_covers(self, x: Floats) -> list[Cut]:
        cuts: list[Cut] = []
        per_day = self.network.intervals_per_day
        for g in self._live:
            need = np.maximum(x[self._places[g]] @ self._per_work[g], 0.0)
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
                    heads = [(paid, 1.0)] + ([(people, weight)] if weight > 0 else [])
                    cuts.append(_cut(heads, self._places[g], -(self._per_work[g][:, day] @ dual), 0.0))
        return cuts

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

    def _seats(self, x: Floats, share: Floats) -> list[Cut]:
        """Workplaces at full resolution, the worst interval of each limit."""
        cuts: list[Cut] = []
        for k, most in enumerate(self.limits.seat_max):
            members = [g for g in self._live if self.limits.seat_pools[k, g]]
            if not members:
                continue
            people = np.sum([x[self._places[g]] @ self._per_work[g] for g in members], axis=0)
            t = int(np.argmax(people))
            if people[t] > most * share[k] * (1 + VIOLATED):
                places = np.concatenate([self._places[g] for g in members])
                values = np.concatenate([self._per_work[g][:, t] for g in members])
                cuts.append(replace(_cut([], places, -values, -float(most)), limit=k))
        return cuts


def _cut(heads: list[tuple[int, float]], places: Ints, values: Floats, lower: float) -> Cut:
    kept = values != 0
    columns = np.concatenate([np.array([c for c, _ in heads], dtype=np.int64), places[kept]])
    return Cut(columns, np.concatenate([np.array([v for _, v in heads], dtype=float), values[kept]]), lower)


def as_matrix(cuts: Sequence[Cut], width: int) -> sparse.csr_matrix:
    """Stack cuts as rows over the master's columns."""
    pointer = np.concatenate([[0], np.cumsum([len(cut.columns) for cut in cuts])])
    values = np.concatenate([cut.values for cut in cuts])
    columns = np.concatenate([cut.columns for cut in cuts])
    return sparse.csr_matrix((values, columns, pointer), shape=(len(cuts), width))


def _of(catalogue: Catalogue | None) -> Catalogue:
    if catalogue is None:
        raise ValueError("a pool without shifts has no day cover")
    return catalogue
