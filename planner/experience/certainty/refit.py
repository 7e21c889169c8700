"""Estimates again on changed cells: what a changed assumption does to every number at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.experience.cells import AFTER, KEYS, Cells
from planner.experience.design import make_design, make_targets
from planner.experience.estimated import joint_pairs, move_pairs
from planner.experience.hierarchical import Array, Block, BlockFit, fit_blocks
from planner.experience.likelihood import RESIDUAL
from planner.experience.response import (
    Adjusted,
    Response,
    Split,
    adjust,
    answered_cells,
    before_keys,
    before_terms,
    carried,
    fit_response,
    split_cells,
)
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
    """Scores of cells at one point of the variance components, with what explains the answers and was made of them."""

    cells: Cells
    scores: CellFit
    response: Response
    split: Split
    adjusted: Adjusted


def coarse_cells(cells: Cells) -> Cells:
    """Sum over wait bands, hour bands and pools, as far as a shift of the estimates does not need them.

    They only sharpen who answers and tell pools of one channel apart, which matters to the level of an estimate but
    hardly to its shift, and make up most of the cells. Compare refits with refits, never with the fits themselves.
    """
    keys = [name for name in (*KEYS, *AFTER, *cells.bins) if name not in ("wait_band", "hour_band", "pool")]
    frame = cells.summed(keys)
    frame = frame.assign(wait_band=-1, hour_band=-1, pool=frame["channel"])
    return replace(cells, frame=frame, by_hour=None, asked=None)


def refit(cells: Cells, near: CellFit | Refit) -> Refit:
    """Fit the scores of cells again, at the mode of the variance components (all a shift needs).

    Parameters
    ----------
    near
        A fit of similar cells, whose variance components of the same name are the start.
    """
    like = near.scores if isinstance(near, Refit) else near
    split = split_cells(cells, before_keys(cells))
    terms = before_terms(split.fine, cells)
    response = fit_response(split, terms, near=near.response)
    adjusted = adjust(split, response)
    known = adjusted.known
    kept = split.groups[known].reset_index(drop=True)
    design = make_design(split.groups, before_terms(split.groups, cells), response.unit)
    blocks = design.blocks(kept)
    residual = _RESIDUAL_SCALE * response.unit if cells.bins else None
    start = like.fit.start_for(blocks, residual)
    steps = _STEPS.get(cells.kind, _FAR_STEPS)
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
    scores = CellFit(design, fit, split.groups, bins, split.scales, contacts, response.variance)
    return Refit(cells, scores, response, split, adjusted)


def shifted(found: Refit, points: Array) -> BlockFit:
    """Change of the scores if the mean answer of each fine cell moves by so many points.

    At given variances the estimates are linear in the sums of scores: they move as the answers do, by the same
    regression, adjustment and pooling (steps A to C).

    Parameters
    ----------
    points
        Shape (row of `found.split.fine`,).
    """
    split, response, scores = found.split, found.response, found.scores
    answers = split.fine["answers"].to_numpy(float)
    heard = answers > 0
    told = response.design.blocks(answered_cells(split))
    moved = replace(response, fit=_held(response.fit, points[heard], response.variance / answers[heard], told))
    m, said = moved.predict(split.fine), moved.predict(split.fine.assign(**split.answers))
    known = found.adjusted.known
    y = carried(split, m, said, answers * points, found.adjusted.expected)
    blocks = scores.design.blocks(split.groups[known].reset_index(drop=True))
    return _held(scores.fit, y[known], found.adjusted.v[known], blocks)


def _held(like: BlockFit, y: Array, v: Array, blocks: Sequence[Block]) -> BlockFit:
    """Effects at the variance components of a fit of the same blocks."""
    residual = 1.0 if RESIDUAL in like.names else None
    return fit_blocks(
        y, v, blocks, residual_scale=residual, draws=0, start=like.log_variance, max_steps=0, spread=False
    )


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
    both = joint_pairs(fit, cells, outcomes.assign(pool=outcomes["channel"]), moves)
    count = len(outcomes) + len(moves)
    loading = _loading(fit, both, count)
    return np.where(np.isin(np.arange(count), both["target"])[:, None], loading, np.nan)


def _loading(fit: CellFit, pairs: pd.DataFrame, count: int) -> Array:
    targets = make_targets(fit.design, pairs, count, fit.bins, fit.contacts)
    return targets.loading(targets.weight)
