"""Formulas beside simulation: they agree on a real plan, and what is planted is found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import planner
from planner.agreement import COLUMNS, check_agreement, shown_plans, with_agreement
from planner.cli.running import exit_code_of
from planner.frontier.frontier import Frontier
from planner.report.page import render_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def toy() -> Frontier:
    settings = ["frontier.headroom_levels=[0]", "frontier.cost_points=2", "frontier.search_evaluations=0"]
    scenario = planner.load_scenario(
        ROOT / "scenarios" / "minimal.yaml", overrides=[*settings, "frontier.risk_draws=0"]
    )
    return planner.plan(scenario, seed=1)


def starved(frontier: Frontier, plan: str) -> Frontier:
    """The same run, but fewer people stand in one plan than its service was computed with."""
    staffing = frontier.tables["staffing"].copy()
    own = staffing["plan"] == plan
    staffing.loc[own, "on_task"] = (staffing.loc[own, "on_task"] * 0.5).round()
    return dataclasses.replace(frontier, tables={**frontier.tables, "staffing": staffing})


def test_every_run_compares_its_named_plans_with_simulation(toy: Frontier) -> None:
    table = toy.tables["agreement"]
    assert tuple(table.columns) == COLUMNS
    assert set(table["plan"]) == set(shown_plans(toy))
    assert not table["failed"].any()
    assert toy.meta["failed_checks"] == []
    assert exit_code_of(toy) == 0
    promises = table[table["what"] != ""]
    assert set(promises["what"]) == set(toy.tables["promises"]["promise"])
    said = toy.tables["promises"].set_index(["plan", "promise", "period"])["value"]
    for row in promises.itertuples():
        assert row.said == pytest.approx(said[row.plan, row.what, row.period])


def test_a_plan_short_of_people_is_found(toy: Frontier) -> None:
    plan = shown_plans(toy)[1]
    found = check_agreement(starved(toy, plan), seed=1)
    assert set(found.findings) == {plan}
    failed = found.table[found.table["failed"]]
    assert {"service_level", "abandon_rate"} <= set(failed["measure"])
    assert (failed["simulated"] < failed["said"])[failed["measure"] == "service_level"].all()
    told = with_agreement(starved(toy, plan), found)
    assert "Simulation disagrees" in told.explain(plan)
    assert "Simulation disagrees" not in told.explain("today")
    assert len(told.meta["failed_checks"]) == len(failed)
    assert exit_code_of(told) == 5
    page = render_page(told)
    assert "Do formulas and simulation agree?" in page
    assert page.index("A check of the finished plans failed") < page.index("Three answers first")


def test_a_promise_that_simulation_breaks_fails_although_the_values_are_near(toy: Frontier) -> None:
    """The formulas claim to keep a target that lies just above what the simulation finds."""
    simulated = toy.tables["agreement"].query("plan == 'today' and what == 'chat_90_60'").iloc[0]
    target = float(simulated["simulated"]) + 0.024
    tables = dict(toy.tables)
    for name, column in (("center_promises", "target"), ("promises", "target")):
        frame = tables[name].copy()
        frame.loc[frame["promise"] == "chat_90_60", column] = target
        tables[name] = frame
    own = (tables["promises"]["plan"] == "today") & (tables["promises"]["promise"] == "chat_90_60")
    tables["promises"].loc[own, "value"] = target
    found = check_agreement(dataclasses.replace(toy, tables=tables), seed=1, replications=400)
    row = found.table.query("plan == 'today' and what == 'chat_90_60'").iloc[0]
    assert abs(row["said"] - row["simulated"]) < row["tolerance"]
    assert row["failed"]


def test_same_seed_same_table(toy: Frontier) -> None:
    again = check_agreement(toy, seed=1).table
    assert again.equals(toy.tables["agreement"])
