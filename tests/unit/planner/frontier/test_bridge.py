"""The way from the survey to Today's CX adds up, and each modeled step is what its words say."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

from planner.experience.results import SurveyMeans  # noqa: E402
from planner.frontier.bridge import COLUMNS, WORDS, bridge_table, bridge_words  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.solution import decision_of  # noqa: E402

SURVEY = SurveyMeans(900, 3.9, 3.92, 4.0, 4.05, 3.99, 3.95)


@pytest.fixture(scope="module", params=range(3))
def case(request, tmp_path_factory):
    problem = problem_of(write_center(tmp_path_factory.mktemp("center"), request.param))
    plan = random_plans(problem.instance, request.param, 1)[0]
    decision = decision_of(problem.instance, plan.routing, plan.staffing.scheduled)
    return problem, decision, evaluate(problem.network, problem.instance.promises, decision, known_headroom=0.0)


def steps(case, shown: float | None = None):
    problem, decision, today = case
    table = bridge_table(SURVEY, problem, decision, today, today.cx if shown is None else shown)
    return table, table.set_index("step")["change"]


def test_steps_add_up_to_the_axis(case) -> None:
    table, change = steps(case, 3.123)
    assert tuple(table.columns) == COLUMNS
    assert list(table["step"]) == list(WORDS)
    assert change.sum() == pytest.approx(3.123, abs=1e-9)
    np.testing.assert_allclose(table["change"].cumsum(), table["value"], atol=1e-12)
    assert change["Half of the customers"] == pytest.approx(3.123 - case[2].cx, abs=1e-12)


def test_what_is_left_over_is_tiny(case) -> None:
    """Every issue ends resolved, given up or lost, so the steps hold all of CX but rounding."""
    assert abs(steps(case)[1]["Other modeling"]) < 1e-8


def test_survey_steps_are_the_differences_of_its_means(case) -> None:
    change = steps(case)[1]
    assert change.iloc[:6].tolist() == pytest.approx([3.9, 0.02, 0.08, 0.05, -0.06, -0.04])


def test_modeled_steps_by_taking_causes_away(case) -> None:
    """Counted again without the evaluator's sums: scores, ends of issues and waits, each from the network's arrays."""
    problem, decision, today = case
    network, state, flows = problem.network, today.state, problem.network.flows
    lost = state.lost[flows.pair]
    served = state.volume * (1 - lost)
    done = served * (1 - flows.escalate) * flows.resolve
    silent = served * (1 - flows.escalate) * (1 - flows.resolve) * (1 - flows.comeback)
    gone = state.volume * lost * (1 - network.pools.redial[flows.pool])
    value = steps(case)[0].set_index("step")["value"]
    assert value["Mix of the planned time"] == pytest.approx(float(np.average(flows.score, weights=done)))
    nobody_waits = dataclasses.replace(network, wait_bend=network.wait_bend * 0)
    unwaited = evaluate(nobody_waits, problem.instance.promises, decision, known_headroom=0.0)
    issues = network.issues.sum()
    waits = (unwaited.cx - today.cx) * issues
    assert waits > 0
    all_ends = done.sum() + silent.sum() + gone.sum()
    assert all_ends == pytest.approx(issues, rel=1e-9)
    before_lost = done @ flows.score + silent.sum() * network.score_given_up - waits
    assert value["Customers not helped"] == pytest.approx(before_lost / (done.sum() + silent.sum()), abs=1e-9)
    after = (before_lost + gone.sum() * network.score_abandoned) / issues
    assert value["Lost while waiting"] == pytest.approx(after, abs=1e-9)
    effort = network.effort * (state.volume.sum() - issues) / issues
    assert value["Effort"] == pytest.approx(after - effort, abs=1e-9)


def test_unknown_means_change_nothing(case) -> None:
    problem, decision, today = case
    unsure = dataclasses.replace(SURVEY, everyone=float("nan"))
    change = bridge_table(unsure, problem, decision, today, today.cx).set_index("step")["change"]
    assert change["Non-response"] == 0
    assert change.sum() == pytest.approx(today.cx, abs=1e-9)


def test_without_a_survey_there_is_no_way(case) -> None:
    problem, decision, today = case
    table = bridge_table(None, problem, decision, today, today.cx)
    assert table.empty
    assert tuple(table.columns) == COLUMNS
    assert bridge_words(table) == []


def test_words_name_both_ends_and_leave_out_steps_that_change_nothing(case) -> None:
    table, change = steps(case)
    lines = bridge_words(table)
    assert lines[0].split()[0] == "3.900"
    assert lines[-1].split()[0] == f"{case[2].cx:.3f}"
    told = [line.split("  ")[-1].split(":")[0] for line in lines[1:-1]]
    assert told == [name for name in change.index[1:] if abs(change[name]) >= 5e-4]
