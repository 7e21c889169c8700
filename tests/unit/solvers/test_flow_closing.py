"""Closed day parts: the evaluator against overflow written by hand, staffing, and the bound against plans."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import open_master, problem_of, random_plans, random_routing, write_center  # noqa: E402

from planner.operation import portfolio_problems, rebuilt, under_closings  # noqa: E402
from solvers.flow.closing import closed_overflow  # noqa: E402
from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402
from solvers.flow.staff import route_and_staff  # noqa: E402

PARTS = {
    "early": {"starts": "09:00", "ends": "11:00", "people_min": 2, "fixed_cost": 150, "may_close": True},
    "late": {"starts": "13:00", "ends": "14:00", "people_min": 1, "fixed_cost": 40, "may_close": True},
}
CLOSED = (("partner", "early"),)
HOURS = np.array([0, 1, 5, 6])  # 09:00 and 10:00 of both days


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    path = write_center(tmp_path_factory.mktemp("center"), 1, links=True)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["pools"]["partner"]["day_parts"] = PARTS
    path.write_text(json.dumps(document), encoding="utf-8")
    return problem_of(path)


def test_choices_and_their_costs(problem):
    """The partner may be closed early, late or both; phone serves what the partner does, not the other way round."""
    found = portfolio_problems(problem)
    late = ("partner", "late")
    assert [p.closed for p in found] == [(), CLOSED, (late,), (*CLOSED, late)]
    assert [p.network.program_cost for p in found] == [190.0, 40.0, 150.0, 0.0]
    g = problem.pools.index("partner")
    assert found[0].network.people_min[g].tolist() == [2, 2, 0, 0, 1] * 2
    assert found[1].network.people_min[g].tolist() == [0, 0, 0, 0, 1] * 2
    assert np.flatnonzero(found[1].network.closed[g]).tolist() == HOURS.tolist()
    assert found[1].network.closed.sum() == 4
    again = rebuilt(found[3], problem.scenario, problem.experience)
    np.testing.assert_array_equal(again.network.closed, found[3].network.closed)
    assert again.choice == ("partner closed early", "partner closed late")


def test_closed_is_as_if_everybody_were_sent_over(problem):
    """Against the open network with the same overflow written by hand; people of the closed hours serve nobody."""
    shut = under_closings(problem, CLOSED)
    partner, phone = problem.pools.index("partner"), problem.pools.index("phone")
    links = list(zip(problem.network.overflow_from, problem.network.overflow_to, strict=True))
    away, back = links.index((partner, phone)), links.index((phone, partner))
    for plan in random_plans(problem.instance, 3, 6):
        routing, people = plan.routing, plan.staffing.scheduled
        over = np.zeros((len(links), people.shape[1])) if routing.overflow is None else routing.overflow.copy()
        over[away, HOURS], over[back, HOURS] = 1.0, 0.0
        np.testing.assert_array_equal(closed_overflow(shut.network, routing.overflow), over)
        on_task = people * (1 - problem.network.pools.shrinkage)[:, None]
        here = evaluate(shut.network, shut.instance.promises, routing.with_people(on_task))
        there = evaluate(
            problem.network, problem.instance.promises, replace(routing, overflow=over).with_people(on_task)
        )
        assert (here.cx, here.headroom) == (there.cx, there.headroom)
        assert there.variable_cost - here.variable_cost == pytest.approx(150.0)
        assert here.state.arrivals[partner][:, HOURS].sum() == 0
        on_task[partner, HOURS] = 0.0
        alone = evaluate(shut.network, shut.instance.promises, routing.with_people(on_task))
        assert alone.cx == pytest.approx(here.cx, abs=1e-12)


def test_staffed_plans_keep_least_people_and_close(problem):
    partner = problem.pools.index("partner")
    feasible = 0
    for k, one in enumerate(portfolio_problems(problem)):
        rng, covers = np.random.default_rng(k), day_covers(one.instance)
        for _ in range(3):
            routing, people = route_and_staff(one.instance, random_routing(one.network, rng), 0.1, covers)
            plan = judge(one.instance, routing, people, "search")
            assert (plan.staffing.scheduled >= one.network.people_min - 1e-9).all()
            assert plan.evaluation.state.arrivals[partner][:, one.network.closed[partner]].sum() == 0
            if one.network.closed.any():
                assert plan.routing.overflow is not None
            feasible += plan.feasible
        short = [None if p is None else p * (g != partner) for g, p in enumerate(people)]
        assert one.network.people_min.sum() == 0 or not judge(one.instance, routing, tuple(short), "search").feasible
    assert feasible >= 6


def test_no_plan_passes_the_master_of_its_choice(problem):
    """Least cost and planes at two headrooms; the closed hours are groups of their own, with nobody in them."""
    seen = 0
    for one in portfolio_problems(problem):
        master = open_master(one.instance)
        groups = master.groups.member
        for g, t in zip(*np.nonzero(one.network.closed), strict=True):
            assert one.network.closed[g, groups == groups[t]].all()
        bounds = {}
        for headroom in (0.0, 0.15):
            level = master.level(headroom)
            least = level.cheapest()
            bounds[headroom] = (least.intercept, [level.point(least.cost * more, 1e-7) for more in (1.03, 1.2)])
        for plan in random_plans(one.instance, 11, 8):
            for headroom, (least, planes) in bounds.items():
                if plan.feasible and plan.evaluation.headroom >= headroom:
                    seen += 1
                    assert plan.cost >= least * (1 - 1e-6)
                    for plane in planes:
                        assert plan.evaluation.cx <= plane.intercept + plane.slope * plan.cost + 1e-6
    assert seen > 6
