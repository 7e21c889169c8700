"""Tilted sums against closed forms, against rows tilted one by one, and against the silent customers themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hidden_worlds import make_hidden_world, tilted_cells
from scipy.special import expit

from planner.experience.cells import Cells
from planner.experience.certainty.tilt import scale_points, tilted_mean


def one_cell(n: float, contacts: float, score: float, squares: float, scale: tuple[float, float]) -> Cells:
    row = {
        "channel": "voice", "disposition": "", "later": "no", "contacts": contacts, "answers": n, "sum_score": score,
        "sum_score2": squares,
    }  # fmt: skip
    return Cells(pd.DataFrame([row]), (), scale)


@pytest.mark.parametrize(
    ("scale", "points"),
    [
        ((1.0, 5.0), [1, 2, 3, 4, 5]),
        ((0.0, 1.0), [0, 1]),
        ((-100.0, 100.0), [-100, 0, 100]),
        ((0.0, 10.0), list(range(11))),
        ((0.0, 100.0), None),
        ((-np.inf, np.inf), None),
        ((0.5, 2.5), None),
    ],
)
def test_a_scale_has_points_or_not(scale: tuple[float, float], points: list[float] | None) -> None:
    found = scale_points(scale)
    assert (found is None) if points is None else np.array_equal(found, points)


def test_a_tilted_share_moves_by_the_tilt_on_the_logit_scale() -> None:
    share = np.array([0.1, 0.5, 0.8])
    got = tilted_mean(share, share * (1 - share), 0.4, np.array([0.0, 1.0]))
    np.testing.assert_allclose(got, expit(np.log(share / (1 - share)) - 0.4), atol=1e-9)


def test_a_tilted_normal_moves_by_tilt_times_variance() -> None:
    np.testing.assert_allclose(tilted_mean(np.array([3.0]), np.array([2.0]), 0.3, None), [3.0 - 0.6])


def test_a_uniform_law_on_five_points_is_tilted_as_computed_by_hand() -> None:
    points = np.arange(1.0, 6.0)
    weight = np.exp(-0.3 * points)
    got = tilted_mean(np.array([3.0]), np.array([2.0]), 0.3, points)
    assert got[0] == pytest.approx((points * weight).sum() / weight.sum(), abs=1e-8)


def test_any_two_moments_are_met_and_impossible_ones_stay_on_the_scale() -> None:
    rng = np.random.default_rng(1)
    points = np.arange(1.0, 6.0)
    law = rng.dirichlet(np.full(5, 0.8), 300)
    mean = law @ points
    variance = law @ points**2 - mean**2
    keep = (variance > 0.3) & (variance < 0.9 * (mean - 1) * (5 - mean)) & (mean > 1.2) & (mean < 4.8)
    assert keep.sum() > 100
    np.testing.assert_allclose(tilted_mean(mean[keep], variance[keep], 0.0, points), mean[keep], atol=1e-6)
    odd = tilted_mean(np.array([1.0, 5.0, 3.0, 3.0]), np.array([0.0, 4.0, 0.0, 9.0]), 0.3, points)
    assert np.isfinite(odd).all()
    assert ((odd >= 1) & (odd <= 5)).all()


def test_small_tilts_agree_with_the_normal_law() -> None:
    mean, variance = np.array([2.5, 3.6]), np.array([0.9, 1.1])
    got = tilted_mean(mean, variance, 1e-4, np.arange(1.0, 6.0))
    np.testing.assert_allclose((got - mean) / 1e-4, -variance, rtol=1e-3)


def test_no_tilt_and_no_silence_change_nothing() -> None:
    cells = make_hidden_world(0, contacts=2_000).cells
    pd.testing.assert_frame_equal(tilted_cells(cells, 0.0, 1.0).frame, cells.frame, atol=1e-6)
    everybody = one_cell(50.0, 50.0, 190.0, 760.0, (1.0, 5.0))
    pd.testing.assert_frame_equal(tilted_cells(everybody, 0.5, 1.0).frame, everybody.frame)


def test_variance_within_a_cell_stays() -> None:
    cells = one_cell(100, 1_000, 380, 1_540, (1.0, 5.0))
    row = tilted_cells(cells, 0.3, 1.0).frame.iloc[0]
    assert row["sum_score2"] / 100 - (row["sum_score"] / 100) ** 2 == pytest.approx(15.40 - 3.8**2)
    assert row["sum_score"] < 380


@pytest.mark.parametrize("tilt", [-0.4, 0.3, 0.6])
def test_sums_are_tilted_like_rows_and_both_find_the_silent(tilt: float) -> None:
    """One cell: exp(-tilt y) on the rows that answered gives the mean of those who did not."""
    rng = np.random.default_rng(5)
    y = rng.choice(np.arange(1.0, 6.0), 200_000, p=[0.08, 0.12, 0.2, 0.35, 0.25])
    answered = rng.random(len(y)) < expit(-1.5 + tilt * (y - 3.5))
    given = y[answered]
    weight = np.exp(-tilt * given)
    by_row = answered.mean() * given.mean() + (1 - answered.mean()) * (weight * given).sum() / weight.sum()
    cells = one_cell(len(given), len(y), given.sum(), (given**2).sum(), (1.0, 5.0))
    row = tilted_cells(cells, tilt, 1.0).frame.iloc[0]
    by_sum = row["sum_score"] / row["answers"]
    assert by_row == pytest.approx(y.mean(), abs=0.02)
    # Two moments stand in for the whole law: the shift is met to a tenth.
    assert by_sum - given.mean() == pytest.approx(by_row - given.mean(), rel=0.1)
    assert abs(given.mean() - y.mean()) > 0.2


def test_cells_of_a_world_are_tilted_like_their_rows() -> None:
    """The answers of every cell tilted row by row, and the cells tilted by their sums, on average over contacts."""
    world = make_hidden_world(3, contacts=60_000, reasons=1, channels=2, tilt=0.4)
    keys = ["segment", "channel", "disposition", "later", "bin_x"]
    rows = world.rows.assign(bin_x=np.searchsorted(np.quantile(world.rows["x"], [0.2, 0.4, 0.6, 0.8]), world.rows["x"]))
    given = rows[rows["answered"]].assign(weight=lambda d: np.exp(-0.4 * d["score"]))
    given["product"] = given["weight"] * given["score"]
    sums = given.groupby(keys)[["weight", "product", "score"]].agg({"weight": "sum", "product": "sum", "score": "mean"})
    p = rows.groupby(keys)["answered"].mean()
    by_row = p * sums["score"] + (1 - p) * sums["product"] / sums["weight"]
    tilted = tilted_cells(world.cells, 0.4, 1.0).frame.set_index(keys)
    by_sum = tilted["sum_score"] / tilted["answers"]
    n = rows.groupby(keys).size()
    own, other, raw = (np.average(x.reindex(n.index).fillna(3.5), weights=n) for x in (by_sum, by_row, sums["score"]))
    assert own == pytest.approx(other, abs=0.02)
    assert raw > own + 0.15
    assert own == pytest.approx(rows["score"].mean(), abs=0.03)


def test_order_of_cells_does_not_matter() -> None:
    cells = make_hidden_world(2, contacts=3_000).cells
    mixed = Cells(cells.frame.sample(frac=1, random_state=1), cells.covariates, cells.scale)
    one = tilted_cells(cells, 0.3, 1.0).frame
    two = tilted_cells(mixed, 0.3, 1.0).frame
    keys = [name for name in one.columns if not name.startswith("sum_")]
    two = two.sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(one.sort_values(keys).reset_index(drop=True), two, rtol=1e-9)


def test_cells_without_answers_stay_empty() -> None:
    cells = one_cell(0.0, 40.0, 0.0, 0.0, (1.0, 5.0))
    assert tilted_cells(cells, 0.3, 1.0).frame["sum_score"].tolist() == [0.0]
