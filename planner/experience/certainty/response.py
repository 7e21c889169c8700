"""What score-dependent response would do to every estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.cells import Cells
from planner.experience.certainty.refit import (
    Loadings,
    Reading,
    Refit,
    coarse_cells,
    final_loading,
    refit,
)
from planner.experience.certainty.tilt import tilted_cells
from planner.experience.estimated import Fits
from planner.experience.hierarchical import Array
from planner.history.outcomes import OutcomeKind


def response_shift(
    fits: Fits,
    base: tuple[Refit, Loadings] | None,
    moves: pd.DataFrame,
    outcomes: pd.DataFrame | None,
    tilt: float,
) -> Reading:
    """Points each estimate has to move if the content answer more often, by `tilt` logits per sd of the score.

    Half the difference between the estimates under +tilt and -tilt, at the variance components of the fits. It is the
    same tilt in every channel, so most of it cancels in a move, which is computed as one contrast; where channels ask
    in different ways, more remains.

    Parameters
    ----------
    base
        The scores of first contacts on coarse cells, and what the estimates load on; None where there are none.
    """
    count = 0 if outcomes is None else len(outcomes)
    nothing = np.full(len(moves), np.nan)
    if base is None:
        return Reading(np.zeros(0), nothing, np.full(count, np.nan), nothing)
    if fits.asked.kind is OutcomeKind.SHARE:
        # Known for everybody who can be followed: nobody answers, so nothing depends on who does.
        level = np.zeros(len(base[1].table))
        return Reading(level, np.zeros(len(moves)), np.zeros(count), np.zeros(len(moves) if count else 0))
    unit, (first, loading) = score_sd(fits.first), base
    up, down = (refit(tilted_cells(first.cells, sign * tilt, unit), first, hold=True) for sign in (1.0, -1.0))
    table = (loading.table_mean(up.scores.fit) - loading.table_mean(down.scores.fit)) / 2
    effects = (loading.effects(up.scores.fit) - loading.effects(down.scores.fit)) / 2
    if outcomes is None or fits.final is None:
        return Reading(table, effects, np.full(count, np.nan), nothing if count else np.zeros(0))
    ends = _final_shift(fits, moves, outcomes, tilt, unit)
    return Reading(table, effects, ends[:count], ends[count:])


def _final_shift(fits: Fits, moves: pd.DataFrame, outcomes: pd.DataFrame, tilt: float, unit: float) -> Array:
    """Shift the scores of final contacts, of outcome rows and then of moves."""
    assert fits.final is not None
    last = refit(coarse_cells(fits.last), fits.final)
    loading = final_loading(last, outcomes, moves)
    up, down = (refit(tilted_cells(last.cells, sign * tilt, unit), last, hold=True).scores.fit for sign in (1.0, -1.0))
    moved = up.mean[0] - down.mean[0]
    return np.asarray((up.center - down.center + loading @ moved) / 2)


def score_sd(cells: Cells) -> float:
    """Standard deviation of one answer over all cells, points; NaN without answers."""
    n, total, squares = (float(cells.frame[name].sum()) for name in ("answers", "sum_score", "sum_score2"))
    return float(np.sqrt(max(squares / n - (total / n) ** 2, 1e-12))) if n > 0 else float("nan")
