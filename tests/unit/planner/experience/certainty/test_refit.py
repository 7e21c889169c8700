"""Refits at held variance components against refits that search for their own, on coarse cells and on fine ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import Known
from hidden_worlds import make_hidden_world, todays_outcomes

from planner.experience.certainty.refit import coarse_cells, loadings, refit
from planner.experience.certainty.response import response_shift, score_sd
from planner.experience.certainty.tilt import tilted_cells
from planner.experience.estimated import fit_all, move_effects, move_rows, reading_table
from planner.experience.scores import fit_scores

TILT = 0.3


def test_coarse_cells_keep_every_sum(known: Known) -> None:
    fine, coarse = known.fits.first, coarse_cells(known.fits.first)
    assert len(coarse.frame) <= len(fine.frame)
    np.testing.assert_allclose(coarse.frame[fine.sums].sum(), fine.frame[fine.sums].sum())
    assert (coarse.frame["pool"] == coarse.frame["channel"]).all()


@pytest.mark.parametrize("seed", [3, 8])
def test_shifts_are_those_of_full_refits(seed: int) -> None:
    world = make_hidden_world(seed, contacts=6_000, reasons=3, channels=3)
    fits = fit_all(world.cells, higher_is_better=True, seed=0)
    outcomes = todays_outcomes(world)
    moves, unit = move_rows(outcomes), score_sd(fits.first)
    table = reading_table(fits)
    full = []
    for sign in (1.0, -1.0):
        again = replace(fits, total=fit_scores(tilted_cells(fits.first, sign * TILT, unit), draws=0))
        full.append((reading_table(again)["mean"].to_numpy(float), move_effects(again, moves)[0]))
    level, effects = ((full[0][k] - full[1][k]) / 2 for k in range(2))
    assert fits.total is not None
    first = refit(coarse_cells(fits.first), fits.total)
    shift = response_shift(fits, (first, loadings(first, table, moves)), moves, None, TILT)
    seen, moved = np.isfinite(level), np.isfinite(effects)
    size = np.sqrt(np.mean(level[seen] ** 2))
    assert size > 0.1
    assert np.sqrt(np.mean((shift.table - level)[seen] ** 2)) < 0.05 * size
    assert np.sqrt(np.mean((shift.moves - effects)[moved] ** 2)) < 0.05 * size


def test_a_held_refit_of_the_same_cells_is_the_same(known: Known) -> None:
    assert known.fits.total is not None
    first = refit(coarse_cells(known.fits.first), known.fits.total)
    again = refit(first.cells, first, hold=True)
    np.testing.assert_array_equal(again.scores.fit.log_variance, first.scores.fit.log_variance)
    np.testing.assert_allclose(again.scores.fit.mean, first.scores.fit.mean, atol=0.01)
