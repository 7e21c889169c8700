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
from solvers.shifts.cover import DayCover
from solvers.shifts.cover_duals import CoverDuals

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
        shared: dict[int, list[tuple[float, DayCover]]] = {}
        for g in self._live:
            if id(catalogues[g]) not in shared:
                shared[id(catalogues[g])] = [(weight, DayCover(_of(catalogues[g]), weight)) for weight in PERSON_H]
        self._covers = {g: shared[id(catalogues[g])] for g in self._live}
        pairs = {g: np.flatnonzero(network.pair_pool == g) for g in self._live}
        self._places = {g: np.array([columns["work"][int(p)] for p in pairs[g]], dtype=np.int64) for g in self._live}
        self._per_work = {g: self._scheduled(g, pairs[g]) for g in self._live}
        self._linked = LinkedCovers(network, groups, ratios, columns) if len(network.overflow_from) else None
        self._alone = [g for g in self._live if self._linked is None or g not in self._linked.pools]
        self._alike = self._same_catalogue()
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

    def _same_catalogue(self) -> list[tuple[CoverDuals, list[int]]]:
        """Pools that stand alone, by catalogue, with what is known of the covers of their days, pool by pool."""
        members: dict[int, list[int]] = defaultdict(list)
        for g in self._alone:
            members[id(self._covers[g][0][1])].append(g)
        return [
            (CoverDuals([cover for _, cover in self._covers[pools[0]]], len(pools) * self.network.days), pools)
            for pools in members.values()
        ]

    def _day_covers(self, x: Floats, heads: Floats) -> list[Cut]:
        """Covers the point violates most; those left out are together worth less than a share `VIOLATED` of the wages.

        Pools of one catalogue share what is known of its duals, and are asked in one matrix product.
        """
        return [
            cut
            for duals, members in self._alike
            for k in WEIGHT_ORDER
            for cut in self._violated_covers(duals, k, members, x, heads)
        ]

    def _violated_covers(
        self, duals: CoverDuals, k: int, members: Sequence[int], x: Floats, heads: Floats
    ) -> list[Cut]:
        """Violated covers of pools with one catalogue, at the k-th weight of a person."""
        weight, days = PERSON_H[k], self.network.days
        asked = np.array([weight == 0 or bool(self.payroll.rostered[g]) for g in members])
        members = [g for g, there in zip(members, asked, strict=True) if there]
        if not members:
            return []
        need = np.array([np.maximum(x[self._places[g]] @ self._per_work[g], 0.0) for g in members])
        need = np.where(duals.catalogue.reachable, need.reshape(len(members), days, -1), 0.0)
        paid = np.array([[self.columns["paid"][g, d] for d in range(days)] for g in members])
        here = x[paid]
        if weight > 0:
            here = here + weight * np.array([self._free_people(x, g, heads[g]) for g in members])
        enough = (here * (1 + VIOLATED) + VIOLATED).ravel()
        value, dual = duals.best(k, np.repeat(asked, days), need.reshape(len(enough), -1), enough)
        wage = self.network.pools.wage_per_h[members][:, None]
        missed = wage * np.maximum(value.reshape(here.shape) - here, 0.0)
        order = np.argsort(missed, axis=None, kind="stable")
        small = np.cumsum(missed.ravel()[order]) <= VIOLATED * float((wage * here).sum())
        cuts: list[Cut] = []
        for place in np.sort(order[~small]):
            m, d = divmod(int(place), days)
            g, day = members[m], slice(d * need.shape[2], (d + 1) * need.shape[2])
            terms = [(int(paid[m, d]), 1.0)]
            terms += [(self.columns["people"][g, d], weight)] if weight > 0 else []
            cuts.append(_cut(terms, self._places[g], -(self._per_work[g][:, day] @ dual[place]), 0.0))
        return cuts

    def first(self) -> list[Cut]:
        """Covers of the days of pools at the need their types would bring if each served what it may: a start."""
        if "occupancy" in self.dropped:
            return []
        network, x = self.network, np.zeros(self._width)
        for g in self._alone:
            x[self._places[g]] = network.issues[network.pair_kind[network.pair_pool == g]]
        return [
            cut for duals, members in self._alike for cut in self._violated_covers(duals, 0, members, x, self._nobody)
        ]

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
            needs = {g: np.maximum(x[self._places[g]] @ self._per_work[g], 0.0) for g in members}
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
        """Duals of the days of each member, shape (interval,): of the need of all where they share a catalogue."""
        alike = len({id(self._covers[g][k][1].catalogue) for g in members}) == 1
        pooled = np.sum(list(needs.values()), axis=0)
        found: dict[int, Floats] = {}
        for g in members:
            cover = self._covers[g][k][1]
            days = (pooled if alike else needs[g]).reshape(self.network.days, -1)
            found[g] = np.concatenate([cover.price(np.where(cover.catalogue.reachable, day, 0.0))[1] for day in days])
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
