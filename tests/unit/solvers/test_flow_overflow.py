"""Overflow by interval in the evaluator: against a recount, by hand, and against shares that mean the same."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from recount import Routes, center_of, headroom, recount  # noqa: E402
from small_centers import problem_of, random_overflow, random_routing, write_center, write_linked  # noqa: E402

import planner  # noqa: E402
from solvers.flow.carry_over import carried_waits  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.network import Decision, FlowNetwork, Promises  # noqa: E402
from solvers.flow.solution import Routing, judge  # noqa: E402
from solvers.flow.spread import link_splits, spread_of  # noqa: E402
from solvers.flow.steady_state import steady_state  # noqa: E402
from solvers.queueing import waiting  # noqa: E402

PHONE, ADVISERS, DESK = range(3)


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    path = write_linked(tmp_path_factory.mktemp("linked"))
    scenario = planner.load_scenario(path)
    return problem_of(path), center_of(scenario, path.parent)


@pytest.fixture(scope="module", params=[1, 2, 3])
def network(request, tmp_path_factory) -> FlowNetwork:
    return problem_of(write_center(tmp_path_factory.mktemp("center"), request.param, links=True)).network


def decisions(network: FlowNetwork, seed: int, count: int):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        on_task = rng.uniform(0, 25, (len(network.pools.queue), network.profile.shape[1]))
        on_task = np.where(network.pools.staffed[:, None], on_task, 0.0)
        yield replace(random_routing(network, rng), overflow=random_overflow(network, rng)).with_people(on_task)


def routing_of(network: FlowNetwork, to_advisers: float, overflow: np.ndarray) -> Routing:
    """Phone serves all but a share of faults, which the advisers get."""
    fault = (network.split_kind == 1) & (network.split_pool <= ADVISERS)
    split = np.where(fault, np.where(network.split_pool == ADVISERS, to_advisers, 1 - to_advisers), 1.0)
    return Routing(np.zeros(len(network.nodes.kind)), split, np.zeros(len(network.pair_pool), dtype=np.int64), overflow)


def test_plans_with_overflow_equal_their_recount(linked) -> None:
    problem, center = linked
    network, rng = problem.network, np.random.default_rng(5)
    for _ in range(12):
        overflow, share = random_overflow(network, rng), float(rng.uniform(0, 1))
        people = {
            "phone": int(rng.integers(5, 9)),
            "advisers": int(rng.integers(1, 5)),
            "desk": int(rng.integers(3, 6)),
        }
        staff = tuple(np.array([[count]]) for count in people.values())
        plan = judge(problem.instance, routing_of(network, share, overflow), staff, "search")
        pools = ("phone", "advisers")
        routes = Routes(
            {("fault", "phone"): 1 - share, ("fault", "advisers"): share},
            {(pools[a], pools[b]): overflow[k] for k, (a, b) in enumerate(((0, 1), (1, 0)))},
        )
        found = recount(center, {}, people, routes)
        state = plan.evaluation.state
        assert plan.evaluation.cx == pytest.approx(found.cx, abs=1e-6)
        assert plan.cost == pytest.approx(found.cost, abs=1e-6)
        assert plan.feasible == (found.feasible and plan.evaluation.headroom >= 0)
        for g, pool in enumerate(people):
            np.testing.assert_allclose(state.arrivals[g].sum(axis=0), found.state.arrivals[pool], rtol=1e-7)
            np.testing.assert_allclose(state.work_s[g], found.state.work_s[pool], rtol=1e-7)
            np.testing.assert_allclose(state.mean_wait_s[g, 0], found.state.wait_s[pool], rtol=1e-6, atol=1e-9)
        for p, (g, kind) in enumerate(zip(network.pair_pool, network.pair_kind, strict=True)):
            reason, pool = center.reasons[kind], list(people)[g]
            volume = state.volume[network.flows.pair == p].sum()
            assert volume == pytest.approx(found.state.volume(reason, pool), rel=1e-7, abs=1e-7)
            if volume > 1e-6:
                patience_s = center.pools[pool].patience_s
                assert state.lost[p] == pytest.approx(found.state.lost(reason, pool, patience_s), rel=1e-6, abs=1e-9)
        for k, values in enumerate(found.values.values()):
            assert plan.evaluation.promise_values[k][0] == pytest.approx(values[0], abs=1e-8)
        if plan.evaluation.headroom > -1:
            reach = headroom(center, {}, people, routes=routes, tolerance=1e-6)
            assert plan.evaluation.headroom == pytest.approx(reach, abs=1e-4)


def test_two_pools_by_hand(linked) -> None:
    """100 faults, 40/60 in two intervals, nobody returns: a quarter goes over in the first, all in the second."""
    problem, _ = linked
    base = problem.network
    flows = replace(base.flows, resolve=np.ones(len(base.flows.node)))
    network = replace(
        base,
        flows=flows,
        issues=np.array([0.0, 100.0]),
        natural=np.array([[1.0, 0.0], [1.0, 0.0]]),
        profile=np.array([[0.4, 0.6, 0.0, 0.0]] * 2),
        pools=replace(base.pools, redial=np.zeros(3)),
        served_from=np.zeros(0, dtype=np.int64),
        served_to=np.zeros(0, dtype=np.int64),
        served_share=np.zeros(0),
    )
    overflow = np.array([[0.25, 1.0, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0]])
    agents = np.array([[9.0] * 4, [14.0] * 4, [1.0] * 4])
    decision = routing_of(network, 0.2, overflow).with_people(agents)
    state = steady_state(network, decision)
    # Routed 80 to phone, 20 to advisers. Phone: 32 − 8, 48 − 48 + 6; advisers: 8 + 8, 12 − 6 + 48.
    comes = np.array([[24.0, 6.0, 0.0, 0.0], [16.0, 54.0, 0.0, 0.0]])
    np.testing.assert_allclose(state.arrivals[:2].sum(axis=1), comes, atol=1e-9)
    np.testing.assert_allclose(state.work_s[:2], comes * [[300], [400]], atol=1e-6)
    for g, aht_s in ((PHONE, 300.0), (ADVISERS, 400.0)):
        there = waiting(comes[g, :2] / 1800, np.full(2, aht_s), agents[g, :2], patience_s=180.0)
        np.testing.assert_allclose(state.mean_wait_s[g, 0, :2], there.asa_s, rtol=1e-9)
        pair = int(np.flatnonzero((network.pair_pool == g) & (network.pair_kind == 1))[0])
        assert state.lost[pair] == pytest.approx(comes[g, :2] @ there.abandon_rate / comes[g].sum(), rel=1e-9)


def test_what_both_pools_may_serve_goes_over(linked) -> None:
    """Billing, which the advisers may not serve, stays with the phone team whatever is sent."""
    network = linked[0].network
    ours, theirs = link_splits(network, 0)
    assert list(network.split_kind[ours]) == [1]
    assert list(network.split_pool[ours]) == [PHONE]
    assert list(network.split_pool[theirs]) == [ADVISERS]
    spread = spread_of(network, routing_of(network, 0.0, np.array([[1.0] * 4, [0.0] * 4])).with_people(np.ones((3, 4))))
    share = {(k, g): s for k, g, s in zip(network.split_kind, network.split_pool, spread.share, strict=True)}
    assert share == pytest.approx({(0, PHONE): 1, (1, PHONE): 0, (1, ADVISERS): 1, (0, DESK): 1, (1, DESK): 1})


def test_every_issue_ends_once(network) -> None:
    flows = network.flows
    for decision in decisions(network, 1, 8):
        state = steady_state(network, decision)
        assert state.converged
        lost = state.lost[flows.pair]
        served = state.volume * (1 - lost)
        absorbed = served * flows.final_share + state.volume * lost * (1 - network.pools.redial[flows.pool])
        by_type = np.bincount(network.flow_kind, absorbed, len(network.issues))
        np.testing.assert_allclose(by_type, network.issues, rtol=1e-8)
        np.testing.assert_allclose(
            state.arrivals.sum(axis=(1, 2)), np.bincount(flows.pool, state.volume, len(network.pools.queue)), rtol=1e-9
        )
        np.testing.assert_allclose(
            state.work_s.sum(axis=1), np.bincount(flows.pool, state.volume * flows.aht_s, len(state.work_s)), rtol=1e-9
        )


def test_channels_keep_their_arrivals_interval_by_interval(network) -> None:
    """With plenty of staff and equal outcomes in both pools, overflow moves contacts and makes none."""
    flows = network.flows
    served_by = np.where(flows.pool == 1, 0, flows.pool)
    twin = {key: int(f) for f, key in reversed(list(enumerate(zip(flows.node, served_by, strict=True))))}
    same = np.array([twin[key] for key in zip(flows.node, served_by, strict=True)])
    alike = replace(
        network,
        flows=replace(flows, **{n: getattr(flows, n)[same] for n in ("escalate", "resolve", "comeback")}),
        pools=replace(network.pools, redial=np.zeros(len(network.pools.queue))),
    )
    triplets = [
        (f, int(to), float(share))
        for f, source in enumerate(same)
        for to, share in zip(
            network.served_to[network.served_from == source],
            network.served_share[network.served_from == source],
            strict=True,
        )
    ]
    columns = list(zip(*triplets, strict=True))
    alike = replace(
        alike,
        served_from=np.array(columns[0], dtype=np.int64),
        served_to=np.array(columns[1], dtype=np.int64),
        served_share=np.array(columns[2]),
    )
    for decision in decisions(alike, 2, 3):
        ample = replace(decision, on_task=decision.on_task + 1e4 * alike.pools.staffed[:, None])
        sent = steady_state(alike, ample).arrivals.sum(axis=1)
        kept = steady_state(alike, replace(ample, overflow=None)).arrivals.sum(axis=1)
        np.testing.assert_allclose(sent[:2].sum(axis=0), kept[:2].sum(axis=0), rtol=1e-8)
        np.testing.assert_allclose(sent[2:], kept[2:], rtol=1e-8, atol=1e-9)
        assert np.abs(sent[:2] - kept[:2]).max() > 1


def test_pools_of_a_channel_get_all_of_it_in_every_interval(network) -> None:
    """What a bound may rely on: of a type in a channel, shares are moved between pools and come to its profile."""
    group = network.split_kind * 10 + network.split_channel
    pair_of = dict(zip(zip(network.pair_pool, network.pair_kind, strict=True), range(99), strict=False))
    row_of = np.array([pair_of[key] for key in zip(network.split_pool, network.split_kind, strict=True)])
    for decision in decisions(network, 9, 6):
        spread = spread_of(network, decision)
        by_interval = spread.share[:, None] * spread.table[spread.row[row_of]]
        assert (by_interval >= 0).all()
        for one in np.unique(group):
            profile = network.profile[network.split_kind[group == one][0]]
            np.testing.assert_allclose(by_interval[group == one].sum(axis=0), profile, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(spread.table.sum(axis=1), 1.0, rtol=1e-9)
        alone = ~np.isin(network.split_pool, [network.overflow_from, network.overflow_to])
        assert np.array_equal(spread.share[alone], decision.split[alone])


def test_a_constant_share_is_another_split(network) -> None:
    """Sending the share s of one pool over all week equals routing it there at once, headroom and all."""
    none = np.zeros(0, dtype=np.int64)
    nothing = Promises(np.zeros((0, len(network.pools.queue)), dtype=bool), none, np.zeros(0), np.zeros(0), none)
    for decision in decisions(network, 3, 4):
        share = np.zeros_like(decision.overflow)
        share[0] = 0.35
        split = decision.split.copy()
        ours, theirs = link_splits(network, 0)
        split[theirs] += 0.35 * decision.split[ours]
        split[ours] *= 0.65
        sent = evaluate(network, nothing, replace(decision, overflow=share))
        routed = evaluate(network, nothing, replace(decision, overflow=None, split=split))
        assert sent.cx == pytest.approx(routed.cx, abs=1e-9)
        assert sent.variable_cost == pytest.approx(routed.variable_cost, rel=1e-9)
        assert sent.headroom == pytest.approx(routed.headroom, abs=2e-5)
        np.testing.assert_allclose(sent.state.arrivals, routed.state.arrivals, rtol=1e-7, atol=1e-9)
        for name in ("wait_s", "lost", "level"):  # with carry-over too
            ours, theirs = (getattr(carried_waits(network, decision, e.state, 20.0), name) for e in (sent, routed))
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_sending_nobody_is_no_overflow(network) -> None:
    for decision in decisions(network, 4, 3):
        nobody = steady_state(network, replace(decision, overflow=np.zeros_like(decision.overflow)))
        nothing = steady_state(network, replace(decision, overflow=None))
        for name in ("volume", "lost", "wait_s", "arrivals", "work_s"):
            assert np.array_equal(getattr(nobody, name), getattr(nothing, name))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.zeros((1, 10)), r"overflow has shape \(1, 10\) — must be \(link, interval\) = \(2, 10\)"),
        (np.full((2, 10), -0.1), r"overflow\[0, 0\] = -0\.1 — must be a share in \[0, 1\]"),
        (np.full((2, 10), np.nan), r"overflow\[0, 0\] = nan — must be a share in \[0, 1\]"),
        (np.full((2, 10), 1.5), r"overflow\[0, 0\] = 1\.5 — must be a share in \[0, 1\]"),
    ],
)
def test_shares_nobody_could_carry_out_are_refused(network, wrong, words) -> None:
    decision = replace(next(decisions(network, 5, 1)), overflow=wrong)
    with pytest.raises(ValueError, match=words):
        steady_state(network, decision)


def test_a_pool_cannot_send_more_than_it_gets(network) -> None:
    twice = replace(network, overflow_to=network.overflow_to[[0, 0]], overflow_from=network.overflow_from[[0, 0]])
    decision: Decision = replace(next(decisions(network, 6, 1)), overflow=np.full((2, 10), 0.6))
    with pytest.raises(ValueError, match=r"overflow of pool 0 in interval 0 sums to 1\.2 — must be at most 1"):
        steady_state(twice, decision)
