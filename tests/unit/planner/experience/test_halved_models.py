"""One history, two models: scores from two halves, everything that is counted from all."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy_scenarios import toy

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from toy_history import write_toy_history  # noqa: E402

import planner  # noqa: E402
from planner.experience import ExperienceModel, model_for  # noqa: E402
from planner.experience.halves import halved_models, with_scores_of  # noqa: E402
from planner.experience.model import ExperienceDraws  # noqa: E402
from planner.history import History  # noqa: E402
from planner.history.scenario_history import history_of  # noqa: E402
from planner.scenario import Scenario  # noqa: E402


@pytest.fixture(scope="module")
def center(tmp_path_factory) -> tuple[Scenario, History, ExperienceModel]:
    scenario = planner.load_scenario(write_toy_history(tmp_path_factory.mktemp("toy"), 3000))
    history = history_of(scenario)
    assert history is not None
    return scenario, history, model_for(scenario, history, seed=1)


def shifted(model: ExperienceModel, by: float) -> ExperienceModel:
    """The same model, every score and curve moved, and draws that are its scores."""
    outcomes = model.outcomes.assign(score=model.outcomes["score"] + by)
    moves = model.moves.assign(score=model.moves["score"] + by)

    def draw(n: int, seed: int) -> ExperienceDraws:
        return ExperienceDraws(np.tile(outcomes["score"], (n, 1)), np.tile(moves["score"], (n, 1)))

    return dataclasses.replace(model, outcomes=outcomes, moves=moves, sampler=draw)


def test_scores_come_from_the_half_and_counts_from_the_whole() -> None:
    whole = shifted(model_for(toy()), 0.0)
    half = shifted(whole, 0.25)
    half = dataclasses.replace(half, outcomes=half.outcomes.sample(frac=1, random_state=1).assign(p_return=0.9))
    half = shifted(half, 0.0)
    mixed = with_scores_of(whole, half)
    np.testing.assert_allclose(mixed.outcomes["score"], whole.outcomes["score"] + 0.25)
    np.testing.assert_allclose(mixed.moves["score"], whole.moves["score"] + 0.25)
    pd.testing.assert_series_equal(mixed.outcomes["p_return"], whole.outcomes["p_return"])
    np.testing.assert_allclose(mixed.draws(3, 1).scores, np.tile(mixed.outcomes["score"], (3, 1)))


def test_a_cell_the_half_cannot_score_keeps_that_of_the_whole() -> None:
    whole = shifted(model_for(toy()), 0.0)
    gone = whole.outcomes.index == 2
    half = shifted(whole, 0.25)
    half = shifted(dataclasses.replace(half, outcomes=half.outcomes.assign(score=half.outcomes["score"].mask(gone))), 0)
    mixed = with_scores_of(whole, half)
    expected = whole.outcomes["score"] + np.where(gone, 0.0, 0.25)
    np.testing.assert_allclose(mixed.outcomes["score"], expected)
    np.testing.assert_allclose(mixed.draws(2, 0).scores[1], expected)


def test_what_the_whole_does_not_score_stays_unscored() -> None:
    whole = model_for(toy())
    blank = dataclasses.replace(whole, outcomes=whole.outcomes.assign(score=np.nan))
    assert with_scores_of(blank, whole).outcomes["score"].isna().all()


def test_wait_curves_come_from_the_half_where_it_measured_them() -> None:
    whole = model_for(toy())
    flat = whole.wait_curve["channel"] == "chat"
    half = dataclasses.replace(whole, wait_curve=whole.wait_curve.assign(loss=whole.wait_curve["loss"] * 2))
    mixed = with_scores_of(whole, half).wait_curve.set_index(["reason", "channel", "wait_s"])["loss"]
    assert mixed.loc[("card", "voice", 300.0)] == pytest.approx(1.0)
    assert len(mixed) == len(whole.wait_curve)
    assert (mixed[mixed.index.get_level_values("channel") == "chat"] == 0).all()
    assert flat.any()


def test_nothing_is_cut_without_a_history() -> None:
    stated = model_for(toy())
    found = halved_models(toy(), None, stated, seed=1)
    assert found.chosen is stated
    assert found.rescored is None


@pytest.mark.slow
def test_nothing_is_cut_if_not_wanted(center) -> None:
    scenario, history, whole = center
    unwanted = scenario.model_copy(
        update={"experience": type(scenario.experience).model_validate(
            scenario.experience.model_dump() | {"rescore": "none"})}
    )  # fmt: skip
    found = halved_models(unwanted, history, whole, seed=1)
    assert found.chosen is whole
    assert (found.rescored, found.note) == (None, "")


@pytest.mark.slow
def test_too_few_answers_are_said_and_keep_one_number(center) -> None:
    scenario, history, whole = center
    poor = dataclasses.replace(whole, quality={**whole.quality, "answers": 479.0})
    found = halved_models(scenario, history, poor, seed=1)
    assert found.chosen is poor
    assert found.rescored is None
    assert found.note.startswith("479 answers are too few for two halves (480 are needed)")


@pytest.mark.slow
def test_two_halves_differ_in_scores_alone_and_bracket_the_whole(center) -> None:
    scenario, history, whole = center
    found = halved_models(scenario, history, whole, seed=1)
    assert found.rescored is not None
    one, other = found.chosen.outcomes, found.rescored.outcomes
    same = [c for c in one.columns if c not in ("score", "score_sd")]
    pd.testing.assert_frame_equal(one[same], other[same])
    assert (one["score"] - other["score"]).abs().max() > 1e-3
    # Half the answers: wider, about by the square root of two where the data decide.
    assert ((one["score_sd"] + other["score_sd"]) / 2 > whole.outcomes["score_sd"]).mean() > 0.8
    middle = (one["score"] + other["score"]) / 2
    assert ((middle - whole.outcomes["score"]).abs() < 2 * whole.outcomes["score_sd"]).all()
    assert "one half of the customers" in found.note
