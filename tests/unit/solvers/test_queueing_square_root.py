"""Square-root staffing against its limit tables, the exact formulas and its own inverse; Erlang B's door."""

import numpy as np
import pytest

from solvers.queueing import (
    agents_required,
    loss_probability,
    service_levels,
    square_root_agents,
    square_root_p_wait,
    wait_quantile,
    waiting,
)


def test_halfin_whitt_table():
    beta = np.array([0.1, 0.25, 0.5, 0.75, 1, 1.5, 2])
    found = square_root_p_wait(100.0, 100 + 10 * beta)
    np.testing.assert_allclose(found, [0.8803, 0.7209, 0.5045, 0.3417, 0.2234, 0.0847, 0.0269], atol=5e-5)
    np.testing.assert_allclose(square_root_agents(100.0, found), 100 + 10 * beta, rtol=1e-12)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 4.0])
def test_large_pools_come_close_with_abandonment(ratio):
    load = np.array([100.0, 1e4, 1e6])[:, None]
    agents = load + np.array([-2.0, -0.5, 0.0, 0.5, 2.0]) * np.sqrt(load)
    error = abs(
        square_root_p_wait(load, agents, abandon_ratio=ratio) - waiting(load, 1, agents, patience_s=1 / ratio).p_wait
    )
    assert (error.max(axis=1) < 0.5 / np.sqrt(load[:, 0])).all()


@pytest.mark.parametrize("ratio", [0.0, 0.02, 0.7, 30.0])
def test_inverse(ratio):
    p_wait = np.array([1e-6, 0.01, 0.3, 0.8, 0.999])
    agents = square_root_agents(1e4, p_wait, abandon_ratio=ratio)
    assert (np.diff(agents) < 0).all()
    np.testing.assert_allclose(square_root_p_wait(1e4, agents, abandon_ratio=ratio), p_wait, rtol=1e-9)


def test_within_one_agent_of_exact_staffing():
    """Borst, Mandelbaum, Reiman 2004: the smallest n with that probability of waiting."""
    load = np.linspace(3, 900, 300)[:, None]
    target = np.array([0.05, 0.2, 0.5])
    agents = np.ceil(load + np.arange(-20, 120)[:, None, None] * np.sqrt(load) / 20)
    exact = np.where(waiting(load, 1, np.maximum(agents, 1)).p_wait <= target, agents, np.inf).min(axis=0)
    near = np.ceil(square_root_agents(load, target))
    step = 1 + np.ceil(np.sqrt(load) / 20)
    assert (abs(near - exact) <= step).all()
    small = load[:, 0] < 300
    scanned = np.arange(1, 400)[:, None, None]
    least = (waiting(load[small], 1, scanned).p_wait <= target).argmax(axis=0) + 1
    assert (abs(near[small] - least) <= 1).all()


def test_overload_waits_for_certain():
    assert square_root_p_wait(100.0, [90.0, 100.0]).tolist() == [1.0, 1.0]
    assert 0.9 < square_root_p_wait(100.0, 90.0, abandon_ratio=0.5) < 1


def test_loss_probability_broadcasts_and_mixes():
    found = loss_probability([[3.0], [40.0]], [5, 5.5, 6])
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found[:, 1], (found[:, 0] + found[:, 2]) / 2, rtol=1e-14)
    assert loss_probability(3.0, 5) == pytest.approx(
        3**5 / 120 / sum(3**k / np.prod(np.arange(1.0, k + 1)) for k in range(6))
    )
    assert loss_probability(0.0, 5) == 0
    assert loss_probability(3.0, 0) == 1


def test_definitions_of_the_service_level():
    """They differ by what becomes of those who abandon; without abandonment they are one."""
    one = service_levels(0.8, 60, 50, answer_within_s=[0, 10, 40])
    for level in (one.answered, one.without_short_abandons, one.ended):
        np.testing.assert_allclose(level, one.offered, rtol=1e-13)
    assert (one.short_abandons == 0).all()
    case = service_levels(1.0, 60, 50, patience_s=90, answer_within_s=30, short_abandon_s=[0, 10, 30])
    assert case.offered[0] < case.answered[0] < 1
    assert (np.diff(case.without_short_abandons) > 0).all()
    assert case.without_short_abandons[0] == case.offered[0]
    np.testing.assert_allclose(case.ended, case.offered + case.short_abandons[2], rtol=1e-12)
    whole = service_levels(1.0, 60, 50, patience_s=90, answer_within_s=1e6)
    assert whole.answered == pytest.approx(1)
    assert whole.ended == pytest.approx(1)
    assert whole.short_abandons == pytest.approx(waiting(1.0, 60, 50, patience_s=90).abandon_rate)
    assert np.isnan(service_levels(1.0, 60, 0, patience_s=90).answered)


def test_quantiles_of_each_wait():
    """At the quantile its own law has that value; those who stay wait longest."""
    share = np.array([0.3, 0.8, 0.99])
    for of, law in (("all", "ended"), ("answered", "answered")):
        wait = wait_quantile(1.0, 60, 50, share, patience_s=90, of=of)
        level = getattr(service_levels(1.0, 60, 50, patience_s=90, answer_within_s=wait), law)
        np.testing.assert_allclose(level[wait > 0], share[wait > 0], rtol=1e-10)
        assert (wait <= wait_quantile(1.0, 60, 50, share, patience_s=90)).all()
    assert np.isnan(wait_quantile(1.0, 60, 0, 0.5, patience_s=90, of="answered"))
    needed = agents_required(1.0, 60, patience_s=90, service_level=0.9, service_level_of="ended", answer_within_s=15)
    assert wait_quantile(1.0, 60, needed, 0.9, patience_s=90, of="all") <= 15


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: square_root_agents(0, 0.2), "load_erlang = 0"),
        (lambda: square_root_agents([5, 6], [0.2, 1.0]), r"p_wait\[1\] = 1 — must be strictly between 0 and 1"),
        (lambda: square_root_p_wait(5, 0), "agents = 0 — must be a finite number above 0"),
        (lambda: square_root_p_wait(5, 5, abandon_ratio=[[0.1, np.nan]]), r"abandon_ratio\[0, 1\] = nan"),
        (lambda: loss_probability(5, [1, -1]), r"servers\[1\] = -1 — must be between 0 and 1e8"),
        (lambda: wait_quantile(1, 60, 5, 0.5, of="mine"), "of = 'mine' — must be one of 'virtual', 'all', 'answered'"),
        (lambda: agents_required(1, 60, service_level_of="x"), "service_level_of = 'x' — must be one of 'offered'"),
        (lambda: service_levels(1, 60, 5, short_abandon_s=-1), "short_abandon_s = -1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
