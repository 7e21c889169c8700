"""Estimates again on changed cells: what a changed assumption does to every number at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.experience.cells import AFTER, KEYS, Cells
from planner.experience.estimated import Fits, final_scores, move_effects, reading_table
from planner.experience.hierarchical import Array
from planner.experience.scores import fit_scores

Change = Callable[[Cells], Cells]


@dataclass(frozen=True)
class Reading:
    """Point estimates, points; NaN where there is none.

    Attributes
    ----------
    table
        Shape (row of the reading table,).
    moves
        Effects, shape (move,).
    outcomes, move_scores
        Scores of final contacts, shapes (row of the outcomes,) and (move,); empty where they were not asked for.
    """

    table: Array
    moves: Array
    outcomes: Array
    move_scores: Array


def refitted(fits: Fits, change: Change, *, final: bool) -> Fits:
    """Fit the scores of changed cells again, at the mode of the variance components (all a shift needs).

    Wait and hour bands are summed over first: they only sharpen who answers, which matters to the level of an estimate
    but hardly to its shift, and make up most of the cells. Compare refits with refits, never with the fits themselves.
    `final` asks for the scores of final contacts too.
    """
    first, last = (change(_without_bands(cells)) for cells in (fits.first, fits.last))
    total = None if fits.total is None else fit_scores(first, draws=0)
    ends = fit_scores(last, draws=0) if final and fits.final is not None else None
    return replace(fits, first=first, last=last, total=total, final=ends)


def _without_bands(cells: Cells) -> Cells:
    keys = [*KEYS, *AFTER, *cells.bins]
    plain = replace(cells, frame=cells.frame.assign(wait_band=-1, hour_band=-1))
    return replace(plain, frame=plain.summed(keys))


def read(fits: Fits, moves: pd.DataFrame, outcomes: pd.DataFrame | None) -> Reading:
    """Read off every estimate: table, moves, and the scores of final contacts where they were fitted."""
    table = reading_table(fits)["mean"].to_numpy(float)
    effects = np.asarray(move_effects(fits, moves)[0], float)
    nothing = np.zeros(0)
    if outcomes is None:
        return Reading(table, effects, nothing, nothing)
    found = final_scores(fits, outcomes, moves)
    if found is None:
        return Reading(table, effects, np.full(len(outcomes), np.nan), np.full(len(moves), np.nan))
    value = np.where(found[1], found[0].mean, np.nan)
    return Reading(table, effects, value[: len(outcomes)], value[len(outcomes) :])


def unchanged(cells: Cells) -> Cells:
    """Keep the cells as they are."""
    return cells
