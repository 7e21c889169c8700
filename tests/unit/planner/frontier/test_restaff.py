"""A routing staffed anew in one rigid shift a pool, against every number of people tried."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.drawing import draw_problem
from planner.frontier.restaff import restaffed, sound
from solvers.flow.covering import day_covers
from solvers.flow.headroom import HEADROOM_TOLERANCE
from solvers.flow.solution import Routing, judge

MINIMAL = Path(__file__).resolve().parents[4] / "scenarios" / "minimal.yaml"


@pytest.fixture(scope="module")
def instance():
    """The toy center: everybody works from nine to eleven, so the quiet half hours have people to spare."""
    return draw_problem(planner.load_scenario(MINIMAL), seed=1)[0].instance


def every_plan(instance, offer):
    """All plans with an offer of one steer to every type."""
    network = instance.network
    offers = np.where(network.nodes.steer >= 0, offer, 0.0)
    routing = Routing(offers, np.ones(len(network.split_kind)), np.zeros(len(network.pair_pool), dtype=np.int64))
    counts = itertools.product(range(2, 10), range(2, 8))
    plans = [judge(instance, routing, (np.array([[a]]), np.array([[b]])), "master") for a, b in counts]
    return routing, [plan for plan in plans if plan.feasible and plan.evaluation.headroom >= 0]


@pytest.mark.parametrize("offer", [0.0, 0.5, 1.0])
def test_staffed_anew_costs_what_the_cheapest_enough_people_cost(instance, offer):
    """For the headroom of every cheapest plan: its own people are enough for it, and nobody is added beside them."""
    routing, plans = every_plan(instance, offer)
    assert len(plans) > 10
    compared = 0
    for plan in plans:
        own = plan.evaluation.headroom
        least = min(other.cost for other in plans if other.evaluation.headroom >= own - 2 * HEADROOM_TOLERANCE)
        if plan.cost > least + 1e-6:
            continue
        found = restaffed(instance, routing, own, day_covers(instance))
        assert found is not None
        assert found.kept
        assert found.cost == pytest.approx(least, abs=1e-6)
        compared += 1
    assert compared >= 5


@pytest.mark.parametrize("floor", [4.1, 4.15, 4.18])
def test_people_are_added_where_a_segment_waits_too_long_for_its_floor(instance, floor):
    """Billing alone is offered chat; the master sees no wait, and caps and promises hold with fewer people."""
    network = instance.network
    offers = ((network.nodes.steer >= 0) & (network.nodes.kind == 0)).astype(float)
    routing = Routing(offers, np.ones(len(network.split_kind)), np.zeros(len(network.pair_pool), dtype=np.int64))
    guarded = replace(instance, network=replace(network, segment_min=np.array([floor])))
    counts = itertools.product(range(2, 10), range(2, 8))
    plans = [judge(guarded, routing, (np.array([[a]]), np.array([[b]])), "master") for a, b in counts]
    least = min(plan.cost for plan in plans if plan.evaluation.kept and plan.evaluation.headroom >= 0)
    found = restaffed(guarded, routing, 0.0, day_covers(guarded))
    assert found is not None
    assert found.kept
    assert found.cx >= floor
    assert found.cost <= least * 1.12


def test_a_segment_nobody_is_of_lets_no_floor_down():
    """Its experience is that of no one."""
    scenario = planner.load_scenario(MINIMAL, ["segments.vip={title: VIP, cx_min: 4.9}"])
    guarded = draw_problem(scenario, seed=1)[0].instance
    network = guarded.network
    routing = Routing(
        np.zeros(len(network.nodes.kind)), np.ones(len(network.split_kind)), np.zeros(len(network.pair_pool), dtype=int)
    )
    plan = judge(guarded, routing, (np.array([[9]]), np.array([[6]])), "master")
    assert np.isfinite(network.segment_min).any()
    assert plan.evaluation.kept


def test_what_breaks_a_guard_has_no_price(instance):
    """The people of a routing keep its promises; that fewer may hang up than do is no plan, whatever it costs."""
    routing, _ = every_plan(instance, 0.0)
    covers = day_covers(instance)
    found = restaffed(instance, routing, 0.0, covers)
    assert found is not None
    assert sound(instance, routing, 0.0, covers) == found
    guarded = replace(instance, network=replace(instance.network, abandon_max=1e-3))
    assert restaffed(guarded, routing, 0.0, covers) == replace(found, kept=False)
    assert sound(guarded, routing, 0.0, covers) is None
