"""Outcomes of cells: adjusted for who answers where few do, then pooled; steps A to C of the default estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from planner.experience.blocks import Array, Block
from planner.experience.cells import Cells, Scales
from planner.experience.design import Design, Term, make_design
from planner.experience.hierarchical import BlockFit, fit_blocks
from planner.experience.response import (
    Response,
    adjust,
    answer_shift,
    before_keys,
    before_terms,
    fit_response,
    grouped,
    score_unit,
    split_cells,
    with_response_error,
)
from planner.experience.shares import fit_logit_blocks

MIN_ANSWERS = 30
_RESIDUAL_SCALE = 0.1


@dataclass(frozen=True)
class CellFit:
    """A fitted outcome: the design, its posterior and the cells it came from.

    Attributes
    ----------
    groups
        One row per reason, channel, segment, pool, stage and bin with the standardized covariates.
    contacts
        All of them, answered or not.
    variance
        Variance of one answer around its expectation, points squared (of a share: p (1 - p)).
    logit
        Whether effects are on the logit scale.
    response
        What explains the answers, where those who answer were carried to all contacts.
    """

    design: Design
    fit: BlockFit
    groups: pd.DataFrame
    bins: tuple[str, ...]
    scales: Scales
    contacts: float
    variance: float
    logit: bool = False
    response: Response | None = None


def response_of(cells: Cells) -> Response:
    """Explain answers by everything known of a contact, over all its stages (step A).

    Raises
    ------
    ValueError
        Fewer than 30 answers in all.
    """
    _check(cells)
    split = split_cells(cells, before_keys(cells))
    return fit_response(split, [*before_terms(split.fine, cells), Term(("channel", "wait_band"), 0.3)])


class Fitter(Protocol):
    """Fits the block model to cell means with known variances, as `hierarchical.fit_blocks`."""

    def __call__(
        self,
        y: Array,
        v: Array,
        blocks: Sequence[Block],
        *,
        residual_scale: float | None = ...,
        draws: int = ...,
        seed: int = ...,
        start: Array | None = ...,
    ) -> BlockFit:
        """Return the posterior of the effects."""
        ...


def _check(cells: Cells) -> None:
    answers = float(cells.frame["answers"].sum())
    if answers < MIN_ANSWERS:
        raise ValueError(f"{answers:.0f} answers; at least {MIN_ANSWERS} are needed to estimate scores")


def fit_scores(
    cells: Cells,
    *,
    seed: int = 0,
    draws: int = 24,
    response: Response | None = None,
    like: CellFit | None = None,
    fitter: Fitter = fit_blocks,
) -> CellFit:
    """Estimate potential scores from cells, adjusted for who answers.

    Parameters
    ----------
    response
        As from `response_of` for these cells or ones that hold them; left out: that of these cells.
    like
        A fit of similar cells, whose variance components are a good start.
    fitter
        What fits the model of the adjusted means: `fit_blocks`, or `bayes.sample_blocks` for the full posterior.

    Raises
    ------
    ValueError
        Fewer than 30 answers in all.
    """
    _check(cells)
    response = response_of(cells) if response is None else response
    split = split_cells(cells, before_keys(cells), response.scales)
    adjusted = adjust(split, response)
    known = adjusted.known
    kept = split.groups[known].reset_index(drop=True)
    design = make_design(split.groups, before_terms(split.groups, cells), response.unit)
    y, v = adjusted.y[known], adjusted.v[known]
    residual = _RESIDUAL_SCALE * response.unit if cells.bins else None
    blocks = design.blocks(kept)
    start = None if like is None else like.fit.start_for(blocks, residual)
    fit = fitter(y, v, blocks, residual_scale=residual, draws=draws, seed=seed, start=start)
    fit = with_response_error(fit, design.matrix(kept), v, answer_shift(split, response, adjusted)[known], response)
    found = _cell_fit(design, fit, split.groups, split.scales, cells, response.variance)
    return replace(found, response=response)


def fit_times(cells: Cells, *, seed: int = 0, draws: int = 24) -> CellFit:
    """Estimate potential means of a positive outcome known for every contact (handle times), on cell means.

    The sd of one contact is taken to be in proportion to its mean: v = cv^2 m^2 / n with m the mean of reason and
    channel.
    """
    _check(cells)
    groups, scales = grouped(cells, before_keys(cells))
    kept = groups[groups["answers"] > 0].reset_index(drop=True)
    n, total, squares = (kept[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    pair = kept.groupby(["reason", "channel"])[["answers", "sum_score", "sum_score2"]].transform("sum")
    level = np.maximum((pair["sum_score"] / pair["answers"]).to_numpy(float), 1e-9)
    cv2 = float(np.average(np.maximum(squares / n - (total / n) ** 2, 0.0) / level**2, weights=n))
    variance = float(np.average(level**2, weights=n)) * max(cv2, 1e-4)
    design = make_design(groups, before_terms(groups, cells), score_unit(kept))
    residual = _RESIDUAL_SCALE * design.unit if cells.bins else None
    v = max(cv2, 1e-4) * level**2 / n
    fit = fit_blocks(total / n, v, design.blocks(kept), residual_scale=residual, draws=draws, seed=seed)
    return _cell_fit(design, fit, groups, scales, cells, variance)


def fit_share(
    cells: Cells, event: pd.Series | None = None, *, seed: int = 0, draws: int = 24, like: CellFit | None = None
) -> CellFit:
    """Estimate the share of contacts with an event, on the logit scale; nobody has to answer for it.

    Parameters
    ----------
    event
        True for the cells whose contacts had the event (aligned with `cells.frame`), all of them known. Left out: the
        sum of the outcome over the contacts for which it is known.
    """
    frame = cells.frame
    n = frame["contacts"] if event is not None else frame["answers"]
    happened = frame["contacts"].where(event, 0.0) if event is not None else frame["sum_score"]
    counted = Cells(frame.assign(answers=n, sum_score=happened, sum_score2=happened), cells.covariates, cells.scale)
    groups, scales = grouped(counted, before_keys(cells))
    kept = groups[groups["answers"] > 0].reset_index(drop=True)
    n_known = kept["answers"].to_numpy(float)
    share = np.clip(kept["sum_score"].to_numpy(float) / n_known, 0.0, 1.0)
    design = make_design(groups, before_terms(groups, cells), 1.0)
    blocks, residual = design.blocks(kept), _RESIDUAL_SCALE if cells.bins else None
    start = None if like is None else like.fit.start_for(blocks, residual)
    fit = fit_logit_blocks(share, n_known, blocks, residual_scale=residual, draws=draws, seed=seed, start=start)
    p = float(np.average(share, weights=n_known))
    return _cell_fit(design, fit, groups, scales, cells, max(p * (1 - p), 1e-6), logit=True)


def _cell_fit(
    design: Design,
    fit: BlockFit,
    groups: pd.DataFrame,
    scales: Scales,
    cells: Cells,
    variance: float,
    *,
    logit: bool = False,
) -> CellFit:
    contacts = float(groups["contacts"].sum())
    return CellFit(design, fit, groups, tuple(cells.bins), scales, contacts, variance, logit)
