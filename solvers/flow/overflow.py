"""Choose overflow: whole people for linked pools together, with the fractions of a person moved between them.

Rounding the need of every pool up in every interval leaves half a person idle in each. Where two pools may send each
other contacts, the fraction one of them is short by is load of the other, so that only their sum is rounded. Moving a
fraction changes a need by far less than a person, so people are chosen by local search on whole numbers per interval:
the day covers price a change (their duals bound it from below), and load follows the people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.flow.closing import closed_links
from solvers.flow.network import Bools, Decision, Floats, FlowNetwork
from solvers.flow.solution import Instance, Routing
from solvers.flow.spread import link_splits
from solvers.flow.steady_state import SteadyState, steady_state
from solvers.shifts.cover import DayCover
from solvers.shifts.horizon_cover import HorizonCover

MOVED = 0.02  # wages that moved work must save beside its own, so that little moves for nothing
TRIED = 8  # changes of one round whose price is looked up
ROUNDS = 60  # changes of a day and pair
LEAST = 1e-6  # money
ROOM = 1e-6  # share of a need
STEPS = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))


@dataclass(frozen=True)
class Exchange:
    """What two linked pools may do for each other, arrays of shape (2, interval), the first pool's sends first.

    `most` people of the sender whose work may leave, `ratio` people of the other that the work of one of them takes,
    `price` money that makes up for the wages that moving the work of one of them changes: the own less the other's.
    """

    most: Floats
    ratio: Floats
    price: Floats

    def sent(self, need: Floats, heads: Floats) -> tuple[Floats, Bools]:
        """Work, in people, that each must send to the other; bool where that leaves nobody short, shape (interval,)."""
        short = np.maximum(need - heads, 0.0)
        after = need - short + (short * self.ratio)[::-1]
        fits = (short <= self.most + 1e-9).all(axis=0) & (after <= heads + 1e-9).all(axis=0)
        return short, np.asarray(fits)

    def days(self, per_day: int) -> list[Exchange]:
        """Cut into days."""
        cuts = [slice(t, t + per_day) for t in range(0, self.most.shape[1], per_day)]
        return [Exchange(self.most[:, c], self.ratio[:, c], self.price[:, c]) for c in cuts]


def linked_pairs(network: FlowNetwork) -> list[tuple[int, int, int, int]]:
    """Pairs of linked pools in the order of the links: first, second, link from first to second, link back (or -1)."""
    links = {pair: k for k, pair in enumerate(zip(network.overflow_from, network.overflow_to, strict=True))}
    pairs = []
    for (a, b), k in links.items():
        if links.get((b, a), k + 1) > k:
            pairs.append((int(a), int(b), k, links.get((b, a), -1)))
    return pairs


def whole_shares(network: FlowNetwork, routing: Routing, state: SteadyState) -> tuple[Floats, Floats]:
    """Seconds of work that a link frees and takes when everything it may send goes over, each (link, interval)."""
    flows, shape = network.flows, (len(network.overflow_from), network.profile.shape[1])
    volume = np.bincount(flows.node, state.volume, len(network.nodes.kind))
    whole = np.bincount(flows.split, volume[flows.node] * flows.aht_s, len(network.split_kind))
    freed, taken = np.zeros(shape), np.zeros(shape)
    for link in range(shape[0]):
        ours, theirs = link_splits(network, link)
        profile = network.profile[network.split_kind[ours]]
        freed[link] = (routing.split[ours] * whole[ours]) @ profile
        taken[link] = (routing.split[ours] * whole[theirs]) @ profile
    return freed, taken


@dataclass(frozen=True)
class Sharing:
    """Needs of pools as if nobody were sent, (pool, interval) people on the floor, and what links could move.

    `freed`, `taken` (link, interval): people of the two pools that sending everything over a link frees and takes.
    """

    network: FlowNetwork
    need: Floats
    freed: Floats
    taken: Floats

    @staticmethod
    def of(instance: Instance, routing: Routing, state: SteadyState, need: Floats, factor: Floats) -> Sharing:
        """Read it from a steady state and its `need`; `factor` (pool,) is that of the need over the least one."""
        network, pools = instance.network, instance.network.pools
        second = factor / (network.interval_s * pools.speed * pools.occupancy_max * (1.0 - pools.shrinkage))
        freed, taken = whole_shares(network, routing, state)
        settled = closed_links(network)  # what closed pools send is in the need already
        freed[settled], taken[settled] = 0.0, 0.0
        freed *= second[network.overflow_from][:, None]
        taken *= second[network.overflow_to][:, None]
        if routing.overflow is not None:
            need = need.copy()
            np.add.at(need, network.overflow_from, routing.overflow * freed)
            np.subtract.at(need, network.overflow_to, routing.overflow * taken)
        return Sharing(network, np.maximum(need, 0.0), freed, taken)

    def exchange(self, pair: tuple[int, int, int, int], over: Floats, hour: Floats) -> Exchange:
        """What a pair may still do where `over` (link, interval) is sent already; `hour` (pool,) money per person."""
        sends, rows = np.zeros((len(self.network.pools.queue), self.need.shape[1])), []
        np.add.at(sends, self.network.overflow_from, over)
        for pool, other, link in ((pair[0], pair[1], pair[2]), (pair[1], pair[0], pair[3])):
            freed = self.freed[link] if link >= 0 else np.zeros(self.need.shape[1])
            there = freed > 1e-9
            ratio = np.where(there, self.taken[link] / np.where(there, freed, 1.0), 0.0)
            most = np.where(there, freed * np.maximum(0.0, 1.0 - sends[pool]), 0.0)
            rows.append((most, ratio, hour[pool] - hour[other] * ratio))
        return Exchange(*(np.array(part) for part in zip(*rows, strict=True)))

    def send(self, pair: tuple[int, int, int, int], short: Floats, ratio: Floats, need: Floats, over: Floats) -> None:
        """Write work sent by a pair, (2, interval) people, into needs and shares."""
        for k, link in ((0, pair[2]), (1, pair[3])):
            if link >= 0:
                over[link] += np.where(short[k] > 0, short[k] / np.maximum(self.freed[link], 1e-9), 0.0)
                need[pair[k]] -= short[k]
                need[pair[1 - k]] += short[k] * ratio[k]


def share_people(
    instance: Instance,
    covers: dict[int, tuple[HorizonCover, ...]],
    sharing: Sharing,
    known: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Whole people on the floor (pool, interval) and shares of overflow (link, interval) that meet needs together.

    The work of a plan is where moving a little of it between two pools costs in hours what it brings in experience;
    so moved work is priced at the hours it changes, and only idle people are saved. Pairs of pools are taken in turn,
    later ones with what earlier ones left. The search starts from `known` people where those are enough.
    """
    network, wage = instance.network, instance.network.pools.wage_per_h
    need, over = sharing.need.copy(), np.zeros_like(sharing.freed)
    heads = np.ceil(need - 1e-9)
    hour = np.zeros(len(wage))
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is not None:
            hour[g] = wage[g] * float((catalogue.paid_h / catalogue.cover.sum(axis=1)).min())
    for pair in linked_pairs(network):
        both, here = list(pair[:2]), sharing.exchange(pair, over, hour)
        of_days = [covers[g][0].days for g in both]
        per_day = network.intervals_per_day
        for day, exchange in enumerate(here.days(per_day)):
            cut = slice(day * per_day, (day + 1) * per_day)
            first = None if known is None else known[both, cut]
            pools = _Pair((of_days[0][day], of_days[1][day]), wage[both], hour[both])
            heads[both, cut] = pools.search(need[both, cut], exchange, first)
        short, _ = here.sent(need[both], heads[both])
        sharing.send(pair, short, here.ratio, need, over)
    return heads, over


def rebalance(sharing: Sharing, heads: Floats) -> tuple[Floats, Floats]:
    """Shares of overflow that meet needs with given people as far as others have time, and the people still missing.

    Where anything is sent, needs count a little more than they are: they move a little with what is sent.
    """
    need, over = sharing.need.copy(), np.zeros_like(sharing.freed)
    for pair in linked_pairs(sharing.network):
        both, here = list(pair[:2]), sharing.exchange(pair, over, np.zeros(len(need)))
        short = np.maximum(need[both] - heads[both], 0.0)
        short = np.minimum(np.where(short > 1e-9, short + ROOM * need[both], 0.0), here.most)
        room = np.maximum(heads[both] - (1.0 + ROOM) * need[both], 0.0)[::-1] / np.maximum(here.ratio, 1e-9)
        sharing.send(pair, np.minimum(short, room), here.ratio, need, over)
    return over, np.maximum(need - heads, 0.0)


def starved_intervals(network: FlowNetwork, decision: Decision, guess: SteadyState) -> Bools:
    """Where a type of a linked pool that loses more than `abandon_max` at nominal demand does so, (pool, interval).

    Whole people of small pools have time to spare, and sharing takes it away.
    """
    state = steady_state(network, decision, 0.0, guess)
    there = np.bincount(network.flows.pair, state.volume, len(state.lost)) > 1e-6
    linked = np.isin(network.pair_pool, [network.overflow_from, network.overflow_to])
    starved = np.zeros(decision.on_task.shape, dtype=bool)
    for p in np.flatnonzero(there & linked & (state.lost > network.abandon_max)):
        g = int(network.pair_pool[p])
        starved[g] |= state.p_abandon[g, decision.priority[p]] > network.abandon_max
    return starved


def with_overflow(routing: Routing, over: Floats) -> Routing:
    """Send shares of overflow with a routing; None where nobody is sent."""
    return replace(routing, overflow=np.minimum(over, 1.0) if (over > 0).any() else None)


@dataclass(frozen=True)
class _Pair:
    """Two linked pools on one day: day covers, wage per hour and money per person and interval, each (2,)."""

    covers: tuple[DayCover, DayCover]
    wage: Floats
    hour: Floats

    def search(self, need: Floats, exchange: Exchange, known: Floats | None) -> Floats:
        """Whole people, (2, interval), of least wages plus the price of moved work, by steps of one interval."""
        heads = self._start(need, exchange)
        if known is not None:
            heads = np.where(exchange.sent(need, known)[1], known, heads)
        prices = [self.covers[k].price(heads[k]) for k in (0, 1)]
        moved = self._moved(need, heads, exchange)[0]
        refused: set[tuple[int, int, int]] = set()
        for _ in range(ROUNDS):
            steps = [s for s in self._promising(need, heads, exchange, prices, moved) if s[1:] not in refused]
            for _, i, j, t in steps[:TRIED]:
                there = heads.copy()
                there[:, t] += (i, j)
                now = [self.covers[k].price(there[k]) if step else prices[k] for k, step in ((0, i), (1, j))]
                after = self._moved(need, there, exchange)[0]
                change = sum(self.wage[k] * (now[k][0] - prices[k][0]) for k in (0, 1)) + (after - moved).sum()
                if change < -LEAST:
                    heads, prices, moved, refused = there, now, after, set()
                    break
                refused.add((i, j, t))
            else:
                if len(steps) <= TRIED:
                    break
        return heads

    def _promising(
        self, need: Floats, heads: Floats, exchange: Exchange, prices: list[tuple[float, Floats]], moved: Floats
    ) -> list[tuple[float, int, int, int]]:
        """Steps that may save money, best first: the duals say the least that they cost."""
        found = []
        for i, j in STEPS:
            there = heads + np.array([[i], [j]])
            after, fits = self._moved(need, there, exchange)
            fits &= self._can_be_there(there)
            change = self.wage[0] * prices[0][1] * i + self.wage[1] * prices[1][1] * j + after - moved
            for t in np.flatnonzero(fits & (there >= 0).all(axis=0) & (change < -LEAST)):
                found.append((float(change[t]), i, j, int(t)))
        return sorted(found)

    def _moved(self, need: Floats, heads: Floats, exchange: Exchange) -> tuple[Floats, Bools]:
        """Price of the work that people make move, and where they are enough, each shape (interval,)."""
        short, fits = exchange.sent(need, heads)
        return ((exchange.price + MOVED * self.hour[:, None]) * short).sum(axis=0), fits

    def _can_be_there(self, heads: Floats) -> Bools:
        """Tell in which intervals shifts cover all who are on the floor, shape (interval,)."""
        return np.all([(heads[k] <= 0) | self.covers[k].catalogue.reachable for k in (0, 1)], axis=0)

    def _start(self, need: Floats, exchange: Exchange) -> Floats:
        """In each interval the best of: round both up; round one down, and what the other then needs up."""
        best = np.ceil(need - 1e-9)
        cost = self.hour @ best
        for k in (0, 1):
            there = np.zeros_like(need)
            there[k] = np.floor(need[k] + 1e-9)
            short = np.maximum(need[k] - there[k], 0.0)
            there[1 - k] = np.ceil(need[1 - k] + short * exchange.ratio[k] - 1e-9)
            price, fits = self._moved(need, there, exchange)
            value = self.hour @ there + price
            better = fits & self._can_be_there(there) & (value < cost - LEAST)
            best, cost = np.where(better, there, best), np.where(better, value, cost)
        return best
