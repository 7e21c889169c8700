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
from planner.experience.certainty.bias import widened  # noqa: E402
from planner.experience.halves import halved_models, with_scores_of  # noqa: E402
from planner.experience.model import ExperienceDraws  # noqa: E402
from planner.experience.moves import MOVE_KEYS  # noqa: E402
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


def with_a_bias(model: ExperienceModel, sd: float) -> ExperienceModel:
    """The same model with one bias that all its moves share."""

    def bias(n: int, seed: int) -> ExperienceDraws:
        xi = np.random.default_rng([seed, 29]).standard_normal((n, 1))
        return ExperienceDraws(np.zeros((n, len(model.outcomes))), sd * xi * np.ones(len(model.moves)))

    moves = widened(model.moves.assign(bias_sd=sd), mean="effect")
    return dataclasses.replace(model, moves=moves, bias_sampler=bias)


def test_the_bias_of_the_whole_is_in_the_draws_of_a_half_once() -> None:
    """The half draws exact scores: what varies is the bias, sd .2, and the same in both halves."""
    whole = with_a_bias(shifted(model_for(toy()), 0.0), 0.2)
    mixed, other = (with_scores_of(whole, shifted(model_for(toy()), by)) for by in (0.25, -0.1))
    draws = mixed.draws(4000, 1).move_scores
    np.testing.assert_allclose(draws.var(axis=0), 0.04, rtol=0.05)
    assert np.ptp(draws - mixed.moves["score"].to_numpy(), axis=1).max() < 1e-12
    np.testing.assert_allclose(mixed.draws(4000, 1, bias=False).move_scores.var(axis=0), 0.0, atol=1e-20)
    np.testing.assert_allclose(mixed.draws(5, 1).move_scores - other.draws(5, 1).move_scores, 0.35)


def test_total_widths_belong_to_the_sd_of_the_half() -> None:
    whole = with_a_bias(model_for(toy()), 0.3)
    half = dataclasses.replace(whole, moves=whole.moves.assign(sd=0.4, effect=whole.moves["effect"] + 1))
    moves = with_scores_of(whole, half).moves
    np.testing.assert_allclose(moves["total_sd"], 0.5)
    np.testing.assert_allclose(moves["upper_total"] + moves["lower_total"], 2 * moves["effect"])


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


@pytest.mark.slow
def test_the_bias_is_worked_out_once_and_drawn_with_both_halves(center, monkeypatch) -> None:
    scenario, history, whole = center
    monkeypatch.setattr("planner.experience.fit._bias", lambda *_: pytest.fail("worked out a second time"))
    found = halved_models(scenario, history, whole, seed=1)
    assert found.rescored is not None
    bias = whole.draws(4000, 3).move_scores - whole.draws(4000, 3, bias=False).move_scores
    known = whole.moves["bias_sd"].notna().to_numpy()
    assert known.any()
    assert bias[:, known].std(axis=0).min() > 0.01
    for half in (found.chosen, found.rescored):
        plain, drawn = half.draws(4000, 3, bias=False).move_scores, half.draws(4000, 3).move_scores
        np.testing.assert_allclose(drawn - plain, bias, atol=1e-12, equal_nan=True)
        expected = plain[:, known].var(axis=0) + bias[:, known].var(axis=0)
        np.testing.assert_allclose(drawn[:, known].var(axis=0), expected, rtol=0.12)


@pytest.mark.slow
def test_who_is_like_whom_is_known_of_every_move_and_kept_through_halves(center) -> None:
    scenario, history, whole = center
    assert set(whole.overlap["verdict"]) <= {"ok", "extrapolated", "none"}
    pd.testing.assert_frame_equal(whole.overlap[MOVE_KEYS], whole.moves[MOVE_KEYS].reset_index(drop=True))
    found = halved_models(scenario, history, whole, seed=1)
    assert found.chosen.overlap is whole.overlap
