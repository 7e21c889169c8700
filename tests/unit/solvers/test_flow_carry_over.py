"""Waits with carry-over: stationary where nothing changes, Little's law of losses, and what a peak leaves."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import problem_of, random_routing, write_center, write_one_pool  # noqa: E402

from solvers.flow.carry_over import carried_promises, carried_waits, carries_over  # noqa: E402
from solvers.flow.kept import promise_values  # noqa: E402
from solvers.flow.network import Decision, Promises, Queue  # noqa: E402
from solvers.flow.steady_state import steady_state  # noqa: E402
from solvers.flow.waiting import service_level  # noqa: E402
from solvers.queueing import interval_waiting  # noqa: E402
from solvers.simulation import exponential, make_network, simulate, single_queue  # noqa: E402

PATIENCE_S, AHT_S = 120.0, 300.0


@pytest.fixture(scope="module")
def one_pool(tmp_path_factory):
    """One voice pool without returns or redials."""
    path = write_one_pool(tmp_path_factory.mktemp("one"), p_return=0.0, redial=0.0, patience_s=PATIENCE_S)
    return problem_of(path).network


def stretched(network, profile, per_day, interval_s, load_erlang):
    """The pool with another profile over intervals, at a mean load."""
    profile = np.asarray(profile, dtype=float)
    issues = np.full_like(network.issues, load_erlang * interval_s / AHT_S * profile.size / len(network.issues))
    shares = np.tile(profile / profile.sum(), (len(network.issues), 1))
    return replace(network, profile=shares, issues=issues, intervals_per_day=per_day, interval_s=interval_s)


def staffed(network, agents):
    on_task = np.broadcast_to(np.asarray(agents, dtype=float), (1, network.profile.shape[1])).copy()
    return Decision(
        np.zeros(len(network.nodes.kind)), np.ones(len(network.split_kind)),
        np.zeros(len(network.pair_pool), dtype=np.int64), on_task,
    )  # fmt: skip


def stationary(network, decision, state, within_s):
    pools = network.pools
    level = service_level(
        state.arrivals, state.work_s, decision.on_task, pools.queue, pools.patience_s, pools.chat_speed,
        network.interval_s, pools.waits, within_s,
    )  # fmt: skip
    return state.mean_wait_s[:, 0], state.p_abandon[:, 0], level


def test_constant_load_and_staff_give_the_stationary_figure(one_pool):
    """Doors that never close: no interval differs from another, so there is nothing to carry over."""
    network = stretched(one_pool, np.ones(96), 48, 1800.0, 20.0)
    decision = staffed(network, 21)
    state = steady_state(network, decision)
    found = carried_waits(network, decision, state, 20.0)
    wait_s, lost, level = stationary(network, decision, state, 20.0)
    assert wait_s.min() > 5.0
    assert found.wait_s == pytest.approx(wait_s, rel=1e-7)
    assert found.lost == pytest.approx(lost, rel=1e-7)
    assert found.level == pytest.approx(level, rel=1e-7)
    assert (found.advised == "stationary").all()
    assert (found.method == "chain").all()


def test_days_begin_empty_and_forget_the_night_before(one_pool):
    """Both days are the same; the first hour waits less than in steady state, the last of a long day as long."""
    network = stretched(one_pool, np.ones(40), 20, 1800.0, 20.0)
    decision = staffed(network, 21)
    state = steady_state(network, decision)
    found = carried_waits(network, decision, state, 20.0)
    wait_s, _, level = stationary(network, decision, state, 20.0)
    np.testing.assert_array_equal(found.wait_s[0, :20], found.wait_s[0, 20:])
    assert found.wait_s[0, 0] < 0.8 * wait_s[0, 0]
    assert found.level[0, 0] > level[0, 0]
    assert found.wait_s[0, 19] == pytest.approx(wait_s[0, 19], rel=1e-6)


def test_losses_are_the_queue_over_patience(one_pool):
    """Contacts wait E[min(V, patience)], so P(abandon) = E[W]/patience in every interval, changing load or not."""
    rng = np.random.default_rng(4)
    network = stretched(one_pool, rng.uniform(0.4, 1.6, 48), 24, 1800.0, 15.0)
    decision = staffed(network, rng.integers(10, 24, 48))
    state = steady_state(network, decision)
    found = carried_waits(network, decision, state, 20.0)
    assert found.lost.max() > 0.2
    assert found.lost == pytest.approx(found.wait_s / PATIENCE_S, rel=1e-9)


def test_contacts_lost_are_those_who_leave_the_queue_when_days_end_empty(one_pool):
    """Over whole days that end with an idle hour: sum of losses = mean queue in time / patience, from the chain."""
    profile = np.tile(np.r_[1.0, 1.6, 2.0, 1.4, 0.0, 0.0], 2)
    network = stretched(one_pool, profile, 6, 1800.0, 12.0)
    decision = staffed(network, 13)
    state = steady_state(network, decision)
    found = carried_waits(network, decision, state, 20.0)
    offered = state.arrivals[0, 0]
    queue = interval_waiting(
        offered.reshape(2, 6) / 1800.0, AHT_S, decision.on_task[0].reshape(2, 6), interval_s=1800.0,
        patience_s=PATIENCE_S, in_system=0.0,
    ).waiting.queue_length  # fmt: skip
    lost = float(found.lost[0] @ offered)
    assert lost > 10.0
    assert lost == pytest.approx(float(queue.sum()) * 1800.0 / PATIENCE_S, rel=1e-6)


def test_a_peak_makes_the_half_hours_after_it_wait_as_simulation_says(one_pool):
    """After an overloaded hour the stationary formula forgets the queue; the simulation of the same day does not."""
    profile = np.array([1.0, 1.0, 2.4, 2.4, 1.0, 1.0, 1.0, 1.0])
    network = stretched(one_pool, profile, 8, 900.0, 16.0)
    decision = staffed(network, 15)
    state = steady_state(network, decision)
    found = carried_waits(network, decision, state, 20.0)
    wait_s, lost, level = stationary(network, decision, state, 20.0)
    assert found.wait_s[0, 4] > 1.5 * wait_s[0, 4]
    assert found.advised[0, 4] == "chain"
    queue = single_queue(1.0, exponential(AHT_S), 1, patience=exponential(PATIENCE_S), horizon_s=7200.0, intervals=8)
    day = replace(
        queue,
        arrivals=state.arrivals[0],
        agents=decision.on_task,
        calendar=replace(queue.calendar, cycle_s=86_400.0),
    )
    seen = simulate(day, replications=4000, seed=3, answer_within_s=(20.0,))
    for name, own, still in (
        ("asa_s", found.wait_s, wait_s), ("abandon_rate", found.lost, lost), ("service_level", found.level, level),
    ):  # fmt: skip
        estimate = seen.estimate(name, by="interval")
        mean, half = estimate.mean.ravel(), estimate.half_width.ravel()
        assert (np.abs(own[0] - mean) < 2.0 * half)[:-1].all(), name  # whoever waits at closing time is on his own
        assert abs(still[0, 4] - mean[4]) > 10.0 * half[4], name


def test_the_service_level_of_priority_classes_is_near_simulation(one_pool):
    """Random days of two classes: nearer than one class for all, and than steady states."""
    rng = np.random.default_rng(8)
    errors = np.array([level_errors(one_pool, rng) for _ in range(8)])
    carried, forgotten = errors.mean(axis=0)
    assert carried < 0.012
    assert forgotten > 0.02


def level_errors(one_pool, rng):
    """Mean absolute errors of service level over a day but its last half hour: with carry-over, and without."""
    aht_s, patience_s = rng.choice([300.0, 600.0]), rng.choice([90.0, 300.0])
    load = rng.uniform(8, 40) * np.clip(1 + np.cumsum(rng.normal(0, 0.2, 10)), 0.4, 2.0)
    agents = np.maximum(np.round(load * rng.uniform(0.9, 1.15, 10)), 2.0)
    network = stretched(one_pool, np.ones(10), 10, 1800.0, 1.0)
    network = replace(network, pools=replace(network.pools, patience_s=np.array([patience_s])))
    decision = staffed(network, agents)
    arrivals = load / aht_s * 1800.0 * np.array([[0.4], [0.6]])
    state = replace(steady_state(network, decision), arrivals=arrivals[None], work_s=load[None] * 1800.0)
    found = carried_waits(network, decision, state, 20.0).level[0]
    still = stationary(network, decision, state, 20.0)[2][0]
    day = make_network(
        interval_s=1800.0, starts_s=np.arange(10) * 1800.0, cycle_s=86_400.0, arrivals=arrivals,
        agents=agents[None], distributions=(exponential(aht_s), exponential(patience_s)), service=[[0], [0]],
        patience=[1, 1], priority=[[0], [1]],
    )  # fmt: skip
    seen = simulate(day, replications=600, seed=int(rng.integers(1000)), answer_within_s=(20.0,))
    mean = seen.estimate("service_level", by="interval").mean.ravel()
    return [float(np.average(np.abs(v - mean)[:-1], weights=load[:-1])) for v in (found, still)]


@pytest.fixture(scope="module", params=[3, 5])
def center(request, tmp_path_factory):
    """A random center with several pools and a decision with priority classes."""
    problem = problem_of(write_center(tmp_path_factory.mktemp("small"), request.param))
    network = problem.network
    routing = random_routing(network, np.random.default_rng(request.param), classes=2)
    priority = np.arange(len(network.pair_pool)) % 2
    on_task = np.where(network.pools.staffed[:, None], 8.0, 0.0) * np.ones(network.profile.shape[1])
    decision = Decision(routing.offer, routing.split, priority, on_task)
    return problem, decision, steady_state(network, decision)


def test_only_live_voice_pools_are_followed(center):
    problem, decision, state = center
    network = problem.network
    found = carried_waits(network, decision, state, 20.0)
    voice = network.pools.queue == Queue.VOICE
    assert voice.any()
    assert not voice.all()
    np.testing.assert_array_equal(carries_over(network), voice)
    for values in (found.wait_s, found.lost, found.level):
        assert np.isnan(values[~voice]).all()
        assert np.isfinite(values[voice]).all()
    assert (found.level[voice] >= 0.0).all()
    assert (found.level[voice] <= 1.0).all()
    assert (found.method[~voice] == "").all()


def test_promises_weigh_intervals_by_offered_contacts(center):
    """Recounted by hand over pools and periods; without a live voice pool there is nothing to say."""
    problem, decision, state = center
    network = problem.network
    voice = carries_over(network)
    chat = network.pools.queue == Queue.CHAT
    pools = np.array([voice, voice | chat, chat, voice, voice])
    periods = np.full(5, network.intervals_per_day)
    promises = Promises(pools, np.array([0, 1, 0, 2, 0]), np.zeros(5), np.array([20.0, 0.0, 20.0, 0.0, 60.0]), periods)
    carried = carried_waits(network, decision, state, 20.0)
    found = carried_promises(network, promises, decision, state, carried)
    plain = promise_values(network, promises, decision, state)
    assert found[2] is None
    offered = state.arrivals.sum(axis=1)
    chat_wait = (state.mean_wait_s * state.arrivals).sum(axis=1)[chat].sum()
    for day in range(network.days):
        own = slice(day * network.intervals_per_day, (day + 1) * network.intervals_per_day)
        weight = offered[voice, own]
        assert found[0][day] == pytest.approx((carried.level[voice, own] * weight).sum() / weight.sum())
        assert found[3][day] == pytest.approx((carried.lost[voice, own] * weight).sum() / weight.sum())
        waited = (carried.wait_s[voice, own] * weight).sum()
        waited += (state.mean_wait_s * state.arrivals).sum(axis=1)[chat, own].sum()
        assert found[1][day] == pytest.approx(waited / (weight.sum() + offered[chat, own].sum()))
    assert chat_wait > 0.0
    assert (found[4] > found[0]).all()
    assert all(np.shape(f) == np.shape(p) for f, p in zip(found, plain, strict=True) if f is not None)


@pytest.mark.parametrize("patience_s", [PATIENCE_S, np.inf])
def test_nobody_waits_through_a_closing_of_a_center_open_all_night(one_pool, patience_s):
    """Two days round the clock but for ten hours of the second: whoever is left at closing time is gone at opening."""
    profile, agents = np.ones(96), np.full(96, 22.0)
    profile[60:80], agents[60:80], agents[58:60] = 0.0, 0.0, 17.0
    network = stretched(one_pool, profile, 48, 1800.0, 16.0)
    network = replace(network, shut=profile == 0, pools=replace(network.pools, patience_s=np.array([patience_s])))
    decision = staffed(network, agents)
    state = steady_state(network, decision)
    found = carried_waits(network, decision, state, 20.0)
    run = np.r_[80:96, 0:60]
    rate = state.arrivals[:, 0, run] / 1800.0
    own = interval_waiting(
        rate, AHT_S, agents[run], interval_s=1800.0, patience_s=patience_s, answer_within_s=20.0, in_system=0.0
    )
    assert found.wait_s[:, run] == pytest.approx(own.waiting.asa_s, rel=1e-9)
    assert found.level[:, run] == pytest.approx(own.waiting.service_level, rel=1e-6)
    assert found.wait_s[0, 80] < found.wait_s[0, 90]
    assert (found.wait_s[0, 60:80] == 0.0).all()
    assert (found.level[0, 60:80] == 1.0).all()
