"""Wishes: read, proven impossible, and the least change found, re-solved on both sides."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests"))

from small_centers import problem_of  # noqa: E402

from planner.frontier import levers  # noqa: E402
from planner.frontier.held import held_from  # noqa: E402
from planner.frontier.levers import least_ratio  # noqa: E402
from planner.frontier.wish import (  # noqa: E402
    LEVERS,
    Reach,
    Wish,
    meets,
    parse_wish,
    reach_words,
    ruled_out,
    what_would_it_take,
)
from planner.pipeline import reach_wish  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.master import Master  # noqa: E402

TOY = ROOT / "scenarios/minimal.yaml"


def test_wishes_are_read():
    assert parse_wish("cx>=4.1, cost <= 400,000,headroom>=10%") == Wish(4.1, 400_000.0, 0.1)
    assert parse_wish("headroom>=-0.05").limits == {"headroom": -0.05}
    for text in ("cx<=4", "cxx>=4", "cx>=4,cx>=5", "", "cost<=", "cx>=4..1", "cx>=4,2", "cost<=1,00,000"):
        with pytest.raises(ValueError, match=r"wish '.*' — "):
            parse_wish(text)


def test_meeting_a_wish():
    assert meets((4.0, 100.0, 0.1), Wish(4.0, 100.0, 0.1))
    for worse in ((3.9, 100.0, 0.1), (4.0, 101.0, 0.1), (4.0, 100.0, 0.09)):
        assert not meets(worse, Wish(4.0, 100.0, 0.1))


def test_ruled_out_by_hand():
    """At headroom 0: cost >= 100, cx <= 3 + 0.01·cost, cx <= 4.5; at 0.2: cost >= 120."""
    bound = pd.DataFrame(
        [(0.0, np.nan, 100.0), (0.0, 0.01, 3.0), (0.0, 0.0, 4.5), (0.2, np.nan, 120.0)],
        columns=["headroom", "slope", "intercept"],
    )
    assert ruled_out(bound, Wish(cost=99.0))
    assert not ruled_out(bound, Wish(cost=101.0))
    assert ruled_out(bound, Wish(cost=119.0, headroom=0.2))
    assert not ruled_out(bound, Wish(cost=119.0, headroom=0.1))
    assert ruled_out(bound, Wish(cx=4.11, cost=110.0))
    assert not ruled_out(bound, Wish(cx=4.09, cost=110.0))
    assert ruled_out(bound, Wish(cx=4.6))
    assert not ruled_out(bound, Wish(cx=4.4))
    assert not ruled_out(bound, Wish(cost=99.0, headroom=-0.1))  # no level binds so little headroom
    assert not ruled_out(bound.iloc[:0], Wish(cx=9.0))


def test_a_corner_rules_out_what_has_as_much_of_both():
    rows = [(0.0, np.nan, 100.0, np.nan), (0.0, 0.01, 3.0, np.nan), (0.1, np.nan, 126.0, 4.0)]
    bound = pd.DataFrame(rows, columns=["headroom", "slope", "intercept", "from_cx"])
    assert ruled_out(bound, Wish(cx=4.0, cost=125.0, headroom=0.1))
    assert not ruled_out(bound, Wish(cx=4.0, cost=127.0, headroom=0.1))
    assert not ruled_out(bound, Wish(cx=3.9, cost=125.0, headroom=0.1))
    assert not ruled_out(bound, Wish(cx=4.0, cost=125.0))
    assert not ruled_out(bound, Wish(cost=125.0, headroom=0.1))


def test_least_ratio_brackets_a_threshold():
    for at in (0.004, 0.01, 0.3, 7.0):
        low, high = least_ratio(lambda r, at=at: r >= at)
        assert low < at <= high
        assert high - low <= 1e-3
    assert least_ratio(lambda r: True) == (0.0, 0.0)
    assert least_ratio(lambda r: r >= 1.5, most=1.0) is None


@pytest.fixture(scope="module")
def toy():
    problem = problem_of(TOY)
    wish = Wish(cx=4.1, cost=420.0, headroom=0.1)
    return problem, wish, {one.lever: one for one in what_would_it_take(problem, even_split(problem.network), wish)}


def test_shares_are_proven_too_little_and_found_enough(toy):
    """The bound, re-solved below the proven share, misses the wish; the plan of the found share meets it."""
    problem, wish, found = toy
    proven = 0
    for lever in LEVERS:
        if lever.words not in found:
            continue
        one = found[lever.words]

        def best(share, lever=lever):
            at = lever.change(problem.instance, share)
            master = Master(at.network, at.limits, at.payroll, list(at.catalogues))
            point = master.level(wish.headroom).point(wish.cost, 1e-6)
            return -np.inf if point is None else point.cx

        if one.proven == np.inf:
            assert best(lever.most) < wish.cx
        elif one.proven > 0:
            proven += 1
            assert best(one.proven) < wish.cx <= best(one.proven + 0.011) + 2e-3
        if np.isfinite(one.found):
            assert one.found >= one.proven
            assert meets((one.cx, one.cost, one.headroom), wish)
    assert proven >= 1
    assert np.isfinite(found["shorten handle times"].found)


def test_levers_with_nothing_to_move_are_left_out(toy):
    _, _, found = toy
    assert "raise the budget (limits.budget_max)" not in found  # the toy has none
    assert "have more seats (limits.seats)" not in found
    assert "raise the acceptance of steers" in found


def test_levers_are_the_scenario_rewritten():
    toy = problem_of(TOY)
    caps = problem_of(TOY, "pools.phone.occupancy_max=0.935", "pools.desk.occupancy_max=0.935")
    np.testing.assert_allclose(
        levers.occupancy(toy.instance, 0.1).network.pools.occupancy_max, caps.network.pools.occupancy_max
    )
    more = problem_of(TOY, "steers.offer_chat.acceptance=0.6")
    np.testing.assert_allclose(
        levers.acceptance(toy.instance, 0.2).network.nodes.acceptance, more.network.nodes.acceptance
    )
    assert levers.acceptance(toy.instance, 9.0).network.nodes.acceptance.max() == 1.0
    paid = problem_of(TOY, "limits.budget_max=600").instance
    assert levers.budget(paid, 0.5).limits.budget == 900.0
    many = problem_of(TOY, "pools.phone.roster.heads=9", "pools.phone.roster.hires_max=3").instance
    g = toy.pools.index("phone")
    some = problem_of(TOY, "pools.phone.roster.heads=6", "pools.phone.roster.hires_max=2").instance
    grown = levers.heads(some, 0.5).payroll
    assert (grown.heads[g], grown.hires_max[g]) == (many.payroll.heads[g], many.payroll.hires_max[g])


def test_reach_in_words():
    point = {"cx": 4.1, "cost": 900.0, "headroom": 0.12}
    words = reach_words(Reach("shorten handle times", 0.05, 0.08, **point), "EUR")
    assert words.startswith("shorten handle times by 8%: a plan reaches CX 4.100, 900 EUR, headroom 12%")
    assert words.endswith("up to 5% is proven too little.")
    assert "no amount of it alone is enough (proven)" in reach_words(Reach("x", np.inf, np.nan, 0, 0, 0), "EUR")
    assert "no plan with whole people was found" in reach_words(Reach("x", 0.0, np.nan, 0, 0, 0), "EUR")
    assert "not needed" in reach_words(Reach("x", 0.0, 0.0, **point), "EUR")


def test_plans_of_the_run_are_tried_as_they_stand(toy_planned, toy_scenario):
    """They reach the wish with less change than plans made anew, and are nothing to a scenario of another shape."""
    wish = Wish(cx=4.12, cost=610.0)
    plain, known = (
        {one.lever: one for one in reach_wish(toy_scenario, wish, seed=1, frontier=run)} for run in (None, toy_planned)
    )
    assert known["shorten handle times"].found < plain["shorten handle times"].found - 0.02
    for lever, one in known.items():
        assert one.proven == plain[lever].proven
        if np.isfinite(one.found):
            assert meets((one.cx, one.cost, one.headroom), wish)
    other = problem_of(TOY, "steers={}")
    plans = list(held_from(toy_planned.model, "toy").plans.values())
    wanted = Wish(headroom=2.0)
    with_them, without = (what_would_it_take(other, even_split(other.network), wanted, some) for some in (plans, ()))
    assert with_them == without
