"""Choosing overflow: needs stay met, no step of one interval is better, and whole plans take fewer people."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_overflow, random_routing, write_center  # noqa: E402

from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.kept import capacity_ratio  # noqa: E402
from solvers.flow.overflow import MOVED, Sharing, linked_pairs, rebalance, share_people, with_overflow  # noqa: E402
from solvers.flow.solution import Instance, judge  # noqa: E402
from solvers.flow.spread import check_overflow  # noqa: E402
from solvers.flow.staff import needed_on_task, route_and_staff  # noqa: E402
from solvers.flow.steady_state import steady_state  # noqa: E402

PHONE, PARTNER, DESK = range(3)


@pytest.fixture(scope="module", params=[1, 2, 3])
def instance(request, tmp_path_factory) -> Instance:
    return problem_of(write_center(tmp_path_factory.mktemp("center"), request.param, links=True)).instance


def linked(instance: Instance, *links: tuple[int, int]) -> Instance:
    """The same center with other links."""
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    return replace(instance, network=replace(instance.network, overflow_from=ends[:, 0], overflow_to=ends[:, 1]))


def sharing_of(instance: Instance, seed: int) -> Sharing:
    """Random needs of about 3 to 12 people, and links over which up to most of a pool's work may go."""
    rng, network = np.random.default_rng(seed), instance.network
    shape = (len(network.pools.queue), network.profile.shape[1])
    need = np.where(network.pools.staffed[:, None], rng.uniform(3, 12, shape), 0.0)
    freed = need[network.overflow_from] * rng.uniform(0.2, 0.9, (len(network.overflow_from), 1))
    return Sharing(network, need, freed, freed * rng.uniform(0.7, 1.4, (len(network.overflow_from), 1)))


def after(sharing: Sharing, over: np.ndarray) -> np.ndarray:
    """Needs once shares are sent."""
    need = sharing.need.copy()
    for link, (a, b) in enumerate(zip(sharing.network.overflow_from, sharing.network.overflow_to, strict=True)):
        need[a] -= over[link] * sharing.freed[link]
        need[b] += over[link] * sharing.taken[link]
    return need


LINKS = [
    ((PHONE, PARTNER), (PARTNER, PHONE)),
    ((PARTNER, PHONE),),
    ((PHONE, PARTNER), (PARTNER, PHONE), (DESK, PHONE), (PHONE, DESK)),
    ((DESK, PHONE), (PHONE, PARTNER), (PARTNER, DESK)),
]


@pytest.mark.parametrize("links", LINKS)
def test_shared_people_meet_every_need(instance: Instance, links) -> None:
    joined = linked(instance, *links)
    covers = day_covers(joined)
    for seed in range(4):
        sharing = sharing_of(joined, seed)
        heads, over = share_people(joined, covers, sharing)
        check_overflow(joined.network, np.minimum(over, 1.0))
        assert (over <= 1 + 1e-9).all()
        assert (after(sharing, over) <= heads + 1e-7).all()
        assert (heads == np.round(heads)).all()


@pytest.mark.parametrize("links", LINKS[:2])
def test_no_step_of_an_interval_is_better(instance: Instance, links) -> None:
    """Wages by a linear program of its own, plus what moved work is priced at; load moved the only way it can be."""
    joined = linked(instance, *links)
    network, sharing = joined.network, sharing_of(joined, 7)
    heads, _ = share_people(joined, day_covers(joined), sharing)
    hour = {}
    for g in (PHONE, PARTNER):
        catalogue = joined.catalogues[g]
        hour[g] = network.pools.wage_per_h[g] * (catalogue.paid_h / catalogue.cover.sum(axis=1)).min()

    def wages(g: int, people: np.ndarray) -> float:
        catalogue = joined.catalogues[g]
        cost = network.pools.wage_per_h[g] * (catalogue.paid_h + 1e-3 * joined.payroll.rostered[g])
        return float(linprog(cost, A_ub=-catalogue.cover.T, b_ub=-people).fun)

    def total(day: int, people: np.ndarray) -> float:
        money = sum(wages(g, people[k]) for k, g in enumerate((PHONE, PARTNER)))
        for t in range(people.shape[1]):
            at = day * people.shape[1] + t
            for (k, g), other in (((0, PHONE), PARTNER), ((1, PARTNER), PHONE)):
                short = sharing.need[g, at] - people[k, t]
                if short <= 1e-9:
                    continue
                way = np.flatnonzero((network.overflow_from == g) & (network.overflow_to == other))
                if len(way) == 0 or short > sharing.freed[way[0], at] + 1e-9:
                    return np.inf
                ratio = sharing.taken[way[0], at] / sharing.freed[way[0], at]
                if sharing.need[other, at] + short * ratio > people[1 - k, t] + 1e-9:
                    return np.inf
                money += short * (hour[g] * (1 + MOVED) - hour[other] * ratio)
        return money

    for day in range(network.days):
        cut = slice(day * network.intervals_per_day, (day + 1) * network.intervals_per_day)
        found = heads[:2, cut]
        best = total(day, found)
        assert best <= total(day, np.ceil(sharing.need[:2, cut])) + 1e-6
        for t, i, j in product(range(network.intervals_per_day), (-1, 0, 1), (-1, 0, 1)):
            other = found.copy()
            other[:, t] += (i, j)
            if (other >= 0).all():
                assert total(day, other) >= best - 1e-5


def test_what_is_shared_is_what_the_evaluator_counts(instance: Instance) -> None:
    """Needs as if nobody were sent, and what links free and take, give the evaluator's own needs."""
    network, rng = instance.network, np.random.default_rng(3)
    pools = network.pools
    for _ in range(4):
        routing = replace(random_routing(network, rng), overflow=random_overflow(network, rng))
        factor = rng.uniform(1, 1.3, len(pools.queue))
        on_task = np.where(
            pools.staffed[:, None], rng.uniform(2, 20, (len(pools.queue), network.profile.shape[1])), 0.0
        )
        state = steady_state(network, routing.with_people(on_task), 0.2)
        need = needed_on_task(instance, state) * (factor / (1 - pools.shrinkage))[:, None]
        sharing = Sharing.of(instance, routing, state, need, factor)
        np.testing.assert_allclose(after(sharing, routing.overflow), need, rtol=1e-9, atol=1e-9)
        assert (sharing.need[:2] != need[:2]).any()


def test_rebalance_helps_as_far_as_there_is_time(instance: Instance) -> None:
    for seed in range(6):
        sharing, rng = sharing_of(instance, seed), np.random.default_rng(seed)
        heads = np.floor(sharing.need + rng.uniform(-0.5, 2, sharing.need.shape))
        over, missing = rebalance(sharing, heads)
        need = after(sharing, over)
        np.testing.assert_allclose(np.maximum(need - heads, 0.0), missing, atol=1e-4)
        for a, b, there, _ in linked_pairs(instance.network):
            # Who is still short has sent all it may, or the other has no time left.
            short = missing[a] > 1e-4
            full = (over[there] >= 1 - 1e-6) | (heads[b] - need[b] <= 1e-4)
            assert full[short].all()
            assert ((missing[a] > 0) | (missing[b] > 0) | (need[[a, b]] <= heads[[a, b]]).all(axis=0)).all()


@pytest.mark.parametrize("links", LINKS[:2])
def test_plans_with_overflow_keep_headroom_promises_and_guards(instance: Instance, links) -> None:
    """Also in tiny pools, which lose many customers once their people have no time to spare; and hours are saved."""
    joined = linked(instance, *links)
    covers, rng, hours = day_covers(joined), np.random.default_rng(11), []
    for target in (0.0, 0.1, 0.25, 0.4):
        routing = random_routing(joined.network, rng, classes=1)
        alone = judge(joined, *route_and_staff(linked(instance), routing, target, covers), "search")
        sent, people = route_and_staff(joined, routing, target, covers)
        shared = judge(joined, sent, people, "search")
        assert shared.evaluation.headroom >= min(target, alone.evaluation.headroom)
        assert shared.evaluation.kept
        if alone.evaluation.kept:
            hours.append((alone.people_cost.paid_h.sum(), shared.people_cost.paid_h.sum()))
    if len(links) == 2:
        alone_h, shared_h = np.sum(hours, axis=0)
        assert shared_h < alone_h


def test_the_same_question_gives_the_same_answer(instance: Instance) -> None:
    routing = random_routing(instance.network, np.random.default_rng(2))
    answers = [route_and_staff(instance, routing, 0.1, day_covers(instance)) for _ in range(2)]
    (first, people), (second, again) = answers
    assert np.array_equal(first.overflow, second.overflow)
    assert all(np.array_equal(a, b) for a, b in zip(people, again, strict=True) if a is not None)


def test_without_links_nothing_is_sent(instance: Instance) -> None:
    apart = linked(instance)
    routing = random_routing(apart.network, np.random.default_rng(4))
    sent, people = route_and_staff(apart, routing, 0.1, day_covers(apart))
    assert sent.overflow is None
    assert judge(instance, sent, people, "search").evaluation.headroom >= 0.1


def test_shares_of_nobody_are_no_overflow(instance: Instance) -> None:
    routing = random_routing(instance.network, np.random.default_rng(4))
    shape = (2, instance.network.profile.shape[1])
    assert with_overflow(routing, np.zeros(shape)).overflow is None
    sent = with_overflow(routing, np.full(shape, 0.25))
    state = evaluate(instance.network, instance.promises, sent.with_people(np.full((5, 10), 30.0))).state
    assert capacity_ratio(instance.network, sent.with_people(np.full((5, 10), 30.0)), state) > 0


def test_nothing_is_sent_to_a_pool_on_days_without_its_shifts(instance: Instance) -> None:
    joined = linked(instance, *LINKS[0])
    days, per_day = joined.network.days, joined.network.intervals_per_day
    partner = joined.catalogues[PARTNER]
    assert partner is not None
    allowed = np.ones((days, len(partner.paid_h)), dtype=bool)
    allowed[1] = False
    own = tuple(replace(one, allowed=allowed) if g == PARTNER else one for g, one in enumerate(joined.catalogues))
    joined, away = replace(joined, catalogues=own), slice(per_day, 2 * per_day)
    for seed in range(4):
        sharing = sharing_of(joined, seed)
        sharing.need[PARTNER, away] = 0.0
        sharing.freed[1, away] = 0.0
        heads, over = share_people(joined, day_covers(joined), sharing)
        assert (heads[PARTNER, away] == 0).all()
        assert (over[:, away] == 0).all()
        assert over.any()
        assert (after(sharing, over) <= heads + 1e-7).all()
