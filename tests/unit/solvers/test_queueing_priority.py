"""Priorities against a sparse direct solve of the two-class chain."""

import itertools

import numpy as np
import pytest
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import expm_multiply, spsolve

from solvers.queueing.kernels import (
    erlang_a,
    erlang_a_service_level,
    priority_queue_lengths,
    priority_service_levels,
)


def solve_two_classes(loads, agents, theta, room):
    """Stationary law of (busy servers below n; queue of each class once all are busy), each queue cut at `room`."""
    states = [(k, 0, 0) for k in range(agents)]
    states += [(agents, one, two) for one, two in itertools.product(range(room + 1), repeat=2)]
    index = {state: i for i, state in enumerate(states)}
    rows, columns, rates = [], [], []

    def add(source, target, rate):
        if rate > 0 and target in index:
            rows.extend([index[target], index[source]])
            columns.extend([index[source]] * 2)
            rates.extend([rate, -rate])

    for busy, one, two in states:
        here = (busy, one, two)
        if busy < agents:
            add(here, (busy + 1, 0, 0), sum(loads))
            add(here, (busy - 1, 0, 0), busy)
            continue
        add(here, (agents, one + 1, two), loads[0])
        add(here, (agents, one, two + 1), loads[1])
        add(here, (agents, one - 1, two), one * theta + agents)
        add(here, (agents, one, two - 1), two * theta + (agents if one == 0 else 0))
        if one == two == 0:
            add(here, (agents - 1, 0, 0), agents)
    flow = csc_matrix((rates, (rows, columns)), shape=(len(states),) * 2).tolil()
    flow[-1, :] = 1.0
    law = spsolve(flow.tocsc(), np.r_[np.zeros(len(states) - 1), 1.0])
    return law[agents:].reshape(room + 1, room + 1)


def served_lower_class(loads, agents, theta, threshold, law):
    """P(waits and is served within T) of a class-1 arrival, moving through (class 0 ahead, class 1 ahead)."""
    room = law.shape[0] - 1
    index = {pair: i for i, pair in enumerate(itertools.product(range(room + 1), repeat=2))}
    served = len(index)
    rows, columns, rates = [], [], []

    def add(source, target, rate):
        rows.extend([source, source])
        columns.extend([target, source])
        rates.extend([rate, -rate])

    for (one, two), here in index.items():
        if one < room:
            add(here, index[one + 1, two], loads[0])
        if one:
            add(here, index[one - 1, two], agents + one * theta)
        if two:
            add(here, index[one, two - 1], two * theta + (agents if one == 0 else 0))
        if one == two == 0:
            add(here, served, agents)
        add(here, served + 1, theta)
    flow = csc_matrix((rates, (rows, columns)), shape=(served + 2, served + 2))
    start = np.r_[law.ravel(), 0.0, 0.0]
    return expm_multiply(flow.T.tocsc() * threshold, start)[served]


def random_cases(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        agents = int(rng.integers(1, 15))
        split = rng.uniform(0.1, 0.9)
        load = agents * rng.uniform(0.6, 1.2)
        yield np.array([split, 1 - split]) * load, agents, float(rng.uniform(0.6, 4))


def test_queue_lengths_against_direct_solve():
    out = np.zeros(2)
    for loads, agents, theta in random_cases(24, 5):
        law = solve_two_classes(loads, agents, theta, 42)
        queue = np.arange(law.shape[0])
        p_wait = priority_queue_lengths(loads, float(agents), theta, out)
        assert p_wait == pytest.approx(law.sum(), abs=1e-9)
        np.testing.assert_allclose(out, [law.sum(axis=1) @ queue, law.sum(axis=0) @ queue], rtol=1e-8)


def test_service_levels_against_direct_solve():
    out = np.zeros(2)
    for loads, agents, theta in random_cases(8, 6):
        law = solve_two_classes(loads, agents, theta, 32)
        for threshold in (0.05, 0.6):
            priority_service_levels(loads, float(agents), theta, threshold, out)
            low = 1 - law.sum() + served_lower_class(loads, agents, theta, threshold, law)
            assert out[1] == pytest.approx(low, abs=1e-8)
            # Class 0 meets nobody of class 1, and no later arrival overtakes it.
            own = (
                1
                - law.sum()
                + served_lower_class(
                    [0.0, 0.0],
                    agents,
                    theta,
                    threshold,
                    np.pad(law.sum(axis=1)[:, None], ((0, 0), (0, law.shape[0] - 1))),
                )
            )
            assert out[0] == pytest.approx(own, abs=1e-8)


def test_one_class_is_erlang_a():
    out = np.zeros(1)
    for load, agents, theta in [(9.0, 8.0, 0.5), (30.0, 31.4, 2.0), (80.0, 20.0, 0.01), (5.0, 8.0, 0.0)]:
        p_wait = priority_queue_lengths(np.array([load]), agents, theta, out)
        assert (p_wait, out[0]) == pytest.approx(erlang_a(load, agents, theta)[:2], rel=1e-12)
        priority_service_levels(np.array([load]), agents, theta, 0.2, out)
        assert out[0] == pytest.approx(erlang_a_service_level(load, agents, theta, 0.2), rel=1e-12)


@pytest.mark.parametrize(("agents", "theta"), [(10.0, 0.4), (14.5, 0.05), (4.0, 0.05), (2.0, 1e-4), (0.4, 2.0)])
def test_queues_add_up_to_erlang_a(agents, theta):
    loads = np.array([3.0, 0.0, 4.0, 5.0])
    out = np.zeros(4)
    p_wait = priority_queue_lengths(loads, agents, theta, out)
    whole = erlang_a(12.0, agents, theta)
    assert p_wait == pytest.approx(whole[0], rel=1e-12)
    assert out.sum() == pytest.approx(whole[1], rel=1e-10)
    assert out[1] == 0.0
    assert out.min() >= 0.0


def test_lower_class_without_patience_and_wide_threshold():
    """Within an endless threshold everyone is served who does not abandon, in every class."""
    loads, out, level = np.array([3.0, 4.0, 5.0]), np.zeros(3), np.zeros(3)
    priority_queue_lengths(loads, 11.0, 0.5, out)
    priority_service_levels(loads, 11.0, 0.5, 60.0, level)
    np.testing.assert_allclose(level, 1 - 0.5 * out / loads, atol=1e-11)


def test_edges():
    out = np.zeros(2)
    assert priority_queue_lengths(np.zeros(2), 3.0, 0.5, out) == 0.0
    assert out.tolist() == [0.0, 0.0]
    priority_service_levels(np.zeros(2), 3.0, 0.5, 0.1, out)
    assert out.tolist() == [1.0, 1.0]
    priority_queue_lengths(np.array([2.0, 3.0]), 0.0, 0.5, out)
    assert out.tolist() == [4.0, 6.0]
    # Erlang C with class 0 alone stable: class 0 waits a little, class 1 for ever.
    assert priority_queue_lengths(np.array([2.0, 3.0]), 4.0, 0.0, out) == 1.0
    assert out.tolist() == [1.0, np.inf]
    priority_service_levels(np.array([2.0, 3.0]), 4.0, 0.0, 0.1, out)
    assert out[0] == pytest.approx(1 - np.exp(-0.2), rel=1e-12)
    assert out[1] == 0.0
    # Deep overload: the first class as before, the last not served within the threshold at all.
    priority_service_levels(np.array([2.0, 300.0]), 4.0, 1e-4, 0.1, out)
    assert out[0] == pytest.approx(1 - np.exp(-0.2), rel=1e-3)
    assert out[1] == 0.0
