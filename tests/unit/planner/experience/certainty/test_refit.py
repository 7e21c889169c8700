"""Refits at held variance components against refits that search for their own, on coarse cells and on fine ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import Known
from hidden_worlds import make_hidden_world, tilted_cells, todays_outcomes

from planner.experience.certainty.refit import coarse_cells, loadings, refit, shifted
from planner.experience.certainty.response import response_shift, score_sd
from planner.experience.design import Design
from planner.experience.estimated import fit_all, move_effects, move_rows, reading_table
from planner.experience.hierarchical import Array, BlockFit
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


def test_scores_move_as_their_answers_do(known: Known) -> None:
    assert known.fits.total is not None
    first = refit(coarse_cells(known.fits.first), known.fits.total)
    rows = len(first.split.fine)
    same = shifted(first, np.full(rows, 0.7))
    assert same.center == pytest.approx(0.7)
    np.testing.assert_allclose(same.mean, 0.0, atol=1e-9)
    one, other = np.random.default_rng(4).normal(size=(2, rows))
    parts, both = (shifted(first, one), shifted(first, other)), shifted(first, one + 2 * other)
    assert both.center == pytest.approx(parts[0].center + 2 * parts[1].center)
    np.testing.assert_allclose(both.mean, parts[0].mean + 2 * parts[1].mean, atol=1e-9)
    assert np.abs(both.mean).max() > 0.01


def ridge(design: Design, fit: BlockFit, frame: pd.DataFrame, y: Array, v: Array) -> tuple[float, Array]:
    """Center and effects by a plain solve: the same model as `fit_blocks`, written out."""
    variances = dict(zip(fit.names, np.exp(fit.log_variance), strict=True))
    prior = [np.full(b.size, b.scale**2 if b.fixed else variances[b.name]) for b in design.blocks(frame)]
    rows, w = design.matrix(frame).toarray(), 1 / (v + variances.get("cell", 0.0))
    center = float(np.average(y, weights=1 / (v + np.median(v))))
    left = rows.T @ (w[:, None] * rows) + np.diag(1 / np.concatenate(prior))
    return center, np.linalg.solve(left, rows.T @ (w * (y - center)))


def test_shifts_are_those_of_plain_regressions(known: Known) -> None:
    assert known.fits.total is not None
    found = refit(coarse_cells(known.fits.first), known.fits.total)
    fine, groups, response = found.split.fine, found.split.groups, found.response
    points = np.where(fine["channel"] == fine["channel"].iloc[0], 1.0, 0.0) + 0.2 * (fine["later"] == "no")
    n, answers = (fine[name].to_numpy(float) for name in ("contacts", "answers"))
    told = fine.assign(**found.split.answers)
    heard = answers > 0
    center, effects = ridge(
        response.design, response.fit, told[heard], points[heard].to_numpy(), response.variance / answers[heard]
    )
    m, said = (center + response.design.matrix(frame) @ effects for frame in (fine, told))
    sums = pd.DataFrame({"n": n, "m": n * m, "rest": answers * (points - said)}).groupby(fine["group"]).sum()
    y = sums["m"] / sums["n"] + sums["rest"] / found.adjusted.expected
    kept = found.adjusted.known
    center, effects = ridge(
        found.scores.design, found.scores.fit, groups[kept], y[kept].to_numpy(), found.adjusted.v[kept]
    )
    change = shifted(found, points.to_numpy())
    assert np.abs(effects).max() > 0.1
    np.testing.assert_allclose(change.center, center)
    np.testing.assert_allclose(change.mean[0], effects, atol=1e-9)
