"""A robust run of the toy center: against a brute force over its grid, its words, and draws that chose nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import ScenarioError
from planner.frontier.held import held_from
from planner.frontier.what_if import Question
from planner.report.text import units_of
from solvers.flow.doubt import axis_of
from solvers.flow.solution import judge
from solvers.pareto import nondominated

TOY = Path(__file__).resolve().parents[2] / "scenarios/minimal.yaml"
SETTINGS = ("frontier.robust={share: 0.25, draws: 8}", "experience.unseen_bias_sd=0.4", "frontier.risk_draws=20")


@pytest.fixture(scope="module")
def robust():
    return planner.plan(planner.load_scenario(TOY, SETTINGS), seed=3)


def test_the_axis_is_the_mean_of_the_worst_draws(robust):
    held = held_from(robust.model, "the toy")
    rows = robust.table[robust.table["origin"] != "today"].set_index("plan")
    for key, record in held.plans.items():
        plan = judge(held.instance, record.routing, record.people, "search")
        assert rows.loc[key, "cx"] == pytest.approx(axis_of(held.instance.doubt, plan.evaluation), abs=1e-9)
        assert rows.loc[key, "cx_expected"] == pytest.approx(plan.evaluation.cx, abs=1e-9)
    assert (rows["cx"] <= rows["cx_expected"] + 1e-12).all()
    assert nondominated(rows[["cx", "cost", "headroom"]].to_numpy(), ("max", "min", "max")).all()
    # The draws that are reported chose nothing: their worst quarter is another number.
    assert np.isfinite(rows["cx_tail"]).all()
    assert (np.abs(rows["cx_tail"] - rows["cx"]) > 1e-6).any()


def test_robust_plans_differ_from_those_of_the_mean_where_moves_are_in_doubt(robust, toy_planned):
    """The toy's whole grid is looked at, so the best robust CX of any plan of the plain front is no better."""
    held = held_from(robust.model, "the toy")
    best = robust.table[robust.table["origin"] != "today"]
    worse = 0
    for record in held_from(toy_planned.model, "plain").plans.values():
        plan = judge(held.instance, record.routing, record.people, "search")
        there = best[(best["cost"] <= plan.cost + 1e-6) & (best["headroom"] >= plan.evaluation.headroom - 2e-5)]
        assert there["cx"].max() >= plan.cx - 1e-6
        worse += there["cx"].max() > plan.cx + 1e-3
    assert worse > 0


def test_what_is_said_names_the_axis(robust):
    assert units_of(robust).cx_name == "CX (CSAT), worst 25%"
    plan = str(robust.table.iloc[3]["plan"])
    for words in (robust.explain(plan), robust.meta["certificate_words"]):
        assert words.endswith("CX is its mean over the worst 25% of what may be.")
    answers = robust.what_if(plan, Question())
    assert answers[0].cx == pytest.approx(robust.table.set_index("plan").loc[plan, "cx"], abs=1e-9)


def test_less_than_one_draw_is_refused():
    with pytest.raises(ScenarioError, match="5% of 10 draws is less than one draw"):
        planner.load_scenario(TOY, ("frontier.robust={share: 0.05, draws: 10}",))
