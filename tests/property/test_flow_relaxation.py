"""The master is a relaxation of the evaluator: every feasible evaluated plan satisfies every row, and no plan beats it.

Tolerances: rows are compared relative to the size of their terms at 1e-7 (steady states iterate to 1e-10, hull lines
are exact); bounds relative to cost at 1e-6.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.repn import generate_standard_repn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

from planner.frontier.certificate import outer_surface  # noqa: E402
from solvers.flow.families import FAMILIES  # noqa: E402
from solvers.flow.master import Master, add_families, declare  # noqa: E402
from solvers.flow.network import Queue  # noqa: E402
from solvers.flow.solution import Routing, decision_of, judge  # noqa: E402
from solvers.flow.sweep import Plane, sweep_points  # noqa: E402
from solvers.flow.waiting import pair_wait_loss  # noqa: E402

TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
NAMES = [family.__name__ for family in FAMILIES]
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Name -> (problem, judged plans)."""
    found = {}
    problem = problem_of(TOY, "pools.phone.roster.hires_max=4")
    found["toy"] = (problem, random_plans(problem.instance, 1, 150))
    for seed in SEEDS:
        problem = problem_of(write_center(tmp_path_factory.mktemp(f"center{seed}"), seed))
        found[f"small_{seed}"] = (problem, random_plans(problem.instance, seed, 80))
    return found


def declared(instance):
    network = instance.network
    ratio = np.zeros(len(network.pools.queue))
    reachable = np.zeros((len(ratio), network.profile.shape[1]), dtype=bool)
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is not None:
            ratio[g] = (catalogue.paid_h / catalogue.cover.sum(axis=1)).min()
            reachable[g] = np.tile(catalogue.reachable, network.days)
    model = declare(network, instance.limits, instance.payroll, ratio, reachable)
    add_families(model)
    return model


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
    waited = state.wait_s[flows.pair] * state.volume
    for f in model.flow:
        model.flow[f].set_value(state.volume[f], skip_validation=True)
    for f in model.wait:
        model.wait[f].set_value(waited[f], skip_validation=True)
    for f in model.loss:
        model.loss[f].set_value(served[f] * flows.final_share[f] * points[flows.pair[f]], skip_validation=True)
    work = np.bincount(flows.pair, state.volume * flows.aht_s, len(network.pair_pool))
    for p in model.work:
        model.work[p].set_value(work[p], skip_validation=True)
    for g, t in model.on_task:
        model.on_task[g, t].set_value(decision.on_task[g, t], skip_validation=True)
    for g, t in model.queue:  # Little's law
        waiting = float(state.mean_wait_s[g, :, t] @ state.arrivals[g, :, t])
        model.queue[g, t].set_value(waiting / network.interval_s, skip_validation=True)
    for g, d in model.paid:
        hours = float(solution.staffing.people[g][d] @ instance.catalogues[g].paid_h)
        model.paid[g, d].set_value(hours, skip_validation=True)
    for g in model.overtime:
        model.overtime[g].set_value(solution.people_cost.overtime_h[g], skip_validation=True)
        model.hires[g].set_value(float(solution.people_cost.hires[g]), skip_validation=True)
    # Deferred pools lose points by waiting that the master leaves out; those are the evaluator's to give away.
    deferred = pools.queue[flows.pool] == Queue.DEFERRED
    unseen = np.where(deferred, served * flows.final_share * points[flows.pair], 0.0)
    missing = np.bincount(network.segment[network.flow_kind], unseen, len(network.segment_min))
    issues = np.bincount(network.segment, network.issues, len(network.segment_min))
    for s in model.cx:
        model.cx[s].set_value(evaluation.cx_segment[s] + missing[s] / issues[s], skip_validation=True)
    model.cx_mean.set_value(evaluation.cx + missing.sum() / issues.sum(), skip_validation=True)
    model.cost.set_value(solution.cost, skip_validation=True)


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


@pytest.mark.parametrize("name", ["toy", *(f"small_{seed}" for seed in SEEDS)])
def test_evaluated_plans_satisfy_every_row(cases, name):
    problem, plans = cases[name]
    instance = problem.instance
    model = declared(instance)
    feasible = [plan for plan in plans if plan.feasible]
    assert len(feasible) >= 15
    worst = dict.fromkeys(NAMES, 0.0)
    for plan in feasible:
        set_columns(model, instance, plan)
        model.h.set_value(plan.evaluation.headroom)
        for family in NAMES:
            if family not in ("occupancy", "automated_rate"):
                worst[family] = max(worst[family], worst_row(model, family))
        for var in model.component_data_objects(pyo.Var):
            assert var.value is not None, var.name
            assert var.lb is None or var.value >= var.lb - 1e-9, var.name
            assert var.ub is None or var.value <= var.ub + 1e-9, var.name
        # At nominal demand, then with the flows of grown demand: those the headroom rows must not exceed.
        model.h.set_value(0.0)
        for family in ("occupancy", "automated_rate"):
            worst[family] = max(worst[family], worst_row(model, family))
    assert {family: value for family, value in worst.items() if value > 1e-7} == {}


def surface_of(instance, levels=(0.0, 0.1, 0.2, 0.4)):
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    bounds = []
    for level in levels:
        cheapest, points = sweep_points(master.level(level), 6)
        bounds.append((level, cheapest, [Plane(level, p.slope, p.intercept) for p in points]))
    surface = outer_surface(bounds)
    assert surface is not None
    return surface


SHEDS = pytest.mark.xfail(
    strict=True,
    reason="the rows count (1 + h) times the nominal work, but at grown demand more customers abandon, and where they "
    "redial less than they would have returned or escalated, the evaluator counts less work than that",
)


@pytest.mark.parametrize("name", ["toy", *(pytest.param(f"small_{seed}", marks=SHEDS) for seed in SEEDS)])
def test_headroom_rows_hold_at_the_plan_s_own_headroom(cases, name):
    """(1 + h)·R at nominal flows must not exceed what the evaluator counts at grown demand."""
    problem, plans = cases[name]
    instance = problem.instance
    model = declared(instance)
    worst = 0.0
    for plan in plans:
        if not plan.feasible:
            continue
        set_columns(model, instance, plan)
        model.h.set_value(plan.evaluation.headroom)
        worst = max(worst, worst_row(model, "occupancy"), worst_row(model, "automated_rate"))
    assert worst <= 1e-7


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy", *(f"small_{seed}" for seed in SEEDS)])
def test_no_plan_passes_the_outer_surface(cases, name):
    problem, plans = cases[name]
    surface = surface_of(problem.instance)
    feasible = [plan for plan in plans if plan.feasible]
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


@pytest.mark.xfail(strict=True, reason="the surface lies 1.2 % above a plan that sheds returns when demand grows")
def test_surface_holds_where_abandonment_sheds_returns(tmp_path):
    """One big pool, where rounding hides nothing: 30 % return, nobody redials, patience of a minute, no cap but 1.

    141 agents on two hours cost 8,460 and take 20.79 % more; the surface asks 8,563.70 for that CX at 20 %.
    """
    instance = problem_of(write_one_pool(tmp_path, p_return=0.3, redial=0.0)).instance
    surface = surface_of(instance, (0.0, 0.1, 0.2, 0.3, 0.4))
    plans = [one_pool_plan(instance, people) for people in range(117, 181, 4)]
    assert all(plan.feasible for plan in plans)
    points = np.array([plan.objectives for plan in plans])
    bound = surface.cost_bound(points[:, 0], points[:, 2])
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()


def test_surface_holds_where_abandonment_adds_redials(tmp_path):
    """The same pool with 10 % returns and 50 % redials: abandonment only adds work, and the bound is close."""
    instance = problem_of(write_one_pool(tmp_path, p_return=0.1, redial=0.5)).instance
    surface = surface_of(instance, (0.0, 0.1, 0.2, 0.3, 0.4))
    plans = [one_pool_plan(instance, people) for people in range(95, 145, 2)]
    feasible = [plan for plan in plans if plan.feasible]
    assert len(feasible) > 10
    points = np.array([plan.objectives for plan in feasible])
    bound = surface.cost_bound(points[:, 0], points[:, 2])
    assert (points[:, 1] >= bound * (1 - 1e-6)).all()
    assert ((points[:, 1] - bound) / points[:, 1]).min() < 0.05


def write_one_pool(folder, *, p_return: float, redial: float) -> Path:
    document = {
        "version": 1,
        "name": "one_pool",
        "horizon": {"start": "2026-01-05", "days": 1, "opens": "09:00", "closes": "11:00", "interval_min": 60},
        "demand": {"source": "demand.csv", "uncertainty": 0.0},
        "segments": {"all": {}},
        "reasons": {"order": {}},
        "channels": {"voice": {"patience_s": 60, "redial": redial}},
        "experience": {
            "metric": "csat",
            "scale": [1, 5],
            "score_given_up": 2,
            "score_abandoned": 1.5,
            "outcomes": [{"channel": "voice", "aht_s": 300, "score": 4.2, "p_return": p_return}],
        },
        "shifts": {"two": {"length_h": 2, "starts": {"first": "09:00", "last": "09:00", "every_min": 60}}},
        "pools": {
            "phone": {
                "kind": "human",
                "channel": "voice",
                "discipline": "live_voice",
                "wage_per_h": 30,
                "shrinkage": 0.0,
                "occupancy_max": 1.0,
                "shifts": ["two"],
            }
        },
        "limits": {"abandon_rate_max": 0.25},
        "today": {"staffing": "staffing.csv", "routing": "routing.csv"},
    }
    tables = {
        "demand.csv": "interval_start,reason,channel,segment,contacts\n"
        "2026-01-05 09:00,order,voice,all,1000\n2026-01-05 10:00,order,voice,all,1000\n",
        "staffing.csv": "weekday,time,pool,scheduled\n0,09:00,phone,130\n0,10:00,phone,130\n",
        "routing.csv": "reason,segment,channel,pool,share\norder,all,voice,phone,1\n",
        "center.yaml": json.dumps(document),
    }
    for name, text in tables.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "center.yaml"


def one_pool_plan(instance, people: int):
    network = instance.network
    routing = Routing(np.zeros(len(network.nodes.kind)), np.ones(1), np.zeros(1, dtype=np.int64))
    return judge(instance, routing, (np.array([[people]]),), "search")


@pytest.mark.xfail(
    strict=True,
    reason="the evaluator raises a head's hours to the longest shift when contract and overtime are shorter; the "
    "master's roster_hours does not, so it forbids (row violated by 4 h) what the evaluator calls feasible",
)
def test_evaluator_and_master_agree_on_contracts_shorter_than_a_shift():
    """Six people with one hour a week and no overtime cannot work five shifts of two hours."""
    problem = problem_of(TOY, "pools.phone.roster.contract_h_per_week=1", "pools.phone.roster.hires_max=0")
    instance = problem.instance
    split = np.ones(len(instance.network.split_kind))
    priority = np.zeros(len(instance.network.pair_pool), dtype=np.int64)
    routing = Routing(np.zeros(len(instance.network.nodes.kind)), split, priority)
    plan = judge(instance, routing, (np.array([[5]]), np.array([[4]])), "search")
    model = declared(instance)
    set_columns(model, instance, plan)
    assert not plan.feasible or worst_row(model, "roster_hours") <= 1e-7
