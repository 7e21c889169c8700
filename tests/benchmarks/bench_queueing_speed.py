"""How fast the waiting formulas are, in ratios to what a planner would use else; writes queueing_speed.md."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from solvers.queueing import (
    PatienceCurve,
    agents_required,
    interval_waiting,
    priority_waiting,
    waiting,
)

REPORT = Path(__file__).with_name("queueing_speed.md")
CASES = 10_000


@pytest.fixture(scope="module", autouse=True)
def report():
    REPORT.write_text(
        "# Speed of the waiting formulas\n\nCPU time of one thread, best of several, 10,000 cases unless said.\n\n"
    )


def best(work: Callable[[], object], rounds: int = 7) -> float:
    work()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def note(line: str) -> None:
    with REPORT.open("a") as file:
        file.write(f"- {line}\n")
    print(line)


def intervals(low: float, high: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    load = np.exp(rng.uniform(np.log(low), np.log(high), CASES))
    aht = rng.uniform(120, 600, CASES)
    return load / aht, aht


def test_erlang_c_against_pyworkforce() -> None:
    """Agents for 80/20 of half hours of 2–200 Erlang, against its door for many intervals and a loop over its class."""
    peer = pytest.importorskip("pyworkforce.queuing")
    rng = np.random.default_rng(1)
    load = np.exp(rng.uniform(np.log(2), np.log(200), CASES))
    volume = (load * 10.0).tolist()
    promise = {"service_level": 0.8, "max_occupancy": 0.85}
    given = {"asa": 20 / 60, "aht": 3.0, "interval": 30, "shrinkage": 0.0}
    began = time.process_time()
    door = peer.MultiErlangC({"transactions": volume, **{k: [v] for k, v in given.items()}}, n_jobs=1)
    rows = door.required_positions({k: [v] for k, v in promise.items()})
    by_door = time.process_time() - began
    by_loop = best(lambda: [peer.ErlangC(transactions=x, **given).required_positions(**promise) for x in volume], 2)
    arrivals = np.array(volume) / 1800
    fast = best(lambda: agents_required(arrivals, 180, **promise), 20)
    agents = agents_required(arrivals, 180, **promise)
    ours = waiting(arrivals, 180, agents)
    np.testing.assert_array_equal(agents, [row["raw_positions"] for row in rows])
    for name, key in (
        ("service_level", "service_level"),
        ("occupancy", "occupancy"),
        ("p_wait", "waiting_probability"),
    ):
        np.testing.assert_allclose(getattr(ours, name), [row[key] for row in rows], rtol=1e-9)
    note(
        f"Erlang C, agents for 80/20, 2–200 Erlang, identical answers: {by_door / fast:,.0f} × pyworkforce's "
        f"MultiErlangC in one process, {by_loop / fast:,.0f} × a loop over its ErlangC"
    )
    assert by_door / fast >= 200


@pytest.mark.parametrize(("low", "high", "bar_s"), [(2, 40, 0.04), (2, 200, 0.04), (50, 1000, None)])
def test_erlang_a_required_agents(low: float, high: float, bar_s: float | None) -> None:
    arrivals, aht = intervals(low, high, 2)
    patience = aht * np.exp(np.random.default_rng(3).uniform(-1, 1, CASES))
    lines = []
    for label, promises in (("80/20", {}), ("80/20 and 5 % abandoned", {"abandon_rate": 0.05})):

        def work(extra: dict[str, float] = promises) -> object:
            return agents_required(arrivals, aht, patience_s=patience, service_level=0.8, max_occupancy=2.0, **extra)

        took = best(work)
        lines.append(f"{label} {1e3 * took:.0f} ms")
        assert bar_s is None or took <= bar_s
    note(f"Erlang A, agents required, {low}–{high} Erlang: {', '.join(lines)}")


def test_erlang_a_required_agents_equal_a_linear_scan() -> None:
    arrivals, aht = intervals(2, 200, 4)
    patience = aht * np.exp(np.random.default_rng(5).uniform(-1, 1, CASES))
    found = agents_required(arrivals, aht, patience_s=patience, service_level=0.8, abandon_rate=0.05, max_occupancy=2.0)
    scanned, open_cases, agents = np.zeros(CASES, dtype=int), np.arange(CASES), 0
    while open_cases.size:
        agents += 1
        case = waiting(arrivals[open_cases], aht[open_cases], agents, patience_s=patience[open_cases])
        fits = arrivals[open_cases] * aht[open_cases] <= 2.0 * agents * (1 + 1e-12)
        kept = (case.service_level >= 0.8) & (case.abandon_rate <= 0.05) & fits
        scanned[open_cases[kept]] = agents
        open_cases = open_cases[~kept]
    np.testing.assert_array_equal(found, scanned)
    note("… equal to a linear scan in 10,000 of 10,000 cases, 2–200 Erlang")


def test_evaluation() -> None:
    arrivals, aht = intervals(2, 200, 6)
    agents = np.ceil(arrivals * aht * 1.02 + 1)
    curve = PatienceCurve.kaplan_meier(
        np.sort(np.random.default_rng(7).exponential(200, 400)), np.linspace(0.998, 0, 400)
    )
    rows = {
        "Erlang C": {},
        "Erlang A": {"patience_s": 200.0},
        "M/M/n+G, Kaplan–Meier curve of 400 steps": {"patience_s": curve},
        "M/M/n+G, log-normal patience": {"patience_s": PatienceCurve.lognormal(200.0, 1.0)},
    }
    for name, arguments in rows.items():
        took = best(lambda given=arguments: waiting(arrivals, aht, agents, **given), 3)
        note(f"{name}, every figure of `waiting`, 2–200 Erlang: {1e3 * took:.0f} ms")


def test_priorities() -> None:
    rng = np.random.default_rng(8)
    agents = rng.integers(3, 101, CASES).astype(float)
    share = rng.uniform(0.2, 0.8, CASES)
    load = agents * rng.uniform(0.7, 1.2, CASES)
    loads = np.stack([share * load, (1 - share) * load], axis=1)
    patience = np.exp(rng.uniform(np.log(0.25), np.log(5), CASES))[:, None]
    own = np.exp(rng.uniform(-0.8, 0.8, (CASES, 2)))
    took = {}
    for name, aht, leave in (
        ("common rates", np.ones((1, 2)), patience),
        ("patience of their own", np.ones((1, 2)), patience * own),
        ("service of their own", own, patience),
    ):
        took[name] = best(
            lambda h=aht, p=leave: priority_waiting(loads / h, h, agents, patience_s=p, answer_within_s=1 / 15)
        )
        note(f"two priority classes, {name}, with service level: {1e3 * took[name]:.0f} ms")
    assert took["common rates"] <= 0.06


def test_intervals() -> None:
    rng = np.random.default_rng(9)
    load = 60 * rng.uniform(0.3, 1.2, (50, 48))
    agents = np.round(load + 0.5 * np.sqrt(load))
    for purpose in ("search", "report"):
        took = best(
            lambda p=purpose: interval_waiting(load / 300, 300, agents, interval_s=1800, patience_s=200, purpose=p), 3
        )
        note(f"half hours of 18–72 Erlang carried over, {purpose}: {1e6 * took / load.size:.0f} µs each")
