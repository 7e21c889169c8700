"""Planted truth is recovered on many small worlds: coverage, accuracy against naive means, movers, no effect."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cell_worlds import World, make_world, naive_means

from planner.experience.cells import Cells, sorted_cells
from planner.experience.design import contrast
from planner.experience.estimated import fit_all, move_effects, reading_table
from planner.experience.scores import fit_scores, fit_share
from planner.experience.targets import channel_targets, evaluate, population

TYPE = ["reason", "segment"]
WORLDS = 20


def fitted(world: World, *, share: bool = False) -> pd.DataFrame:
    """Return estimates beside the truth for every reason, segment and channel."""
    cells = world.cells
    fit = fit_share(cells, cells.frame["later"] == "yes") if share else fit_scores(cells)
    truth = (world.returns if share else world.theta).rename(columns={"channel": "to_channel"})
    pairs = channel_targets(fit, population(fit, cells, TYPE), truth, TYPE, cells.pools_by_reason)
    post = evaluate(fit, pairs, len(truth))
    return truth.assign(mean=post.mean, sd=post.sd, z=(post.mean - truth["truth"]) / post.sd)


def movers(world: World) -> pd.DataFrame:
    """Return the effects of moves beside the truth, with the difference of reason-wide means as `wrong`."""
    fits = fit_all(world.cells, higher_is_better=True, seed=0)
    asked = world.movers[world.movers["users"] >= 50].rename(columns={"reason": "entry_reason"}).reset_index(drop=True)
    effect, sd, support = move_effects(fits, asked)
    table = reading_table(fits).set_index(["reason", "segment", "channel"])["mean"]
    keys = list(asked[["entry_reason", "segment"]].itertuples(index=False, name=None))
    wrong = [
        table[(*key, to)] - table[(*key, here)]
        for key, here, to in zip(keys, asked["from_channel"], asked["to_channel"], strict=True)
    ]
    return asked.assign(effect=effect, sd=sd, support=support, wrong=wrong)


def rmse(error: pd.Series) -> float:
    return float(np.sqrt(np.nanmean(np.square(error))))


@pytest.mark.slow
def test_scores_cover_the_truth_and_beat_naive_means() -> None:
    rows = []
    for seed in range(WORLDS):
        world = make_world(seed)
        got = fitted(world)
        naive = world.theta.merge(naive_means(world.cells), how="left")
        rows.append((np.mean(np.abs(got["z"]) < 1.645), np.mean(got["z"] ** 2), rmse(got["mean"] - got["truth"]),
                     rmse(naive["naive"] - naive["truth"])))  # fmt: skip
    coverage, z2, own, naive_error = np.mean(rows, axis=0)
    assert 0.84 <= coverage <= 0.97
    assert 0.4 <= z2 <= 1.3
    assert own < 0.5 * naive_error
    assert min(row[0] for row in rows) >= 0.6


@pytest.mark.slow
def test_return_shares_cover_the_truth() -> None:
    rows = []
    for seed in range(WORLDS):
        got = fitted(make_world(seed), share=True)
        rows.append((np.mean(np.abs(got["z"]) < 1.645), np.mean(got["z"] ** 2), rmse(got["mean"] - got["truth"])))
    coverage, z2, error = np.mean(rows, axis=0)
    assert 0.84 <= coverage <= 0.97
    assert 0.4 <= z2 <= 1.3
    assert error < 0.03


@pytest.mark.slow
def test_movers_are_covered_and_the_difference_of_means_is_worse_under_confounding() -> None:
    coverage, better = [], 0
    worlds = 12
    for seed in range(worlds):
        got = movers(make_world(seed, confounding=1.5, effect_sd=0.3))
        coverage.append(np.mean(np.abs(got["effect"] - got["truth"]) < 1.645 * got["sd"]))
        better += rmse(got["effect"] - got["truth"]) < rmse(got["wrong"] - got["truth"])
    assert 0.84 <= np.mean(coverage) <= 0.99
    assert better >= 0.7 * worlds


@pytest.mark.slow
def test_without_effects_the_intervals_of_moves_hold_zero() -> None:
    inside = []
    for seed in range(12):
        got = movers(make_world(seed, effect_sd=0.0, channel_sd=0.0))
        inside.append(np.mean(np.abs(got["effect"]) < 1.645 * got["sd"]))
    assert np.mean(inside) >= 0.86


def test_order_and_splitting_of_cells_change_nothing() -> None:
    world = make_world(3, contacts=8_000, reasons=4)
    frame = world.cells.frame
    half = frame.copy()
    sums = ["contacts", "answers", "sum_score", "sum_score2", "sum_wait_s", "handled", "sum_handle_s", "sum_handle2"]
    half[[*sums, "sum_x"]] /= 2
    mixed = pd.concat([half, half.sample(frac=1, random_state=1)], ignore_index=True)
    mixed = mixed.sample(frac=1, random_state=2)
    first = reading_table(fit_all(sorted_cells(world.cells), higher_is_better=True, seed=1))
    second = reading_table(fit_all(sorted_cells(Cells(mixed, ("x",), (1.0, 5.0))), higher_is_better=True, seed=1))
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)


def test_a_pair_never_seen_has_no_estimate_and_no_move() -> None:
    world = make_world(5, contacts=20_000, reasons=4)
    unseen = (world.cells.frame["reason"] == "r1") & (world.cells.frame["channel"] == "c2")
    cells = world.cells.where(~unseen)
    fits = fit_all(cells, higher_is_better=True, seed=0)
    table = reading_table(fits)
    gone = table[(table["reason"] == "r1") & (table["channel"] == "c2")]
    assert set(gone["support"]) == {"none"}
    assert gone[["mean", "sd", "lower", "upper"]].isna().all(axis=None)
    asked = pd.DataFrame(
        [("r1", "s0", "c0", "c2"), ("r1", "s0", "c0", "c1")],
        columns=["entry_reason", "segment", "from_channel", "to_channel"],
    )
    effect, _, support = move_effects(fits, asked)
    assert support.tolist() == ["none", "ok"]
    assert np.isnan(effect).tolist() == [True, False]


def test_without_the_covariate_the_estimate_runs_and_says_what_it_cannot_adjust() -> None:
    fits = fit_all(make_world(1, contacts=8_000, covariate=False).cells, higher_is_better=True, seed=0)
    assert any("not adjusted" in note for note in fits.notes)
    assert reading_table(fits)["mean"].notna().all()


def test_a_contrast_is_the_difference_of_its_sides() -> None:
    world = make_world(2, contacts=8_000, reasons=3)
    fit = fit_scores(world.cells)
    truth = world.theta.rename(columns={"channel": "to_channel"})
    mix = world.cells.pools_by_reason
    post = evaluate(fit, channel_targets(fit, population(fit, world.cells, TYPE), truth, TYPE, mix), len(truth))
    mean, sd = contrast(post, np.array([0]), np.array([1]))
    assert mean[0] == pytest.approx(post.mean[0] - post.mean[1])
    assert 0 < sd[0] <= np.hypot(post.sd[0], post.sd[1]) * 1.5
    draws = post.draw(4_000, 1)
    assert np.allclose(draws.mean(axis=0), post.mean, atol=5 * post.sd.max() / np.sqrt(4_000))
    assert np.allclose(draws.std(axis=0), post.sd, rtol=0.15)
