"""What score-dependent response would do to every estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.cells import Cells
from planner.experience.certainty.refit import Change, Reading, read, refitted
from planner.experience.certainty.tilt import tilted_cells
from planner.experience.estimated import Fits


def response_shift(fits: Fits, moves: pd.DataFrame, outcomes: pd.DataFrame | None, tilt: float) -> Reading:
    """Points each estimate has to move if the content answer more often, by `tilt` logits per sd of the score.

    Half the difference between the estimates under +tilt and -tilt. It is the same tilt in every channel, so most of
    it cancels in a move, which is computed as one contrast; where channels ask in different ways, more remains.
    """
    if fits.total is None:
        count = 0 if outcomes is None else len(outcomes)
        nothing = np.full(len(moves), np.nan)
        return Reading(read(fits, moves, None).table, nothing, np.full(count, np.nan), nothing)
    up, down = (_read_tilted(fits, moves, outcomes, sign * tilt) for sign in (1.0, -1.0))
    return Reading(
        table=(up.table - down.table) / 2,
        moves=(up.moves - down.moves) / 2,
        outcomes=(up.outcomes - down.outcomes) / 2,
        move_scores=(up.move_scores - down.move_scores) / 2,
    )


def _read_tilted(fits: Fits, moves: pd.DataFrame, outcomes: pd.DataFrame | None, tilt: float) -> Reading:
    changed = refitted(fits, _tilting(fits, tilt), final=outcomes is not None)
    return read(changed, moves, outcomes)


def _tilting(fits: Fits, tilt: float) -> Change:
    unit = score_sd(fits.first)

    def change(cells: Cells) -> Cells:
        return tilted_cells(cells, tilt, unit)

    return change


def score_sd(cells: Cells) -> float:
    """Standard deviation of one answer over all cells, points; NaN without answers."""
    n, total, squares = (float(cells.frame[name].sum()) for name in ("answers", "sum_score", "sum_score2"))
    return float(np.sqrt(max(squares / n - (total / n) ** 2, 1e-12))) if n > 0 else float("nan")
