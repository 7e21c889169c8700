"""Contracts with vendors: payment by hand, in evaluator, master and bound alike, and their limit in headroom."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import open_master, problem_of, random_plans, write_center  # noqa: E402

from planner.scenario.center import Contract  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.kept import capacity_ratio, pool_volume  # noqa: E402

CONTRACT = {
    "committed_contacts": 60,
    "max_contacts": 200,
    "tiers": [{"above": 0, "price": 2}, {"above": 50, "price": 3}, {"above": 120, "price": 6}],
}


def paid(volume: float) -> float:
    """50 at 2, 70 at 3, the rest at 6; never less than 60 cost."""
    return max(2 * min(volume, 50) + 3 * min(max(volume - 50, 0), 70) + 6 * max(volume - 120, 0), 130.0)


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    path = write_center(tmp_path_factory.mktemp("center"), 1)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["pools"]["partner"] |= {"contract": CONTRACT, "wage_per_h": 4}
    path.write_text(json.dumps(document), encoding="utf-8")
    return problem_of(path)


def without(instance):
    """The same center without its contract."""
    pools = instance.network.pools
    free = replace(
        pools,
        contract_max=np.full_like(pools.contract_max, np.inf),
        contract_slope=np.zeros_like(pools.contract_slope),
        contract_offset=np.zeros_like(pools.contract_offset),
    )
    return replace(instance, network=replace(instance.network, pools=free))


def test_lines_are_the_payment_for_any_volume():
    lines = Contract(**CONTRACT).lines
    for volume in np.linspace(0, 300, 61):
        assert max(slope * volume + offset for slope, offset in lines) == pytest.approx(paid(float(volume)))
    one = Contract(committed_contacts=10, tiers=({"price": 1.5},)).lines
    assert max(slope * 4 + offset for slope, offset in one) == pytest.approx(15.0)


def test_evaluator_adds_the_payment_and_keeps_the_limit(problem):
    instance, free = problem.instance, without(problem.instance)
    g = problem.pools.index("partner")
    volumes = []
    for plan in random_plans(instance, 3, 12):
        here = plan.evaluation
        there = evaluate(free.network, free.promises, _decided(instance, plan))
        volume = float(pool_volume(instance.network, here.state)[g])
        volumes.append(volume)
        assert here.variable_cost - there.variable_cost == pytest.approx(paid(volume), abs=1e-6)
        assert here.headroom <= max(200 / volume - 1, -1) + 1e-5 if volume > 0 else True
        if volume > 0:
            assert capacity_ratio(instance.network, _decided(instance, plan), here.state) <= 200 / volume + 1e-9
        assert here.headroom <= there.headroom + 2e-5
    assert min(volumes) < 60 < max(volumes)


def _decided(instance, plan):
    on_task = plan.staffing.scheduled * (1 - instance.network.pools.shrinkage)[:, None]
    return plan.routing.with_people(on_task)


def test_master_pays_what_the_evaluator_pays(problem):
    """At the master's optimum the payment is the highest line of its own volume, and headroom holds the limit back."""
    instance = problem.instance
    g = problem.pools.index("partner")
    master = open_master(instance)
    for headroom in (0.0, 0.3):
        level = master.level(headroom)
        for point in (level.cheapest(), level.point(np.inf, 1e-7)):
            volume = float(point.flow[instance.network.flows.pool == g].sum())
            assert volume * (1 + headroom) <= 200 + 1e-5
    low, free = (open_master(one).level(0.1).cheapest() for one in (instance, without(instance)))
    volume = float(low.flow[instance.network.flows.pool == g].sum())
    assert free.cost + 130 - 1e-3 <= low.cost
    assert low.cost <= free.cost + paid(float(free.flow[instance.network.flows.pool == g].sum())) + 1e-3
    assert volume >= 0


def test_no_plan_passes_the_master_with_a_contract(problem):
    instance = problem.instance
    levels = {h: open_master(instance).level(h) for h in (0.0, 0.2)}
    cheapest = {h: level.cheapest().intercept for h, level in levels.items()}
    planes = {h: [level.point(c, 1e-7) for c in (cheapest[h] * 1.05, cheapest[h] * 1.3)] for h, level in levels.items()}
    seen = 0
    for plan in random_plans(instance, 8, 25):
        if not plan.feasible:
            continue
        seen += 1
        for h in levels:
            if plan.evaluation.headroom >= h:
                assert plan.cost >= cheapest[h] * (1 - 1e-6)
                for plane in planes[h]:
                    assert plan.evaluation.cx <= plane.intercept + plane.slope * plan.cost + 1e-6
    assert seen >= 3
