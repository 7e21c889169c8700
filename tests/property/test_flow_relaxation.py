"""The master is a relaxation of the evaluator: every feasible evaluated plan satisfies every row, and no plan beats it.

Tolerances: rows are compared relative to the size of their terms at 1e-7 (steady states iterate to 1e-10, hull lines
are exact); bounds relative to cost at 1e-6.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import (  # noqa: E402
    one_pool_plan,
    open_master,
    problem_of,
    random_plans,
    write_center,
    write_one_pool,
    write_team,
)

from planner.frontier.bounds import Rung, prices_of  # noqa: E402
from planner.frontier.bounds import surface_of as surface_from  # noqa: E402
from solvers.flow.bound import climb, least_costs  # noqa: E402
from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.decode import even_split, routing_of  # noqa: E402
from solvers.flow.families import FAMILIES  # noqa: E402
from solvers.flow.master import Master  # noqa: E402
from solvers.flow.network import Queue  # noqa: E402
from solvers.flow.solution import Routing, decision_of, judge  # noqa: E402
from solvers.flow.spread import spread_of  # noqa: E402
from solvers.flow.sweep import Plane, planes_of, staffed_solution, sweep_points  # noqa: E402
from solvers.flow.waiting import pair_wait_loss  # noqa: E402

TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
WEEK = TOY.with_name("weekdays.yaml")
NAMES = [family.__name__ for family in FAMILIES]
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Name -> (problem, judged plans)."""
    found = {}
    problem = problem_of(TOY, "pools.phone.roster.hires_max=4")
    found["toy"] = (problem, random_plans(problem.instance, 1, 150))
    # On Saturdays people cost a fifth more an hour on the floor: what bounds their covers bounds no other day's.
    problem = problem_of(
        WEEK,
        "pools.phone.roster.hires_max=20",
        "pools.mail.roster.hires_max=9",
        'shifts.short={length_h: 3, starts: {first: "09:00", last: "10:00", every_min: 60}, days: [saturday], '
        "breaks: [{after_h: 1, length_min: 30, paid: true}]}",
    )
    found["week"] = (problem, random_plans(problem.instance, 4, 60))
    problem = problem_of(write_team(tmp_path_factory.mktemp("team")), "pools.phone.roster.hires_max=20")
    found["team"] = (problem, random_plans(problem.instance, 5, 40))
    for seed in SEEDS:
        problem = problem_of(write_center(tmp_path_factory.mktemp(f"center{seed}"), seed))
        found[f"small_{seed}"] = (problem, random_plans(problem.instance, seed, 80))
    return found


def grouped(model, values):
    """Means over the model's groups of intervals, shape (group,)."""
    return np.bincount(model.groups.member, values, len(model.groups.size)) / model.groups.size


def set_columns(model, instance, solution) -> None:
    """Give every column of the master the value the evaluator counts for it."""
    network, evaluation = instance.network, solution.evaluation
    state, flows, pools = evaluation.state, network.flows, network.pools
    decision = decision_of(instance, solution.routing, solution.staffing.scheduled)
    points = pair_wait_loss(
        state.p_wait,
        state.mean_wait_s,
        state.delay_s,
        network.pair_pool,
        network.pair_kind,
        decision.priority,
        pools.queue,
        network.profile,
        network.wait_knots_s,
        network.wait_bend,
    )
    served = state.volume * (1 - state.lost[flows.pair])
    waited = state.wait_s[flows.pair] * state.volume / 3600
    shrink = pyo.value(model.shrink)
    for f in model.flow:
        model.flow[f].set_value(state.volume[f], skip_validation=True)
    share = spread_of(network, decision).share
    for split in model.share:
        model.share[split].set_value(share[split], skip_validation=True)
    for f in model.wait:
        model.wait[f].set_value(waited[f], skip_validation=True)
    for f in model.loss:
        model.loss[f].set_value(served[f] * flows.final_share[f] * points[flows.pair[f]], skip_validation=True)
    for k, sources in enumerate(model.onward_from):
        model.onward[k].set_value(sum(share * served[f] for f, share in sources), skip_validation=True)
    work = np.bincount(flows.pair, state.volume * flows.aht_s, len(network.pair_pool)) / 3600
    volume = np.bincount(flows.pair, state.volume, len(network.pair_pool))
    for p in model.work:
        model.work[p].set_value(work[p], skip_validation=True)
    for p in model.volume:
        model.volume[p].set_value(volume[p], skip_validation=True)
    for g in model.total:
        model.total[g].set_value(work[network.pair_pool == g].sum(), skip_validation=True)
        model.short[g].set_value(0.0)
        model.excess[g].set_value(0.0)
    for g, t in model.crew:
        model.crew[g, t].set_value(grouped(model, decision.on_task[g])[t] * shrink, skip_validation=True)
        load = grouped(model, state.work_s[g])[t] / (network.interval_s * pools.speed[g])
        model.offered[g, t].set_value(load, skip_validation=True)
    set_queues(model, network, state)
    for g, d in model.paid:
        hours = float(solution.staffing.people[g][d] @ instance.catalogues[g].paid_h)
        model.paid[g, d].set_value(hours * shrink, skip_validation=True)
        model.people[g, d].set_value(float(solution.staffing.people[g][d].sum()) * shrink, skip_validation=True)
    for g in model.overtime:
        model.overtime[g].set_value(solution.people_cost.overtime_h[g] * shrink, skip_validation=True)
        model.hires[g].set_value(float(solution.people_cost.hires[g]) * shrink, skip_validation=True)
    # Deferred pools lose points by waiting that the master leaves out; those are the evaluator's to give away.
    deferred = pools.queue[flows.pool] == Queue.DEFERRED
    unseen = np.where(deferred, served * flows.final_share * points[flows.pair], 0.0)
    missing = np.bincount(network.segment[network.flow_kind], unseen, len(network.segment_min))
    issues = np.bincount(network.segment, network.issues, len(network.segment_min))
    for s in model.cx:
        model.cx[s].set_value(evaluation.cx_segment[s] + missing[s] / issues[s], skip_validation=True)
    model.cx_mean.set_value(evaluation.cx + missing.sum() / issues.sum(), skip_validation=True)
    model.staff.set_value(solution.people_cost.money, skip_validation=True)
    model.cost.set_value(solution.cost, skip_validation=True)


def set_queues(model, network, state) -> None:
    """Queues by Little's law, and the contacts that arrive while one is patient."""
    for g, t in model.queue:
        queue = (state.mean_wait_s[g] * state.arrivals[g]).sum(axis=0) / network.interval_s
        model.queue[g, t].set_value(grouped(model, queue)[t], skip_validation=True)
    for g, t in model.arrivals:
        come = state.arrivals[g].sum(axis=0) * network.pools.patience_s[g] / network.interval_s
        model.arrivals[g, t].set_value(grouped(model, come)[t], skip_validation=True)


def worst_row(model, family: str) -> float:
    """Largest violation of a family's rows, relative to the size of the row's terms."""
    worst = 0.0
    for row in getattr(model, family).values():
        repn = generate_standard_repn(row.body, compute_values=True)
        terms = [c * v.value for c, v in zip(repn.linear_coefs, repn.linear_vars, strict=True)]
        assert repn.is_linear()
        body = repn.constant + sum(terms)
        scale = 1.0 + max((abs(term) for term in terms), default=0.0)
        if row.has_ub():
            worst = max(worst, (body - pyo.value(row.upper)) / scale)
        if row.has_lb():
            worst = max(worst, (pyo.value(row.lower) - body) / scale)
    return worst


@pytest.mark.parametrize("name", ["toy", "week", *(f"small_{seed}" for seed in SEEDS)])
def test_evaluated_plans_satisfy_every_row(cases, name):
    problem, plans = cases[name]
    instance = problem.instance
    model = open_master(instance).model
    feasible = [plan for plan in plans if plan.feasible]
    assert len(feasible) >= 15
    worst = dict.fromkeys(NAMES, 0.0)
    for plan in feasible:
        # At nominal demand and at the plan's own headroom: staff that carries more demand is scaled down to it.
        for headroom in (0.0, plan.evaluation.headroom):
            model.shrink.set_value(1 / (1 + headroom))
            set_columns(model, instance, plan)
            for family in NAMES:
                worst[family] = max(worst[family], worst_row(model, family))
        for var in model.component_data_objects(pyo.Var):
            assert var.value is not None, var.name
            assert var.lb is None or var.value >= var.lb - 1e-9, var.name
            assert var.ub is None or var.value <= var.ub + 1e-9, var.name
    assert {family: value for family, value in worst.items() if value > 1e-7} == {}


def cuts_against(master, headroom: float) -> int:
    """Rows the master would add at the columns' values: covers of days, seats and queues the plan violates."""
    columns = master.columns
    x = np.zeros(1 + max(max(places.values(), default=0) for places in columns.values()))
    for name, places in columns.items():
        for key, place in places.items():
            x[place] = getattr(master.model, name)[key].value
    level = master.level(headroom)
    level.queue_missed = 1e-3  # contacts: steady states and means over groups agree to less
    return level.violations(x)


@pytest.mark.parametrize("name", ["toy", "week", *(f"small_{seed}" for seed in SEEDS)])
def test_no_cut_is_violated_by_an_evaluated_plan(cases, name):
    """At nominal demand and at the plan's own headroom; the cut pool itself lets 1e-4 pass.

    A plan short of people is cut off: the check can fail.
    """
    problem, plans = cases[name]
    master = open_master(problem.instance)
    feasible = [plan for plan in plans if plan.feasible][:25]
    for plan in feasible:
        for headroom in (0.0, plan.evaluation.headroom):
            master.model.shrink.set_value(1 / (1 + headroom))
            set_columns(master.model, problem.instance, plan)
            assert cuts_against(master, headroom) == 0
    for column in ("paid", "people", "queue"):
        for var in getattr(master.model, column).values():
            var.set_value(0.5 * var.value, skip_validation=True)
    assert cuts_against(master, 0.0) > 0


def rung_of(headroom, found):
    """One rung out of (price, bound, value), None where the least cost is not among them."""
    planes = tuple(Plane(headroom, p, value, b.point.cost, b.point.cx) for p, b, value in found if np.isfinite(p))
    least = [-value for p, _, value in found if np.isnan(p)]
    return Rung(headroom, least[0], planes) if least else None


def surface_of(instance, levels=(0.0, 0.1, 0.2, 0.4)):
    """The outer surface of a sweep, of bounds over boxes of pool sizes and of their chords, at a few prices of CX."""
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    swept = []
    for level in levels:
        cheapest, points = sweep_points(master.level(level), 6)
        swept.append((level, cheapest, planes_of(points)))
    prices = prices_of([[plane for _, _, planes in swept for plane in planes]], 3)
    rows = {price: list(climb(master, levels, price, 6)) for price in [np.nan, *prices]}
    rungs = []
    for k, level in enumerate(levels):
        known = [(price, row[k]) for price, row in rows.items() if row[k] is not None]
        for part in (0.25, 0.5, 0.75) if k else ():
            here = levels[k - 1] + part * (level - levels[k - 1])
            rungs.append(rung_of(here, [(p, b, b.chord.at(here)) for p, b in known if b.chord is not None]))
        rungs.append(rung_of(level, [(p, b, b.value) for p, b in known]))
    rungs = [rung for rung in rungs if rung is not None]
    surface = surface_from(rungs, swept)
    assert surface is not None
    # Boxes tighten the bound of the sweep somewhere, never loosen it.
    plain = surface_from([], swept)
    costs = np.linspace(plain.cheapest[0], plain.dearest[0], 30)
    assert (np.nan_to_num(surface.best_cx(0, costs)) <= np.nan_to_num(plain.best_cx(0, costs)) + 1e-9).all()
    return surface


def plans_near_the_master(instance, level):
    """Whole plans out of the master's own optima: the closest to the bound there are."""
    network, covers = instance.network, day_covers(instance)
    plans = []
    for point in sweep_points(open_master(instance).level(level), 6)[1]:
        routing = routing_of(network, point, even_split(network), None)
        plan = staffed_solution(instance, routing, level, covers, 2, "master")
        plans += [] if plan is None else [plan]
    return plans


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy", "week", "team", *(f"small_{seed}" for seed in SEEDS)])
def test_no_plan_passes_the_outer_surface(cases, name):
    problem, plans = cases[name]
    surface = surface_of(problem.instance)
    near = [plan for level in (0.0, 0.2) for plan in plans_near_the_master(problem.instance, level)]
    assert near
    feasible = [plan for plan in [*plans, *near] if plan.feasible]
    points = np.array([plan.objectives for plan in feasible])
    bound = surface.cost_bound(points[:, 0], points[:, 2])
    assert np.isfinite(bound).all()
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()
    # The bound is worth something: CX planes cut beyond the least cost, and cost is not bounded by zero.
    assert (bound > 0).all()
    for k, level in enumerate(surface.levels):
        there = points[:, 2] >= level
        best = surface.best_cx(k, points[there, 1])
        assert (points[there, 0] <= best + 1e-6).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy", "week", "team", *(f"small_{seed}" for seed in SEEDS)])
def test_no_plan_costs_less_than_the_bound_of_a_point(cases, name):
    """Asked at the CX and headroom of plans, the bound holds for every plan that has as much of both.

    It is never below the bound of all prices at that headroom, for it lets no more plans in; more boxes raise it.
    """
    problem, plans = cases[name]
    instance = problem.instance
    near = [plan for level in (0.0, 0.2) for plan in plans_near_the_master(instance, level)]
    points = np.array([plan.objectives for plan in [*plans, *near] if plan.feasible])
    points = points[points[:, 2] >= 0.0]
    asked = points[:: max(1, len(points) // 8)]
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    few, many = (np.array(least_costs(master, [(cx, h) for cx, _, h in asked.tolist()], n)) for n in (1, 6))
    assert (many >= few * (1 - 1e-6)).all()
    assert (many > 0).all()
    for (cx, _, headroom), least in zip(asked, many, strict=True):
        there = (points[:, 0] >= cx) & (points[:, 2] >= headroom)
        assert there.any()
        assert points[there, 1].min() >= least * (1 - 1e-6)
    level = master.level(0.0)
    for (cx, _, headroom), least in zip(asked, few, strict=True):
        level.move(headroom)
        cheapest = level.cheapest()
        assert least >= cheapest.intercept * (1 - 1e-6)
        point = level.point(np.inf, 1e-3 / cheapest.cost)
        assert least >= (cx - point.intercept) / point.slope - 1e-6 * cheapest.cost
    beyond = float(points[:, 0].max()) + 50.0
    assert least_costs(master, [(beyond, 0.0)], 3) == [np.inf]  # no score is so high: proven, not unknown


@pytest.mark.parametrize(("name", "budget"), [("toy", False), ("small_1", False), ("small_2", True)])
def test_chord_lies_above_the_master_between_its_ends(cases, name, budget, monkeypatch):
    """In the box of all sizes the master's own optimum at any headroom is known: it obeys the chord that spans it.

    And it says something: at its higher end it goes nine tenths of the way to that optimum from the bound at its lower
    end, which holds there too (but for a budget, the looser of both ends), and the least cost it tells rises.
    """
    monkeypatch.setattr("solvers.flow.bound.FIRST", 1)  # no other box
    instance = cases[name][0].instance
    if budget:  # one that binds: a little more than the least cost at the higher end
        least = open_master(instance).level(0.2).cheapest().cost
        instance = replace(instance, limits=replace(instance.limits, budget=1.02 * least))
    master = open_master(instance)
    top = master.level(0.0).point(np.inf, 1e-3 / master.level(0.0).cheapest().cost)
    mean = (top.cx - master.level(0.0).cheapest().cx) / top.cost
    sharper = 0
    for price in (np.nan, 3 * mean, 0.3 * mean, 0.01 * mean):
        low, high = climb(master, (0.05, 0.2), price, 1)
        level = master.level(0.05)
        for headroom in (0.05, 0.08, 0.1, 0.125, 0.17, 0.2):
            level.move(headroom)
            point = level.cheapest() if np.isnan(price) else level.point(np.inf, price)
            scale = abs(high.value) if np.isnan(price) else price * point.cost
            assert point.intercept_of(price) <= high.chord.at(headroom) + 1e-7 * scale
            sharper += bool(np.isnan(price)) and high.chord.at(headroom) < low.value - 1e-3 * scale
        most, least = low.value, point.intercept_of(price)
        assert budget or high.chord.at(0.2) <= least + 0.1 * (most - least) + 1e-3 * scale
    assert sharper >= 4


@pytest.mark.parametrize("name", ["toy", "small_1"])
def test_planes_hold_for_the_master_s_own_points(cases, name):
    """Each plane comes from the duals of one point; every other point of its level or above obeys it. 1e-7: duals."""
    problem, _ = cases[name]
    master = open_master(problem.instance)
    swept = []
    for headroom in (0.0, 0.2):
        level = master.level(headroom)
        level.queue_missed = 5e-7  # contacts: what the default leaves out would show
        swept.append((headroom, *sweep_points(level, 8)))
    for level, cheapest, points in swept:
        assert len(points) >= 4
        for other_level, _, others in swept:
            if other_level >= level:
                for other in others:
                    assert other.cost >= cheapest * (1 - 1e-9)
                    for point in points:
                        assert other.cx <= point.intercept + point.slope * other.cost + 1e-7
        # A plane touches its own point, so the bound is not a wish.
        for point in points:
            assert point.intercept + point.slope * point.cost == pytest.approx(point.cx, abs=1e-6)


@pytest.mark.parametrize("headroom", [0.0, 0.2, 0.4])
def test_a_sweep_ends_at_the_least_cost(cases, headroom):
    """Rows cut in at the other points raise the least cost; the last point is cheapest all the same, but for 1e-4."""
    level = open_master(cases["toy"][0].instance).level(headroom)
    cheapest, points = sweep_points(level, 6)
    assert len(points) == 6
    assert cheapest * (1 - 1e-9) <= points[-1].cost <= cheapest * (1 + 2e-4)


def test_surface_holds_where_abandonment_sheds_returns(tmp_path):
    """One big pool, where rounding hides nothing: 30 % return, nobody redials, patience of a minute, no cap but 1.

    The grown center loses customers who would have returned, so its caps hold beyond what today's load leaves.
    """
    instance = problem_of(write_one_pool(tmp_path, p_return=0.3, redial=0.0)).instance
    surface = surface_of(instance, (0.0, 0.1, 0.2, 0.3, 0.4))
    plans = [one_pool_plan(instance, people) for people in range(117, 181, 4)]
    assert all(plan.feasible for plan in plans)
    points = np.array([plan.objectives for plan in plans])
    bound = surface.cost_bound(points[:, 0], points[:, 2])
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()


@pytest.mark.parametrize("patience_s", [30, 60, 300])
def test_surface_holds_where_abandonment_adds_redials(tmp_path, patience_s):
    """The same pool with 10 % returns and 50 % redials: abandonment only adds work, and the bound is close."""
    instance = problem_of(write_one_pool(tmp_path, p_return=0.1, redial=0.5, patience_s=patience_s)).instance
    surface = surface_of(instance, (0.0, 0.1, 0.2, 0.3, 0.4))
    plans = [one_pool_plan(instance, people) for people in range(95, 145, 2)]
    feasible = [plan for plan in plans if plan.feasible]
    assert len(feasible) > 10
    points = np.array([plan.objectives for plan in feasible])
    bound = surface.cost_bound(points[:, 0], points[:, 2])
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()
    assert ((points[:, 1] - bound) / points[:, 1]).min() < 0.05


def test_evaluator_and_master_agree_on_contracts_shorter_than_a_shift():
    """Six people with one hour a week and no overtime work five shifts of two hours all the same: as overtime."""
    problem = problem_of(TOY, "pools.phone.roster.contract_h_per_week=1", "pools.phone.roster.hires_max=0")
    instance = problem.instance
    split = np.ones(len(instance.network.split_kind))
    priority = np.zeros(len(instance.network.pair_pool), dtype=np.int64)
    routing = Routing(np.zeros(len(instance.network.nodes.kind)), split, priority)
    plan = judge(instance, routing, (np.array([[5]]), np.array([[4]])), "search")
    model = open_master(instance).model
    set_columns(model, instance, plan)
    assert plan.feasible
    assert plan.people_cost.overtime_h[0] == pytest.approx(5 * 2 - 6 * 1)
    assert worst_row(model, "roster_hours") <= 1e-7
    assert worst_row(model, "roster_days") <= 1e-7
