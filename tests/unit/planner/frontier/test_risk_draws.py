"""The uncertain world: the bias nobody observed is drawn once, by the model where it knows it, else with the risk."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, write_center  # noqa: E402

from planner.experience.model import ExperienceDraws  # noqa: E402
from planner.frontier.risk import draw_world  # noqa: E402
from planner.operation import FlowProblem  # noqa: E402

COUNT = 4000


@pytest.fixture(scope="module")
def certain(tmp_path_factory) -> FlowProblem:
    """A stated center whose scores are known exactly and lie far from the ends of the scale; unseen bias 0.05."""
    problem = problem_of(write_center(tmp_path_factory.mktemp("center"), 1))
    model = problem.experience
    score, moved = np.full(len(model.outcomes), 3.0), np.full(len(model.moves), 3.0)
    stated = problem.scenario.experience.model_copy(update={"unseen_bias_sd": 0.05})

    def draw(n: int, seed: int) -> ExperienceDraws:
        return ExperienceDraws(np.tile(score, (n, 1)), np.tile(moved, (n, 1)))

    return dataclasses.replace(
        problem,
        scenario=problem.scenario.model_copy(update={"experience": stated}),
        experience=dataclasses.replace(model, sampler=draw),
    )


def biased(problem: FlowProblem, known: np.ndarray, sd: float) -> FlowProblem:
    """The same center; the model draws one bias that all `known` moves share."""
    model = problem.experience

    def bias(n: int, seed: int) -> ExperienceDraws:
        xi = np.random.default_rng([seed, 29]).standard_normal((n, 1))
        return ExperienceDraws(np.zeros((n, len(model.outcomes))), sd * xi * known)

    moves = model.moves.assign(bias_sd=np.where(known, sd, np.nan))
    return dataclasses.replace(problem, experience=dataclasses.replace(model, moves=moves, bias_sampler=bias))


def test_a_stated_model_gets_the_stated_bias_move_by_move(certain: FlowProblem) -> None:
    scores, move = draw_world(certain, COUNT, 3).scores, certain.weights.move
    assert (scores[:, move < 0].std(axis=0) == 0).all()
    np.testing.assert_allclose(scores[:, move >= 0].std(axis=0), 0.05, rtol=0.05)


def test_a_bias_the_model_draws_is_neither_counted_twice_nor_averaged_away(certain: FlowProblem) -> None:
    known = np.ones(len(certain.experience.moves), dtype=bool)
    scores, move = draw_world(biased(certain, known, 0.2), COUNT, 3).scores, certain.weights.move
    moved = scores[:, move >= 0]
    np.testing.assert_allclose(moved.std(axis=0), 0.2, rtol=0.03)  # with .05 on top it would be .206
    assert np.unique(np.round(moved.std(axis=0), 12)).size == 1
    assert moved.mean(axis=1).std() == pytest.approx(0.2, rel=0.03)


def test_moves_the_model_has_no_bias_for_keep_the_stated_one(certain: FlowProblem) -> None:
    known = np.zeros(len(certain.experience.moves), dtype=bool)
    known[np.unique(certain.weights.move[certain.weights.move >= 0])[0]] = True
    scores, move = draw_world(biased(certain, known, 0.2), COUNT, 3).scores, certain.weights.move
    with_bias, without = (move >= 0) & known[move], (move >= 0) & ~known[move]
    assert with_bias.any()
    assert without.any()
    np.testing.assert_allclose(scores[:, with_bias].std(axis=0), 0.2, rtol=0.03)
    np.testing.assert_allclose(scores[:, without].std(axis=0), 0.05, rtol=0.05)


def test_the_rest_of_the_world_does_not_depend_on_who_draws_the_bias(certain: FlowProblem) -> None:
    known = np.ones(len(certain.experience.moves), dtype=bool)
    one, other = draw_world(certain, 20, 3), draw_world(biased(certain, known, 0.2), 20, 3)
    np.testing.assert_array_equal(one.aht, other.aht)
    np.testing.assert_array_equal(one.shrinkage, other.shrinkage)
    np.testing.assert_array_equal(one.demand, other.demand)
