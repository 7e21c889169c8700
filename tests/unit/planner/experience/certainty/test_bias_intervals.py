"""Bias beside the sampling error: what adds up, what cancels in a move, what the intervals hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import Known
from hidden_worlds import HiddenWorld, make_hidden_world
from scipy.stats import norm

from planner.experience.certainty.bias import Bias, bias_of, gain_probability, total_intervals
from planner.experience.certainty.settings import BiasSettings
from planner.experience.estimated import Fits, fit_all, move_effects, reading_table

MOVE = ["reason", "segment", "from_channel", "to_channel"]


def moves_of(fits: Fits, bias: Bias, asked: pd.DataFrame) -> pd.DataFrame:
    effect, sd, support = move_effects(fits, asked)
    named = asked.rename(columns={"entry_reason": "reason"})
    frame = named[MOVE].assign(effect=effect, sd=sd, support=support)
    return total_intervals(frame, bias.moves, mean="effect")


def test_variances_add_up(known: Known) -> None:
    table = total_intervals(reading_table(known.fits), known.bias.table, mean="mean")
    parts = table["sd"] ** 2 + table["bias_response"] ** 2 + table["bias_unseen"] ** 2
    np.testing.assert_allclose(table["total_sd"] ** 2, parts)
    np.testing.assert_allclose(table["upper_total"] - table["mean"], 1.6448536 * table["total_sd"])
    np.testing.assert_allclose(table["mean"] - table["lower_total"], 1.6448536 * table["total_sd"])
    assert (table["total_sd"] >= table["sd"]).all()


def test_rows_are_matched_by_label(known: Known) -> None:
    table = reading_table(known.fits)
    mixed = total_intervals(table.sample(frac=1, random_state=1), known.bias.table, mean="mean").sort_index()
    pd.testing.assert_frame_equal(mixed, total_intervals(table, known.bias.table, mean="mean"))


def test_words_say_where_the_width_comes_from(known: Known) -> None:
    table = total_intervals(reading_table(known.fits), known.bias.table, mean="mean")
    biased = table["bias_sd"] > table["sd"]
    assert table.loc[biased, "certainty"].str.startswith("mostly what nobody observed").all()
    assert table.loc[~biased, "certainty"].str.startswith("mostly the number of answers").all()


def test_stated_and_missing_rows_get_no_bias_of_their_own(known: Known) -> None:
    table = reading_table(known.fits).astype({"mean": float})
    table.loc[0, "mean"] += 0.5
    table.loc[1, ["mean", "sd"]] = np.nan
    got = total_intervals(table, known.bias.table, mean="mean")
    assert np.isnan(got.loc[0, "bias_sd"])
    assert got.loc[0, "total_sd"] == got.loc[0, "sd"]
    assert got.loc[0, "certainty"].startswith("stated")
    assert got.loc[1, "certainty"] == "no estimate"
    assert got.loc[1, ["total_sd", "lower_total", "bias_sd"]].isna().all()


def test_response_bias_largely_cancels_in_moves(known: Known) -> None:
    level = np.sqrt(np.mean(known.bias.table["bias_response"] ** 2))
    change = np.sqrt(np.mean(known.bias.moves["bias_response"] ** 2))
    assert level > 0.08
    assert change < 0.35 * level


def test_probability_of_a_gain_is_that_of_a_normal() -> None:
    frame = pd.DataFrame({"effect": [0.1, -0.2, np.nan], "total_sd": [0.1, 0.4, np.nan]})
    np.testing.assert_allclose(gain_probability(frame), [norm.cdf(1.0), norm.cdf(-0.5), np.nan])


@pytest.mark.slow
def test_the_response_shift_is_the_error_such_response_makes() -> None:
    """Answers depend on the score by .3 logits per point: estimates are off by what the tilt of that size says."""
    error, shift = [], []
    for seed in range(4):
        world = make_hidden_world(seed, contacts=15_000, reasons=3, channels=3, tilt=0.3)
        fits = fit_all(world.cells, higher_is_better=True, seed=0)
        answers = world.rows.loc[world.rows["answered"], "score"]
        bias = bias_of(fits, world.movers.head(2), settings=BiasSettings(response_tilt=0.3 * float(answers.std())))
        merged = bias.table.merge(world.theta)
        error.append((merged["mean"] - merged["truth"]).mean())
        shift.append(-merged["bias_response"].mean())
    assert np.mean(error) > 0.1
    assert np.mean(shift) == pytest.approx(np.mean(error), rel=0.2)


def test_without_any_answer_there_is_no_estimate_and_no_crash() -> None:
    world = make_hidden_world(1, contacts=1_500, reasons=2, channels=2)
    frame = world.cells.frame.assign(answers=0.0, sum_score=0.0, sum_score2=0.0)
    fits = fit_all(type(world.cells)(frame, ("x",), (1.0, 5.0)), higher_is_better=True, seed=0)
    bias = bias_of(fits, world.movers)
    assert bias.table["bias_sd"].isna().all()
    assert bias.moves["bias_sd"].isna().all()
    assert not bias.move_loading.any()


@pytest.mark.parametrize("covariate", [True, False])
def test_one_channel_has_no_moves_and_hardly_an_unseen_bias(covariate: bool) -> None:
    world = make_hidden_world(1, contacts=1_500, reasons=2, channels=1, covariate=covariate)
    fits = fit_all(world.cells, higher_is_better=True, seed=0)
    bias = bias_of(fits, world.movers)
    assert bias.moves.empty
    assert bias.scales.empty
    assert bias.table["bias_unseen"].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert (bias.table["bias_response"] < -0.05).all()


def coverage(world: HiddenWorld) -> tuple[float, float]:
    fits = fit_all(world.cells, higher_is_better=True, seed=0)
    asked = world.movers[world.movers["users"] >= 50].reset_index(drop=True)
    got = moves_of(fits, bias_of(fits, asked), asked)
    off = (got["effect"] - asked["truth"]).abs()
    return float((off < 1.645 * got["sd"]).mean()), float((off < 1.645 * got["total_sd"]).mean())


@pytest.mark.slow
def test_total_intervals_hold_what_a_half_as_strong_unseen_cause_does() -> None:
    """Moves, 8 worlds: the unseen cause drives the choice .55 times as strongly as the known one."""
    plain, total = np.mean([coverage(make_hidden_world(seed, hidden=0.5)) for seed in range(100, 108)], axis=0)
    assert plain < 0.8
    assert total > plain + 0.15
    assert total > 0.8


@pytest.mark.slow
def test_total_intervals_are_no_narrower_than_needed_where_nothing_is_hidden() -> None:
    plain, total = np.mean([coverage(make_hidden_world(seed)) for seed in range(100, 103)], axis=0)
    assert plain > 0.84
    assert total >= plain
