"""What can make up the work of a pool, against linear programs, random mixes and evaluated plans."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import open_master, problem_of, random_plans, write_center  # noqa: E402

from solvers.flow.groups import TimeGroups  # noqa: E402
from solvers.flow.mixes import Mixes, most_volume  # noqa: E402
from solvers.flow.queues import Box  # noqa: E402

HOUR_S = 3600.0


@pytest.fixture(scope="module", params=(1, 2, 3))
def center(request, tmp_path_factory):
    instance = problem_of(write_center(tmp_path_factory.mktemp("center"), request.param)).instance
    return instance, [plan for plan in random_plans(instance, request.param, 60) if plan.feasible]


def random_mixes(seed: int, parts: int = 5, intervals: int = 6) -> Mixes:
    rng = np.random.default_rng(seed)
    load = rng.uniform(0, 1, (parts, intervals)) * (rng.random((parts, intervals)) < 0.8)
    member = np.array([0, 0, 1, 1, 1, 2])
    groups = TimeGroups(member, np.bincount(member), np.zeros((parts, 3)))
    return Mixes(rng.uniform(1, 10, parts), rng.uniform(100, 900, parts), load, groups)


def per_group(mixes: Mixes, values, reduce):
    return np.array([reduce(np.asarray(values)[mixes.groups.member == t]) for t in range(len(mixes.groups.size))])


@pytest.mark.parametrize("seed", range(8))
def test_loads_are_those_of_linear_programs(seed):
    mixes = random_mixes(seed)
    size = mixes.most_h.sum() * np.array([0.3, 0.6])
    low, high = mixes.loads(*size)
    bounds = [(0, most) for most in mixes.most_h]
    within = {"A_ub": [[-1.0] * len(bounds), [1.0] * len(bounds)], "b_ub": [-size[0], size[1]], "bounds": bounds}
    least = [linprog(load, **within).fun for load in mixes.load.T]
    most = [-linprog(-load, **within).fun for load in mixes.load.T]
    np.testing.assert_allclose(low, per_group(mixes, least, np.min), atol=1e-9)
    np.testing.assert_allclose(high, per_group(mixes, most, np.max), atol=1e-9)


def longest_by_program(mixes: Mixes, t: int, least_h: float) -> float:
    """The fractional program as a linear one in y = x·s, s = 1/Σ (load/aht)·x (Charnes and Cooper, 1962)."""
    load, n = mixes.load[:, t], len(mixes.most_h)
    upper = np.column_stack([np.eye(n), -mixes.most_h])
    enough = np.append(-np.ones(n), least_h)[None]
    found = linprog(
        -np.append(load, 0.0),
        np.vstack([upper, enough]),
        np.zeros(n + 1),
        np.append(load / mixes.aht_s, 0.0)[None],
        [1.0],
    )
    return -found.fun


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9, 1.0])
def test_longest_handle_time_is_the_next_step_above_the_fractional_program(seed, share):
    mixes = random_mixes(seed)
    steps = 90.0 * 1.01 ** np.arange(240)
    found = mixes.longest_s(share * mixes.most_h.sum(), steps)
    there = mixes.load.sum(axis=0) > 0
    exact = [longest_by_program(mixes, t, share * mixes.most_h.sum()) if there[t] else 0.0 for t in range(6)]
    next_step = steps[np.searchsorted(steps, per_group(mixes, exact, np.max) * (1 - 1e-9))]
    np.testing.assert_allclose(found, next_step, rtol=1e-12)


def test_a_pool_of_unknown_size_may_have_its_longest_contacts_alone():
    mixes = random_mixes(1)
    steps = 90.0 * 1.01 ** np.arange(240)
    longest = steps[np.searchsorted(steps, mixes.aht_s.max())]
    assert mixes.longest_s(0.0, steps).max() == longest
    assert mixes.longest_s(mixes.most_h.sum(), steps).max() < longest


def test_no_plan_brings_a_node_more_than_its_most(center):
    instance, plans = center
    network = instance.network
    most = most_volume(network)
    nearest = np.zeros(len(most))
    for plan in plans:
        reached = np.bincount(network.flows.node, plan.evaluation.state.volume, len(most))
        assert (reached <= most * (1 + 1e-9)).all()
        nearest = np.maximum(nearest, reached / np.maximum(most, 1e-12))
    assert np.isfinite(most).all()
    assert np.median(nearest[most > 1]) > 0.4  # it says something


def test_facets_hold_in_every_interval_of_a_plan_in_its_box(center):
    """Not only at the mean of a group: loads differ within one, and so do the handle times of their mixes."""
    instance, plans = center
    network = instance.network
    level = open_master(instance).level(0.0)
    facets, member = level._queues, open_master(instance).groups.member
    closest = 0.0
    for plan in plans[:20]:
        state = plan.evaluation.state
        sizes = state.work_s[level.queued_pools].sum(axis=1) / HOUR_S
        level.enter(Box(sizes / 1.02, sizes * 1.02))
        for k, g in enumerate(level.queued_pools):
            on_task = plan.staffing.scheduled[g] * (1 - network.pools.shrinkage[g])
            load = state.work_s[g] / (network.interval_s * network.pools.speed[g])
            queue = (state.mean_wait_s[g] * state.arrivals[g]).sum(axis=0) / network.interval_s  # Little's law
            planes = facets._facets[k, member]
            bound = (planes[..., 0] * on_task[:, None] + planes[..., 1] * load[:, None] + planes[..., 2]).max(axis=1)
            assert (bound <= queue + 1e-6).all()
            closest = max(
                closest, float((np.maximum(bound, 0.0) / np.maximum(queue, 1e-9))[queue > 0.05].max(initial=0))
            )
    assert closest > 0.6
