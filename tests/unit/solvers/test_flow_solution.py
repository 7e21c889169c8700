"""What people cost, which limits a plan must keep, and that staffing reaches its target."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_plans, random_routing, write_center  # noqa: E402

from solvers.errors import NoSolution  # noqa: E402
from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.network import Limits  # noqa: E402
from solvers.flow.solution import Routing, cost_of_people, decision_of, floor_people, judge, with_origin, within_limits  # noqa: E402
from solvers.flow.staff import needed_on_task, route_and_staff  # noqa: E402

TOY = Path(__file__).resolve().parents[3] / "scenarios/minimal.yaml"


@pytest.fixture(scope="module", params=[1, 2])
def problem(request, tmp_path_factory):
    return problem_of(write_center(tmp_path_factory.mktemp("center"), request.param))


def toy_plan(instance, phone, desk):
    network = instance.network
    routing = Routing(
        np.zeros(len(network.nodes.kind)), np.ones(len(network.split_kind)), np.zeros(len(network.pair_pool), dtype=int)
    )
    return judge(instance, routing, (np.array([[phone]]), np.array([[desk]])), "pinned")


def test_toy_money_by_hand():
    """8 on the phone (6 on the payroll), 3 on the desk, two hours: 8·2·40 + 3·2·36 + 2 hires at 520/52."""
    plan = toy_plan(problem_of(TOY).instance, 8, 3)
    cost = plan.people_cost
    assert cost.paid_h.tolist() == [16.0, 6.0]
    assert cost.heads_needed.tolist() == [8, 3]
    assert cost.hires.tolist() == [2, 0]
    assert cost.wages.tolist() == [640.0, 216.0]
    assert cost.hiring.tolist() == pytest.approx([20.0, 0.0])
    assert cost.overtime_h.tolist() == [0.0, 0.0]
    assert cost.money == pytest.approx(876.0)
    assert plan.cost == pytest.approx(876.0)  # no offers were made and contacts cost nothing
    assert with_origin(plan, "search").origin == "search"
    assert with_origin(plan, "search").objectives == plan.objectives


def test_overtime_by_hand():
    """Six contracts of 1.5 h hold 9 hours; 5 people work 10; the tenth is overtime at half the wage of 40 on top."""
    overrides = ("contract_h_per_week=1.5", "overtime_h_per_week_max=0.5", "overtime_premium=0.5")
    instance = problem_of(TOY, *(f"pools.phone.roster.{o}" for o in overrides)).instance
    cost = toy_plan(instance, 5, 3).people_cost
    assert cost.overtime_h[0] == pytest.approx(1.0)
    assert cost.premium[0] == pytest.approx(20.0)
    assert toy_plan(instance, 4, 3).people_cost.overtime_h[0] == 0.0


@pytest.mark.parametrize(
    ("limits", "fine"),
    [
        ({}, True),
        ({"budget": 695.99}, False),
        ({"budget": 696.0}, True),
        ({"seat_max": np.array([8.0])}, False),
        ({"seat_max": np.array([9.0])}, True),
    ],
)
def test_budget_and_seats(limits, fine):
    instance = problem_of(TOY).instance
    both = Limits(
        limits.get("budget", np.inf), np.array([[True, True]]), np.asarray(limits.get("seat_max", np.array([99.0])))
    )
    plan = toy_plan(replace(instance, limits=both), 6, 3)
    assert plan.cost == pytest.approx(696.0)
    assert plan.feasible is fine
    assert within_limits(replace(instance, limits=both), plan.staffing.scheduled, plan.people_cost, plan.cost) is fine


def test_more_hires_than_allowed():
    instance = problem_of(TOY).instance
    assert toy_plan(instance, 9, 4).feasible
    assert not toy_plan(instance, 10, 4).feasible


def test_people_on_the_floor(problem):
    """People on shifts times the catalogue's cover, day by day; automated pools have nobody."""
    instance = problem.instance
    network = instance.network
    for plan in random_plans(instance, 41, 6):
        scheduled = floor_people(instance, plan.staffing.people)
        np.testing.assert_array_equal(scheduled, plan.staffing.scheduled)
        there = decision_of(instance, plan.routing, scheduled).on_task
        for g, pool in enumerate(problem.pools):
            shrinkage = problem.scenario.pools[pool].shrinkage.value
            np.testing.assert_allclose(there[g], scheduled[g] * (1 - shrinkage), rtol=1e-12)
        for g, counts in enumerate(plan.staffing.people):
            if counts is None:
                assert (scheduled[g] == 0).all()
                continue
            catalogue = instance.catalogues[g]
            for d in range(network.days):
                for k in range(network.intervals_per_day):
                    there = sum(int(n) * catalogue.cover[j, k] for j, n in enumerate(counts[d]))
                    assert scheduled[g, d * network.intervals_per_day + k] == there


def test_money_of_people(problem):
    """Wages on paid hours, premium on hours beyond the contracts of payroll and hires, hires beyond the payroll."""
    instance = problem.instance
    payroll, wage = instance.payroll, instance.network.pools.wage_per_h
    overtime = False
    for plan in random_plans(instance, 42, 15):
        cost = cost_of_people(instance, plan.staffing.people)
        for g, counts in enumerate(plan.staffing.people):
            if counts is None:
                assert cost.paid_h[g] == cost.wages[g] == cost.hires[g] == 0
                continue
            paid = float((counts * instance.catalogues[g].paid_h).sum())
            assert cost.paid_h[g] == pytest.approx(paid)
            assert cost.wages[g] == pytest.approx(wage[g] * paid)
            assert cost.heads_needed[g] >= counts.sum(axis=1).max()
            assert cost.hires[g] >= max(0, cost.heads_needed[g] - payroll.heads[g])
            heads = payroll.heads[g] + cost.hires[g]
            assert cost.overtime_h[g] == pytest.approx(max(0.0, paid - heads * payroll.contract_h[g]))
            assert cost.overtime_h[g] <= heads * payroll.overtime_h[g] + 1e-9
            assert cost.premium[g] == pytest.approx(0.5 * wage[g] * cost.overtime_h[g])
            assert cost.hiring[g] == pytest.approx(payroll.hire_cost[g] * cost.hires[g])
            overtime |= cost.overtime_h[g] > 0
        parts = cost.wages.sum() + cost.premium.sum() + cost.hiring.sum()
        assert plan.cost == pytest.approx(plan.evaluation.variable_cost + parts)
    assert overtime, "no plan has overtime: the premium was not tested"


def test_people_on_the_payroll_are_tried_first(tmp_path):
    """One working day a head: two people on each of two days are four heads, and four are on the payroll."""
    problem = problem_of(
        write_center(tmp_path, 1),
        "pools.phone.roster.heads=4",
        "pools.phone.roster.days_per_week=1",
        "pools.phone.roster.contract_h_per_week=30",
    )
    instance = problem.instance
    people = [None if c is None else np.zeros((2, len(c.paid_h)), dtype=np.int64) for c in instance.catalogues]
    people[0][0, 0], people[0][1, 0] = 2, 2
    cost = cost_of_people(instance, tuple(people))
    assert cost.hires[0] == 0
    assert instance.payroll.days[0] == 1
    assert cost.heads_needed[0] == 4


@pytest.mark.parametrize("target", [0.0, 0.15, 0.4])
def test_staffing_reaches_its_target(problem, target):
    """Cover, evaluate, cover again, repair: the evaluated headroom is the target's or more for nearly all routings."""
    instance = problem.instance
    rng = np.random.default_rng([5, int(100 * target)])
    covers = day_covers(instance)
    reached = total = 0
    for _ in range(12):
        routing = random_routing(instance.network, rng, classes=1)
        try:
            routing, people = route_and_staff(instance, routing, target, covers)
        except NoSolution:
            continue
        plan = judge(instance, routing, people, "master")
        rate_free = plan.evaluation.headroom >= target - 1e-9
        total += 1
        reached += rate_free or _bound_by_the_bot(instance, plan, target)
    assert total >= 10
    assert reached == total


def _bound_by_the_bot(instance, plan, target) -> bool:
    """No staff helps where the automated pool's rate is what binds."""
    pools = instance.network.pools
    bot = np.flatnonzero(np.isfinite(pools.rate_max))[0]
    peak = plan.evaluation.state.arrivals[bot].sum(axis=0).max()
    return bool(peak * (1 + target) > pools.rate_max[bot])


def test_more_headroom_needs_no_fewer_agents(problem):
    instance = problem.instance
    for plan in random_plans(instance, 43, 5):
        need = needed_on_task(instance, plan.evaluation.state)
        assert (need >= 0).all()
        assert (need[~instance.network.pools.staffed] == 0).all()
        state = plan.evaluation.state
        double = needed_on_task(instance, replace(state, work_s=2 * state.work_s))
        np.testing.assert_allclose(double, 2 * need)
