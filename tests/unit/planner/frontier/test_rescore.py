"""The winner's curse in worlds with known truth, and the second look that is free of it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, random_plans, write_center  # noqa: E402

from planner.experience.model import ExperienceDraws  # noqa: E402
from planner.frontier.rescore import (  # noqa: E402
    add_gains,
    optimism,
    optimism_words,
    problem_with,
    rescored_cx,
    sampling_sd,
)
from planner.frontier.shown import show_solution  # noqa: E402
from planner.operation import FlowProblem  # noqa: E402
from solvers.flow.evaluate import evaluate  # noqa: E402

WORLDS, PLANS, CELLS = 1500, 80, 12


@pytest.fixture(scope="module")
def worlds() -> dict[str, np.ndarray]:
    """Plans are shares of cells; scores of cells are estimated twice, with an sd as large as their true spread.

    In each world the best five of 80 plans under the first estimate are chosen; arrays (world, chosen plan) of their
    true gain, the gain where chosen and scored again, and (world,) the sampling sd of the mean difference.
    """
    rng = np.random.default_rng(8)
    weights = rng.dirichlet(np.full(CELLS, 0.5), PLANS) - 1 / CELLS
    found: dict[str, list] = {"true": [], "chosen": [], "again": [], "shrunk": [], "sd": []}
    for _ in range(WORLDS):
        score = rng.normal(0, 0.3, CELLS)
        first, second = score + rng.normal(0, 0.3, (2, CELLS))
        best = np.argsort(weights @ first)[-5:]
        found["true"].append(weights[best] @ score)
        found["chosen"].append(weights[best] @ first)
        found["again"].append(weights[best] @ second)
        found["shrunk"].append(weights[best] @ first / 2)  # posterior mean: prior and sampling variance are equal
        found["sd"].append(np.sqrt(2) * 0.3 * np.linalg.norm(weights[best].mean(axis=0)))
    return {name: np.array(values) for name, values in found.items()}


def bias(values: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    error = (values - truth).mean(axis=1)
    return float(error.mean()), float(error.std() / np.sqrt(len(error)))


def test_naive_choice_is_cursed_and_the_second_look_is_not(worlds) -> None:
    cursed, se = bias(worlds["chosen"], worlds["true"])
    honest, again_se = bias(worlds["again"], worlds["true"])
    assert cursed > 20 * se
    assert cursed == pytest.approx(worlds["true"].mean(), rel=0.1)  # half of what was promised is luck
    assert abs(honest) < 3 * again_se


def test_posterior_means_under_the_right_prior_are_not_cursed(worlds) -> None:
    error, se = bias(worlds["shrunk"], worlds["true"])
    assert abs(error) < 3 * se


def test_optimism_finds_the_curse_and_its_interval_covers_it(worlds) -> None:
    found = [optimism(c, a, s) for c, a, s in zip(worlds["chosen"], worlds["again"], worlds["sd"], strict=True)]
    mean = np.array([f["optimism"] for f in found])
    cursed, _ = bias(worlds["chosen"], worlds["true"])
    assert mean.mean() == pytest.approx(cursed, rel=0.05)
    covers = np.mean([f["lower"] <= cursed <= f["upper"] for f in found])
    assert covers > 0.9  # choosing the largest cuts the spread of the first estimate, so the interval is safe


def test_optimism_of_plans_chosen_blindly_covers_zero_as_often_as_said() -> None:
    rng = np.random.default_rng(4)
    weights = rng.dirichlet(np.full(CELLS, 0.5), 5).mean(axis=0) - 1 / CELLS
    sd = np.sqrt(2) * 0.3 * float(np.linalg.norm(weights))
    inside = []
    for _ in range(4000):
        first, second = rng.normal(0, 0.3, (2, CELLS))
        found = optimism(np.array([weights @ first]), np.array([weights @ second]), sd)
        inside.append(found["lower"] <= 0 <= found["upper"])
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    problem = problem_of(write_center(tmp_path_factory.mktemp("center"), 3))
    plans = random_plans(problem.instance, 1, 3)
    return problem, [show_solution(f"p{k}", problem, plan) for k, plan in enumerate(plans)]


def raised(problem, by: float):
    """Every score moved alike, those of movers too."""
    outcomes, moves = problem.experience.outcomes, problem.experience.moves
    return dataclasses.replace(
        problem.experience,
        outcomes=outcomes.assign(score=outcomes["score"] + by),
        moves=moves.assign(score=moves["score"] + by),
    )


def test_the_same_scores_give_the_same_cx(small) -> None:
    problem, shown = small
    again = rescored_cx(shown, problem.experience)
    np.testing.assert_allclose(again, [view.evaluation.cx for view in shown], atol=1e-9)


def test_other_scores_give_what_a_fresh_evaluation_gives(small) -> None:
    problem, shown = small
    other = problem_with(problem, raised(problem, -0.2))
    fresh = [evaluate(other.network, other.instance.promises, v.decision, known_headroom=0.0).cx for v in shown]
    again = rescored_cx(shown, raised(problem, -0.2))
    np.testing.assert_allclose(again, fresh, atol=1e-8)
    before = [view.evaluation for view in shown]
    share = [float(e.score_weight.sum()) for e in before]  # issues that end resolved
    np.testing.assert_allclose(again, [e.cx - 0.2 * s for e, s in zip(before, share, strict=True)], atol=1e-6)


def test_a_model_of_other_cells_is_refused(small) -> None:
    problem, _ = small
    outcomes = problem.experience.outcomes
    fewer = dataclasses.replace(
        problem.experience, outcomes=outcomes.assign(score=outcomes["score"].mask(outcomes["pool"] == "partner"))
    )
    with pytest.raises(ValueError, match="different cells"):
        problem_with(problem, fewer)


def test_sampling_sd_against_a_draw_by_draw_count(small) -> None:
    """Independent scores of sd .1 in one half and .2 in the other: sd² = (.01 + .04)·|change of weights|²."""
    problem, shown = small
    before = [view.evaluation for view in shown]

    def uncertain(sd: float):
        score = problem.experience.outcomes["score"].to_numpy(float) * 0 + 3.0
        moved = np.full(len(problem.experience.moves), np.nan)

        def draw(n: int, seed: int) -> ExperienceDraws:
            rng = np.random.default_rng([seed, int(100 * sd)])
            return ExperienceDraws(score + sd * rng.standard_normal((n, len(score))), np.tile(moved, (n, 1)))

        return dataclasses.replace(problem, experience=dataclasses.replace(problem.experience, sampler=draw))

    plain = [
        dataclasses.replace(e, score_weight=np.where(problem.weights.move >= 0, 0, e.score_weight)) for e in before
    ]
    rows = np.zeros(len(problem.experience.outcomes))
    change = (plain[1].score_weight + plain[2].score_weight) / 2 - plain[0].score_weight
    np.add.at(rows, problem.weights.row, change)
    expected = np.sqrt(0.01 + 0.04) * np.linalg.norm(rows)
    one, other = uncertain(0.1), uncertain(0.2)
    assert sampling_sd(one, other, plain, 5) == pytest.approx(expected, rel=0.15)
    biased = [with_large_bias(half) for half in (one, other)]
    assert sampling_sd(*biased, plain, 5) == sampling_sd(one, other, plain, 5)


def with_large_bias(problem: FlowProblem) -> FlowProblem:
    """The same center with a bias of 1 point: both halves share it, so it says nothing of luck."""

    def bias(n: int, seed: int) -> ExperienceDraws:
        xi = np.random.default_rng(seed).standard_normal((n, 1))
        model = problem.experience
        return ExperienceDraws(np.tile(xi, len(model.outcomes)), np.tile(xi, len(model.moves)))

    return dataclasses.replace(problem, experience=dataclasses.replace(problem.experience, bias_sampler=bias))


def test_gains_are_against_todays_number_of_the_same_half() -> None:
    plans = pd.DataFrame({"cx": [4.0, 4.2, 3.9], "origin": ["today", "master", "search"]})
    add_gains(plans, np.array([3.9, 4.0, 3.9]))
    assert plans["gain"].tolist() == pytest.approx([0, 0.2, -0.1])
    assert plans["gain_rescored"].tolist() == pytest.approx([0, 0.1, 0])
    add_gains(plans, None)
    assert plans["cx_rescored"].isna().all()
    assert plans["gain_rescored"].isna().all()


@pytest.mark.parametrize(
    ("sd", "gap", "words"),
    [
        (0.01, 0.1, "flatters the plans by +0.100"),
        (0.2, 0.1, "cannot be told from chance"),
        (0.01, -0.1, "is the higher"),
    ],
)
def test_words_follow_the_interval(sd, gap, words) -> None:
    plans = pd.DataFrame({"cx": [4.0, 4.2], "origin": ["today", "master"]})
    add_gains(plans, np.array([4.0, 4.2 - gap]))
    found = optimism(plans["gain"].to_numpy()[1:], plans["gain_rescored"].to_numpy()[1:], sd)
    assert words in optimism_words(found, plans)
