"""The simulator against exact values: Erlang A and C, M/G/1, M/M/n+G, Cobham, Erlang B, trunk reservation, Jackson.

Seeds are fixed, so nothing here is left to chance; intervals are of 99.9 %, since there are many of them.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad

from solvers.queueing import waiting
from solvers.queueing.kernels import erlang_b, priority_queue_lengths
from solvers.simulation import (
    Distribution,
    Estimate,
    NextContacts,
    Routes,
    SimulationResult,
    constant,
    empirical,
    exponential,
    gamma,
    log_normal,
    make_network,
    simulate,
    single_queue,
)

SETTINGS = {"replications": 30, "seed": 11, "warm_up": 1, "confidence": 0.999}


def holds(estimate: Estimate, truth: float, index: int | None = None) -> bool:
    """Tell if a true value lies in the interval, which must not be useless."""
    place = () if index is None else index
    mean, half = estimate.mean[place], estimate.half_width[place]
    assert 0.0 < half < max(0.2 * abs(truth), 0.01), f"the interval {mean} ± {half} says nothing about {truth}"
    return bool(abs(mean - truth) <= half)


@pytest.mark.parametrize(
    ("load", "agents", "patience_s"), [(9.0, 10, 120.0), (3.2, 3, 40.0), (48.0, 50, 120.0), (30.0, 24, 200.0)]
)
@pytest.mark.parametrize("records", [False, True], ids=["line", "event loop"])
def test_erlang_a(load: float, agents: int, patience_s: float, records: bool) -> None:
    rate = load / 60.0
    network = single_queue(rate, exponential(60.0), agents, patience=exponential(patience_s), horizon_s=8000 / rate)
    found = simulate(network, **SETTINGS, records=records)
    truth = waiting(rate, 60.0, agents, patience_s=patience_s)
    for name in ("abandon_rate", "asa_s", "asa_answered_s", "service_level", "queue_length", "occupancy"):
        assert holds(found.estimate(name), float(getattr(truth, name))), name


def test_erlang_c() -> None:
    network = single_queue(8 / 60, exponential(60.0), 10, horizon_s=20_000)
    found = simulate(network, **{**SETTINGS, "replications": 60})
    truth = waiting(8 / 60, 60.0, 10)
    for name in ("asa_s", "service_level", "queue_length", "occupancy"):
        assert holds(found.estimate(name), float(getattr(truth, name))), name
    assert found.estimate("abandon_rate").mean == 0.0


SERVICES = {
    "constant": (constant(60.0), 0.0),
    "log-normal": (log_normal(60.0, 1.3), 1.3**2),
    "gamma, shape above 1": (gamma(60.0, 0.6), 0.36),
    "gamma, shape below 1": (gamma(60.0, 1.5), 2.25),
    "measured": (empirical([30.0, 30.0, 30.0, 150.0]), 0.75),
}


@pytest.mark.parametrize("name", SERVICES)
def test_service_of_any_kind_waits_by_pollaczek_and_khinchine(name: str) -> None:
    service, cv2 = SERVICES[name]
    network = single_queue(0.6 / 60, service, 1, horizon_s=300_000)
    found = simulate(network, **{**SETTINGS, "replications": 60})
    assert holds(found.estimate("asa_s"), 0.6 * 60.0 * (1 + cv2) / (2 * (1 - 0.6)))
    assert found.estimate("aht_s").mean == pytest.approx(60.0, rel=0.01)


def general_patience(rate: float, mean_s: float, agents: int, survival, cuts: list[float]) -> tuple[float, float]:
    """P(abandon) and mean wait of M/M/n+G by numerical integration (Baccelli and Hébuterne 1981)."""
    ends = sorted({0.0, *cuts, 40.0 * mean_s})

    def within(v: float) -> float:
        return sum(quad(survival, a, min(b, v))[0] for a, b in zip(ends, ends[1:], strict=False) if a < v)

    grid = np.unique(np.concatenate([np.linspace(a, b, 1201) for a, b in zip(ends, ends[1:], strict=False)]))
    area = np.array([within(v) for v in grid])
    density = np.exp(rate * area - agents * grid / mean_s)
    middle = np.array([survival(v) for v in grid])
    total = np.trapezoid(density, grid)
    blocked = float(erlang_b(rate * mean_s, float(agents - 1)))
    p_wait = rate * total / (1.0 / blocked + rate * total)
    return p_wait * (1 - np.trapezoid(density * middle, grid) / total), p_wait * np.trapezoid(
        density * area, grid
    ) / total


PATIENCE = {
    "constant": (constant(50.0), lambda x: float(x < 50.0), [50.0]),
    "log-normal": (
        log_normal(90.0, 1.5),
        lambda x: (
            0.5 * math.erfc((math.log(max(x, 1e-12) / 90.0) + math.log(3.25) / 2) / math.sqrt(2 * math.log(3.25)))
        ),
        [5.0, 30.0, 200.0],
    ),
    "Kaplan-Meier": (
        empirical([20.0, 100.0], [0.3, 0.4]),
        lambda x: 1 - 0.3 * (x >= 20) - 0.4 * (x >= 100),
        [20.0, 100.0],
    ),
}


@pytest.mark.parametrize("name", PATIENCE)
def test_patience_of_any_kind(name: str) -> None:
    patience, survival, cuts = PATIENCE[name]
    lost, wait_s = general_patience(7.8 / 60, 60.0, 8, survival, cuts)
    found = simulate(single_queue(7.8 / 60, exponential(60.0), 8, patience=patience, horizon_s=20_000), **SETTINGS)
    assert holds(found.estimate("abandon_rate"), lost)
    assert holds(found.estimate("asa_s"), wait_s)


def ranked(**standing: list) -> SimulationResult:
    """Two classes with the same rates at one pool of eight."""
    network = make_network(
        interval_s=2000.0,
        arrivals=np.repeat([[3.5 / 60], [4.5 / 60]], 10, axis=1) * 2000,
        agents=np.full((1, 10), 8.0),
        distributions=(exponential(60.0), exponential(100.0)),
        service=[[0], [0]],
        patience=[1, 1],
        **standing,
    )
    return simulate(network, **{**SETTINGS, "replications": 40})


def test_priorities_with_common_rates_are_exact() -> None:
    found = ranked(priority=[[0], [1]])
    lengths = np.zeros(2)
    priority_queue_lengths(np.array([3.5, 4.5]), 8.0, 60.0 / 100.0, lengths)
    ended = found.endings
    for k, load in enumerate((3.5, 4.5)):
        wait = found.ratio(ended[:, k, 8], ended[:, k, 2] + ended[:, k, 3])
        assert holds(wait, lengths[k] / (load / 60)), k
        assert holds(found.ratio(ended[:, k, 3], ended[:, k, 2] + ended[:, k, 3]), lengths[k] / (load / 60) / 100.0)


def test_a_fixed_order_by_value_is_a_priority_and_credit_lies_between() -> None:
    strict, valued = ranked(priority=[[0], [1]]), ranked(value=[[5.0], [1.0]], value_per_s=[[0.0], [0.0]])
    assert np.array_equal(strict.tally, valued.tally)
    assert np.array_equal(strict.endings, valued.endings)
    waits = [r.endings[:, 0, 8].sum() for r in (strict, ranked(value=[[20.0], [0.0]]), ranked())]
    assert waits[0] < waits[1] < waits[2]


def test_cobham() -> None:
    network = make_network(
        interval_s=30_000.0,
        arrivals=np.repeat([[0.3 / 60], [0.4 / 60]], 10, axis=1) * 30_000,
        agents=np.ones((1, 10)),
        distributions=(log_normal(60.0, 0.8),),
        service=[[0], [0]],
        priority=[[0], [1]],
    )
    found = simulate(network, **SETTINGS)
    left_s = 0.7 / 60 * 60.0**2 * (1 + 0.8**2) / 2
    for k, truth in enumerate((left_s / (1 - 0.3), left_s / ((1 - 0.3) * (1 - 0.7)))):
        assert holds(found.ratio(found.endings[:, k, 8], found.endings[:, k, 2]), truth), k


def routed(first: float, second: float, after_s: float, **more) -> SimulationResult:
    """One class that a small pool serves, and after some seconds another one too."""
    network = make_network(
        interval_s=2000.0,
        arrivals=np.full((1, 10), 6 / 60 * 2000),
        agents=np.array([[first], [second]]).repeat(10, axis=1),
        distributions=(exponential(60.0),),
        service=[[0, 0]],
        routes=Routes(np.array([0]), np.ones(1), np.array([[0, 1]]), np.array([[0.0, after_s]])),
        **more,
    )
    return simulate(network, **SETTINGS)


def test_overflow_at_once_is_erlang_b() -> None:
    found = routed(5, np.inf, 0.0)
    assert holds(found.estimate("overflow_rate"), float(erlang_b(6.0, 5.0)))
    assert found.estimate("asa_s").mean == 0.0


def test_overflow_after_a_time_is_a_patience_of_that_time() -> None:
    found = routed(5, np.inf, 25.0)
    truth, wait_s = general_patience(6 / 60, 60.0, 5, lambda x: float(x < 25.0), [25.0])
    assert holds(found.estimate("overflow_rate"), truth)
    assert holds(found.estimate("asa_s"), wait_s)


def shared(share: np.ndarray, **more) -> SimulationResult:
    """One class that two pools serve, by shares of shape (pool,) or (pool, interval)."""
    network = make_network(
        interval_s=3600.0,
        arrivals=np.full((1, 4), 200.0),
        agents=np.full((2, 4), 9.0),
        distributions=(exponential(60.0),),
        service=[[0, 0]],
        routes=Routes(np.array([0, 0]), share, np.array([[0], [1]]), np.zeros((2, 1))),
        starts_s=np.array([0.0, 3600.0, 10_800.0, 14_400.0]),
        cycle_s=18_000.0,
    )
    return simulate(network, replications=60, seed=9, warm_up=4, **more)


def test_shares_by_interval_thin_the_stream_of_their_interval() -> None:
    """A Poisson stream thinned by chance: counts of both pools are Poisson with the share of their interval."""
    first = np.array([1.0, 0.25, 0.0, 0.6])
    offered = shared(np.array([first, 1 - first])).tally[:, :, :4, 0]
    for pool, share in ((0, first), (1, 1 - first)):
        mean = 200 * share
        assert (np.abs(offered[:, pool].mean(axis=0) - mean) <= 4 * np.sqrt(mean / 60)).all()
        assert (offered[:, pool][:, share == 0] == 0).all()


def test_equal_shares_in_all_intervals_are_shares() -> None:
    always = shared(np.array([0.3, 0.7]))
    by_interval = shared(np.array([[0.3] * 4, [0.7] * 4]))
    assert np.array_equal(always.tally, by_interval.tally)


def test_agents_kept_free_for_others_is_trunk_reservation() -> None:
    network = make_network(
        interval_s=2000.0,
        arrivals=np.full((2, 10), 3 / 60 * 2000),
        agents=np.array([[5.0], [np.inf]]).repeat(10, axis=1),
        distributions=(exponential(60.0),),
        service=[[0, 0], [0, 0]],
        reserve=[[0, 0], [2, 0]],
    )
    found = simulate(network, **SETTINGS, records=True)
    weight = np.cumprod([1.0, *((6.0 if busy < 3 else 3.0) / (busy + 1) for busy in range(5))])
    share = weight / weight.sum()
    for klass, truth in ((0, share[5]), (1, share[3:].sum())):
        own = found.records["klass"] == klass
        over = np.bincount(found.records["replication"][own], found.records["pool"][own] == 1)
        assert holds(found.ratio(over, np.bincount(found.records["replication"][own]).astype(float)), truth), klass


def chat_chain(rate: float, speeds: tuple[float, float], agents: int, most: int) -> tuple[float, float]:
    """P(wait) and mean queue of agents with up to two contacts each, solved state by state: (one, two, waiting)."""
    states = [(i, j, q) for i, j in product(range(agents + 1), repeat=2) if i + j <= agents for q in range(most + 1)]
    states = [s for s in states if s[2] == 0 or s[1] == agents]
    place = {s: n for n, s in enumerate(states)}
    flow = np.zeros((len(states), len(states)))
    for (i, j, q), n in place.items():
        idle = agents - i - j
        come = (i + 1, j, 0) if idle else (i - 1, j + 1, 0) if i else (0, j, q + 1)
        ends = [((i - 1, j, 0), i * speeds[0]), ((i + 1, j - 1, 0) if q == 0 else (0, j, q - 1), j * speeds[1])]
        for to, speed in [(come, rate), *ends]:
            if speed > 0 and to in place:
                flow[n, place[to]] += speed
    flow -= np.diag(flow.sum(axis=1))
    system = np.vstack([flow.T, np.ones(len(states))])
    p = np.linalg.lstsq(system, np.append(np.zeros(len(states)), 1.0), rcond=None)[0]
    return sum(p[n] for s, n in place.items() if s[1] == agents), sum(p[n] * s[2] for s, n in place.items())


def test_agents_with_two_contacts_share_their_speed() -> None:
    rate, speeds = 4.2 / 60, (1 / 60, 1.5 / 60)
    p_wait, queue = chat_chain(rate, speeds, 3, 150)
    network = make_network(
        interval_s=4000.0,
        arrivals=np.full((1, 10), rate * 4000.0),
        agents=np.full((1, 10), 3.0),
        distributions=(exponential(60.0),),
        service=[[0]],
        speed=[[1.0, 1.5]],
    )
    found = simulate(network, **{**SETTINGS, "replications": 150}, answer_within_s=0.0)
    assert holds(found.estimate("service_level"), 1 - p_wait)
    assert holds(found.estimate("queue_length"), queue)


def test_one_contact_at_once_is_no_chat() -> None:
    one = single_queue(8 / 60, exponential(60.0), 9, patience=exponential(90.0), horizon_s=8000)
    two = make_network(
        interval_s=one.calendar.interval_s,
        arrivals=one.arrivals,
        agents=one.agents,
        distributions=one.distributions,
        service=one.service,
        patience=one.patience,
        speed=[[1.0, np.nan]],
    )
    found = [simulate(network, replications=2, seed=1) for network in (one, two)]
    assert found[0].tally == pytest.approx(found[1].tally, rel=1e-9, abs=1e-6)


def test_an_automated_pool_hands_over_a_poisson_stream() -> None:
    """What leaves M/G/∞ is Poisson (Mirasol 1963), so the people behind a bot are Erlang A."""
    network = make_network(
        interval_s=2000.0,
        arrivals=np.full((1, 10), 20 / 60 * 2000),
        entry=[[1.0, 0.0]],
        agents=np.array([[np.inf], [9.0]]).repeat(10, axis=1),
        distributions=(log_normal(45.0, 1.0), exponential(60.0), exponential(120.0)),
        service=[[0, -1], [-1, 1]],
        patience=[-1, 2],
        following=NextContacts(*np.array([[0], [0], [1]]), np.array([0.4]), np.array([-1]), np.zeros(1, dtype=bool)),
    )
    found = simulate(network, **SETTINGS)
    truth = waiting(8 / 60, 60.0, 9, patience_s=120.0)
    for name in ("abandon_rate", "asa_s", "service_level", "queue_length", "occupancy"):
        assert holds(found.estimate(name, by="pool"), float(getattr(truth, name)), 1), name


def test_repeats_and_redials_follow_the_traffic_equations() -> None:
    """With agents for everybody: class 0 comes back as 0 or 1, class 1 as 0; contacts per issue by (I − P)v = 1."""
    following = NextContacts(
        of_class=np.array([0, 0, 1]),
        pool=np.array([0, 0, 0]),
        to=np.array([0, 1, 0]),
        share=np.array([0.2, 0.3, 0.25]),
        delay=np.array([1, 1, -1]),
        placed=np.zeros(3, dtype=bool),
    )
    network = make_network(
        interval_s=1000.0,
        arrivals=np.full((1, 10), 200.0),
        entry=[[1.0, 0.0]],
        agents=np.full((1, 10), np.inf),
        distributions=(exponential(60.0), exponential(300.0)),
        service=[[0], [0]],
        following=following,
    )
    found = simulate(network, **{**SETTINGS, "warm_up": 10})
    volume = np.linalg.solve(np.eye(2) - np.array([[0.2, 0.25], [0.3, 0.0]]), [2000.0, 0.0])
    for k in range(2):
        contacts = found.endings[:, k, 0] + found.endings[:, k, 1]
        assert holds(found.ratio(contacts, np.ones(len(contacts))), volume[k]), k


def test_distributions_have_their_mean_and_spread() -> None:
    def drawn(service: Distribution) -> np.ndarray:
        network = single_queue(10.0, service, np.inf, horizon_s=2000)
        return simulate(network, replications=1, seed=5, records=True).records["work_s"]

    for service, cv in ((log_normal(60, 1.3), 1.3), (gamma(60, 0.6), 0.6), (gamma(60, 1.5), 1.5), (exponential(60), 1)):
        work = drawn(service)
        assert work.mean() == pytest.approx(60.0, rel=4 * cv / math.sqrt(len(work)))
        assert work.std() == pytest.approx(60.0 * cv, rel=0.05)
    assert set(drawn(empirical([1.0, 5.0], [0.25, 0.75]))) == {1.0, 5.0}
