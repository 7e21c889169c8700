"""People on shifts who cover what pools need at least money: live pools by interval, deferred ones by window."""

from __future__ import annotations

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.network import Floats, Ints, Queue
from solvers.flow.solution import Instance, hires_and_overtime, pool_money, pool_people
from solvers.shifts.backlog import cover_backlog
from solvers.shifts.horizon_cover import HorizonCover
from solvers.shifts.roster import heads_bound

LIGHT_PERSON_H = 1e-3  # among equally many hours, the fewest people
HEAVY_PERSON_H = 4.0  # nearly the fewest people there are

Covers = dict[int, tuple[HorizonCover, ...]]


def day_covers(instance: Instance) -> Covers:
    """Day covers per staffed pool, from many people on short shifts to few on long ones.

    A working day saves 1/days of a hire where working days bind, so the weights of a person are next to nothing,
    hire cost/(days·wage), and so much that there are nearly the fewest. Pools with the same catalogue share them.
    """
    payroll, wage = instance.payroll, instance.network.pools.wage_per_h
    shared: dict[tuple[int, float], HorizonCover] = {}
    covers: Covers = {}
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None:
            continue
        weights = [0.0]
        if payroll.rostered[g]:
            price = float(payroll.hire_cost[g]) / max(float(payroll.days[g] * wage[g]), 1e-9)
            weights = sorted(
                {LIGHT_PERSON_H, round(min(max(price, LIGHT_PERSON_H), HEAVY_PERSON_H), 6), HEAVY_PERSON_H}
            )
        for weight in weights:
            if (id(catalogue), weight) not in shared:
                shared[id(catalogue), weight] = HorizonCover(catalogue, instance.network.days, weight)
        covers[g] = tuple(shared[id(catalogue), weight] for weight in weights)
    return covers


def cover_heads(instance: Instance, covers: Covers, heads: Floats) -> dict[int, Ints]:
    """Cover whole people on the floor of live pools, shape (pool, interval), with people on shifts at least money."""
    network = instance.network
    people = {}
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None or not network.pools.waits[g]:
            continue
        if instance.pins is not None and (kept := instance.pins.people[g]) is not None:
            people[g] = kept
            continue
        days = heads[g].reshape(network.days, network.intervals_per_day)
        if (days[~catalogue.reachable_on(network.days)] > 0).any():
            raise NoSolution(f"pool {g} has work in intervals no shift covers")
        people[g] = _cheapest_people(instance, g, covers[g], days)
    return people


def cover_deferred(instance: Instance, covers: Covers, work_s: Floats, window: Floats) -> dict[int, Ints]:
    """Cover the backlogs of deferred pools, whose work in seconds is `work_s` (pool, interval), at least money.

    `window` (pool,) intervals from arrival to when the work shall be done. Where heads run out, with longer shifts of
    fewer people.
    """
    network, promises = instance.network, instance.promises
    pools = network.pools
    people = {}
    for g in map(int, np.flatnonzero(pools.queue == Queue.DEFERRED)):
        catalogue = instance.catalogues[g]
        if catalogue is None:
            continue
        if instance.pins is not None and (kept := instance.pins.people[g]) is not None:
            people[g] = kept
            continue
        promised = promises.target[(promises.measure == 3) & promises.pools[:, g]]
        least = (np.inf, np.inf)
        for k, cover in enumerate(covers[g]):
            counts = cover_backlog(
                catalogue,
                work_s[g] / (network.interval_s * pools.speed[g] * (1.0 - pools.shrinkage[g])),
                occupancy_max=float(pools.occupancy_max[g]),
                window=float(window[g]),
                share=float(promised.max(initial=0.0)) if len(promised) else 1.0,
                person_h=cover.person_h,
                opened=network.opened,
            )
            value = _value(instance, g, counts)
            if value < least:
                people[g], least = counts, value
            enough = pool_people(instance, g, counts)[1] <= instance.payroll.heads[g]
            if enough or (k > 0 and least[0] == 0.0):
                break
    return people


def _cheapest_people(instance: Instance, g: int, covers: tuple[HorizonCover, ...], days: Floats) -> Ints:
    """Cover the days of a pool; where heads run out, with longer shifts of fewer people on as many days as pays.

    From the lightest weight of a person to the heaviest, days change over in the order of paid hours per person saved;
    the cheapest mixture within the hires allowed is taken. Weights beyond a person's price only count where hires run
    out.
    """
    counts = covers[0].people(days)
    best, least = counts, _value(instance, g, counts)
    if pool_people(instance, g, counts)[1] <= instance.payroll.heads[g]:
        return best
    paid_h = covers[0].catalogue.paid_h
    for k, cover in enumerate(covers[1:]):
        if k > 0 and least[0] == 0.0:
            break
        others = cover.people(days)
        saved = (counts - others).sum(axis=1)
        dearer = (others - counts) @ paid_h
        for d in np.argsort(np.where(saved > 0, dearer / np.maximum(saved, 1), np.inf), kind="stable"):
            if saved[d] > 0:
                counts = counts.copy()
                counts[d] = others[d]
                value = _value(instance, g, counts)
                if value < least:
                    best, least = counts, value
    return best


def _value(instance: Instance, g: int, counts: Ints) -> tuple[float, float]:
    """Hires beyond those allowed and money of a pool, at the fewest heads its days, hours and busiest day admit."""
    catalogue, payroll = instance.catalogues[g], instance.payroll
    assert catalogue is not None
    by_day = counts @ catalogue.paid_h
    paid_h = float(by_day.sum())
    if not payroll.rostered[g]:
        return 0.0, pool_money(instance, g, paid_h, 0, 0.0)
    most = payroll.most_of_head(g, len(counts), float(catalogue.paid_h.max(initial=0.0)))
    needed = heads_bound(counts.sum(axis=1), by_day, **most)
    hires, overtime_h = hires_and_overtime(instance, g, by_day, needed)
    return max(0.0, hires - float(payroll.hires_max[g])), pool_money(instance, g, paid_h, hires, overtime_h)
