"""Estimates again on changed cells: what a changed assumption does to every number at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.experience.cells import AFTER, KEYS, Cells
from planner.experience.design import make_design, make_targets
from planner.experience.estimated import move_pairs, outcome_pairs
from planner.experience.hierarchical import Array, BlockFit, fit_blocks
from planner.experience.response import Response, adjust, before_keys, before_terms, fit_response, split_cells
from planner.experience.scores import CellFit
from planner.experience.targets import channel_targets, population
from planner.history.outcomes import OutcomeKind

_STEPS = {OutcomeKind.SCORE: 1}
"""Newton steps from the components of a similar fit, by kind of outcome; those of shares are on another scale."""
_FAR_STEPS = 4
_RESIDUAL_SCALE = 0.1


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


@dataclass(frozen=True)
class Refit:
    """Scores of cells at one point of the variance components, with what explains the answers."""

    cells: Cells
    scores: CellFit
    response: Response


def coarse_cells(cells: Cells) -> Cells:
    """Sum over wait bands, hour bands and pools, as far as a shift of the estimates does not need them.

    They only sharpen who answers and tell pools of one channel apart, which matters to the level of an estimate but
    hardly to its shift, and make up most of the cells. Compare refits with refits, never with the fits themselves.
    """
    keys = [name for name in (*KEYS, *AFTER, *cells.bins) if name not in ("wait_band", "hour_band", "pool")]
    frame = cells.summed(keys)
    frame = frame.assign(wait_band=-1, hour_band=-1, pool=frame["channel"])
    return replace(cells, frame=frame, by_hour=None, asked=None)


def refit(cells: Cells, near: CellFit | Refit, *, hold: bool = False) -> Refit:
    """Fit the scores of cells again, at the mode of the variance components (all a shift needs).

    Parameters
    ----------
    near
        A fit of similar cells, whose variance components of the same name are the start.
    hold
        Keep the components as they are in `near`, a refit of cells with the same keys: but for the weights, its
        estimates and these are then the same linear function of the sums of scores.
    """
    like = near.scores if isinstance(near, Refit) else near
    split = split_cells(cells, before_keys(cells))
    terms = before_terms(split.fine, cells)
    response = fit_response(split, terms, near=near.response, hold=hold)
    adjusted = adjust(split, response)
    known = adjusted.known
    kept = split.groups[known].reset_index(drop=True)
    design = make_design(split.groups, before_terms(split.groups, cells), response.unit)
    blocks = design.blocks(kept)
    residual = _RESIDUAL_SCALE * response.unit if cells.bins else None
    start = like.fit.start_for(blocks, residual)
    steps = 0 if hold else _STEPS.get(cells.kind, _FAR_STEPS)
    fit = fit_blocks(
        adjusted.y[known],
        adjusted.v[known],
        blocks,
        residual_scale=residual,
        draws=0,
        start=start,
        max_steps=steps,
        spread=False,
    )
    contacts = float(split.groups["contacts"].sum())
    bins = tuple(cells.bins)
    return Refit(cells, CellFit(design, fit, split.groups, bins, split.scales, contacts, response.variance), response)


@dataclass(frozen=True)
class Loadings:
    """How the estimates hang on the effects of a refit, shapes (estimate, column); `there` less `here` is a move's."""

    table: Array
    there: Array
    here: Array

    def table_mean(self, fit: BlockFit) -> Array:
        """Means of the rows of the reading table."""
        return np.asarray(fit.center + self.table @ fit.mean[0])

    def effects(self, fit: BlockFit) -> Array:
        """Effects of the moves."""
        return np.asarray((self.there - self.here) @ fit.mean[0])


def loadings(found: Refit, table: pd.DataFrame, moves: pd.DataFrame) -> Loadings:
    """Say who stands behind each row of the reading table and each move, as in the estimates themselves."""
    fit, cells, by = found.scores, found.cells, ["reason", "segment"]
    rows = table[[*by, "channel"]].rename(columns={"channel": "to_channel"})
    pairs = channel_targets(fit, population(fit, cells, by), rows, by, cells.pools_by_reason)
    there, here = move_pairs(fit, cells, moves), move_pairs(fit, cells, moves, stay=True)
    return Loadings(_loading(fit, pairs, len(table)), _loading(fit, there, len(moves)), _loading(fit, here, len(moves)))


def final_loading(found: Refit, outcomes: pd.DataFrame, moves: pd.DataFrame) -> Array:
    """Say who stands behind the score of each outcome row, then of each move; NaN where nobody does."""
    fit, cells = found.scores, found.cells
    own = outcome_pairs(fit, cells, outcomes.assign(pool=outcomes["channel"]))
    moved = move_pairs(fit, cells, moves)
    both = pd.concat([own, moved.assign(target=moved["target"] + len(outcomes))], ignore_index=True)
    count = len(outcomes) + len(moves)
    loading = _loading(fit, both, count)
    return np.where(np.isin(np.arange(count), both["target"])[:, None], loading, np.nan)


def _loading(fit: CellFit, pairs: pd.DataFrame, count: int) -> Array:
    targets = make_targets(fit.design, pairs, count, fit.bins, fit.contacts)
    return targets.loading(targets.weight)
