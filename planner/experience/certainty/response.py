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
    shifted,
)
from planner.experience.certainty.tilt import tilt_shift
from planner.experience.estimated import Fits
from planner.experience.hierarchical import BlockFit
from planner.history.outcomes import OutcomeKind


def response_shift(
    fits: Fits,
    base: tuple[Refit, Loadings] | None,
    moves: pd.DataFrame,
    outcomes: pd.DataFrame | None,
    tilt: float,
) -> Reading:
    """Points each estimate has to move if the content answer more often, by `tilt` logits per sd of the score.

    Half the difference between the answers under +tilt and -tilt, carried through the fits at their variances and
    weights. It is the same tilt in every channel, so most of it cancels in a move, which is computed as one contrast;
    where channels ask in different ways, more remains.

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
    slope, (first, loading) = tilt / score_sd(fits.first), base
    change = _tilted(first, slope)
    table, effects = loading.table_mean(change), loading.effects(change)
    if outcomes is None or fits.final is None:
        return Reading(table, effects, np.full(count, np.nan), nothing if count else np.zeros(0))
    last = refit(coarse_cells(fits.last), fits.final)
    change = _tilted(last, slope)
    ends = change.center + final_loading(last, outcomes, moves) @ change.mean[0]
    return Reading(table, effects, ends[:count], ends[count:])


def _tilted(found: Refit, slope: float) -> BlockFit:
    """Change of the scores of a refit, half of that between the two signs of the tilt."""
    fine, scale = found.split.fine, found.cells.scale
    return shifted(found, (tilt_shift(fine, scale, slope) - tilt_shift(fine, scale, -slope)) / 2)


def score_sd(cells: Cells) -> float:
    """Standard deviation of one answer over all cells, points; NaN without answers."""
    n, total, squares = (float(cells.frame[name].sum()) for name in ("answers", "sum_score", "sum_score2"))
    return float(np.sqrt(max(squares / n - (total / n) ** 2, 1e-12))) if n > 0 else float("nan")
