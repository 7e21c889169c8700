"""What can make up the work of a pool, against linear programs, random mixes and evaluated plans."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import open_master, problem_of, random_overflow, random_plans, write_center  # noqa: E402

from solvers.flow.groups import TimeGroups, time_groups  # noqa: E402
from solvers.flow.mixes import Mixes, most_volume  # noqa: E402
from solvers.flow.queues import Box, queued_pools  # noqa: E402
from solvers.flow.solution import judge  # noqa: E402
from solvers.flow.stations import stations_of  # noqa: E402
from solvers.queueing.hull import queue_lengths  # noqa: E402

HOUR_S = 3600.0


@pytest.fixture(scope="module", params=[(1, False), (2, False), (3, False), (1, True), (2, True)])
def center(request, tmp_path_factory):
    """A small center, with overflow between its pools or without, and plans in which no type loses too many."""
    seed, links = request.param
    instance = problem_of(write_center(tmp_path_factory.mktemp("center"), seed, links)).instance
    plans = [plan for plan in random_plans(instance, seed, 60) if plan.feasible]
    rng = np.random.default_rng(seed)
    for plan in plans[:15] if links else ():  # what goes over when is anybody's guess
        routing = replace(plan.routing, overflow=random_overflow(instance.network, rng))
        people = tuple(None if p is None else p + (p > 0) for p in plan.staffing.people)
        plans.insert(0, judge(instance, routing, people, "search"))
    return instance, [plan for plan in plans if plan.evaluation.state.lost.max() <= instance.network.abandon_max]


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


def handle_time_by_program(mixes: Mixes, t: int, least_h: float, sign: float) -> float:
    """The fractional program as a linear one in y = x·s, s = 1/Σ (load/aht)·x (Charnes and Cooper, 1962).

    The longest mean handle time for sign 1, the shortest for −1.
    """
    load, n = mixes.load[:, t], len(mixes.most_h)
    upper = np.column_stack([np.eye(n), -mixes.most_h])
    enough = np.append(-np.ones(n), least_h)[None]
    found = linprog(
        -sign * np.append(load, 0.0),
        np.vstack([upper, enough]),
        np.zeros(n + 1),
        np.append(load / mixes.aht_s, 0.0)[None],
        [1.0],
    )
    return -sign * found.fun


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9, 1.0])
def test_longest_handle_time_is_the_next_step_above_the_fractional_program(seed, share):
    mixes = random_mixes(seed)
    steps = 90.0 * 1.01 ** np.arange(240)
    found = mixes.longest_s(share * mixes.most_h.sum(), steps)
    there = mixes.load.sum(axis=0) > 0
    exact = [handle_time_by_program(mixes, t, share * mixes.most_h.sum(), 1.0) if there[t] else 0.0 for t in range(6)]
    next_step = steps[np.searchsorted(steps, per_group(mixes, exact, np.max) * (1 - 1e-9))]
    np.testing.assert_allclose(found, next_step, rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9, 1.0])
def test_shortest_handle_time_is_the_next_step_below_the_fractional_program(seed, share):
    mixes = random_mixes(seed)
    steps = 90.0 * 1.01 ** np.arange(240)
    found = mixes.shortest_s(share * mixes.most_h.sum(), steps[::-1])
    there = mixes.load.sum(axis=0) > 0
    exact = [handle_time_by_program(mixes, t, share * mixes.most_h.sum(), -1.0) if there[t] else 1e9 for t in range(6)]
    next_step = steps[np.searchsorted(steps, per_group(mixes, exact, np.min) * (1 + 1e-9)) - 1]
    np.testing.assert_allclose(found, next_step, rtol=1e-12)
    assert (found <= mixes.longest_s(share * mixes.most_h.sum(), steps)).all()


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
    master = open_master(instance)
    level = master.level(0.0)
    facets, pools = level._queues, np.array(level.queued_pools)
    assert sorted(k for one in facets.stations for k in one.members) == list(range(len(pools)))
    assert any(len(one.members) > 1 for one in facets.stations) == bool(len(network.overflow_from))
    closest = 0.0
    for plan in plans[:20]:
        state = plan.evaluation.state
        sizes = state.work_s[pools].sum(axis=1) / HOUR_S
        level.enter(Box(sizes / 1.02, sizes * 1.02))
        on_task = plan.staffing.scheduled * (1 - network.pools.shrinkage)[:, None]
        load = state.work_s / (network.interval_s * network.pools.speed[:, None])
        queue = (state.mean_wait_s * state.arrivals).sum(axis=1) / network.interval_s  # Little's law
        for planes, station in zip(facets._facets, facets.stations, strict=True):
            own = pools[list(station.members)]
            people, work = on_task[own].sum(axis=0)[:, None], load[own].sum(axis=0)[:, None]
            # Contacts that arrive while one is patient; facets of linked pools do not ask for them.
            come = (state.arrivals[own].sum(axis=1) * network.pools.patience_s[own, None]).sum(axis=0)[:, None]
            here = planes[master.groups.member]
            there = [people, work, come / network.interval_s, 1.0]
            bound = sum(here[..., k] * value for k, value in enumerate(there)).max(axis=1)
            assert station.counted or (here[..., 2] == 0.0).all()
            true = queue[own].sum(axis=0)
            assert (bound <= true + 1e-6).all()
            busy = true > 0.05
            closest = max(closest, float((bound[busy] / true[busy]).max(initial=0.0)))
    assert closest > 0.5
    assert all(one.counted == (len(one.members) == 1) for one in facets.stations)


@pytest.mark.parametrize("speeds", [(1.0,), (1.0, 1.65, 2.1)], ids=["voice", "chat"])
def test_pools_wait_least_as_one(speeds):
    """The queues of two pools are together at least that of one with all people and all load; fractions of both."""
    rng = np.random.default_rng(3)
    curve = np.array(speeds) / speeds[-1]
    agents = rng.uniform(0, 25, (2, 2000))
    load = agents * rng.uniform(0.3, 1.6, (2, 2000))
    for ratio in (0.1, 0.7, 3.0):
        apart = sum(queue_lengths(r, n, np.full(2000, ratio), curve) for r, n in zip(load, agents, strict=True))
        as_one = queue_lengths(load.sum(axis=0), agents.sum(axis=0), np.full(2000, ratio), curve)
        assert (as_one <= apart + 1e-9).all()
        assert np.median(as_one / apart) < 0.95


def test_overflow_stretches_work_by_what_its_pools_differ(tmp_path):
    network = problem_of(write_center(tmp_path, 1, links=True)).instance.network
    found = [one for one in stations_of(network, time_groups(network), queued_pools(network)) if len(one.members) > 1]
    for station in found:
        pools = np.array(queued_pools(network))[list(station.members)]
        flows = network.flows
        work = {(n, g): a / network.pools.speed[g] for n, g, a in zip(flows.node, flows.pool, flows.aht_s, strict=True)}
        ratios = [
            work[n, g] / work[n, h]
            for n in set(flows.node)
            for g in pools
            for h in pools
            if {(n, g), (n, h)} <= set(work)
        ]
        assert station.stretch == pytest.approx(max(ratios))
    assert max(one.stretch for one in found) > 1.01


def test_most_volume_reaches_small_nodes_that_feed_themselves(center):
    """One in a hundred million goes on to where nearly all come back: x = b + A·x to the last of them."""
    network = center[0].network
    later = int(np.flatnonzero(network.nodes.stage > 0)[0])
    first = int(np.flatnonzero(network.flows.node != later)[0])
    own = int(np.flatnonzero(network.flows.node == later)[0])
    fed = replace(
        network,
        served_from=np.array(sorted([first, own])),
        served_to=np.array([later, later]),
        served_share=np.array([1e-8, 0.95] if first < own else [0.95, 1e-8]),
        pools=replace(network.pools, redial=np.zeros(len(network.pools.queue))),
    )
    entering = most_volume(fed)[network.flows.node[first]]
    assert most_volume(fed)[later] == pytest.approx(1e-8 * entering / (1 - 0.95), rel=1e-4)
    assert most_volume(fed)[later] >= 1e-8 * entering / (1 - 0.95) * (1 - 1e-6)


def test_a_pool_as_full_as_it_can_be_has_a_range_all_the_same(center):
    """All that types can send, and a load on the edge of a step: a hull needs some width."""
    network = center[0].network
    station = stations_of(network, time_groups(network), queued_pools(network))[0]
    mixes = tuple(replace(m, load=np.ones_like(m.load) / m.most_h.sum()) for m in station.mixes)
    full = replace(station, mixes=mixes, stretch=1.0, known={})
    sizes = np.array([m.most_h.sum() for m in mixes])
    ranges = full.ranges(sizes, sizes)
    assert (ranges[:, 1] > ranges[:, 0]).all()
    assert (ranges[:, 0] <= len(mixes)).all()
    assert (ranges[:, 1] >= len(mixes)).all()
    for low, high, longest, shortest in ranges.tolist():
        assert longest >= shortest > 0
        full.hull(low, high, longest, shortest)


def test_a_pool_that_nobody_comes_to_has_no_load(center):
    network = center[0].network
    nobody = Mixes(np.zeros(0), np.zeros(0), np.zeros((0, network.profile.shape[1])), time_groups(network))
    station = replace(
        stations_of(network, nobody.groups, queued_pools(network))[0],
        members=(0,), mixes=(nobody,), patience_s=np.array([100.0]), known={},
    )  # fmt: skip
    ranges = station.ranges(np.zeros(1), np.full(1, 10.0))
    assert (ranges[:, 0] == 0).all()
    assert np.isfinite(ranges).all()


def test_groups_do_not_part_what_differs_by_rounding(center):
    """Types that change places leave the same demand but for the last bit of a sum."""
    network = center[0].network
    rng = np.random.default_rng(0)
    kinds, intervals = network.profile.shape
    natural = np.repeat(network.natural[:1], kinds, axis=0)
    for _ in range(200):
        volume = rng.integers(5, 40, kinds).astype(float)
        demand = np.array([rng.permutation(volume) for _ in range(intervals)]).T
        issues = demand.sum(axis=1)
        groups = time_groups(replace(network, profile=demand / issues[:, None], issues=issues, natural=natural))
        assert (groups.size > 0).all()
        assert groups.size.sum() == intervals
