"""Swings of estimated inputs: against networks and scores changed by hand."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

import planner  # noqa: E402
from planner.drawing import draw_problem  # noqa: E402
from planner.experience.model import ExperienceDraws  # noqa: E402
from planner.frontier.assumptions import estimated_swings, swings  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402
from solvers.flow.solution import Routing, decision_of, judge  # noqa: E402

TOY = Path(__file__).resolve().parents[4] / "scenarios" / "minimal.yaml"


@pytest.fixture(scope="module")
def center(tmp_path_factory):
    """A center whose rows of the experience model are uncertain by one common 0.1 points, and a plan of it."""
    problem = problem_of(write_center(tmp_path_factory.mktemp("center"), 3))
    model = problem.experience

    def draw(n: int, seed: int) -> ExperienceDraws:
        common = stats.norm.ppf((np.arange(n) + 0.5) / n)[:, None] * 0.1
        return ExperienceDraws(
            np.full((n, len(model.outcomes)), 3.0) + common, np.full((n, len(model.moves)), 3.0) + common
        )

    problem = dataclasses.replace(problem, experience=dataclasses.replace(model, sampler=draw))
    return problem, random_plans(problem.instance, 3, 1)[0]


@pytest.mark.parametrize(("name", "cv"), [("demand", None), ("handle time", 0.03)])
def test_both_ends_are_evaluated(center, name, cv):
    problem, plan = center
    row = next(r for r in estimated_swings(problem, plan) if r.path.startswith(name))
    cv = problem.demand.level_cv if cv is None else cv
    sigma = np.sqrt(np.log(1 + cv**2))
    middle = stats.lognorm(s=sigma, scale=np.exp(-(sigma**2) / 2))
    assert (row.low, row.high) == pytest.approx(tuple(middle.ppf([0.05, 0.95])))
    assert middle.mean() == pytest.approx(1.0)
    ends = []
    for factor in (row.low, row.high):
        network = problem.network
        if name == "demand":
            network = dataclasses.replace(network, issues=network.issues * factor)
        else:
            network = dataclasses.replace(
                network, flows=dataclasses.replace(network.flows, aht_s=network.flows.aht_s * factor)
            )
        decision = decision_of(problem.instance, plan.routing, plan.staffing.scheduled)
        found = evaluate(network, problem.instance.promises, decision)
        ends.append((found.cx, found.variable_cost, found.headroom))
    expected = np.ptp([(plan.evaluation.cx, plan.evaluation.variable_cost, plan.evaluation.headroom), *ends], axis=0)
    assert (row.swing_cx, row.swing_cost, row.swing_headroom) == pytest.approx(tuple(expected), abs=2e-5)
    assert row.swing_headroom > 0.01


def test_scores_of_a_channel_move_cx_by_their_weight(center):
    """Every score moves by the same 0.1·z, so CX moves by the weight of the channel times that."""
    problem, plan = center
    network = problem.network
    channel = network.nodes.channel[network.flows.node]
    rows = {r.path: r for r in estimated_swings(problem, plan) if r.path.startswith("scores of ")}
    total = 0.0
    for c, name in enumerate(problem.channels):
        # A move's score is its own less the mean of the rows below it plus the row: three equal shifts, one left.
        weight = plan.evaluation.score_weight[channel == c].sum()
        total += weight
        if weight > 1e-9:
            row = rows[f"scores of {name}"]
            assert row.swing_cx == pytest.approx(weight * 0.1 * 2 * 1.6449, rel=0.02)
            assert row.high - row.low == pytest.approx(0.2 * 1.6449, rel=0.02)
    assert len(rows) >= 3
    assert total == pytest.approx(plan.evaluation.score_weight.sum())


def test_estimated_inputs_stand_beside_the_stated_ones(center):
    problem, plan = center
    found = swings(problem, plan)
    assert {"steers.to_chat.acceptance", "handle time (factor)", "scores of voice"} <= {r.path for r in found}
    assert [r.swing_cx for r in found] == sorted((r.swing_cx for r in found), reverse=True)
    sources = {r.path: r.source for r in found}
    assert sources["scores of voice"] == sources["demand (factor on the planned)"] == "stated"  # there is no history
    silent = problem.scenario.model_copy(
        update={"demand": problem.scenario.demand.model_copy(update={"uncertainty": None})}
    )
    rows = estimated_swings(dataclasses.replace(problem, scenario=silent), plan)
    assert {r.source for r in rows if r.path.startswith("demand")} == {"estimated"}


def test_a_plan_that_is_best_where_it_stands_swings_down_to_its_ends():
    """Headroom is largest at the stated acceptance: one pool runs short below it, the other above."""
    problem, _ = draw_problem(planner.load_scenario(TOY), seed=1)
    network = problem.network
    offers = ((network.nodes.steer >= 0) & (network.nodes.kind == 0)).astype(float)  # billing alone
    routing = Routing(offers, np.ones(len(network.split_kind)), np.zeros(len(network.pair_pool), dtype=np.int64))
    plan = judge(problem.instance, routing, (np.array([[5]]), np.array([[4]])), "master")
    row = next(r for r in swings(problem, plan) if r.path == "steers.offer_chat.acceptance")
    ends = []
    for value in (row.low, row.high):
        accepted = np.where(network.nodes.steer >= 0, value, network.nodes.acceptance)
        other = dataclasses.replace(network, nodes=dataclasses.replace(network.nodes, acceptance=accepted))
        instance = dataclasses.replace(problem.instance, network=other)
        ends.append(judge(instance, routing, plan.staffing.people, "master").evaluation.headroom)
    assert plan.evaluation.headroom > max(ends)
    assert row.swing_headroom == pytest.approx(plan.evaluation.headroom - min(ends), abs=2e-5)


def test_a_steer_that_may_find_no_taker_swings_down_to_no_offer():
    problem, _ = draw_problem(
        planner.load_scenario(TOY, ["steers.offer_chat.acceptance={value: 0.5, low: 0, high: 0.6}"]), seed=1
    )
    network = problem.network
    offers = (network.nodes.steer >= 0).astype(float)
    routing = Routing(offers, np.ones(len(network.split_kind)), np.zeros(len(network.pair_pool), dtype=np.int64))
    people = (np.array([[5]]), np.array([[4]]))
    plan, never = (
        judge(problem.instance, dataclasses.replace(routing, offer=offer), people, "x")
        for offer in (offers, 0 * offers)
    )
    row = next(r for r in swings(problem, plan) if r.path == "steers.offer_chat.acceptance")
    assert row.swing_headroom >= plan.evaluation.headroom - never.evaluation.headroom - 1e-6
    assert row.swing_cx >= abs(plan.cx - never.cx) - 1e-6
