"""How far the approximations of solvers.queueing are from truth; writes queueing_errors.md.

Truth is a simulation of a million contacts per case, or of 400 days. Errors are absolute for abandonment and service
level, relative for the mean wait (its denominator at least .02 handle times); median / 95th percentile / worst.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gamma

sys.path[:0] = [str(Path(__file__).parent)]

from queue_simulation import run_queue, simulate_steady  # noqa: E402

from solvers.queueing import PatienceCurve, interval_waiting, priority_waiting, waiting  # noqa: E402
from solvers.queueing.service_spread import lognormal_gini  # noqa: E402

REPORT = Path(__file__).with_name("queueing_errors.md")
CONTACTS = 1_000_000


@pytest.fixture(scope="module", autouse=True)
def report():
    """Collect the tables in the order they are made."""
    REPORT.write_text("# Error maps of the waiting formulas\n\n" + __doc__.split("\n\n")[1] + "\n")


def add(title: str, head: list[str], rows: list[list[str]]) -> None:
    lines = [f"\n## {title}\n", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    text = "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
    with REPORT.open("a") as file:
        file.write(text)
    print(text)


def spread(values: np.ndarray, digits: int = 4) -> str:
    return " / ".join(f"{x:.{digits}f}".replace("0.", ".", 1) for x in np.quantile(values, [0.5, 0.95, 1.0]))


def relative(found: np.ndarray, truth: np.ndarray, aht: np.ndarray | float) -> np.ndarray:
    return abs(found - truth) / np.maximum(truth, 0.02 * np.asarray(aht))


def priority_case(rng: np.random.Generator, least: float, most: float) -> dict[str, np.ndarray]:
    """One queue whose slowest and fastest service are `least` to `most` times apart; errors of every figure."""
    widest = rng.uniform(least, most)
    classes = int(rng.integers(2, 4))
    agents = int(np.exp(rng.uniform(np.log(3), np.log(200))))
    spreads = np.exp(rng.uniform(0, np.log(widest), classes))
    spreads[[0, -1]] = rng.permutation([1.0, widest])
    aht = spreads / spreads.mean()
    share = rng.dirichlet(np.full(classes, 3.0))
    load = agents * rng.uniform(0.7, 1.2)
    arrivals = load * share / aht
    patience = np.full(classes, np.exp(rng.uniform(np.log(0.25), np.log(5))))
    within = 1 / 15
    lost, wait, level, noise = simulate_steady(
        rng,
        arrivals,
        agents,
        lambda group: rng.exponential(aht[group]),
        lambda group: rng.exponential(patience[group]),
        CONTACTS,
        within,
    )
    found = priority_waiting(arrivals, aht, agents, patience_s=patience, answer_within_s=within)
    return {
        "abandon": abs(found.abandon_rate - lost),
        "wait": relative(found.asa_s, wait, (share * aht).sum()),
        "level": abs(found.service_level - level),
        "noise": noise,
        "simulate": found.simulate,
        "load": np.full(classes, load / agents),
        "lowest": np.arange(classes) == classes - 1,
        "agents": np.full(classes, agents),
    }


def test_priorities_with_service_of_their_own() -> None:
    rng = np.random.default_rng(1)
    bars = {1.5: 0.006, 2.5: 0.015, 4.0: None}
    table, found = [], {}
    for least, widest in zip((1.0, 1.5, 2.5), bars, strict=True):
        cases = [priority_case(rng, least, widest) for _ in range(80)]
        found[widest] = {name: np.concatenate([case[name] for case in cases]) for name in cases[0]}
        one = found[widest]
        table.append(
            [
                f"{least}–{widest}",
                *(spread(one[name]) for name in ("abandon", "wait", "level")),
                spread(one["noise"]),
                f"{one['simulate'].mean():.2f}",
            ]
        )
    head = ["services apart", "abandonment", "mean wait", "service level", "noise of abandonment", "told to simulate"]
    add("Priority classes with service of their own (2–3 classes, 3–200 agents, load .7–1.2)", head, table)
    every = {name: np.concatenate([one[name] for one in found.values()]) for name in found[1.5]}
    apart = np.repeat(list(found), [one["load"].size for one in found.values()])
    rows = []
    for low, high in ((0.7, 0.85), (0.85, 1.0), (1.0, 1.1), (1.1, 1.21)):
        for wide in (False, True):
            here = (every["load"] >= low) & (every["load"] < high) & ((apart > 2.5) == wide)
            label = f"{low}–{high}, {'2.5–4' if wide else 'up to 2.5'} times"
            rows.append([label, *(spread(every[name][here]) for name in ("abandon", "wait", "level"))])
    for label, here in (
        ("2.5–4 times, load > 1, lowest class", (apart > 2.5) & (every["load"] > 1) & every["lowest"]),
        ("2.5–4 times, load > 1, other classes", (apart > 2.5) & (every["load"] > 1) & ~every["lowest"]),
        ("not told to simulate", ~every["simulate"]),
    ):
        rows.append([label, *(spread(every[name][here]) for name in ("abandon", "wait", "level"))])
    add("… by load", ["load", "abandonment", "mean wait", "service level"], rows)
    for widest, bar in bars.items():
        if bar is not None:
            assert np.quantile(found[widest]["abandon"], 0.95) <= bar


def lognormal(rng: np.random.Generator, mean: float, cv: float, size: int) -> np.ndarray:
    variance = np.log1p(cv**2)
    return mean * rng.lognormal(-variance / 2, np.sqrt(variance), size)


def patience_laws(mean: float):
    """Name, curve and draws of six laws of patience."""
    yield "exponential", PatienceCurve.exponential(mean), lambda rng, n: rng.exponential(mean, n)
    for shape in (0.7, 2.0):
        curve = PatienceCurve.weibull(mean, shape)
        yield f"Weibull {shape}", curve, lambda rng, n, s=shape: mean * rng.weibull(s, n) / gamma(1 + 1 / s)
    for cv in (1.0, 1.6):
        yield f"log-normal {cv}", PatienceCurve.lognormal(mean, cv), lambda rng, n, c=cv: lognormal(rng, mean, c, n)


def sampled_curve(rng: np.random.Generator, mean: float):
    """A Kaplan–Meier curve of 400 callers, of whom half gave up early, and draws from it."""
    seen = np.sort(np.where(rng.random(400) < 0.5, rng.exponential(0.3 * mean, 400), rng.exponential(1.7 * mean, 400)))
    curve = PatienceCurve.kaplan_meier(seen, 1 - np.arange(1, 401) / 400)
    return "Kaplan–Meier", curve, lambda rng, n: rng.choice(seen, n)


def service_case(rng: np.random.Generator, cv: float, law: int):
    agents = int(np.exp(rng.uniform(np.log(3), np.log(150))))
    load = agents * rng.uniform(0.7, 1.2)
    mean = np.exp(rng.uniform(np.log(0.3), np.log(5)))
    laws = [*patience_laws(mean), sampled_curve(rng, mean)]
    _, curve, draw = laws[law % len(laws)]
    within = 0.1
    lost, wait, level, noise = simulate_steady(
        rng,
        np.array([load]),
        agents,
        lambda group: lognormal(rng, 1.0, cv, group.size),
        lambda group: draw(rng, group.size),
        CONTACTS,
        within,
    )
    rows = []
    for gini in (0.5, lognormal_gini(cv)):
        found = waiting(load, 1.0, agents, patience_s=curve, answer_within_s=within, service_gini=gini)
        rows.append(
            (
                abs(found.abandon_rate - lost)[0],
                relative(found.asa_s, wait, 1.0)[0],
                abs(found.service_level - level)[0],
            )
        )
    return [*rows, noise[0]]


def test_lognormal_service() -> None:
    rng = np.random.default_rng(2)
    cvs = (0.5, 0.8, 1.0, 1.2, 1.5)
    cases = {cv: [service_case(rng, cv, i) for i in range(24)] for cv in cvs}
    rows = []
    for method in (0, 1):
        for cv in (*cvs, None):
            here = np.array([case[method] for key, part in cases.items() if cv in (key, None) for case in part])
            name = ("exact for exponential service", "corrected by Gini")[method]
            rows.append([f"{name}, {'all' if cv is None else f'cv {cv}'}", *(spread(here[:, i]) for i in range(3))])
    rows.append(["noise", spread(np.array([case[2] for part in cases.values() for case in part])), "", ""])
    add(
        "Log-normal service, any patience (3–150 agents, load .7–1.2)",
        ["formula", "abandonment", "mean wait", "service level"],
        rows,
    )
    corrected = np.array([case[1] for part in cases.values() for case in part])
    assert (np.quantile(corrected, 0.95, axis=0) <= [0.006, 0.07, 0.03]).all()


def day(rng: np.random.Generator, i: int):
    """Load and staff of 24 half hours: sine, blocks or rough steps; every third day with constant staff."""
    base, aht = (8.0, 20.0, 60.0)[i % 3], (300.0, 600.0, 900.0)[(i // 3) % 3]
    hours = np.arange(24)
    shape = (
        1 + 0.4 * np.sin(2 * np.pi * (hours + rng.uniform(0, 24)) / 24 * 2),
        np.repeat(rng.uniform(0.5, 1.4, 6), 4),
        rng.uniform(0.6, 1.4, 24),
    )[i % 5 % 3]
    load = base * shape
    staff = load + rng.uniform(-0.3, 1.0, 24) * np.sqrt(load)
    if i % 5 < 2:
        staff = np.full(24, (base * shape.mean() + rng.uniform(0, 1.0) * np.sqrt(base)))
    return (
        load / aht,
        aht,
        np.maximum(np.round(staff), 1).astype(int),
        aht * np.exp(rng.uniform(np.log(0.3), np.log(3))),
    )


def simulate_days(rng, arrivals, aht, staff, patience, days=400, warm=4):
    """Figures by interval of arrival; the first interval is run `warm` times first, to begin in its steady state."""
    rates = np.r_[np.repeat(arrivals[0], warm), arrivals]
    agents = np.r_[np.repeat(staff[0], warm), staff]
    change = 1800.0 * np.arange(agents.size)
    counts, lost, waits, early = (np.zeros(agents.size) for _ in range(4))
    for _ in range(days):
        number = rng.poisson(rates * 1800)
        arrival = np.sort(np.repeat(change, number) + rng.uniform(0, 1800, number.sum()))
        size = arrival.size
        wait, served = np.empty(size), np.empty(size, dtype=np.bool_)
        run_queue(
            arrival, np.zeros(size, dtype=np.int64), rng.exponential(aht, size), rng.exponential(patience, size), 1,
            change, agents, wait, served,
        )  # fmt: skip
        slot = (arrival // 1800).astype(int)
        counts += np.bincount(slot, minlength=agents.size)
        lost += np.bincount(slot, ~served, minlength=agents.size)
        waits += np.bincount(slot, wait, minlength=agents.size)
        early += np.bincount(slot, served & (wait <= 20), minlength=agents.size)
    return (lost / counts)[warm:], (waits / counts)[warm:], (early / counts)[warm:]


def test_carry_over() -> None:
    rng = np.random.default_rng(3)
    errors: dict[str, list[np.ndarray]] = {"stationary": [], "search: by the rule": [], "report: chain": []}
    constant = []
    for i in range(60):
        arrivals, aht, staff, patience = day(rng, i)
        truth = simulate_days(rng, arrivals, aht, staff, patience)
        found = {
            "stationary": waiting(arrivals, aht, staff, patience_s=patience),
            "search: by the rule": interval_waiting(
                arrivals, aht, staff, interval_s=1800, patience_s=patience, purpose="search"
            ).waiting,
            "report: chain": interval_waiting(arrivals, aht, staff, interval_s=1800, patience_s=patience).waiting,
        }
        weight = arrivals / arrivals.sum()
        constant.append(len(set(staff)) == 1)
        for name, case in found.items():
            gaps = np.stack(
                [abs(case.abandon_rate - truth[0]), abs(case.asa_s - truth[1]) / 60, abs(case.service_level - truth[2])]
            )
            errors[name].append(np.r_[gaps @ weight, gaps.max(axis=1)])
    rows = []
    for name, values in errors.items():
        for label, part in (("", np.ones(60, bool)), (", constant staff", np.array(constant))):
            here = np.array(values)[part]
            cells = [
                f"{here[:, k].mean():.4f} / {np.quantile(here[:, k], 0.95):.4f} / {here[:, k + 3].max():.3f}"
                for k in range(3)
            ]
            rows.append([name + label, *cells])
    head = ["method", "abandonment", "mean wait, min", "service level, 20 s"]
    add("Carry-over: 60 days of 24 half hours; mean over days / 95 % of days / worst half hour", head, rows)
    chain = np.array(errors["report: chain"]).mean(axis=0)
    assert chain[0] <= 0.005
    assert chain[2] <= 0.01
