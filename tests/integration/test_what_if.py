"""Asking about a plan: laws that every answer obeys, on the toy center's real run."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from planner.cli.app import app, main
from planner.errors import PlanError, RunError
from planner.frontier.certificate import outer_surface
from planner.frontier.held import held_from
from planner.frontier.what_if import Question, _answer
from planner.runs import load_run
from planner.runs.store import save_frontier
from solvers.archive import from_bytes
from solvers.flow.solution import Instance, judge
from solvers.flow.sweep import Plane


@pytest.fixture(scope="module")
def held(toy_planned):
    return held_from(toy_planned.model, "the toy")


@pytest.fixture(scope="module")
def plan(toy_planned):
    """A plan with headroom to lose."""
    rows = toy_planned.table[(toy_planned.table["origin"] != "today") & (toy_planned.table["headroom"] > 0.1)]
    return str(rows.iloc[0]["plan"])


def cases(toy_planned, plan, **question):
    return {answer.case: answer for answer in toy_planned.what_if(plan, Question(**question))}


def test_the_held_model_judges_every_plan_as_reported(toy_planned, held):
    rows = toy_planned.table[toy_planned.table["origin"] != "today"].set_index("plan")
    assert list(held.plans) == list(rows.index)
    for key, record in held.plans.items():
        found = judge(held.instance, record.routing, record.people, "search")
        assert found.objectives == pytest.approx(tuple(rows.loc[key, ["cx", "cost", "headroom"]]), abs=2e-5)


def test_nothing_changed_changes_nothing(toy_planned, plan):
    found = cases(toy_planned, plan)
    row = toy_planned.table.set_index("plan").loc[plan]
    for case in ("before", "as it stands"):
        assert (found[case].cx, found[case].cost) == pytest.approx((row["cx"], row["cost"]), abs=1e-6)
    assert found["same money"].cx >= row["cx"] - 1e-9
    assert found["same money"].cost <= row["cost"] + 1e-9
    assert found["same CX"].cx >= row["cx"] - 1e-9
    assert found["same CX"].cost <= row["cost"] + 1e-9
    assert all(answer.gap >= -1e-9 for answer in found.values() if np.isfinite(answer.gap))


@pytest.mark.parametrize("growth", [-0.1, 0.03, 0.08])
def test_growth_uses_headroom_up_as_its_definition_says(toy_planned, plan, growth):
    """Headroom is the largest uniform growth, so after growth v it is (1 + h)/(1 + v) − 1; bisected to 1e-5."""
    found = cases(toy_planned, plan, volume={"": growth})
    before = found["before"].headroom
    assert found["as it stands"].headroom == pytest.approx((1 + before) / (1 + growth) - 1, abs=5e-5)
    by_reason = cases(toy_planned, plan, volume={"billing": growth, "fault": growth})
    assert by_reason["as it stands"] == found["as it stands"]


def test_kept_shifts_cost_what_they_cost(toy_planned, held, plan):
    people = held.plans[plan].people
    found = cases(toy_planned, plan, keep=("shifts",), volume={"": 0.02}, headroom=0.0)
    wages = judge(held.instance, held.plans[plan].routing, people, "x").people_cost.money
    for case in ("same money", "same CX"):
        if case in found:
            assert found[case].cost >= wages
            assert found[case].hires == found["before"].hires
    free = cases(toy_planned, plan, volume={"": 0.02}, headroom=0.0)
    assert free["same CX"].bound <= found["same CX"].bound + 1e-6


def test_a_budget_is_kept_or_no_plan_is_given(toy_planned, plan):
    cost = cases(toy_planned, plan)["before"].cost
    some = cases(toy_planned, plan, budget=cost * 0.97, headroom=0.0)
    assert not some["as it stands"].feasible
    if "same money" in some:
        assert some["same money"].cost <= cost * 0.97
    none = cases(toy_planned, plan, budget=1.0)
    assert "same money" not in none


def test_a_plan_dearer_than_every_plan_within_limits_has_no_bound(held):
    """Where no plan within the budget reaches a CX, the surface's cost of that CX means nothing: no gap below zero."""
    record = next(iter(held.plans.values()))
    plan = judge(held.instance, record.routing, record.people, "search")
    flat = Plane(0.0, slope=1e-9, intercept=plan.cx - 0.1, cost=1.0, cx=plan.cx - 0.1)
    surface = outer_surface([(0.0, 1.0, (flat,))])
    assert surface.cost_bound(np.array([plan.cx]), np.array([0.0]))[0] > 1000 * plan.cost
    assert np.isnan(_answer("same CX", plan, surface).gap)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (Question(volume={"nobody": 0.1}), "unknown reason 'nobody'; known are billing, fault"),
        (Question(volume={"": -1.0}), "leaves nothing"),
        (Question(shrinkage=1.0), "leaves a pool below 0 or at 100 %"),
        (Question(keep=("people",)), "must be one of offers, shares, priority, shifts"),
        (Question(keep=("shifts:nowhere",)), "unknown pool; known are phone"),
    ],
)
def test_questions_that_make_no_sense_are_refused(toy_planned, plan, question, words):
    with pytest.raises(PlanError, match=words):
        toy_planned.what_if(plan, question)
    with pytest.raises(PlanError, match="Today's shifts are not known"):
        toy_planned.what_if("today", Question())


def test_the_model_survives_the_disk_and_damage_is_told(toy_planned, plan, tmp_path):
    save_frontier(toy_planned, tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    again = load_run(tmp_path)
    assert again.model == toy_planned.model
    assert again.what_if(plan, Question(aht={"": 0.05})) == toy_planned.what_if(plan, Question(aht={"": 0.05}))
    with pytest.raises(RunError, match="run the scenario again"):
        replace(toy_planned, model=b"").what_if(plan, Question())
    (tmp_path / "model.npz").write_bytes(toy_planned.model[:-5] + b"xxxxx")
    with pytest.raises(RunError, match="was changed after the run wrote it"):
        load_run(tmp_path)
    for damaged in (b"", b"PK", toy_planned.model[: len(toy_planned.model) // 2]):
        with pytest.raises(ValueError, match="damaged or of another version"):
            from_bytes(damaged, {"instance": Instance})


def test_the_command_gives_the_same_numbers(toy_planned, plan, tmp_path):
    save_frontier(toy_planned, tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    run = CliRunner().invoke
    asked = ["what-if", str(tmp_path), "--plan", plan, "--volume", "billing=+5%", "--aht", "-2%", "--keep", "offers"]
    told = json.loads(run(app, [*asked, "--json"]).stdout)
    said = toy_planned.what_if(plan, Question(volume={"billing": 0.05}, aht={"": -0.02}, keep=("offers",)))
    assert [row["case"] for row in told] == [answer.case for answer in said]
    assert [row["cost"] for row in told] == [answer.cost for answer in said]
    page = run(app, asked)
    assert page.exit_code == 0
    assert "as it stands" in page.stdout
    for wrong in (["--volume", "5"], ["--volume", "lots"], ["--aht", "1%", "--aht", "2%"], ["--headroom", "x"]):
        assert run(app, ["what-if", str(tmp_path), "--plan", plan, *wrong]).exit_code == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--plan", "p001", "--keep", "offers"], "need --from RUN"),
        (["--from", "RUN", "--keep", "offers"], "belong together"),
        (["--from", "RUN", "--plan", "p999", "--keep", "offers"], "is not in this run"),
        (["--from", "RUN/nowhere"], "no such run directory"),
    ],
)
def test_a_start_that_makes_no_sense_exits_2(toy_planned, tmp_path, options, words, capsys):
    save_frontier(toy_planned, tmp_path / "run")
    (tmp_path / "run/manifest.json").write_text("{}", encoding="utf-8")
    known = [option.replace("RUN", str(tmp_path / "run")) for option in options]
    code = main(["run", "scenarios/minimal.yaml", "--out", str(tmp_path / "out"), *known])
    assert code == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
