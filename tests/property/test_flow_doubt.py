"""Plans judged by their worst draws: the tail mean against its linear program, and the master against judged plans."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import open_master, problem_of, random_plans, write_center  # noqa: E402

from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.doubt import Doubt, axis_of, tail_mean  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402
from solvers.flow.sweep import SweepSettings, master_of, sweep_level  # noqa: E402

SHARE = 0.25


def by_program(values, share: float) -> float:
    """max ν − Σ (ν − x)⁺/(share·S), solved as it stands (Rockafellar and Uryasev 2000)."""
    size = len(values)
    cost = np.concatenate([[-1.0], np.full(size, 1 / (share * size))])
    rows = np.column_stack([np.ones(size), -np.eye(size)])
    found = linprog(cost, A_ub=rows, b_ub=values, bounds=[(None, None)] + [(0, None)] * size)
    return -found.fun


def test_the_tail_mean_is_the_optimum_of_its_program():
    rng = np.random.default_rng(5)
    for share in (0.05, 0.1, 0.33, 0.5, 1.0):
        for size in (1, 7, 20, 61):
            values = rng.normal(3.8, 0.2, size)
            assert tail_mean(values, share) == pytest.approx(by_program(values, share), abs=1e-9)
            assert values.min() - 1e-12 <= tail_mean(values, share) <= values.mean() + 1e-12
    assert tail_mean(np.array([3.0, 1.0, 2.0, 4.0]), 0.5) == pytest.approx(1.5)
    assert tail_mean(np.array([3.0, 1.0, 2.0, 4.0]), 0.25) == 1.0


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A center where little is known of those who move, with plans judged by 12 draws."""
    instance = problem_of(write_center(tmp_path_factory.mktemp("doubt"), 4)).instance
    network = instance.network
    rng = np.random.default_rng(9)
    moved = network.nodes.steer[network.flows.node] >= 0
    shift = np.where(moved, 1.5, 0.02) * rng.standard_normal((12, 1))
    shift -= shift.mean(axis=0)
    robust = replace(instance, doubt=Doubt(shift, SHARE))
    return instance, robust, random_plans(robust, 2, 60)


def test_a_plan_is_judged_by_its_own_draws(case):
    """Each draw evaluated as a network of its own gives the same CX, so the tail is that of whole evaluations."""
    plain, robust, plans = case
    for plan in plans[:8]:
        drawn = []
        for shift in robust.doubt.shift:
            flows = replace(plain.network.flows, score=plain.network.flows.score + shift)
            world = replace(plain, network=replace(plain.network, flows=flows))
            drawn.append(judge(world, plan.routing, plan.staffing.people, "x", 0.0).evaluation.cx)
        assert plan.cx == pytest.approx(tail_mean(np.array(drawn), SHARE), abs=1e-9)
        assert plan.cx < plan.evaluation.cx
        assert axis_of(None, plan.evaluation) == plan.evaluation.cx


def test_no_judged_plan_passes_the_robust_master(case):
    """Every plane bounds every feasible plan, and the master's own value is the tail mean of its own draws."""
    plain, robust, plans = case
    level = master_of(robust).level(0.0)
    cheapest, top = level.cheapest(), level.point(np.inf, 1e-7)
    middle = level.point((cheapest.cost + top.cost) / 2, 1e-7)
    feasible = [plan for plan in plans if plan.feasible]
    assert len(feasible) >= 15
    for point in (top, middle):
        for plan in feasible:
            assert plan.cx <= point.intercept + point.slope * plan.cost + 1e-6
        assert point.cx == pytest.approx(point.intercept + point.slope * point.cost, abs=1e-6)
    # Choosing by the worst draws gives more there than choosing by the mean, and the bound of the mean lies above.
    expected = master_of(plain).level(0.0).point(np.inf, 1e-7)
    assert top.cx < expected.cx
    settings = SweepSettings(4, None, 1, even_split(plain.network))
    found = [s for s in sweep_level(robust, 0.0, settings).solutions if s.feasible]
    other = [s for s in sweep_level(plain, 0.0, settings).solutions if s.feasible]
    best = max(s.cx for s in found)
    assert best > max(axis_of(robust.doubt, s.evaluation) for s in other) + 0.01


def test_doubt_about_nothing_changes_nothing(case):
    plain, _, _ = case
    flat = replace(plain, doubt=Doubt(np.zeros((6, len(plain.network.flows.node))), SHARE))
    a, b = master_of(plain).level(0.1).point(np.inf, 1e-7), master_of(flat).level(0.1).point(np.inf, 1e-7)
    assert a.cx == pytest.approx(b.cx, abs=1e-7)
    assert open_master(flat).model.alike == []
