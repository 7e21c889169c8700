"""No plan with overflow lies beyond the master's planes: chosen overflow, and shares drawn at random."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_centers import problem_of, random_overflow, random_plans, write_center  # noqa: E402

from solvers.flow.master import Master  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402
from solvers.flow.sweep import planes_of, sweep_points  # noqa: E402

SAME = 1e-6


@pytest.mark.parametrize("seed", [1, 4])
def test_no_plan_lies_beyond_the_planes(seed: int, tmp_path: Path) -> None:
    instance = problem_of(write_center(tmp_path, seed, links=True)).instance
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    rng, plans = np.random.default_rng(seed), random_plans(instance, seed, 15)
    for plan in list(plans):
        overflow = random_overflow(instance.network, rng) * rng.uniform(0, 1)
        routing = replace(plan.routing, overflow=overflow)
        plans.append(judge(instance, routing, plan.staffing.people, "search"))
    compared = 0
    for headroom in (0.0, 0.1, 0.3):
        cheapest, points = sweep_points(master.level(headroom), 4)
        planes = [plane for plane in planes_of(points) if np.isfinite(plane.slope)]
        assert planes
        for plan in (p for p in plans if p.feasible and p.evaluation.headroom >= headroom):
            assert plan.cost >= cheapest * (1 - SAME)
            assert all(plan.evaluation.cx <= p.intercept + p.slope * plan.cost + SAME for p in planes)
            compared += plan.routing.overflow is not None
    assert compared > 25
