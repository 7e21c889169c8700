"""A priority by value at a real bank, against first come, first served: simulated calls, with effect and interval.

The bank's own segments (February 1999) say who is preferred; 56 % of those asking for an agent are not identified and
so have no value a router could see. Three policies route the same calls of the mean week, each 100 times with common
random numbers: first come, first served (as far as the log shows); preferred customers first, all others alike (the
floor: an unidentified caller is never behind a regular customer); preferred, then regular, then unidentified callers.
Effects are differences against first come with 95 % intervals over paired weeks.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/unit/planner/simulation"), str(ROOT / "tests")]

from test_plan_simulation import fresh  # noqa: E402

import planner  # noqa: E402
from planner.drawing import draw_problem  # noqa: E402
from planner.simulation.network import Assumptions, plan_network  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.solution import Routing  # noqa: E402
from solvers.simulation import simulate  # noqa: E402

REPORT = Path(__file__).with_name("value_priority.md")
CALLS = Path(os.environ.get("PLANNER_EVAL_DATA") or "nowhere") / "bank_calls_feb1999.parquet"
WEEKS = 100
POLICIES = {
    "first come, first served": {"high": 0, "regular": 0, "unidentified": 0},
    "preferred first, others alike (floor)": {"high": 0, "regular": 1, "unidentified": 1},
    "preferred, regular, unidentified": {"high": 0, "regular": 1, "unidentified": 2},
}


@pytest.mark.skipif(not CALLS.exists(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data")
def test_priority_by_value() -> None:
    scenario = planner.load_scenario(ROOT / "scenarios/bank_1999.yaml", overrides=[f"history.contacts={CALLS}"])
    problem, today = draw_problem(scenario, seed=0)
    frontier = fresh(problem, today.routing, 0.0)
    results = {}
    for name, classes in POLICIES.items():
        ranks = [classes[problem.types[k][1]] for k in problem.network.pair_kind]
        routing = Routing(today.routing.offer, today.routing.split, np.array(ranks, dtype=np.int64))
        decision = routing.with_people(today.on_task)
        state = evaluate(problem.network, problem.instance.promises, decision, known_headroom=np.nan)
        results[name] = _simulated(problem, frontier, routing, today, name), state.cx
    base = results["first come, first served"][0]
    lines = ["# Priority by value at a real bank", "", __doc__.split("\n\n")[1], ""]
    lines += ["| policy | segment | mean wait, s | lost | effect on wait, s (95 %) | effect on lost, points (95 %) |"]
    lines += ["|---|---|---:|---:|---:|---:|"]
    for name, (found, _) in results.items():
        for segment in ("high", "regular", "unidentified", "all"):
            here, there = found[segment], base[segment]
            wait, lost = _effect(here, there, "wait_s"), _effect(here, there, "lost")
            cells = ["", ""]
            if name != next(iter(POLICIES)):
                cells = [f"{wait[0]:+.1f} ± {wait[1]:.1f}", f"{100 * lost[0]:+.2f} ± {100 * lost[1]:.2f}"]
            means = [f"{here['wait_s'].mean():.1f}", f"{here['lost'].mean():.2%}"]
            lines.append(f"| {' | '.join([name, segment, *means, *cells])} |")
    REPORT.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    floor = results["preferred first, others alike (floor)"][0]
    assert _effect(floor["high"], base["high"], "wait_s")[0] < 0
    strict = results["preferred, regular, unidentified"][0]
    assert floor["unidentified"]["wait_s"].mean() < strict["unidentified"]["wait_s"].mean()


def _simulated(problem, frontier, routing: Routing, today, name: str) -> dict[str, pd.DataFrame]:
    """Waits and losses per week and segment."""
    made = fresh(problem, routing, 0.0)
    staffing = made.tables["staffing"].copy()
    pools, starts = list(problem.pools), {s.isoformat(timespec="minutes"): t for t, s in enumerate(problem.starts)}
    rows = [pools.index(pool) for pool in staffing["pool"]], [starts[i] for i in staffing["interval"]]
    staffing["on_task"] = today.on_task[rows]
    made = replace(made, tables={**made.tables, "staffing": staffing})
    network = plan_network(made, made.plan("p"), Assumptions(handle_cv=1.2))
    found = simulate(network.network, replications=WEEKS, seed=1, warm_up=len(starts), records=True)
    records = pd.DataFrame({n: found.records[n] for n in ("replication", "klass", "wait_s", "pool")})
    flows = made.tables["center_flows"]
    nodes = flows[["reason", "segment", "from_channel", "steer", "channel", "stage"]].drop_duplicates()
    records["segment"] = nodes["segment"].to_numpy()[records["klass"]]
    records["lost"] = (records["pool"] < 0).astype(float)
    groups = {segment: rows for segment, rows in records.groupby("segment")} | {"all": records}
    return {segment: rows.groupby("replication")[["wait_s", "lost"]].mean() for segment, rows in groups.items()}


def _effect(here: pd.DataFrame, there: pd.DataFrame, what: str) -> tuple[float, float]:
    """Mean difference over paired weeks and the half-width of its interval (Student's t)."""
    difference = (here[what] - there[what]).to_numpy()
    half = stdtrit(len(difference) - 1, 0.975) * difference.std(ddof=1) / np.sqrt(len(difference))
    return float(difference.mean()), float(half)
