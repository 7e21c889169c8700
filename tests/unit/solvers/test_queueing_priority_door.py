"""The door of priority classes: shapes, exact cases, approximations against solved chains, overload, bad input."""

import math

import numpy as np
import pytest
from queue_chains import priority_chain

from solvers.queueing import priority_waiting, waiting
from solvers.queueing.kernels import priority_queue_lengths, priority_service_levels

FIELDS = ("asa_s", "service_level", "abandon_rate", "queue_length")


def test_common_rates_are_the_exact_kernels():
    arrivals = np.array([0.02, 0.0, 0.05, 0.04])
    case = priority_waiting(arrivals, 300, 33.5, patience_s=200, answer_within_s=20)
    queues, levels = np.empty(4), np.empty(4)
    assert priority_queue_lengths(arrivals * 300, 33.5, 1.5, queues) == case.p_wait
    priority_service_levels(arrivals * 300, 33.5, 1.5, 20 / 300, levels)
    np.testing.assert_array_equal(case.queue_length, queues)
    np.testing.assert_array_equal(case.service_level, levels)
    np.testing.assert_allclose(case.abandon_rate, case.asa_s / 200, rtol=1e-12)
    whole = waiting(0.11, 300, 33.5, patience_s=200)
    assert case.occupancy == pytest.approx(whole.occupancy, rel=1e-12)
    assert case.queue_length.sum() == pytest.approx(whole.queue_length, rel=1e-12)


@pytest.mark.parametrize("agents", [0, 0.4, 7, 33.5, 200])
def test_nested_meets_exact_where_rates_come_together(agents):
    """Up to the shape of the interruptions, of which three moments are kept."""
    arrivals = np.array([0.02, 0.05, 0.04])
    exact = priority_waiting(arrivals, 300, agents, patience_s=200, answer_within_s=[10, 20, 60])
    near = priority_waiting(
        arrivals,
        [300, 300 * (1 + 1e-9), 300],
        agents,
        patience_s=[200, 200, 200 * (1 + 1e-9)],
        answer_within_s=[10, 20, 60],
    )
    for name in FIELDS:
        np.testing.assert_allclose(getattr(near, name), getattr(exact, name), rtol=2e-3, atol=1e-6, err_msg=name)


def test_broadcasts_and_calls_one_class_erlang():
    arrivals = np.array([[0.05], [0.1]])[:, None]
    case = priority_waiting(arrivals, 300, [20, 31.5, 40], patience_s=200)
    assert case.asa_s.shape == (2, 3, 1)
    assert case.p_wait.shape == case.occupancy.shape == (2, 3)
    plain = waiting(arrivals[:, :, 0], 300, [20, 31.5, 40], patience_s=200)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(case, name)[..., 0], getattr(plain, name), rtol=1e-11, err_msg=name)
    # A second class of different service that never comes changes nothing.
    silent = priority_waiting([0.1, 0.0], [300, 900], 31.5, patience_s=200)
    assert silent.asa_s[0] == case.asa_s[1, 1, 0]
    assert not silent.simulate.any()


@pytest.fixture(scope="module")
def chains():
    """Random pairs of classes whose service differs up to 2.5 times, each solved state by state."""
    rng = np.random.default_rng(12)
    rows = []
    for _ in range(36):
        agents = int(rng.integers(1, 5))
        ratio = float(np.exp(rng.uniform(0, np.log(2.5))))
        services = np.array([1.0, ratio] if rng.random() < 0.5 else [ratio, 1.0])
        share = rng.uniform(0.2, 0.8)
        arrivals = agents * rng.uniform(0.7, 1.1) * np.array([share, 1 - share]) * services
        leaves = np.full(2, rng.uniform(1.0, 3.0))
        truth = priority_chain(arrivals, services, leaves, agents, 22)
        found = priority_waiting(arrivals, 1 / services, agents, patience_s=1 / leaves)
        rows.append((ratio, abs(found.p_wait - truth[0]), abs(found.abandon_rate - truth[2]).max()))
    return np.array(rows)


@pytest.mark.parametrize(("ratio", "bar"), [(1.5, 0.006), (2.5, 0.015)])
def test_service_of_their_own_against_solved_chains(chains, ratio, bar):
    near = chains[chains[:, 0] <= ratio]
    assert len(near) >= 10
    assert np.quantile(near[:, 2], 0.95) <= bar
    assert near[:, 1].max() < 2 * bar


def test_the_caller_is_told_to_simulate():
    """Services more than 2.5 times apart and a load above .85: 20 Erlang."""
    calm = priority_waiting([0.05, 0.05], [100, 300], 24, patience_s=200)
    wild = priority_waiting([0.05, 0.05], [100, 300], [17, 23], patience_s=200)
    mild = priority_waiting([0.05, 0.05], [150, 300], 17, patience_s=200)
    assert not calm.simulate.any()
    assert wild.simulate.tolist() == [[True, True]] * 2
    assert not mild.simulate.any()


def test_classes_that_wait_for_ever():
    """The class that does not fit, and what is behind it; above it life goes on with all agents busy."""
    case = priority_waiting([0.05, 0.08, 0.01], [200, 500, 300], [9, 40, 80], patience_s=[100, math.inf, 60])
    assert np.isinf(case.asa_s[:, 1]).tolist() == [True, True, False]
    np.testing.assert_array_equal(case.abandon_rate[:2, 1:], [[0, 1], [0, 1]])
    np.testing.assert_allclose(case.asa_s[:2, 2], 60, rtol=1e-12)
    assert (case.p_wait[:2] == 1).all()
    assert (case.asa_s[:, 0] > 0).all()
    assert (case.service_level[:2, 1:] == 0).all()
    # Served beside an endless class of like service: class 0 of an Erlang A whose agents are never idle.
    endless = priority_waiting([0.05, 0.5], [300, 300 * (1 + 1e-9)], 20, patience_s=[100, math.inf])
    known = priority_waiting([0.05, 5.0], 300, 20, patience_s=[100, 100 * (1 + 1e-9)])
    assert endless.asa_s[0] == pytest.approx(known.asa_s[0], rel=1e-5)


def test_without_patience_and_without_arrivals():
    """Cobham 1954 for one server: E[W_k] = ρ/((1 − σ_{k−1})(1 − σ_k)) handle times."""
    case = priority_waiting([0.3, 0.4], 1.0, 1)
    np.testing.assert_allclose(case.asa_s, [0.7 / 0.7, 0.7 / (0.7 * 0.3)], rtol=1e-12)
    none = priority_waiting([0.0, 0.0], [1.0, 2.0], [0, 1], patience_s=3)
    assert (none.service_level == 1).all()
    assert (none.asa_s == 0).all()
    assert (none.occupancy == 0).all()


def test_cobham_with_service_of_their_own():
    """One server, no patience: W_0 = Σλ_i/μ_i² in both classes, here met within the error map."""
    arrivals, aht = np.array([0.3, 0.25]), np.array([1.0, 1.5])
    rho = np.cumsum(arrivals * aht)
    residual = (arrivals * aht**2).sum()
    exact = residual / ((1 - np.r_[0.0, rho[:-1]]) * (1 - rho))
    np.testing.assert_allclose(priority_waiting(arrivals, aht, 1).asa_s, exact, rtol=0.12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: priority_waiting(0.1, 60, 5), r"arrivals_per_s of shape \(\) — must have shape \(…, class\)"),
        (lambda: priority_waiting([[0.1, -1]], 60, 5), r"arrivals_per_s\[0, 1\] = -1"),
        (lambda: priority_waiting([0.1, 0.2], [60, 0], 5), r"aht_s\[1\] = 0"),
        (lambda: priority_waiting([0.1, 0.2], 60, 5, patience_s=[60, 0]), r"patience_s\[1\] = 0"),
        (lambda: priority_waiting([0.1, 0.2], 60, [5, np.nan]), r"agents\[1\] = nan"),
        (lambda: priority_waiting([0.1, 0.2], [60, 60, 60], 5), "must broadcast against each other"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_services_further_apart_than_the_error_map_are_to_be_simulated():
    # A solved chain has abandonment .1986 and .2155 here, the approximation .146 and .182.
    far = priority_waiting([2.0, 0.1], [0.2, 10.0], 2, patience_s=1.0)
    assert far.simulate.tolist() == [True, True]
    quiet = priority_waiting([2.0, 0.1], [0.2, 10.0], 9, patience_s=1.0)
    assert quiet.p_wait < 0.1
    assert not quiet.simulate.any()
