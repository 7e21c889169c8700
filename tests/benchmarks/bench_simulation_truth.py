"""Whether intervals of the simulator hold the exact value as often as they say; writes simulation_truth.md.

400 random single queues (M/M/n and M/M/n+M) against Erlang A, 100 random priority queues with common rates against the
exact queue of each class. Intervals are of 95 %.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from solvers.queueing import waiting
from solvers.queueing.kernels import priority_queue_lengths
from solvers.simulation import SimulationResult, exponential, make_network, simulate, single_queue
from solvers.simulation.state import Ending

REPORT = Path(__file__).with_name("simulation_truth.md")
SINGLE, PRIORITY = 400, 100
BAR = {"single": 0.03, "priority": 0.06}
MEAN_S = 60.0
CONTACTS = 4_000
REPLICATIONS = 25
INTERVALS, WARM_UP = 10, 3


def _single(rng: np.random.Generator, case: int) -> list[dict[str, object]]:
    agents = int(np.exp(rng.uniform(0.0, np.log(120.0))))
    occupancy = rng.uniform(0.6, 1.25)
    patience_s = MEAN_S * float(np.exp(rng.uniform(np.log(0.3), np.log(5.0))))
    rate = occupancy * agents / MEAN_S
    horizon_s = max(CONTACTS / rate, 400 * MEAN_S)
    network = single_queue(
        rate, exponential(MEAN_S), agents, patience=exponential(patience_s), horizon_s=horizon_s, intervals=INTERVALS
    )
    # A second slot that nobody has: the event loop itself runs, and not the short way for a single line.
    network = replace(network, speed=np.array([[1.0, np.nan]]))
    found = simulate(network, replications=REPLICATIONS, seed=case, warm_up=WARM_UP)
    truth = waiting(rate, MEAN_S, agents, patience_s=patience_s)
    rows = []
    for metric in ("abandon_rate", "asa_s", "queue_length"):
        estimate = found.estimate(metric)
        rows.append(_row(metric, float(getattr(truth, metric)), float(estimate.mean), float(estimate.half_width)))
    return rows


def _row(metric: str, truth: float, mean: float, half_width: float) -> dict[str, object]:
    return {
        "metric": metric,
        "inside": abs(mean - truth) <= half_width,
        "width": half_width / max(truth, 1e-9),
        "error": (mean - truth) / half_width if half_width > 0 else 0.0,
    }


def _priority(rng: np.random.Generator, case: int) -> list[dict[str, object]]:
    classes = int(rng.integers(2, 4))
    agents = int(np.exp(rng.uniform(np.log(2.0), np.log(60.0))))
    share = rng.dirichlet(np.full(classes, 4.0))
    loads = share * rng.uniform(0.75, 1.2) * agents
    patience_s = MEAN_S * float(np.exp(rng.uniform(np.log(0.4), np.log(5.0))))
    horizon_s = max(CONTACTS / (loads.sum() / MEAN_S), 400 * MEAN_S)
    length = horizon_s / INTERVALS
    network = make_network(
        interval_s=length,
        arrivals=np.repeat(loads[:, None] / MEAN_S * length, INTERVALS, axis=1),
        agents=np.full((1, INTERVALS), float(agents)),
        distributions=(exponential(MEAN_S), exponential(patience_s)),
        service=np.zeros((classes, 1), dtype=int),
        patience=np.ones(classes, dtype=int),
        priority=np.arange(classes)[:, None],
    )
    found = simulate(network, replications=REPLICATIONS, seed=case, warm_up=WARM_UP)
    lengths = np.zeros(classes)
    priority_queue_lengths(loads, float(agents), MEAN_S / patience_s, lengths)
    return [row for k in range(classes) for row in _class_rows(found, k, loads[k] / MEAN_S, lengths[k], patience_s)]


def _class_rows(
    found: SimulationResult, k: int, rate: float, length: float, patience_s: float
) -> list[dict[str, object]]:
    own = found.endings[:, k]
    came = own[:, Ending.EXTERNAL]
    estimates = {
        "abandon_rate": (found.ratio(own[:, Ending.ABANDONED], came), length / rate / patience_s),
        "asa_s": (found.ratio(own[:, Ending.WAIT_S], came), length / rate),
        "queue_length": (
            found.ratio(own[:, Ending.WAIT_S], np.full(len(came), found.cycles * found.cycle_s)),
            length,
        ),
    }
    return [_row(metric, truth, float(e.mean), float(e.half_width)) for metric, (e, truth) in estimates.items()]


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    single = pd.DataFrame([r for c in range(SINGLE) for r in _single(np.random.default_rng([1, c]), c)])
    priority = pd.DataFrame([r for c in range(PRIORITY) for r in _priority(np.random.default_rng([2, c]), c)])
    table = pd.concat([_coverage("single", single), _coverage("priority", priority)], ignore_index=True)
    text = _report(table)
    print("\n" + text)
    REPORT.write_text(text, encoding="utf-8")
    off = table[np.abs(table["inside"] - 0.95) > table["cases"].map(BAR)]
    if len(off):
        pytest.fail(f"outside the bar: {off.to_dict('records')}")


def _coverage(cases: str, rows: pd.DataFrame) -> pd.DataFrame:
    table = rows.groupby("metric", sort=False).agg(
        intervals=("inside", "size"), inside=("inside", "mean"), bias=("error", "mean"), width=("width", "median")
    )
    table.insert(0, "cases", cases)
    return table.reset_index()


def _report(table: pd.DataFrame) -> str:
    lines = [
        "# Simulation against exact values",
        "",
        f"{SINGLE} random single queues (1-120 agents, offered load .6-1.25 of them, mean patience .3-5 handle times)",
        f"against Erlang A; {PRIORITY} random queues of 2-3 priority classes with common rates (2-60 agents, .75-1.2)",
        f"against their exact queues. {REPLICATIONS} replications of about {CONTACTS:,} contacts or 400 handle times",
        f"each, {WARM_UP / INTERVALS:.0%} of it as warm-up before. Share of 95 % intervals that hold the exact value",
        "(bars: 95 ± 3 % and 95 ± 6 %), mean error in half-widths, median half-width relative to the value.",
        "",
        "| cases | metric | intervals | inside | mean error | half-width |",
        "|---|---|---|---|---|---|",
    ]
    for row in table.itertuples():
        lines.append(
            f"| {row.cases} | {row.metric} | {row.intervals} | {row.inside:.1%} | {row.bias:+.3f} | {row.width:.1%} |"
        )
    return "\n".join(lines) + "\n"
