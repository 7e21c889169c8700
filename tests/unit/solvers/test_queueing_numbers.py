"""Published and closed-form values of Erlang C, Erlang A, pooling, repeats and chat, to their digits."""

import math

import numpy as np
import pytest
from scipy.stats import norm, poisson

from solvers.queueing import agents_required, chat_waiting, wait_quantile, waiting, with_redials


def test_erlang_c_matches_two_published_packages():
    """100 contacts per 30 min, 180 s each, 14 agents (pyworkforce 0.1.0; R package ErlangC)."""
    case = waiting(100 / 1800, 180, 14, answer_within_s=20)
    assert case.p_wait == pytest.approx(0.1741319335950498, rel=1e-13)
    assert case.service_level == pytest.approx(0.8883500191794669, rel=1e-13)
    assert case.occupancy == pytest.approx(0.7142857, abs=5e-8)
    assert case.asa_s == pytest.approx(7.83593701, abs=5e-9)
    assert case.asa_answered_s == case.asa_s
    assert case.abandon_rate == 0.0


def test_erlang_c_staffing_matches_the_published_package():
    on_task = agents_required(100 / 1800, 180, service_level=0.8, answer_within_s=20, max_occupancy=0.85)
    assert on_task == 14
    assert math.ceil(int(on_task) / (1 - 0.30)) == 20
    assert waiting(100 / 1800, 180, 13).service_level < 0.8


def test_power_of_one_table():
    """175 calls per 30 min, 450 s, threshold 30 s (WFM Labs, Power of One)."""
    case = waiting(175 / 1800, 450, np.arange(50, 44, -1), answer_within_s=30)
    np.testing.assert_allclose(100 * case.service_level, [82.43, 76.17, 68.02, 57.52, 44.14, 27.23], atol=0.005)
    np.testing.assert_allclose(case.asa_s, [19.19, 28.99, 44.95, 73.04, 129.80, 284.73], atol=0.005)


def test_garnett_mandelbaum_reiman_without_abandonment():
    case = waiting(48 / 60, 60, 50)
    assert case.asa_s == pytest.approx(20.83, abs=0.005)
    assert case.queue_length == pytest.approx(16.67, abs=0.005)
    assert case.occupancy == pytest.approx(0.96, rel=1e-12)
    assert wait_quantile(48 / 60, 60, 50, 0.9) == pytest.approx(58.14, abs=0.005)


def test_garnett_mandelbaum_reiman_with_abandonment():
    case = waiting(48 / 60, 60, 50, patience_s=120)
    assert case.abandon_rate == pytest.approx(0.03091, abs=5e-6)
    assert case.asa_s == pytest.approx(3.709, abs=5e-4)
    assert case.p_wait == pytest.approx(0.46777, abs=5e-6)
    assert case.queue_length == pytest.approx(2.968, abs=5e-4)
    assert case.occupancy == pytest.approx(0.93032, abs=5e-6)


def test_patience_equal_to_handle_time_is_poisson():
    """With θ = μ everyone leaves at rate 1 wherever they are, so the number in system is Poisson(a)."""
    case = waiting(48 / 60, 60, 50, patience_s=60)
    assert case.p_wait == pytest.approx(0.40540439500476, rel=1e-13)
    assert case.p_wait == pytest.approx(poisson.sf(49, 48), rel=1e-12)
    excess = sum((j - 50) * poisson.pmf(j, 48) for j in range(51, 200))
    assert case.queue_length == pytest.approx(excess, rel=1e-11)


def test_pooling_three_skills():
    """Three skills of 3 Erlang need 6 agents each, but 13 together (WFM Labs, Double-Counting Trap)."""
    assert agents_required(3 / 300, 300, service_level=0.8) == 6
    assert agents_required(9 / 300, 300, service_level=0.8) == 13


def test_halfin_whitt_limit():
    beta = np.array([0.1, 0.25, 0.5, 0.75, 1, 1.5, 2])
    limit = 1 / (1 + beta * norm.cdf(beta) / norm.pdf(beta))
    np.testing.assert_allclose(limit, [0.8803, 0.7209, 0.5045, 0.3417, 0.2234, 0.0847, 0.0269], atol=5e-5)
    agents = 1_000_000.0
    exact = waiting((agents - beta * math.sqrt(agents)) / 100, 100, agents).p_wait
    np.testing.assert_allclose(exact, limit, atol=4e-4)


def test_repeats_table():
    """Every unresolved contact returns; 80/20 by Erlang C."""
    resolved = np.array([1, 0.9, 0.8, 0.7, 0.6])
    arrivals = 100 / 1800 / resolved
    agents = agents_required(arrivals, 180, service_level=0.8)
    assert agents.tolist() == [14, 15, 16, 18, 21]
    np.testing.assert_allclose(arrivals * 180, [10, 11.111, 12.5, 14.286, 16.667], atol=5e-4)
    level = waiting(arrivals, 180, agents).service_level
    np.testing.assert_allclose(level, [0.88835, 0.86887, 0.82099, 0.82470, 0.85677], atol=5e-6)
    again = with_redials(100 / 1800, 180, agents, patience_s=None, redial=0.0, reconnect=1 - resolved)
    np.testing.assert_allclose(again.service_level, level, rtol=1e-12)
    np.testing.assert_allclose(again.arrivals_per_s, arrivals, rtol=1e-12)


def test_chat_with_three_slots():
    case = chat_waiting(2 / 60, np.array([0.10, 0.15, 0.18]) / 60, [12, 15])
    np.testing.assert_allclose(case.p_wait, [0.42393, 0.006306], atol=5e-6)
    np.testing.assert_allclose(case.asa_s / 60, [2.64954, 0.009008], atol=5e-6)


def test_chat_with_one_slot_is_erlang_c():
    chat = chat_waiting(1 / 60, [0.2 / 60], 8)
    assert chat.p_wait == pytest.approx(0.1672665, abs=5e-8)
    assert chat.asa_s / 60 == pytest.approx(0.2787775, abs=5e-8)
    voice = waiting(1 / 60, 300, 8)
    for name in ("p_wait", "asa_s", "asa_answered_s", "service_level", "occupancy", "queue_length"):
        assert getattr(chat, name) == pytest.approx(getattr(voice, name), rel=1e-12), name


def test_occupancy_trap():
    """One server: the wait in handle times is ρ/(1 − ρ) (WFM Labs, The Occupancy Trap)."""
    occupancy = np.array([0.80, 0.85, 0.90, 0.95, 0.98])
    ratio = waiting(occupancy / 100, 100, 1).asa_s / 100
    np.testing.assert_allclose(ratio, [4.0, 5.67, 9.0, 19.0, 49.0], atol=0.005)
    np.testing.assert_allclose(ratio / ratio[0] - 1, [0, 0.42, 1.25, 3.75, 11.25], atol=0.005)


def test_poisson_variance():
    """Mean relative deviation of Poisson counts, √(2/(πλ)), against the exact one."""
    assert math.sqrt(2 / (math.pi * 100)) == pytest.approx(0.07979, abs=5e-6)
    exact = sum(abs(k - 100) * poisson.pmf(k, 100) for k in range(400)) / 100
    assert exact == pytest.approx(0.07972, abs=5e-6)
