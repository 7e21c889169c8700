"""Intervals that hand over their backlog: against matrix exponentials, steady states, and the rule that chooses."""

import itertools

import numpy as np
import pytest
from scipy.linalg import expm

from solvers.queueing import interval_waiting, waiting

FIELDS = ("p_wait", "asa_s", "asa_answered_s", "service_level", "abandon_rate", "occupancy", "queue_length")
T = 1800.0


def generator(arrival, service, agents, leave, size):
    flow = np.zeros((size, size))
    state = np.arange(size)
    flow[state[:-1], state[1:]] = arrival
    flow[state[1:], state[:-1]] = np.minimum(state[1:], agents) * service + np.maximum(state[1:] - agents, 0) * leave
    return flow - np.diag(flow.sum(axis=1))


def fates(service, agents, leave, within, size):
    """P(served), E[wait] and P(served in time) by the number ahead at arrival, as an absorbing chain."""
    wait = np.zeros((size + 2, size + 2))
    for ahead in range(size):
        wait[ahead, ahead - 1 if ahead else size] += agents * service + ahead * leave
        wait[ahead, size + 1] += leave
    wait -= np.diag(wait.sum(axis=1))
    inside = wait[:size, :size]
    served = np.linalg.solve(-inside, wait[:size, size])
    return served, np.linalg.solve(-inside, np.ones(size)), expm(wait * within)[:size, size]


def by_exponentials(arrivals, aht, agents, leave, within, law):
    """Every interval's figures, contacts charged to the interval they arrive in."""
    size = law.size
    rows = []
    for arrival, n in zip(arrivals, agents, strict=True):
        flow = generator(arrival, 1 / aht, n, leave, size)
        whole = expm(np.block([[flow, np.eye(size)], [np.zeros((size, 2 * size))]]) * T)
        average, law = law @ whole[:size, size:] / T, law @ whole[:size, :size]
        queued = average[n:]
        served, wait, in_time = (x[: queued.size] for x in fates(1 / aht, n, leave, within, size))
        busy = average @ np.minimum(np.arange(size), n) / n
        rows.append(
            (queued.sum(), queued @ wait, average[:n].sum() + queued @ in_time, queued @ (1 - served), busy,
             queued @ np.arange(queued.size))
        )  # fmt: skip
    return np.array(rows).T


@pytest.mark.parametrize("leave", [1 / 120, 1 / 900])
def test_chain_against_matrix_exponentials(leave):
    arrivals, agents = np.array([4, 9, 12, 6, 1]) / 300, np.array([5, 9, 8, 9, 2])
    start = np.zeros(140)
    start[7] = 1.0
    truth = by_exponentials(arrivals, 300, agents, leave, 20.0, start)
    found = interval_waiting(arrivals, 300, agents, interval_s=T, patience_s=1 / leave, in_system=7)
    names = ("p_wait", "asa_s", "service_level", "abandon_rate", "occupancy", "queue_length")
    for name, expected in zip(names, truth, strict=True):
        np.testing.assert_allclose(getattr(found.waiting, name), expected, rtol=1e-7, err_msg=name)
    assert set(found.method) == {"chain"}


def test_a_fraction_is_the_chance_of_one_more_in_each_interval():
    """The mean over all ways in which two small intervals can be staffed, each followed by matrix exponentials."""
    arrivals, agents, leave = np.array([2.0, 1.4]) / 300, np.array([1.9, 1.3]), 1 / 45
    start = np.zeros(60)
    start[0] = 1.0
    truth = np.zeros((2, 2))  # waiting, abandoned: by interval
    for more in itertools.product((0, 1), repeat=2):
        chance = np.where(more, [0.9, 0.3], [0.1, 0.7]).prod()
        rows = by_exponentials(arrivals, 300, np.floor(agents).astype(int) + more, leave, 20.0, start)
        truth += chance * rows[[0, 3]]
    found = interval_waiting(arrivals, 300, agents, interval_s=T, patience_s=45, in_system=0).waiting
    np.testing.assert_allclose([found.p_wait, found.abandon_rate], truth, rtol=1e-7)
    # Where there may be nobody at all, all of that interval are lost: ten in a hundred more than with the one.
    alone = interval_waiting(np.full(3, 2 / 300), 300, [0.9] * 3, interval_s=1e6, patience_s=45).waiting.abandon_rate
    np.testing.assert_allclose(alone, waiting(2 / 300, 300, 0.9, patience_s=45).abandon_rate, rtol=1e-3)


def test_constant_load_stays_in_steady_state():
    for agents, patience in ((31, 150), (28, 600), (34, None)):
        chain = interval_waiting(np.full(6, 0.1), 300, agents, interval_s=T, patience_s=patience)
        steady = waiting(0.1, 300, agents, patience_s=patience)
        for name in FIELDS:
            np.testing.assert_allclose(getattr(chain.waiting, name), getattr(steady, name), rtol=1e-9, err_msg=name)
        assert set(chain.advised) == {"stationary"}


def test_search_is_steady_where_nothing_changes_and_moved_where_it_does():
    arrivals = np.array([0.1, 0.1, 0.2, 0.2, 0.2])
    agents = [64, 64, 122, 126, 126]
    found = interval_waiting(arrivals, 600, agents, interval_s=T, patience_s=150, purpose="search")
    steady = waiting(arrivals, 600, agents, patience_s=150)
    assert found.method.tolist() == ["stationary", "stationary", "offered_load", "offered_load", "stationary"]
    assert found.advised.tolist() == ["stationary", "stationary", "chain", "offered_load", "stationary"]
    unmoved = found.method == "stationary"
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found.waiting, name)[unmoved], getattr(steady, name)[unmoved])
    # The load needs a while to arrive after a step up.
    assert found.waiting.abandon_rate[2] < 0.8 * steady.abandon_rate[2]
    chain = interval_waiting(arrivals, 600, agents, interval_s=T, patience_s=150).waiting
    error = {name: abs(getattr(found.waiting, name) - getattr(chain, name))[2] for name in FIELDS}
    gap = {name: abs(getattr(steady, name) - getattr(chain, name))[2] for name in FIELDS}
    assert error["abandon_rate"] < 0.4 * gap["abandon_rate"]
    assert error["service_level"] < 0.4 * gap["service_level"]


@pytest.mark.parametrize(
    ("jump", "staff", "advice"),
    [
        (0.05, 0, "stationary"),
        (0.2, 0, "offered_load"),
        (0.4, 0, "offered_load"),
        (0.4, -12, "chain"),
        (0.7, 0, "chain"),
    ],
)
def test_rule(jump, staff, advice):
    """x = |m − a|/√a with m the load of the interval before, q the queue it leaves over √n."""
    load = 60.0
    before = load + jump * np.sqrt(load)
    found = interval_waiting(
        [before / 300, load / 300], 300, [66 + staff, 66], interval_s=60_000, patience_s=300, purpose="search"
    )
    assert found.advised[1] == advice


def test_backlog_is_carried_over():
    """After an overload, contacts still meet the queue it left; steady states forget it."""
    arrivals, agents = np.array([0.1, 0.2, 0.1, 0.1, 0.1]), np.full(5, 36)
    chain = interval_waiting(arrivals, 300, agents, interval_s=T, patience_s=900).waiting
    steady = waiting(arrivals, 300, agents, patience_s=900)
    assert chain.asa_s[1] < steady.asa_s[1]
    assert (chain.asa_s[2:4] > steady.asa_s[2:4]).all()
    assert chain.asa_s[4] == pytest.approx(steady.asa_s[4], rel=0.05)


def test_opening_empty_and_without_agents():
    empty = interval_waiting(np.full(4, 0.1), 300, 31, interval_s=T, patience_s=300, in_system=0).waiting
    assert (np.diff(empty.abandon_rate) > 0).all()
    closed = interval_waiting([0.1, 0.1, 0.0], 300, [0, 31, 31], interval_s=T, patience_s=300).waiting
    assert closed.abandon_rate[0] == pytest.approx(1)
    assert closed.asa_s[0] == pytest.approx(300)
    assert (closed.service_level[2], closed.p_wait[2], closed.asa_s[2]) == (1, 0, 0)
    assert closed.occupancy[2] > 0
    night = interval_waiting([0.1, 0.1], 300, [0, 40], interval_s=T, in_system=0).waiting
    assert night.asa_s[0] == np.inf
    assert np.isnan(night.asa_answered_s[0])
    assert np.isfinite(night.asa_s[1])
    # All who came in the first interval are there when agents are: 0.1 · 1,800 contacts.
    assert night.queue_length[0] == pytest.approx(90, rel=1e-9)


def test_broadcasts_over_days():
    arrivals = np.array([[0.1, 0.12, 0.1], [0.05, 0.1, 0.02]])
    both = interval_waiting(arrivals, 300, [30, 36.5, 30], interval_s=T, patience_s=150, in_system=[3, 0.5])
    one = interval_waiting(arrivals[1], 300, [30, 36.5, 30], interval_s=T, patience_s=150, in_system=0.5)
    assert both.waiting.asa_s.shape == both.method.shape == (2, 3)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(both.waiting, name)[1], getattr(one.waiting, name))
    np.testing.assert_array_equal(both.waiting.arrivals_per_s, arrivals)


def test_fraction_of_agents_lies_between_whole_ones():
    level = [
        interval_waiting([0.1, 0.11], 300, n, interval_s=T, patience_s=150).waiting.service_level
        for n in (31, 31.4, 32)
    ]
    assert (level[0] < level[1]).all()
    assert (level[1] < level[2]).all()
    mixed = waiting([0.1], 300, 31.4, patience_s=150).service_level
    assert level[1][0] == pytest.approx(mixed[0], abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: interval_waiting(0.1, 300, 5, interval_s=T), r"of shape \(\) — must broadcast to \(…, interval\)"),
        (lambda: interval_waiting([0.1, -0.1], 300, 5, interval_s=T), r"arrivals_per_s\[1\] = -0.1"),
        (lambda: interval_waiting([0.1], 300, 5, interval_s=0), "interval_s = 0"),
        (lambda: interval_waiting([0.1], 300, 5, interval_s=T, in_system=-1), "in_system = -1"),
        (lambda: interval_waiting([0.1], 300, 5, interval_s=T, in_system=[1, 2]), r"in_system of shape \(2,\)"),
        (lambda: interval_waiting([0.1], 300, 5, interval_s=T, purpose="fun"), "purpose = 'fun' — must be one of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
