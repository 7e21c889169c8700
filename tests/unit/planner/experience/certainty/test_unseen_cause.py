"""The bias of an unseen cause: forgetting a covariate, how sizes are pooled, and what is shared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import Known
from hidden_worlds import HiddenWorld, make_hidden_world, to_cells

from planner.experience.certainty.bias import bias_of
from planner.experience.certainty.settings import BiasSettings
from planner.experience.certainty.unseen import _pooled, without_covariate
from planner.experience.estimated import Fits, fit_all


def fitted(seed: int, **kw: float | bool) -> tuple[HiddenWorld, Fits]:
    world = make_hidden_world(seed, contacts=4_000, reasons=3, channels=3, **kw)  # type: ignore[arg-type]
    return world, fit_all(world.cells, higher_is_better=True, seed=0)


def test_a_forgotten_covariate_leaves_the_cells_counted_without_it() -> None:
    world = make_hidden_world(4, contacts=3_000)
    forgotten = without_covariate(world.cells, "x")
    plain = to_cells(world.rows, covariate=False)
    assert forgotten.covariates == ()
    keys = ["reason", "channel", "segment", "disposition", "later"]
    a, b = (f.frame.groupby(keys)[["contacts", "answers", "sum_score2"]].sum() for f in (forgotten, plain))
    pd.testing.assert_frame_equal(a, b)
    assert not [name for name in forgotten.frame.columns if name.endswith("_x")]


def test_a_covariate_nobody_declared_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="'age' is not in the cells; known: x"):
        without_covariate(make_hidden_world(4, contacts=500).cells, "age")


def test_sizes_are_pooled_towards_all_pairs_and_never_fall_below_them() -> None:
    labels = pd.DataFrame({"pair": ["a"] * 4 + ["b"] * 4})
    shift = np.array([0.4, -0.4, 0.4, -0.4, 0.0, 0.0, np.nan, 0.0])
    overall = 4 * 0.16 / 7
    got = _pooled(labels, shift, np.ones(8))
    np.testing.assert_allclose(got[:4], np.sqrt((4 * 0.16 + 4 * overall) / 8))
    np.testing.assert_allclose(got[4:], np.sqrt(overall))


def test_one_noisy_shift_does_not_dominate() -> None:
    labels = pd.DataFrame({"pair": ["a"] + ["b"] * 20})
    shift = np.r_[2.0, np.full(20, 0.1)]
    assert _pooled(labels, shift, np.ones(21))[0] < 1.1


def test_a_move_and_its_way_back_miss_in_opposite_directions(known: Known) -> None:
    bias = known.bias
    moves = bias.moves.assign(row=np.arange(len(bias.moves)))
    keys = ["reason", "segment"]
    both = moves.merge(
        moves, left_on=[*keys, "from_channel", "to_channel"], right_on=[*keys, "to_channel", "from_channel"]
    )
    there, back = (bias.move_loading[both[name].to_numpy(), 1:] for name in ("row_x", "row_y"))
    cosine = (there * back).sum(axis=1) / np.linalg.norm(there, axis=1) / np.linalg.norm(back, axis=1)
    np.testing.assert_allclose(cosine, -1.0)


def test_a_row_misses_less_where_most_customers_are_served_already(known: Known) -> None:
    world, bias = known.world, known.bias
    counts = world.rows.groupby(["reason", "segment", "channel"]).size().rename("n").reset_index()
    counts["share"] = counts["n"] / counts.groupby(["reason", "segment"])["n"].transform("sum")
    table = bias.table.merge(counts)
    for _, rows in table.groupby("channel"):
        assert np.corrcoef(rows["share"], rows["bias_unseen"])[0, 1] < -0.8


def test_customers_of_a_reason_miss_nothing_on_average_over_the_channels_they_use(
    known: Known,
) -> None:
    """The unseen cause has mean 0 over all customers; pattern times shares sums to 0 once sizes are taken out."""
    world, bias = known.world, known.bias
    counts = world.rows.groupby(["reason", "segment", "channel"]).size().rename("n").reset_index()
    table = bias.table.merge(counts, how="left").fillna({"n": 0.0})
    pattern = bias.table_loading[:, 1:]
    at = [bias.factors.index(channel) - 1 for channel in table["channel"]]
    own = pattern[np.arange(len(table)), at]
    share = table["n"] / table.groupby(["reason", "segment"])["n"].transform("sum")
    pattern = pattern / (own / (1 - share.to_numpy()))[:, None]
    total = pd.DataFrame(pattern * share.to_numpy()[:, None]).groupby([table["reason"], table["segment"]]).sum()
    np.testing.assert_allclose(total.to_numpy(), 0.0, atol=1e-9)


@pytest.mark.slow
def test_the_multiple_scales_the_bias_and_the_floor_holds(known: Known) -> None:
    world, fits, bias = known.world, known.fits, known.bias
    moves = bias.moves.rename(columns={"reason": "entry_reason"})
    double = bias_of(fits, moves, settings=BiasSettings(unseen_multiple=1.0))
    np.testing.assert_allclose(double.moves["bias_unseen"], 2 * bias.moves["bias_unseen"])
    floor = bias_of(fits, world.movers, settings=BiasSettings(unseen_multiple=0.0, unseen_bias_sd=0.3))
    np.testing.assert_allclose(floor.moves["bias_unseen"], 0.3)


@pytest.mark.slow
def test_without_any_covariate_a_stated_default_stands_in_and_says_so() -> None:
    world, fits = fitted(2, covariate=False)
    bias = bias_of(fits, world.movers)
    assert 0.1 < bias.moves["bias_unseen"].iloc[0] < 0.25
    assert bias.moves["bias_unseen"].nunique() == 1
    assert any("nothing known before the channel was chosen" in note and "a default" in note for note in bias.notes)
    stated = bias_of(fits, world.movers, settings=BiasSettings(unseen_bias_sd=0.07))
    np.testing.assert_allclose(stated.moves["bias_unseen"], 0.07)
    assert any("as stated" in note for note in stated.notes)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_a_covariate_that_says_nothing_leaves_the_bias_of_unadjusted_moves(spread: float) -> None:
    """A constant, or numbers drawn by chance, are no benchmark: declaring them must not narrow any interval."""
    world, plain = fitted(2, covariate=False)
    said = world.rows.assign(x=spread * np.random.default_rng(0).standard_normal(len(world.rows)))
    fits = fit_all(to_cells(said), higher_is_better=True, seed=0)
    alone, beside = (bias_of(one, world.movers).moves["bias_unseen"] for one in (plain, fits))
    assert (beside > 0.9 * alone).all()


@pytest.mark.slow
def test_the_strongest_of_two_covariates_sets_the_size() -> None:
    """A second covariate of pure noise is not the one named."""
    world = make_hidden_world(1, contacts=4_000, reasons=3, channels=3)
    frame = world.cells.frame
    noise = np.random.default_rng(0).integers(0, 2, len(frame))
    cells = type(world.cells)(
        frame.assign(bin_noise=noise, sum_noise=noise * frame["contacts"]), ("noise", "x"), (1.0, 5.0)
    )
    fits = fit_all(cells, higher_is_better=True, seed=0)
    assert any(note.startswith("without x,") for note in bias_of(fits, world.movers).notes)


@pytest.mark.parametrize("name", ["response_tilt", "unseen_multiple", "unseen_bias_sd"])
@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_impossible_assumptions_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        BiasSettings(**{name: value})
