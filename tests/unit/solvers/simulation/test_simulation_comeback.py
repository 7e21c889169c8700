"""Later contacts come on the days of their class; contacts are worth what their scores say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from solvers.simulation import (
    Network,
    NextContacts,
    constant,
    empirical,
    exponential,
    gamma,
    log_normal,
    make_network,
    simulate,
)
from solvers.simulation.comeback import acceptance, landings
from solvers.simulation.network import Scores
from solvers.simulation.state import Ending

HOUR, DAY = 3600.0, 86_400.0
WEEK = np.array([1.0, 0.9, 0.8, 0.8, 0.8, 0.4, 0.25])


def week(mean_days: float, shape: np.ndarray = WEEK) -> Network:
    """Seven days of four hours; half of the served contacts come back, as a class of their own."""
    starts = (np.arange(7)[:, None] * DAY + np.array([9.0, 10.0, 11.0, 12.0]) * HOUR).ravel()
    weights = np.repeat(shape, 4) * np.tile([1.0, 1.5, 1.0, 0.5], 7)
    delay = NextContacts(np.array([0]), np.array([0]), np.array([1]), np.array([0.5]), np.array([2]), np.array([True]))
    return make_network(
        interval_s=HOUR,
        starts_s=starts,
        cycle_s=7 * DAY,
        arrivals=[400.0 * weights],
        entry=[[1.0, 0.0]],
        agents=[[400.0] * 28],
        distributions=(exponential(120.0), exponential(90.0), exponential(mean_days * DAY)),
        service=[[0], [0]],
        patience=[1, 1],
        following=delay,
        comeback=np.tile(weights, (2, 1)),
    )


@pytest.mark.parametrize("mean_days", [0.7, 2.0, 9.0])
def test_later_contacts_come_on_the_days_of_their_class(mean_days: float) -> None:
    """No day gets more than its share, not even the one after a quiet weekend, however long people stay away."""
    found = simulate(week(mean_days), replications=25, seed=4, warm_up=28 * 12, records=True)
    rows = found.records[found.records["klass"] == 1]
    seen = np.bincount((rows["arrival_s"] // DAY).astype(int), minlength=7) / len(rows)
    share = WEEK / WEEK.sum()
    assert len(rows) > 80_000
    assert seen == pytest.approx(share, abs=4 * np.sqrt(share[0] / len(rows)) + 0.002)


def test_a_center_that_never_closes_has_days_too() -> None:
    """Days round the clock have no gap between them; light ones get no more than their share all the same."""
    weights = np.repeat(WEEK, 4) * np.tile([0.2, 1.0, 1.5, 0.5], 7)
    delay = NextContacts(np.array([0]), np.array([0]), np.array([1]), np.array([0.5]), np.array([2]), np.array([True]))
    network = make_network(
        interval_s=6 * HOUR,
        starts_s=np.arange(28) * 6 * HOUR,
        cycle_s=7 * DAY,
        arrivals=[400.0 * weights],
        entry=[[1.0, 0.0]],
        agents=[[400.0] * 28],
        distributions=(exponential(120.0), exponential(90.0), exponential(2 * DAY)),
        service=[[0], [0]],
        patience=[1, 1],
        following=delay,
        comeback=np.tile(weights, (2, 1)),
    )
    found = simulate(network, replications=25, seed=4, warm_up=28 * 12, records=True)
    rows = found.records[found.records["klass"] == 1]
    seen = np.bincount((rows["arrival_s"] // DAY).astype(int), minlength=7) / len(rows)
    assert seen == pytest.approx(WEEK / WEEK.sum(), abs=0.006)


def test_chances_solve_the_balance_of_days() -> None:
    """Followed day by day around the week, what comes on each day is its weight; some day lets nobody pass."""
    rng = np.random.default_rng(5)
    block = np.repeat(np.arange(5), 3)
    starts = np.repeat(np.arange(5) * DAY, 3) + np.tile(np.arange(3) * HOUR, 5)
    for _ in range(50):
        weights = rng.random(15) ** 3
        ends = landings(starts, HOUR, 5 * DAY, block, exponential(rng.uniform(0.1, 4.0) * DAY))
        assert ends.sum(axis=1) == pytest.approx(np.ones(15))
        accept = acceptance(weights, ends, block)
        share = weights / weights.sum()
        stays, landed = np.bincount(block, share * ends[:, -1]), share @ ends[:, :-1]
        passing, came = 0.0, np.zeros(5)
        for day in range(5 * 400):
            b = day % 5
            came[b] = (landed[b] + passing) * accept[b]
            passing = (landed[b] + passing) * (1 - accept[b])
        assert came + stays == pytest.approx(np.bincount(block, share), abs=1e-9)
        assert accept.max() == pytest.approx(1.0)
    assert (acceptance(np.zeros(15), ends, block) == 1.0).all()


def test_a_delay_within_the_day_is_no_landing() -> None:
    starts = np.array([0.0, HOUR, DAY, DAY + HOUR])
    ends = landings(starts, HOUR, 2 * DAY, np.array([0, 0, 1, 1]), constant(HOUR))
    assert ends == pytest.approx(np.array([[0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]]))


def test_quantiles_are_those_of_the_distributions() -> None:
    p = np.array([0.05, 0.3, 0.5, 0.9, 0.999])
    assert exponential(7.0).quantiles(p) == pytest.approx(stats.expon.ppf(p, scale=7.0))
    assert gamma(7.0, 0.6).quantiles(p) == pytest.approx(stats.gamma.ppf(p, 1 / 0.36, scale=7.0 * 0.36))
    sigma = np.sqrt(np.log1p(1.3**2))
    expected = stats.lognorm.ppf(p, sigma, scale=7.0 * np.exp(-(sigma**2) / 2))
    assert log_normal(7.0, 1.3).quantiles(p) == pytest.approx(expected)
    assert constant(7.0).quantiles(p).tolist() == [7.0] * 5
    never = empirical([1.0, 2.0], [0.25, 0.5]).quantiles(np.array([0.2, 0.3, 0.7, 0.8]))
    assert never.tolist() == [1.0, 2.0, 2.0, np.inf]


def scored() -> tuple[Network, Scores]:
    network = replace(week(2.0), agents=np.full((1, 28), 9.0))
    knots, bend = np.array([[10.0, 60.0]]), np.array([[0.01, 0.02]])
    scores = Scores(np.array([[4.0], [3.0]]), np.array([[1.5], [1.0]]), np.array([[0], [-1]]), knots, bend)
    return network, scores


def test_points_are_the_sum_over_contacts() -> None:
    network, scores = scored()
    found = simulate(replace(network, scores=scores), replications=4, seed=1, warm_up=28, records=True)
    plain = simulate(network, replications=4, seed=1, warm_up=28)
    assert np.array_equal(found.tally, plain.tally)
    assert (plain.endings[..., Ending.POINTS] == 0).all()
    rows = found.records
    served, wait = rows["pool"] >= 0, rows["wait_s"]
    assert 0.02 < 1 - served.mean() < 0.6
    assert (wait[served & (rows["klass"] == 0)] > 60.0).sum() > 50
    cost = np.where(rows["klass"] == 0, 0.01 * np.maximum(0, wait - 10) + 0.02 * np.maximum(0, wait - 60), 0.0)
    worth = np.where(served, np.array([4.0, 3.0])[rows["klass"]] - cost, np.array([1.5, 1.0])[rows["klass"]])
    for k in (0, 1):
        own = rows["klass"] == k
        expected = np.bincount(rows["replication"][own], worth[own])
        assert found.endings[:, k, Ending.POINTS] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"served": np.ones((1, 1))}, r"scores\.served of shape \(1, 1\)"),
        ({"lost": np.array([[1.0], [np.nan]])}, r"scores\.lost\[1, 0\] = nan"),
        ({"curve": np.array([[1], [-1]])}, r"scores\.curve\[0, 0\] = 1"),
        ({"bend": np.ones((1, 3))}, r"scores\.bend of shape \(1, 3\)"),
        ({"knots_s": np.array([[-1.0, 2.0]])}, r"scores\.knots_s\[0, 0\] = -1"),
    ],
)
def test_bad_scores_are_refused(change: dict[str, np.ndarray], words: str) -> None:
    network, scores = scored()
    with pytest.raises(ValueError, match=words):
        replace(network, scores=replace(scores, **change))
