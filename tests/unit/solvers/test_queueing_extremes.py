"""Waiting at the ends of what the doors accept: patience almost without end or almost without length."""

import math

import numpy as np
import pytest
from scipy.special import erfcx

from solvers.queueing import (
    PatienceCurve,
    agents_required,
    blended_waiting,
    deferred_work,
    interval_waiting,
    priority_waiting,
    waiting,
)


def summed_queue(arrival: float, capacity: float, theta: float, terms: int) -> tuple[float, float]:
    """Sum S1 and L in long doubles, without recursion."""
    position = np.arange(1, terms + 1, dtype=np.longdouble)
    death = capacity + position * np.longdouble(theta)
    weight = np.exp(np.cumsum(np.log1p((np.longdouble(arrival) - death) / death)))
    total = weight.sum()
    return float(total), float(position @ weight / (1.0 + total))


@pytest.mark.parametrize("patience", [1.9e3, 2.1e3, 1e5, 1e8])
@pytest.mark.parametrize("excess", [-2.0, 0.0, 3.0])
def test_long_patience_near_the_critical_load(patience: float, excess: float) -> None:
    agents = 50
    load = agents + excess * math.sqrt(agents / patience)
    total, queue = summed_queue(load, float(agents), 1.0 / patience, int(20 * math.sqrt(agents * patience)) + 5_000)
    blocking = 1.0
    for k in range(1, agents + 1):
        blocking = load * blocking / (k + load * blocking)
    p_wait = blocking * (1.0 + total) / (1.0 + blocking * total)
    found = waiting(load, 1.0, agents, patience_s=patience)
    assert found.p_wait == pytest.approx(p_wait, rel=1e-11)
    assert found.queue_length == pytest.approx(p_wait * queue, rel=1e-11)


@pytest.mark.parametrize("patience", [1e15, 1e18, 1e300])
@pytest.mark.parametrize("excess", [-3.0, 0.0, 3.0])
def test_patience_almost_without_end_is_the_diffusion_limit(patience: float, excess: float) -> None:
    # The queue is a normal law of mean z and variance c/θ cut at 0; all agents are always busy.
    agents = 50
    spread = math.sqrt(agents) * math.sqrt(patience)
    load = agents + excess * math.sqrt(agents) / math.sqrt(patience)
    z = (load - agents) * (math.sqrt(patience) / math.sqrt(agents))
    mean = spread * (z + math.sqrt(2.0 / math.pi) / erfcx(-z / math.sqrt(2.0)))
    found = waiting(load, 1.0, agents, patience_s=patience)
    assert found.queue_length == pytest.approx(mean, rel=1e-5)
    assert found.asa_answered_s == pytest.approx(mean / load, rel=1e-5)


def test_long_patience_ends_every_search() -> None:
    needed = agents_required([1.0, 50.0], 1.0, patience_s=[1e300, 1e15], service_level=0.8, answer_within_s=1.0)
    assert needed.tolist() == agents_required([1.0, 50.0], 1.0, service_level=0.8, answer_within_s=1.0).tolist()
    classes = priority_waiting([25.0, 25.0], 1.0, 50, patience_s=1e300, answer_within_s=1.0)
    endless = priority_waiting([25.0, 25.0], 1.0, 50, answer_within_s=1.0)
    np.testing.assert_allclose(classes.service_level, endless.service_level, atol=1e-12)


@pytest.mark.parametrize("patience", [1e5, 1e6, 1e9, 1e15])
def test_unlike_classes_lose_what_cannot_be_served(patience: float) -> None:
    arrivals, aht = np.array([30.0, 30.0]), np.array([1.0, 1.3])
    found = priority_waiting(arrivals, aht, 50, patience_s=patience)
    assert arrivals * aht @ (1.0 - found.abandon_rate) == pytest.approx(50.0, rel=1e-6)
    np.testing.assert_allclose(found.asa_s / patience, found.abandon_rate, rtol=1e-9)


@pytest.mark.parametrize(("load", "patience"), [(np.nextafter(50.0, 0.0), None), (50.0, 1e15), (60.0, 1e9)])
def test_a_day_that_starts_without_a_steady_state_within_reach(load: float, patience: float | None) -> None:
    found = interval_waiting([load, 40.0], 1.0, 50, interval_s=100.0, patience_s=patience).waiting
    full = interval_waiting([load, 40.0], 1.0, 50, interval_s=100.0, patience_s=patience, in_system=50).waiting
    np.testing.assert_allclose(found.asa_s, full.asa_s, rtol=1e-12)


def test_a_curve_of_people_who_leave_at_once_is_erlang_a() -> None:
    agents = np.array([10.0, 40.0, 60.0])
    curve = waiting(50.0, 1.0, agents, patience_s=PatienceCurve.exponential(1e-9), answer_within_s=20.0)
    exact = waiting(50.0, 1.0, agents, patience_s=1e-9, answer_within_s=20.0)
    for name in ("p_wait", "asa_s", "asa_answered_s", "service_level", "abandon_rate"):
        np.testing.assert_allclose(getattr(curve, name), getattr(exact, name), rtol=1e-6)


@pytest.mark.parametrize(
    ("time_s", "survival", "message"),
    [
        ([], [], "time_s .* one at least"),
        ([1, 5, 5], [0.9, 0.8, 0.7], r"time_s\[2\] = 5 "),
        ([1, 5], [1.5, 0.8], r"survival\[0\] = 1.5 "),
        ([1, 5], [0.5, 0.8], r"survival\[1\] = 0.8 "),
    ],
)
def test_kaplan_meier_names_what_it_was_given(time_s: list[float], survival: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PatienceCurve.kaplan_meier(time_s, survival)


def test_refusals_name_the_bad_one_and_its_place() -> None:
    with pytest.raises(ValueError, match=r"service_gini\[1\] = 0.3 "):
        waiting([1.0, 1.0], 1.0, 2, service_gini=[0.5, 0.3])
    with pytest.raises(ValueError, match=r"service_gini\[1\] = 0.3 "):
        waiting([1.0, 1.0], 1.0, 2, patience_s=[3.0, math.inf], service_gini=0.3)
    with pytest.raises(ValueError, match=r"reserve\[1\] = 0.5 "):
        blended_waiting([1.0, 1.0], 1.0, 3, reserve=[1, 0.5])
    with pytest.raises(ValueError, match="interval_s of shape"):
        interval_waiting([1.0], 1.0, 2, interval_s=[10.0, 20.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="interval_s of shape"):
        deferred_work([1.0], [1.0], interval_s=[10.0], deadline_s=5.0)  # type: ignore[arg-type]
