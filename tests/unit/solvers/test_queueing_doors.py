"""The doors of `solvers.queueing`: shapes, bad input, searches and fixed points."""

import numpy as np
import pytest

from solvers.queueing import agents_required, chat_waiting, wait_quantile, waiting, with_redials


def keeps(case, promises):
    checks = {
        "service_level": lambda least: case.service_level >= least,
        "asa_s": lambda most: case.asa_s <= most,
        "abandon_rate": lambda most: case.abandon_rate <= most,
    }
    return all(checks[name](value) for name, value in promises.items())


def scan(arrivals, aht, patience, within, promises, cap):
    agents = 0
    while True:
        fits = agents > 0 and arrivals * aht <= cap * agents * (1 + 1e-12)
        stable = patience is not None or arrivals * aht < agents
        case = waiting(arrivals, aht, agents, patience_s=patience, answer_within_s=within)
        if fits and stable and keeps(case, promises):
            return agents
        agents += 1


def random_requirement(rng):
    aht = float(rng.uniform(30, 900))
    arrivals = float(np.exp(rng.uniform(np.log(0.05), np.log(120)))) / aht
    patience = None if rng.random() < 0.3 else float(aht * np.exp(rng.uniform(-2, 2)))
    promises = {
        "service_level": rng.uniform(0.3, 0.99),
        "asa_s": rng.uniform(1, 120),
        "abandon_rate": rng.uniform(0.01, 0.4),
    }
    promises = {name: float(value) for name, value in promises.items() if rng.random() < 0.6}
    cap = float(rng.choice([0.7, 0.85, 1.0, 1.5]))
    return arrivals, aht, patience, float(rng.uniform(0, 60)), promises, cap


def test_agents_required_equals_linear_scan():
    rng = np.random.default_rng(3)
    for _ in range(300):
        arrivals, aht, patience, within, promises, cap = random_requirement(rng)
        found = agents_required(
            arrivals, aht, patience_s=patience, answer_within_s=within, max_occupancy=cap, **promises
        )
        assert found == scan(arrivals, aht, patience, within, promises, cap), (arrivals, aht, patience, promises, cap)


def test_agents_required_broadcasts_and_counts_in_whole_agents():
    found = agents_required([[0.0], [0.1], [1.0]], 300, service_level=[0.8, 0.95])
    assert found.shape == (3, 2)
    assert np.issubdtype(found.dtype, np.integer)
    assert found[0].tolist() == [0, 0]
    assert (found[:, 1] >= found[:, 0]).all()
    assert found[1, 0] == scan(0.1, 300, None, 20.0, {"service_level": 0.8}, 1.0)


@pytest.mark.parametrize("cap", [0.85, 0.7, 1.0, 0.9])
def test_occupancy_cap_forgives_rounding(cap):
    """A load of exactly cap·n needs n agents, not n + 1."""
    agents = np.arange(1, 200)
    assert (agents_required(agents * cap / 300, 300, patience_s=600, max_occupancy=cap) == agents).all()


def test_large_center_in_one_piece():
    agents = agents_required(5000 / 300, 300, patience_s=200, service_level=0.8)
    assert waiting(5000 / 300, 300, agents, patience_s=200).service_level >= 0.8
    # At or below 5,000 agents the cap of 1 on offered load decides, not the promise.
    assert agents == 5000 or waiting(5000 / 300, 300, agents - 1, patience_s=200).service_level < 0.8


def test_waiting_broadcasts():
    case = waiting(np.array([[0.1], [0.2]]), 300, np.array([30, 61, 70]), patience_s=[np.inf, 200, 100])
    for name in ("p_wait", "asa_s", "asa_answered_s", "service_level", "abandon_rate", "occupancy", "queue_length"):
        values = getattr(case, name)
        assert values.shape == (2, 3)
        one = waiting(0.2, 300, 61, patience_s=200)
        assert values[1, 1] == getattr(one, name), name
    assert case.asa_s[0, 0] == np.inf
    np.testing.assert_array_equal(case.arrivals_per_s, [[0.1] * 3, [0.2] * 3])


def test_overloaded_erlang_c():
    case = waiting(1.0, 60, [0, 30, 60, 59.5])
    assert (case.asa_s == np.inf).all()
    assert (case.queue_length == np.inf).all()
    assert (case.service_level == 0).all()
    assert (case.p_wait == 1).all()
    assert case.occupancy.tolist() == [0, 1, 1, 1]
    assert (case.abandon_rate == 0).all()


def test_nothing_arrives():
    case = waiting(0.0, 60, [0, 3], patience_s=60)
    assert case.service_level.tolist() == [1, 1]
    for name in ("p_wait", "asa_s", "asa_answered_s", "abandon_rate", "occupancy", "queue_length"):
        assert getattr(case, name).tolist() == [0, 0], name


def test_nobody_answers():
    case = waiting(0.1, 60, 0, patience_s=90)
    assert case.asa_s == pytest.approx(90)
    assert (case.abandon_rate, case.service_level) == (1, 0)
    assert np.isnan(case.asa_answered_s)
    assert np.isnan(waiting(0.1, 60, 0).asa_answered_s)


def test_identities_of_the_answered_wait():
    """With θ = μ and one agent: E[W·served] by direct summation over the Poisson number in system."""
    case = waiting(0.8, 60, 50, patience_s=[60, 120, 1e7])
    assert case.asa_answered_s[0] != pytest.approx(case.asa_s[0], rel=1e-3)
    number = np.arange(400)
    law = np.exp(-48 + number * np.log(48) - np.cumsum(np.log(np.maximum(number, 1))))
    ahead = np.arange(350)
    stages = np.cumsum(1 / (51 + ahead))
    served = 50 / (51 + ahead)
    mean = law[50:] @ (stages * served) * 60
    assert case.asa_answered_s[0] == pytest.approx(mean / (1 - case.abandon_rate[0]), rel=1e-10)
    # Patience without end: the answered are all contacts.
    assert case.asa_answered_s[2] == pytest.approx(waiting(0.8, 60, 50).asa_s, rel=1e-3)


def test_answered_wait_in_deep_overload():
    """Everybody waits close to ln(ρ)/θ, those who leave less."""
    case = waiting(75 / 300, 300, 50, patience_s=300 / 0.001)
    assert case.asa_answered_s == pytest.approx(np.log(1.5) * 300 / 0.001, rel=1e-3)
    assert case.asa_s == pytest.approx(25 / 0.001 / 75 * 300, rel=1e-12)


def test_wait_quantile():
    probability = np.array([0.0, 0.3, 0.9, 0.99])
    for patience in (None, 100.0, 5.0):
        case = waiting(0.8, 60, 50, patience_s=patience)
        wait = wait_quantile(0.8, 60, 50, probability, patience_s=patience)
        assert (np.diff(wait) >= 0).all()
        assert (wait[probability <= 1 - case.p_wait] == 0).all()
    erlang_c = waiting(0.8, 60, 50)
    wait = wait_quantile(0.8, 60, 50, [0.9, 0.99])
    np.testing.assert_allclose(wait, 60 / 2 * np.log(erlang_c.p_wait / [0.1, 0.01]), rtol=1e-9)
    assert wait_quantile(0.8, 60, 40, 0.5) == np.inf
    assert wait_quantile(0.0, 60, 40, 0.5) == 0
    # In deep overload the median is the fluid wait ln(ρ)·patience.
    assert wait_quantile(75 / 300, 300, 50, 0.5, patience_s=3e5) == pytest.approx(3e5 * np.log(1.5), rel=1e-3)


def test_redials_solve_the_balance():
    redial, reconnect = np.array([0.0, 0.4, 0.9, 0.2]), np.array([0.1, 0.0, 0.3, 0.6])
    case = with_redials(0.8, 60, 50, patience_s=120, redial=redial, reconnect=reconnect)
    total = case.arrivals_per_s
    left = total * (1 - redial * case.abandon_rate - reconnect * (1 - case.abandon_rate))
    np.testing.assert_allclose(left, 0.8, rtol=1e-12)
    assert (total >= 0.8).all()
    plain = waiting(total, 60, 50, patience_s=120)
    np.testing.assert_array_equal(case.service_level, plain.service_level)


def test_redials_without_repeats_change_nothing():
    case = with_redials(0.8, 60, 50, patience_s=120, redial=0, reconnect=0)
    assert case.arrivals_per_s == pytest.approx(0.8, rel=1e-14)
    assert case.asa_s == pytest.approx(waiting(0.8, 60, 50, patience_s=120).asa_s, rel=1e-11)


def test_chat_waiting_broadcasts_and_abandons():
    rates = np.array([0.10, 0.15, 0.18]) / 60
    case = chat_waiting([[1 / 60], [2 / 60]], rates, [0, 11, 12.5], patience_s=300, answer_within_s=30)
    assert case.asa_s.shape == (2, 3)
    np.testing.assert_allclose(case.abandon_rate, case.asa_s / 300, rtol=1e-12)
    assert case.abandon_rate[0, 0] == 1
    assert ((case.occupancy >= 0) & (case.occupancy <= 1)).all()
    # Arrivals that do not abandon are completed: at saturation by 11 agents with three chats each.
    full = chat_waiting(20 / 60, rates, 11, patience_s=300)
    assert 20 / 60 * (1 - full.abandon_rate) == pytest.approx(11 * rates[-1], rel=1e-9)
    voice = waiting(1 / 60, 300, 4.5, patience_s=200)
    chat = chat_waiting(1 / 60, [1 / 300], 4.5, patience_s=200)
    for name in ("p_wait", "asa_s", "asa_answered_s", "service_level", "abandon_rate", "occupancy", "queue_length"):
        assert getattr(chat, name) == pytest.approx(getattr(voice, name), rel=1e-11), name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: waiting(-0.1, 60, 5), r"arrivals_per_s = -0.1 — must be a finite number of at least 0"),
        (lambda: waiting([0.1, np.nan], 60, 5), r"arrivals_per_s\[1\] = nan — must be a finite number"),
        (lambda: waiting(0.1, 0, 5), r"aht_s = 0 — must be a finite number above 0"),
        (lambda: waiting(0.1, 60, -1), r"agents = -1 — must be between 0 and"),
        (lambda: waiting(0.1, 60, np.inf), r"agents = inf"),
        (lambda: waiting(0.1, 60, 5, patience_s=0), r"patience_s = 0 — must be above 0, or None"),
        (lambda: waiting(0.1, 60, 5, answer_within_s=-3), r"answer_within_s = -3"),
        (lambda: waiting(0.1, "soon", 5), r"aht_s = 'soon'"),
        (lambda: waiting([0.1, 0.2], 60, [1, 2, 3]), r"arrivals_per_s \(2,\).*agents \(3,\).*must broadcast"),
        (lambda: agents_required(0.1, 60, service_level=1.0), r"service_level = 1 — must be strictly between 0 and 1"),
        (lambda: agents_required(0.1, 60, service_level=80), r"service_level = 80"),
        (lambda: agents_required(0.1, 60, asa_s=0), r"asa_s = 0"),
        (lambda: agents_required(0.1, 60, abandon_rate=0), r"abandon_rate = 0"),
        (lambda: agents_required(0.1, 60, max_occupancy=0), r"max_occupancy = 0"),
        (lambda: with_redials(0.1, 60, 5, patience_s=60, redial=1, reconnect=0), r"redial = 1 — must be in \[0, 1\)"),
        (lambda: with_redials(0.1, 60, 5, patience_s=60, redial=0, reconnect=-0.2), r"reconnect = -0.2"),
        (lambda: chat_waiting(0.1, [0.1, -0.2], 5), r"completion_rates_per_s\[1\] = -0.2"),
        (lambda: chat_waiting(0.1, [[0.1]], 5), r"completion_rates_per_s of shape \(1, 1\)"),
        (
            lambda: chat_waiting(0.1, [], 5),
            r"completion_rates_per_s of shape \(0,\) — must have shape \(K,\) with K ≥ 1",
        ),
        (lambda: wait_quantile(0.1, 60, 5, 1.0), r"probability = 1 — must be in \[0, 1\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
