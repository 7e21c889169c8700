"""The compiled kernels against second implementations that share no formula with them."""

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import gammainc

from solvers.queueing.erlang_kernels import erlang_a_answered_wait, erlang_a_wait_tail
from solvers.queueing.kernels import (
    chat_queue,
    chat_service_level,
    erlang_a,
    erlang_a_service_level,
    erlang_b,
)


def solve_birth_death(births, deaths):
    """Stationary law by solving the balance equations as a dense linear system."""
    size = len(births) + 1
    flow = np.zeros((size, size))
    for state, (up, down) in enumerate(zip(births, deaths, strict=True)):
        flow[state, state + 1] += up
        flow[state + 1, state] += down
    flow -= np.diag(flow.sum(axis=1))
    system = flow.T.copy()
    system[-1] = 1.0
    return np.linalg.solve(system, np.r_[np.zeros(size - 1), 1.0])


def wait_chain(capacity, theta, threshold, longest):
    """P(served within T) and mean of wait × served from j = 0..longest−1 ahead, by the matrix exponential."""
    # States: 0..longest−1 contacts ahead, then served, then gone.
    flow = np.zeros((longest + 2, longest + 2))
    for ahead in range(longest):
        flow[ahead, ahead - 1 if ahead else longest] += capacity + ahead * theta if ahead else capacity
        flow[ahead, longest + 1] += theta
    flow -= np.diag(flow.sum(axis=1))
    served = expm(flow * threshold)[:longest, longest]
    inside = flow[:longest, :longest]
    rate = flow[:longest, longest]
    return served, np.linalg.solve(inside @ inside, rate)


@pytest.fixture(scope="module")
def random_cases():
    rng = np.random.default_rng(20)
    cases = []
    for _ in range(25):
        agents = int(rng.integers(1, 40))
        load = float(agents * rng.uniform(0.3, 1.6))
        cases.append((load, agents, float(np.exp(rng.uniform(np.log(0.2), np.log(8)))), float(rng.uniform(0.01, 1))))
    return cases


def test_erlang_b_against_the_sum():
    for load, agents in [(0.5, 1), (3.0, 5), (40.0, 30), (9.0, 0)]:
        terms = np.array([load**k / math.factorial(k) for k in range(agents + 1)])
        assert erlang_b(load, agents) == pytest.approx(terms[-1] / terms.sum(), rel=1e-13)


def test_erlang_a_against_linear_solve(random_cases):
    for load, agents, ratio, _ in random_cases:
        waiting_room = 400
        deaths = [min(k, agents) + max(k - agents, 0) * ratio for k in range(1, agents + waiting_room + 1)]
        law = solve_birth_death([load] * len(deaths), deaths)
        queue = np.maximum(np.arange(law.size) - agents, 0)
        p_wait, length, p_abandon = erlang_a(load, agents, ratio)
        assert p_wait == pytest.approx(law[agents:].sum(), rel=1e-9, abs=1e-12)
        assert length == pytest.approx(law @ queue, rel=1e-9, abs=1e-10)
        busy = law @ np.minimum(np.arange(law.size), agents)
        assert p_abandon == pytest.approx(1 - busy / load, abs=1e-10)


@pytest.mark.parametrize(("load", "agents", "ratio"), [(48.0, 40, 0.15), (30.0, 20, 0.2), (60.0, 50, 0.06)])
def test_moderate_overload_against_linear_solve(load, agents, ratio):
    """An empty queue has probability e^−5 to e^−16 here: rare, yet nothing to leave out."""
    over = load / agents
    assert 4 < agents / ratio * (over - 1 - math.log(over)) < 20
    deaths = [min(k, agents) + max(k - agents, 0) * ratio for k in range(1, 900)]
    law = solve_birth_death([load] * len(deaths), deaths)
    p_wait, length, _ = erlang_a(load, agents, ratio)
    assert 1 - p_wait == pytest.approx(law[:agents].sum(), rel=1e-6)
    assert 1 - p_wait > 1e-10
    assert length == pytest.approx(law @ np.maximum(np.arange(law.size) - agents, 0), rel=1e-11)


def test_service_level_and_answered_wait_against_matrix_exponential(random_cases):
    for load, agents, ratio, threshold in random_cases[:12]:
        room = 250
        deaths = [min(k, agents) + max(k - agents, 0) * ratio for k in range(1, agents + room)]
        law = solve_birth_death([load] * len(deaths), deaths)
        served, answered = wait_chain(agents, ratio, threshold, room)
        level = law[:agents].sum() + law[agents:] @ served
        assert erlang_a_service_level(load, agents, ratio, threshold) == pytest.approx(level, abs=1e-10)
        assert erlang_a_answered_wait(load, agents, ratio) == pytest.approx(
            law[agents:] @ answered, rel=1e-8, abs=1e-11
        )


def test_wait_tail_against_incomplete_gamma(random_cases):
    """P(V > T) = P_w·γ(x, y·e^{−θT})/γ(x, y), x = c/θ, y = λ/θ."""
    for load, agents, ratio, threshold in random_cases:
        x, y = agents / ratio, load / ratio
        expected = erlang_a(load, agents, ratio)[0] * gammainc(x, y * math.exp(-ratio * threshold)) / gammainc(x, y)
        assert erlang_a_wait_tail(load, agents, ratio, threshold) == pytest.approx(expected, rel=1e-8, abs=1e-13)


@pytest.mark.parametrize(("load", "agents", "ratio"), [(75.0, 50, 0.02), (130.0, 100, 0.03), (90.0, 10, 0.5)])
def test_deep_overload_against_incomplete_gamma(load, agents, ratio):
    """Beyond the switch to integrals around the mode, at thresholds across the whole law of the offered wait."""
    x, y = agents / ratio, load / ratio
    assert x * (y / x - 1 - math.log(y / x)) > 90
    mode = math.log(load / agents) / ratio
    for threshold in mode * np.array([0.7, 0.9, 1.0, 1.05, 1.3]):
        expected = gammainc(x, y * math.exp(-ratio * threshold)) / gammainc(x, y)
        assert erlang_a_wait_tail(load, agents, ratio, threshold) == pytest.approx(expected, rel=1e-7, abs=1e-13)
        # Served within T is the integral of P(patience > v) over the offered wait v.
        grid = np.linspace(0, threshold, 4001)
        tail = gammainc(x, y * np.exp(-ratio * grid)) / gammainc(x, y)
        level = -np.sum(np.diff(tail) * np.exp(-ratio * 0.5 * (grid[1:] + grid[:-1])))
        assert erlang_a_service_level(load, agents, ratio, threshold) == pytest.approx(level, abs=1e-6)


def test_both_regimes_meet():
    """Just below and just above the switch to deep overload the results differ by the change of load only."""
    agents, ratio = 50, 0.05
    low, high = 50.0, 100.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        over = middle / agents
        low, high = (low, middle) if agents / ratio * (over - 1 - math.log(over)) > 90 else (middle, high)
    below, above = low * (1 - 1e-12), high * (1 + 1e-12)
    assert erlang_a(below, agents, ratio) == pytest.approx(erlang_a(above, agents, ratio), rel=1e-9)
    at = math.log(high / agents) / ratio
    for threshold in (at, 1.1 * at):
        pair = [erlang_a_service_level(load, agents, ratio, threshold) for load in (below, above)]
        assert pair[0] == pytest.approx(pair[1], rel=1e-9)
    answered = [erlang_a_answered_wait(load, agents, ratio) for load in (below, above)]
    assert answered[0] == pytest.approx(answered[1], rel=1e-9)


@pytest.mark.parametrize("load", [0.0, 1e-12, 1.0, 49.999, 50.0, 55.0, 1e4, 1e7])
@pytest.mark.parametrize("agents", [0.0, 0.3, 1.0, 49.5, 50.0, 51.0, 800.0])
@pytest.mark.parametrize("ratio", [0.0, 1e-6, 0.4, 100.0])
def test_never_nan_or_negative(load, agents, ratio):
    p_wait, queue, p_abandon = erlang_a(load, agents, ratio)
    level = erlang_a_service_level(load, agents, ratio, 0.1)
    assert 0 <= p_wait <= 1
    assert queue >= 0
    assert 0 <= p_abandon <= 1
    assert 0 <= level <= 1
    if ratio == 0 and load >= math.ceil(agents) and load > 0:
        assert (p_wait, queue, level) == (1.0, math.inf, 0.0)


def test_edges():
    assert erlang_a(0.0, 5.0, 0.4) == (0.0, 0.0, 0.0)
    assert erlang_a_service_level(0.0, 5.0, 0.4, 0.1) == 1.0
    assert erlang_a(6.0, 0.0, 0.4) == pytest.approx((1.0, 15.0, 1.0))
    assert erlang_a(6.0, 0.0, 0.0) == (1.0, math.inf, 0.0)
    assert erlang_a_service_level(6.0, 0.0, 0.4, 1e9) == 0.0
    # An endless threshold: everyone is served who does not abandon.
    assert erlang_a_service_level(6.0, 5.0, 0.4, 1e9) == pytest.approx(1 - erlang_a(6.0, 5.0, 0.4)[2], rel=1e-12)
    assert erlang_a_service_level(6.0, 5.0, 0.4, 0.0) == pytest.approx(1 - erlang_a(6.0, 5.0, 0.4)[0], rel=1e-12)


def test_fraction_of_agents_mixes_integers():
    for share in (0.25, 0.5, 0.9):
        low, high = np.array(erlang_a(9.0, 8.0, 0.7)), np.array(erlang_a(9.0, 9.0, 0.7))
        np.testing.assert_allclose(erlang_a(9.0, 8 + share, 0.7), (1 - share) * low + share * high, rtol=1e-13)
        ends = [erlang_a_service_level(9.0, n, 0.7, 0.2) for n in (8.0, 9.0)]
        level = erlang_a_service_level(9.0, 8 + share, 0.7, 0.2)
        assert level == pytest.approx((1 - share) * ends[0] + share * ends[1], rel=1e-13)


def chat_deaths(rates, agents, theta, room):
    """Death rates by dealing the contacts out to the agents one by one."""
    deaths = []
    for contacts in range(1, agents * len(rates) + room + 1):
        held = [0] * agents
        for turn in range(min(contacts, agents * len(rates))):
            held[turn % agents] += 1
        deaths.append(sum(rates[k - 1] for k in held if k) + max(contacts - agents * len(rates), 0) * theta)
    return deaths


def test_chat_against_linear_solve():
    rng = np.random.default_rng(21)
    for _ in range(12):
        slots, agents = int(rng.integers(1, 5)), int(rng.integers(1, 9))
        rates = np.cumsum(np.sort(rng.uniform(0.2, 1.0, slots))[::-1])
        theta, load = float(rng.uniform(0.2, 2)), float(agents * rates[-1] * rng.uniform(0.5, 1.3))
        deaths = chat_deaths(rates, agents, theta, 150)
        law = solve_birth_death([load] * len(deaths), deaths)
        full = agents * slots
        states = np.arange(law.size)
        p_wait, queue, p_abandon, busy = chat_queue(load, rates, agents, theta)
        assert p_wait == pytest.approx(law[full:].sum(), rel=1e-9, abs=1e-12)
        assert queue == pytest.approx(law @ np.maximum(states - full, 0), rel=1e-9, abs=1e-11)
        assert busy == pytest.approx(law @ np.minimum(states, full), rel=1e-9)
        assert p_abandon == pytest.approx(theta * queue / load, rel=1e-12)
        served, _ = wait_chain(agents * rates[-1], theta, 0.3, 151)
        level = law[:full].sum() + law[full:] @ served
        assert chat_service_level(load, rates, agents, theta, 0.3) == pytest.approx(level, abs=1e-10)


def test_chat_edges():
    rates = np.array([0.10, 0.15, 0.18])
    assert chat_queue(0.0, rates, 4.0, 0.0) == (0.0, 0.0, 0.0, 0.0)
    assert chat_queue(2.0, rates, 0.0, 0.5) == (1.0, 4.0, 1.0, 0.0)
    assert chat_queue(2.0, rates, 11.0, 0.0) == pytest.approx((1.0, math.inf, 0.0, 33.0))
    assert chat_service_level(2.0, rates, 11.0, 0.0, 60.0) == 0.0
    ends = np.array([chat_queue(2.0, rates, n, 0.02) for n in (11.0, 12.0)])
    np.testing.assert_allclose(chat_queue(2.0, rates, 11.5, 0.02), ends.mean(axis=0), rtol=1e-13)
