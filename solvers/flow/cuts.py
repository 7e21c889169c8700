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
from solvers.flow.groups import TimeGroups
from solvers.flow.network import Floats, FlowNetwork, Ints, Limits, Queue
from solvers.shifts.catalogue import Catalogue, Payroll
from solvers.shifts.cover_duals import CoverDuals
from solvers.shifts.horizon_cover import HorizonCover

VIOLATED = 5e-4
WEIGHT_ORDER = (0, 3, 1, 2)  # covers at the ends often tell that those between need no pricing
NEARLY = 0.95  # of the heads a pool has
PERSON_H = (0.0, 1.0, 4.0, 512.0)  # weights of a person in the cover's cost; at the last one hours hardly count


@dataclass(frozen=True)
class Cut:
    """Σ values·x[columns] >= lower; `limit` says which limit of workplaces it is of (-1: a cover or a rate)."""

    columns: Ints
    values: Floats
    lower: float
    limit: int = -1


@dataclass(frozen=True)
class Alike:
    """Days with the same shifts of pools that stand alone, pool by pool, and what is known of their covers.

    `pool`, `day` (day of the list,).
    """

    duals: CoverDuals
    pool: Ints
    day: Ints


class CutPool:
    """Finds violated rows at a point of the master; remembers the duals of covers."""

    def __init__(
        self,
        network: FlowNetwork,
        limits: Limits,
        payroll: Payroll,
        catalogues: Sequence[Catalogue | None],
        groups: TimeGroups,
        ratios: Sequence[tuple[float, float]],
        columns: Mapping[str, Mapping[Any, int]],
        dropped: frozenset[str],
    ) -> None:
        self.network, self.limits, self.payroll, self.columns = network, limits, payroll, columns
        self.dropped = dropped
        pools = network.pools
        self._live = [g for g, c in enumerate(catalogues) if c is not None and pools.queue[g] != Queue.DEFERRED]
        shared: dict[int, list[HorizonCover]] = {}
        for g in self._live:
            if id(catalogues[g]) not in shared:
                shared[id(catalogues[g])] = [HorizonCover(_of(catalogues[g]), network.days, w) for w in PERSON_H]
        self._covers = {g: shared[id(catalogues[g])] for g in self._live}
        pairs = {g: np.flatnonzero(network.pair_pool == g) for g in self._live}
        self._places = {g: np.array([columns["work"][int(p)] for p in pairs[g]], dtype=np.int64) for g in self._live}
        self._per_work = {g: self._scheduled(g, pairs[g]) for g in self._live}
        self._linked = LinkedCovers(network, groups, ratios, columns) if len(network.overflow_from) else None
        self._alone = [g for g in self._live if self._linked is None or g not in self._linked.pools]
        self._alike = self._same_shifts()
        self._nobody = np.zeros(len(pools.queue))
        self._width = 1 + max(place for keys in columns.values() for place in keys.values())

    def violated(self, x: Floats, seats: Floats, heads: Floats, growth: float) -> tuple[list[Cut], list[Cut]]:
        """Violated rows at a point: covers, and limits of intervals (workplaces, rates) as they are at no headroom.

        `seats` (limit,), `heads` (pool,): shares of workplaces and of heads that may be used, nominally; `growth` is
        1 + headroom.
        """
        if "occupancy" in self.dropped:
            return [], []
        covers = self._day_covers(x, heads) + self._week_covers(x)
        limits = [] if "seats" in self.dropped else self._seats(x, seats)
        return covers, limits + ([] if "automated_rate" in self.dropped else self._rates(x, growth))

    def _scheduled(self, g: int, pairs: Ints) -> Floats:
        """People on the floor per hour of work in each pair of a pool, shape (pair of g, interval)."""
        network, pools = self.network, self.network.pools
        scale = network.interval_s * pools.speed[g] * pools.occupancy_max[g] * (1 - pools.shrinkage[g])
        return np.asarray(HOUR_S * network.profile[network.pair_kind[pairs]] / scale)

    def _same_shifts(self) -> list[Alike]:
        """Days of pools that stand alone by their shifts: duals of one set of shifts say nothing of another's cover."""
        members: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for g in self._alone:
            for d, cover in enumerate(self._covers[g][0].days):
                members[id(cover)].append((g, d))
        found = []
        for places in members.values():
            g, d = places[0]
            duals = CoverDuals([cover.days[d] for cover in self._covers[g]], len(places))
            found.append(Alike(duals, *np.array(places, dtype=np.int64).T))
        return found

    def _day_covers(self, x: Floats, heads: Floats) -> list[Cut]:
        """Covers the point violates most; those left out are together worth less than a share `VIOLATED` of the wages.

        Days with the same shifts share what is known of their duals, and are asked in one matrix product.
        """
        return [cut for alike in self._alike for k in WEIGHT_ORDER for cut in self._violated_covers(alike, k, x, heads)]

    def _violated_covers(self, alike: Alike, k: int, x: Floats, heads: Floats) -> list[Cut]:
        """Violated covers of days with the same shifts, at the k-th weight of a person."""
        weight = PERSON_H[k]
        asked = np.ones(len(alike.pool), dtype=bool) if weight == 0 else self.payroll.rostered[alike.pool]
        if not asked.any():
            return []
        places = list(zip(alike.pool[asked].tolist(), alike.day[asked].tolist(), strict=True))
        pools = dict.fromkeys(g for g, _ in places)
        needs = {g: self._needs(x, g).reshape(self.network.days, -1) for g in pools}
        need = np.where(alike.duals.catalogue.reachable, np.array([needs[g][d] for g, d in places]), 0.0)
        paid = np.array([self.columns["paid"][place] for place in places])
        here = x[paid]
        if weight > 0:
            free = {g: self._free_people(x, g, heads[g]) for g in pools}
            here = here + weight * np.array([free[g][d] for g, d in places])
        value, dual = alike.duals.best(k, asked, need, here * (1 + VIOLATED) + VIOLATED)
        wage = self.network.pools.wage_per_h[alike.pool[asked]]
        missed = wage * np.maximum(value - here, 0.0)
        order = np.argsort(missed, kind="stable")
        small = np.cumsum(missed[order]) <= VIOLATED * float((wage * here).sum())
        cuts: list[Cut] = []
        for place in np.sort(order[~small]):
            g, d = places[place]
            day = slice(d * need.shape[1], (d + 1) * need.shape[1])
            terms = [(int(paid[place]), 1.0)]
            terms += [(self.columns["people"][g, d], weight)] if weight > 0 else []
            cuts.append(_cut(terms, self._places[g], -(self._per_work[g][:, day] @ dual[place]), 0.0))
        return cuts

    def _needs(self, x: Floats, g: int) -> Floats:
        """People on the floor that a point needs in a pool, shape (interval,)."""
        return np.asarray(np.maximum(x[self._places[g]] @ self._per_work[g], 0.0))

    def first(self) -> list[Cut]:
        """Covers of the days of pools at the need their types would bring if each served what it may: a start."""
        if "occupancy" in self.dropped:
            return []
        network, x = self.network, np.zeros(self._width)
        for g in self._alone:
            x[self._places[g]] = network.issues[network.pair_kind[network.pair_pool == g]]
        return [cut for alike in self._alike for cut in self._violated_covers(alike, 0, x, self._nobody)]

    def _free_people(self, x: Floats, g: int, share: float) -> Floats:
        """People of a pool on each day, raised as far as nearly all its heads can work at no cost, shape (day,).

        A solver leaves people at the least its rows ask for; a cover they could meet for nothing need not be a row.
        """
        columns, payroll = self.columns, self.payroll
        people = np.maximum(x[[columns["people"][g, d] for d in range(self.network.days)]], 0.0)
        there = NEARLY * (float(payroll.heads[g]) * share + float(x[columns["hires"][g]]))
        most = min(float(payroll.days[g]) * there / max(people.sum(), 1e-9), there / max(people.max(), 1e-9))
        return people * max(1.0, most)

    def _week_covers(self, x: Floats) -> list[Cut]:
        """One cut a set of pools linked by overflow: what one sheds in an interval the other must staff."""
        cuts: list[Cut] = []
        if self._linked is None:
            return cuts
        for members in self._linked.components:
            needs = {g: self._needs(x, g) for g in members}
            for k, weight in enumerate(PERSON_H):
                if weight > 0 and not self.payroll.rostered[members].all():
                    continue
                duals = self._week_duals(members, needs, k)
                heads = [
                    (self.columns[name][g, d], factor)
                    for g in members
                    for d in range(self.network.days)
                    for name, factor in (("paid", 1.0), ("people", weight))
                    if factor > 0
                ]
                over = self._linked.terms(duals)
                places = np.concatenate([*[self._places[g] for g in members], over[0]])
                values = np.concatenate([*[-(self._per_work[g] @ duals[g]) for g in members], over[1]])
                cut = _cut(heads, places, values, 0.0)
                if float(cut.values @ x[cut.columns]) < -VIOLATED * (1 + sum(x[c] for c, _ in heads)):
                    cuts.append(cut)
        return cuts

    def _week_duals(self, members: Sequence[int], needs: Mapping[int, Floats], k: int) -> dict[int, Floats]:
        """Duals of the days of each member, shape (interval,): of the need of all on days they have the same shifts."""
        days = self.network.days
        own = {g: self._covers[g][k].days for g in members}
        alike = [len({id(covers[d]) for covers in own.values()}) == 1 for d in range(days)]
        pooled = np.sum(list(needs.values()), axis=0).reshape(days, -1)
        found: dict[int, Floats] = {}
        for g, covers in own.items():
            need = np.where(np.array(alike)[:, None], pooled, needs[g].reshape(days, -1))
            reached = [np.where(cover.catalogue.reachable, day, 0.0) for cover, day in zip(covers, need, strict=True)]
            found[g] = np.concatenate([cover.price(day)[1] for cover, day in zip(covers, reached, strict=True)])
        return found

    def _seats(self, x: Floats, share: Floats) -> list[Cut]:
        """Workplaces at full resolution, the worst interval of each limit."""
        cuts: list[Cut] = []
        for k, most in enumerate(self.limits.seat_max):
            members = [g for g in self._live if self.limits.seat_pools[k, g]]
            if not members or any(g not in self._alone for g in members):
                continue  # what a linked pool needs in one interval is not known here; the rows on groups hold
            people = np.sum([x[self._places[g]] @ self._per_work[g] for g in members], axis=0)
            t = int(np.argmax(people))
            if people[t] > most * share[k] * (1 + VIOLATED):
                places = np.concatenate([self._places[g] for g in members])
                values = np.concatenate([self._per_work[g][:, t] for g in members])
                cuts.append(replace(_cut([], places, -values, -float(most)), limit=k))
        return cuts

    def _rates(self, x: Floats, growth: float) -> list[Cut]:
        """Rates at full resolution, the worst interval of each pool with a limited one: groups would hide its peak."""
        cuts: list[Cut] = []
        network = self.network
        for g in map(int, np.flatnonzero(np.isfinite(network.pools.rate_max))):
            pairs = np.flatnonzero(network.pair_pool == g)
            places = np.array([self.columns["volume"][int(p)] for p in pairs], dtype=np.int64)
            profile = network.profile[network.pair_kind[pairs]]
            arrivals, most = x[places] @ profile, float(network.pools.rate_max[g])
            t = int(np.argmax(arrivals))
            if arrivals[t] > most / growth * (1 + VIOLATED):
                cuts.append(_cut([], places, -profile[:, t], -most))
        return cuts


class LinkedCovers:
    """What overflow does to the need of linked pools, for cuts that hold whatever goes over when."""

    def __init__(
        self,
        network: FlowNetwork,
        groups: TimeGroups,
        ratios: Sequence[tuple[float, float]],
        columns: Mapping[str, Mapping[Any, int]],
    ) -> None:
        self._network, self._groups, self._ratios, self._columns = network, groups, ratios, columns
        label = network.linked
        self.pools = sorted({*network.overflow_from.tolist(), *network.overflow_to.tolist()})
        self.components = [[g for g in self.pools if label[g] == k] for k in sorted({label[g] for g in self.pools})]

    def terms(self, duals: Mapping[int, Floats]) -> tuple[Ints, Floats]:
        """Columns and values of the overflow in a cut with duals u[g] (interval,) of a component's pools.

        A surge takes u[g]·c[g] off the sending pool and puts at least u[h]·c[h]·r_min on the other, c people on the
        floor per agent of load; of all its timings within a group of intervals the cheapest is counted.
        """
        network, member = self._network, self._groups.member
        pools = network.pools
        floor = 1.0 / (pools.occupancy_max * (1.0 - pools.shrinkage))
        places: list[int] = []
        values: list[float] = []
        for link, (here, there) in enumerate(zip(network.overflow_from, network.overflow_to, strict=True)):
            if int(here) not in duals:
                continue
            least, most = self._ratios[link]
            sent, taken = duals[int(here)] * floor[here], duals[int(there)] * floor[there]
            for name, change in (("surge", taken * least - sent), ("ebb", sent - taken * most)):
                for t, size in enumerate(self._groups.size):
                    places.append(self._columns[name][link, t])
                    values.append(-float(size) * float(change[member == t].min()))
        return np.array(places, dtype=np.int64), np.array(values)


def _cut(heads: list[tuple[int, float]], places: Ints, values: Floats, lower: float) -> Cut:
    kept = values != 0
    columns = np.concatenate([np.array([c for c, _ in heads], dtype=np.int64), places[kept]])
    return Cut(columns, np.concatenate([np.array([v for _, v in heads], dtype=float), values[kept]]), lower)


def as_matrix(cuts: Sequence[Cut], width: int) -> sparse.csr_matrix:
    """Stack cuts as rows over the master's columns."""
    if not cuts:
        return sparse.csr_matrix((0, width))
    pointer = np.concatenate([[0], np.cumsum([len(cut.columns) for cut in cuts])])
    values = np.concatenate([cut.values for cut in cuts])
    columns = np.concatenate([cut.columns for cut in cuts])
    return sparse.csr_matrix((values, columns, pointer), shape=(len(cuts), width))


def _of(catalogue: Catalogue | None) -> Catalogue:
    if catalogue is None:
        raise ValueError("a pool without shifts has no day cover")
    return catalogue
