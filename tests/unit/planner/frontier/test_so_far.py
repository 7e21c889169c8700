"""What a search tells of itself while it runs: plans counted again by hand, each line once, above the bars."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from planner import load_scenario
from planner import plan as planned
from planner.cli.progress import _reporter
from planner.frontier.bounds import surface_of
from planner.frontier.envelope import envelope
from planner.frontier.records import Record
from planner.frontier.so_far import so_far
from solvers.flow.solution import Routing
from solvers.flow.sweep import Plane

MINIMAL = Path(__file__).resolve().parents[4] / "scenarios" / "minimal.yaml"
NOWHERE = Routing(np.zeros(1), np.ones(1), np.zeros(1, dtype=np.int64))


def plan(cx: float, cost: float, headroom: float, feasible: bool = True) -> Record:
    return Record(NOWHERE, (None,), (cx, cost, headroom), feasible, "master")


def test_plans_that_are_beaten_or_break_a_promise_are_not_counted():
    plans = [
        plan(3.0, 1000.0, 0.1),
        plan(4.0, 2000.0, 0.0),
        plan(2.9, 1100.0, 0.1),
        plan(9.0, 1.0, 1.0, feasible=False),
    ]
    assert so_far(plans, (), "EUR") == "2 plans so far: 1,000 to 2,000 EUR, CX 3.00 to 4.00, headroom 0% to 10%"
    assert so_far(plans[3:], (), "EUR") == ""
    assert so_far(plans[:1], (), "EUR") == "1 plan so far: 1,000 EUR, CX 3.00, headroom 10%"


def test_the_gap_told_is_the_median_of_the_plans():
    surface = envelope((surface_of([], [(0.0, 900.0, (Plane(0.0, 1e-3, 2.1, 900.0, 3.0),))]),), ("",))
    plans = [plan(3.0, 990.0, 0.0), plan(3.1, 1200.0, 0.0)]  # the bound is 900 and 1000
    assert so_far(plans, (), "EUR", surface).endswith("; half of them cost at most 15.0% above the bound")


def test_a_note_stays_above_the_bars_and_comes_once():
    shown = io.StringIO()
    with Progress(console=Console(file=shown, force_terminal=True, width=100)) as bar:
        report = _reporter(bar.add_task, bar.update, lambda note: bar.console.print(note, highlight=False))
        for done in range(3):
            report("plans", done, 2, "7 plans so far\x1b]0;x\x07")
        report("bound", 0, 1, "")
    assert shown.getvalue().count("7 plans so far") == 1
    assert "\x1b]0;x" not in shown.getvalue()


def test_a_run_tells_what_it_has_once_the_first_plans_are_there():
    notes: list[tuple[str, str]] = []
    scenario = load_scenario(
        MINIMAL, overrides=["frontier.share_step=null", "frontier.search_evaluations=0", "frontier.bound_plans=0"]
    )
    planned(scenario, seed=1, progress=lambda stage, done, total, note: notes.append((stage, note)))
    told = list(dict.fromkeys(note for _, note in notes if note))
    assert len(told) >= 3
    assert "above the bound" in told[-1]
    counts = [int(note.split()[0]) for note in told]
    assert counts[-1] >= counts[0] >= 1
    assert all(note == "" for stage, note in notes if stage == "experience")
