"""How fast the simulator is beside SimPy and Ciw on the same models, one thread; writes simulation_speed.md.

Processor seconds per contact, the best of several turns taken alternately, compilation left out. The models must also
agree: abandonment and mean wait within what chance allows.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from solvers.simulation import (
    Network,
    exponential,
    make_network,
    simulate,
    single_queue,
)

pytest.importorskip("simpy", reason="needs the packages simpy and ciw (extra dev)")
pytest.importorskip("ciw", reason="needs the packages simpy and ciw (extra dev)")

import sys  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from simulation_peers import Peer, Queue, Week, ciw_queue, simpy_queue, simpy_week, simpy_week_by_hand  # noqa: E402

REPORT = Path(__file__).with_name("simulation_speed.md")
TURNS = 5
SIZES = ((10, 9.0), (50, 48.0), (200, 195.0))
"""Agents and offered load of the single queues."""

HALF_HOUR_S, HALF_HOURS, DAYS = 1800.0, 20, 7


def _week() -> Week:
    """Six types of two priorities, four skill groups, seven days of twenty half hours."""
    shape = np.concatenate([np.linspace(0.5, 1.3, 6), np.full(8, 1.0), np.linspace(1.1, 0.4, 6)])
    days = np.array([1.15, 1.0, 1.0, 0.95, 0.95, 0.6, 0.5])
    volume = np.array([600.0, 300.0, 700.0, 400.0, 500.0, 200.0]) / HALF_HOURS / HALF_HOUR_S
    aht_s = [240.0, 420.0, 300.0, 360.0, 200.0, 500.0]
    rates = volume[:, None, None] * days[None, :, None] * shape[None, None, :]
    pools = [[0, 3], [0, 3], [1, 3], [1], [2, 3], [2]]
    load = np.zeros((4, DAYS, HALF_HOURS))
    for kind, members in enumerate(pools):
        for g in members:
            load[g] += rates[kind] * aht_s[kind] / len(members)
    agents = np.ceil(load + 0.4 * np.sqrt(load)).astype(int)
    flat = (rates.reshape(6, -1), agents.reshape(4, -1))
    return Week(
        HALF_HOUR_S, flat[0].tolist(), flat[1].tolist(), pools, [0, 1, 1, 0, 1, 0], aht_s, [120, 200, 150, 90, 180, 240]
    )


def _network(week: Week) -> Network:
    kinds, groups = len(week.rates), len(week.agents)
    service = np.full((kinds, groups), -1)
    for kind, members in enumerate(week.pools):
        service[kind, members] = kind
    distributions = [exponential(s) for s in week.aht_s] + [exponential(s) for s in week.patience_s]
    return make_network(
        interval_s=week.interval_s,
        arrivals=np.array(week.rates) * week.interval_s,
        agents=np.array(week.agents, dtype=float),
        distributions=tuple(distributions),
        service=service,
        patience=kinds + np.arange(kinds),
        priority=np.repeat(np.array(week.priority)[:, None], groups, axis=1),
    )


def _ours(network: Network, replications: int) -> Callable[[int], tuple[int, float, float]]:
    def run(seed: int) -> tuple[int, float, float]:
        found = simulate(network, replications=replications, seed=seed)
        came = int(found.tally[..., 0].sum())
        return came, float(found.estimate("abandon_rate").mean), float(found.estimate("asa_s").mean)

    return run


def _raced(name: str, model: object, ours: Callable[[int], tuple[int, float, float]], peers: dict[str, Peer]) -> list:
    """Time all in turns; the best turn of each counts."""
    runs = {"solvers.simulation": ours} | {p: (lambda seed, f=f: f(model, seed)) for p, f in peers.items()}
    ours(0)  # compiled
    best: dict[str, float] = {}
    seen: dict[str, list[tuple[int, float, float]]] = {}
    for turn in range(TURNS):
        for who, run in runs.items():
            began = time.process_time()
            found = run(turn)
            spent = (time.process_time() - began) / found[0]
            best[who] = min(best.get(who, np.inf), spent)
            seen.setdefault(who, []).append(found)
    rows = []
    for who, spent in best.items():
        contacts = np.array([f[0] for f in seen[who]], dtype=float)
        lost, wait_s = (np.average([f[k] for f in seen[who]], weights=contacts) for k in (1, 2))
        rows.append((name, who, spent, spent / best["solvers.simulation"], lost, wait_s))
    return rows


def test_simulation_speed() -> None:
    rows = []
    for agents, load in SIZES:
        queue = Queue(load / 60.0, 60.0, 120.0, agents, 12_000 / (load / 60.0))
        network = single_queue(
            queue.rate,
            exponential(queue.aht_s),
            agents,
            patience=exponential(queue.patience_s),
            horizon_s=queue.horizon_s,
        )
        peers = {"SimPy": simpy_queue, "Ciw": ciw_queue}
        rows += _raced(f"M/M/{agents}+M, load {load:g}", queue, _ours(network, 20), peers)
    week = _week()
    peers = {"SimPy": simpy_week, "SimPy, dispatcher by hand": simpy_week_by_hand}
    rows += _raced("week, 6 types, 4 skill groups, 2 priorities", week, _ours(_network(week), 6), peers)
    table = pd.DataFrame(rows, columns=["model", "who", "seconds", "ratio", "abandoned", "wait_s"])
    text = _report(table, _memory())
    print("\n" + text)
    REPORT.write_text(text, encoding="utf-8")
    _agree(table)
    slow = table[table["ratio"] < table["model"].str.startswith("week").map({True: 80.0, False: 120.0})]
    slow = slow[slow["who"].isin(["SimPy", "Ciw"])]
    if len(slow):
        pytest.fail(f"below the bar: {slow[['model', 'who', 'ratio']].to_dict('records')}")


def _agree(table: pd.DataFrame) -> None:
    for model, part in table.groupby("model"):
        ours = part[part["who"] == "solvers.simulation"].iloc[0]
        assert np.allclose(part["abandoned"], ours["abandoned"], atol=0.01), model
        assert np.allclose(part["wait_s"], ours["wait_s"], atol=max(1.0, 0.15 * ours["wait_s"])), model


def _memory() -> dict[int, float]:
    """Peak memory that Python allocates for one replication of so many contacts, MB."""
    peaks = {}
    for contacts in (10_000, 1_000_000):
        network = single_queue(1.0, exponential(60.0), 62, patience=exponential(90.0), horizon_s=10_000.0)
        tracemalloc.start()
        simulate(network, replications=1, seed=1, cycles=contacts // 10_000)
        peaks[contacts] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    return peaks


def _report(table: pd.DataFrame, memory: dict[int, float]) -> str:
    lines = [
        "# Speed of the simulation",
        "",
        f"One thread, processor time, best of {TURNS} turns taken alternately, compilation left out. All count",
        "contacts, abandonments and waits; solvers.simulation also queue, work and capacity per pool and interval.",
        "Bars: 120 times SimPy and Ciw for a single queue, 80 times SimPy for the week.",
        "",
        "| model | who | µs a contact | times ours | abandoned | mean wait, s |",
        "|---|---|---|---|---|---|",
    ]
    for row in table.itertuples():
        lines.append(
            f"| {row.model} | {row.who} | {row.seconds * 1e6:.3f} | {row.ratio:.0f} | {row.abandoned:.4f} | "
            f"{row.wait_s:.2f} |"
        )
    sizes = ", ".join(f"{peak:.2f} MB for {contacts:,} contacts" for contacts, peak in memory.items())
    lines += ["", f"Peak memory of a replication: {sizes}."]
    return "\n".join(lines) + "\n"
