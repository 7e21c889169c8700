"""Rules of the reference frontier: executed exports over its history, simulated flows and CX, twelve rows.

`PLANNER_REFERENCE_RUN` names a finished run of the reference center, `PLANNER_REFERENCE_SCENARIO` its scenario with
its history beside it. Contacts are the last 100,000 of that history; simulations have 20 replications of a week.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

import pytest

from planner.drawing import draw_problem
from planner.frontier.frontier import Frontier
from planner.history import load_history
from planner.routing import FORMATS, make_export, prove
from planner.routing.budget import fewer_rules
from planner.routing.export import TARGETS
from planner.routing.flows import flow_table
from planner.routing.past import past_contacts
from planner.routing.pools import center_of
from planner.routing.replay import replay
from planner.runs import load_run
from planner.scenario.document import read_document
from planner.scenario.load import load_scenario_record
from planner.simulation import SimulationSettings, simulate_plan

REPORT = Path(__file__).with_name("rules_of_reference.md")
RUN = Path(os.environ.get("PLANNER_REFERENCE_RUN") or "nowhere")
SCENARIO = Path(os.environ.get("PLANNER_REFERENCE_SCENARIO") or "nowhere")
PLANS = ("cheapest", "best_cx", "balanced")
EXECUTED = [fmt for fmt in FORMATS if TARGETS[fmt].run is not None]
CONTACTS, ROWS = 100_000, 12

pytestmark = pytest.mark.skipif(not (RUN.is_dir() and SCENARIO.is_file()), reason="set PLANNER_REFERENCE_RUN")


@pytest.fixture(scope="module")
def frontier() -> Frontier:
    """Load the run and begin the report anew."""
    REPORT.write_text("# Rules of the reference frontier\n\n" + __doc__.split("\n\n")[1] + "\n")
    return load_run(RUN)


def add(title: str, head: list[str], rows: list[list[str]]) -> None:
    lines = [f"\n## {title}\n", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    text = "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
    with REPORT.open("a") as file:
        file.write(text)
    print(text)


def test_simulated_flows_and_cx(frontier: Frontier) -> None:
    rows = []
    plans = frontier.table.set_index("plan")
    for name in PLANS:
        plan = frontier.plan(name)
        found = simulate_plan(frontier, plan.id, SimulationSettings())
        cx, known = found.cx.iloc[0], plans.loc[plan.id]
        assert found.flow_error < 0.02
        assert known["cx_low"] <= cx["cx"] <= known["cx_high"]
        inside = abs(cx["cx"] - cx["cx_plan"]) <= cx["half_width"]
        rows.append(
            [
                name,
                f"{found.flow_error:.2%}",
                f"{cx['cx_plan']:.4f}",
                f"{known['cx_low']:.3f} to {known['cx_high']:.3f}",
                f"{cx['cx']:.4f} ± {cx['half_width']:.4f}",
                f"{cx['cx'] - cx['cx_plan']:+.4f}",
                "yes" if inside else "no",
            ]
        )
    head = ["plan", "largest error of a pool's contacts", "CX", "its interval", "simulated", "difference"]
    add("Rules, simulated", [*head, "inside the simulation's own interval"], rows)


def test_executed_exports(frontier: Frontier) -> None:
    center = center_of(read_document(RUN / "scenario.yaml", "scenario.yaml").data)
    source = SCENARIO.parent / str(read_document(SCENARIO, "scenario").data["history"]["contacts"])
    history = load_history(source, timezone=str(frontier.meta["timezone"]))
    contacts = past_contacts(history, list(frontier.plan("today").service["interval"].drop_duplicates()), CONTACTS)
    open_ = contacts[contacts["day_part"].isna()]
    rows = []
    for name in PLANS:
        plan = frontier.plan(name)
        shares = flow_table(replay(plan.rules, open_), open_, plan.flows)["difference"].abs().max()
        for fmt in EXECUTED:
            began = time.process_time()
            proofs = prove(make_export(plan.rules, fmt, facts=center.pools), contacts)
            spent = time.process_time() - began
            assert all(proof.holds for proof in proofs)
            rows.append(
                [
                    name,
                    fmt,
                    " + ".join(f"{proof.agreed:,}" for proof in proofs),
                    " + ".join(f"{proof.contacts:,}" for proof in proofs),
                    f"{100 * shares:.2f}",
                    f"{spent:.1f}",
                ]
            )
    head = ["plan", "format", "agree", "of (per platform)", "largest error of a pool's share, points", "CPU s"]
    add(f"{CONTACTS:,} contacts", head, rows)


def test_twelve_rows(frontier: Frontier) -> None:
    problem, _ = draw_problem(load_scenario_record(SCENARIO).scenario, seed=int(frontier.meta["seed"]))
    rows = []
    for name in PLANS:
        plan = frontier.plan(name)
        found = fewer_rules(frontier, plan, problem, plan.rules, ROWS)
        by = found.kept.to_dict("index")
        shares = [found.kept_of(what) for what in ("gain", "gain_cx", "saving")]
        parts = ["none to keep" if math.isnan(share) else f"{share:.1%}" for share in shares]
        change = f"{by['small']['cx'] - by['plan']['cx']:+.4f}"
        counts = [str(int(by["plan"]["rows"])), str(found.compressed.exact_rows), str(len(found.compressed.rules.rows))]
        rows.append([name, *counts, *parts, change, "yes" if by["small"]["kept_promises"] else "no"])
    head = ["plan", "rows", "merged exactly", "rows left", "gain kept", "of CX", "of saving", "CX", "promises kept"]
    add(f"{ROWS} rows", head, rows)
