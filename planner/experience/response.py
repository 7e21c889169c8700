"""Who answers: scores as explained by everything known after the contact, carried to all contacts (steps A and B)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.experience.cells import AFTER, Cells, Scales, covariate_scales, standardized, standardized_answers
from planner.experience.design import (
    Design,
    Term,
    after_terms,
    make_design,
    predictor,
    score_terms,
    stack,
    with_covariance,
)
from planner.experience.hierarchical import Array, BlockFit, fit_blocks
from planner.experience.sums import group_numbers

NO_ANSWER = 1e6
"""Variance of the mean of a cell without answers."""
_BEFORE = ("reason", "channel", "segment", "pool", "stage")
_LEAST_EXPECTED = 1e-3
_SWEEPS = 6
_FEW_PAIRS = 25.0
_LEVELS = (0.2, 0.4, 0.6, 0.8)


def before_keys(cells: Cells) -> list[str]:
    """Return the keys known before the contact: those on which an outcome is modeled."""
    return [*_BEFORE, *cells.bins]


def before_terms(frame: pd.DataFrame, cells: Cells) -> list[Term]:
    """Return the terms known before the contact that `frame` can carry."""
    several = bool((frame.groupby("channel")["pool"].nunique() > 1).any())
    return score_terms(cells.covariates, cells.bins, pools=several, stages=frame["stage"].nunique() > 1)


@dataclass(frozen=True)
class Response:
    """What explains one answer once everything is known (step A).

    Attributes
    ----------
    design, fit
        The regression of answers on what is known before and after the contact; `after` says by which of its terms
        those who answer differ from the others: what is known after the contact, and covariates.
    scales
        Center and spread of the covariates in it.
    unit, variance
        Sd of all answers, and variance of an answer around its prediction, points and squared.
    level_cuts, level_variance
        Fifths of the predicted score and the variance within each: scores near the end of the scale vary less.
    """

    design: Design
    fit: BlockFit
    after: tuple[bool, ...]
    scales: Scales
    unit: float
    variance: float
    level_cuts: Array
    level_variance: Array

    def predict(self, frame: pd.DataFrame) -> Array:
        """Expected score of the rows of a frame."""
        return self.fit.center + predictor(self.design.blocks(frame), self.fit.mean[0], len(frame))

    def cell_variance(self, predicted: Array) -> Array:
        """Variance of one answer at its predicted score."""
        return np.asarray(self.level_variance[np.searchsorted(self.level_cuts, predicted)])

    @property
    def after_covariance(self) -> Array:
        """Covariance of the coefficients of the after-contact columns."""
        sizes = [
            int(np.prod([len(self.design.levels[f]) for f in term.factors], dtype=int)) for term in self.design.terms
        ]
        columns = np.flatnonzero(np.repeat(self.after, sizes))
        return self.fit.covariance[0][np.ix_(columns, columns)]


def score_unit(frame: pd.DataFrame) -> float:
    """Sd of single answers, in points."""
    n, total, squares = (float(frame[name].sum()) for name in ("answers", "sum_score", "sum_score2"))
    return float(np.sqrt(max(squares / n - (total / n) ** 2, 1e-6)))


@dataclass(frozen=True)
class Split:
    """Cells at two depths: `groups` by what is known before the contact, `fine` by what is known after it as well.

    Both carry the standardized means of their covariates; `fine["group"]` is the position in `groups`. `answers` are
    the covariate means of those who answered, in the order of `fine`: within a bin, others answer than do not.
    """

    groups: pd.DataFrame
    fine: pd.DataFrame
    answers: pd.DataFrame
    scales: Scales


def grouped(cells: Cells, keys: list[str], scales: Scales | None = None) -> tuple[pd.DataFrame, Scales]:
    """Sum cells to groups by `keys`, with the standardized means of their covariates."""
    groups = cells.summed(keys)
    groups = groups[groups["contacts"] > 0].reset_index(drop=True)
    scales = covariate_scales(groups, cells.covariates) if scales is None else scales
    return pd.concat([groups, standardized(groups, scales)], axis=1), scales


def split_cells(cells: Cells, keys: list[str], scales: Scales | None = None) -> Split:
    """Sum cells to groups by `keys` and to fine cells by everything known after the contact."""
    after = [name for name in AFTER if name not in keys]
    fine = cells.summed([*keys, *after])
    fine = fine[fine["contacts"] > 0].reset_index(drop=True)
    groups, scales = grouped(replace(cells, frame=fine), keys, scales)
    fine["group"] = group_numbers(fine, keys)[0]
    answers = standardized_answers(fine, scales)
    return Split(groups, pd.concat([fine, standardized(fine, scales)], axis=1), answers, scales)


def answered_cells(split: Split) -> pd.DataFrame:
    """Return the fine cells with answers, with the covariates of those who gave them."""
    answered = (split.fine["answers"] > 0).to_numpy()
    return split.fine.assign(**split.answers)[answered].reset_index(drop=True)


def fit_response(split: Split, terms: Sequence[Term], *, near: Response | None = None) -> Response:
    """Regress answers on everything known before and after the contact (step A).

    Parameters
    ----------
    split
        Contacts of every stage, answered or not.
    terms
        Those known before the contact; those known after it are added.
    near
        What explains similar answers: its variance components are the start of a single step, and the variance of its
        answers is taken over; the covariance is then 0.
    """
    fine = split.fine
    part = answered_cells(split)
    unit = score_unit(part)
    before = [term for term in terms if term.factors != ("reason", "segment")]
    design = make_design(fine, [*before, *after_terms(list(split.scales))], unit)
    n = part["answers"].to_numpy(float)
    y = part["sum_score"].to_numpy(float) / n
    blocks = design.blocks(part)
    start = None if near is None else near.fit.start_for(blocks, None)
    variance = _pure_error(part, unit) if near is None else near.variance
    for steps in (8, 4) if near is None else (1,):
        fit = fit_blocks(y, variance / n, blocks, draws=0, start=start, max_steps=steps, spread=near is None)
        start = fit.log_variance
        predicted = fit.center + predictor(blocks, fit.mean[0], len(y))
        variance = _residual_variance(part, predicted, fit.edf, unit) if near is None else variance
    cuts = np.quantile(predicted, _LEVELS)
    by_level = _variance_by_level(part, predicted, cuts, variance)
    after = tuple(t.slope is not None or any(f in AFTER for f in t.factors) for t in design.terms)
    return Response(design, fit, after, split.scales, unit, variance, cuts, by_level)


def _pure_error(part: pd.DataFrame, unit: float) -> float:
    """Variance of an answer within cells, pooled; that of all answers where few cells have several."""
    n, total, squares = (part[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    within, free = float((squares - total**2 / n).sum()), float((n - 1).sum())
    known = within / free if free > 0 else unit**2
    return float(max((free * known + _FEW_PAIRS * unit**2) / (free + _FEW_PAIRS), (0.05 * unit) ** 2))


def _residual_variance(part: pd.DataFrame, predicted: Array, edf: float, unit: float) -> float:
    n, total, squares = (part[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    rest = float((squares - 2 * predicted * total + predicted**2 * n).sum())
    return float(max(rest / max(n.sum() - edf, n.sum() / 4), (0.05 * unit) ** 2))


def _variance_by_level(part: pd.DataFrame, predicted: Array, cuts: Array, variance: float) -> Array:
    n, total, squares = (part[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    rest = squares - 2 * predicted * total + predicted**2 * n
    level = np.searchsorted(cuts, predicted)
    count = len(cuts) + 1
    own = np.bincount(level, weights=rest, minlength=count)
    weight = np.bincount(level, weights=n, minlength=count)
    pooled = (own + 25 * variance) / (weight + 25)
    return np.asarray(pooled * variance / max(float((pooled * weight).sum() / weight.sum()), 1e-12))


@dataclass(frozen=True)
class Adjusted:
    """Cell means carried from those who answer to all contacts (step B), in the order of the groups.

    Attributes
    ----------
    y, v
        Means and their variances, points and squared; `v` is 1e6 where no answer is to be expected.
    expected
        Answers to expect of each group.
    """

    y: Array
    v: Array
    expected: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which groups have an answer to expect."""
        return self.v < NO_ANSWER


def adjust(split: Split, response: Response) -> Adjusted:
    """Step B, a difference estimator (Cassel et al. 1976): y_k = sum cnt m / cnt_k + sum (Sy - ans m) / e_k.

    e_k are the answers expected of the group, not those that came: a group whose customers happened to be resolved
    scores high *and* answers more, so weights by its own answers would tilt everything upward. For the same reason
    groups without an answer stay in, and v_k = s^2 / e_k + var(m) / cnt_k takes both variances from the channel and
    bin; only groups of which no answer is to be expected are unknown.
    """
    fine, groups = split.fine, split.groups
    m, said = response.predict(fine), response.predict(fine.assign(**split.answers))
    n, expected = fine["contacts"].to_numpy(float), expected_answers(groups)
    known = expected > _LEAST_EXPECTED
    safe = np.where(known, expected, 1.0)
    y = carried(split, m, said, fine["sum_score"].to_numpy(float), safe)
    contacts = _total(split, n)
    within = np.maximum(_total(split, n * m**2) / contacts - (_total(split, n * m) / contacts) ** 2, 0.0)
    noise = _of_class(groups, _total(split, n * response.cell_variance(m)) / contacts)
    v = noise / safe + _of_class(groups, within) / contacts
    return Adjusted(y, np.where(known, v, NO_ANSWER), safe)


def carried(split: Split, m: Array, said: Array, score: Array, expected: Array) -> Array:
    """Mean of each group by step B, shape (group,): see `adjust`.

    Parameters
    ----------
    m, said, score
        Shape (row of `fine`,): predicted means of all contacts and of the answers, and sum of the answers.
    expected
        Shape (group,): answers to expect, above 0.
    """
    n, answers = (split.fine[name].to_numpy(float) for name in ("contacts", "answers"))
    return _total(split, n * m) / _total(split, n) + _total(split, score - answers * said) / expected


def _total(split: Split, values: Array) -> Array:
    """Sum of a value of the fine cells over each group."""
    group = split.fine["group"].to_numpy()
    return np.asarray(np.bincount(group, weights=values, minlength=len(split.groups)))


def answer_shift(split: Split, response: Response, adjusted: Adjusted) -> sparse.csr_matrix:
    """Mean of the `after` columns over all contacts less that over the answers, shape (group, column)."""
    fine, count = split.fine, len(split.groups)
    group = fine["group"].to_numpy()
    n, answers = fine["contacts"].to_numpy(float), fine["answers"].to_numpy(float)
    contacts = np.bincount(group, weights=n, minlength=count)

    def mean_columns(frame: pd.DataFrame, weight: Array) -> sparse.csr_matrix:
        kept = weight != 0
        place = group[kept], np.arange(int(kept.sum()))
        picker = sparse.csr_matrix((weight[kept], place), shape=(count, len(place[1])))
        blocks = [
            block for block, after in zip(response.design.blocks(frame[kept]), response.after, strict=True) if after
        ]
        return picker @ stack(blocks, len(place[1]))

    asked = mean_columns(fine, n / contacts[group])
    return (asked - mean_columns(fine.assign(**split.answers), answers / adjusted.expected[group])).tocsr()


def expected_answers(groups: pd.DataFrame) -> Array:
    """Answers to expect of each group: contacts times factors of each key by channel that reproduce their answers.

    Iterative proportional fitting (Deming & Stephan 1940), a few sweeps, with half an answer at the mean rate added to
    every margin.
    """
    contacts, answers = groups["contacts"].to_numpy(float), groups["answers"].to_numpy(float)
    rate = answers.sum() / max(contacts.sum(), 1.0)
    channel = pd.factorize(groups["channel"])[0]
    silent = np.bincount(channel, weights=answers) <= 0
    keys = [name for name in map(str, groups) if name in (*_BEFORE, *AFTER) or name.startswith("bin_")]
    codes = []
    for name in keys:
        own, labels = pd.factorize(groups[name])
        codes.append(pd.factorize(channel * len(labels) + own)[0])
    expected = contacts * rate
    for _ in range(_SWEEPS):
        for code in codes:
            target = np.bincount(code, weights=answers) + 0.5
            fitted = np.bincount(code, weights=expected) + 0.5
            expected = expected * (target / fitted)[code]
    return np.where(silent[channel], 0.0, expected)


def _of_class(groups: pd.DataFrame, value: Array) -> Array:
    """Mean of a value over the contacts of a channel and bin of the strongest covariate."""
    by = ["channel", *[name for name in map(str, groups) if name.startswith("bin_")][:1]]
    n, number = groups["contacts"].to_numpy(float), group_numbers(groups, by)[0]
    return np.asarray((np.bincount(number, weights=value * n) / np.bincount(number, weights=n))[number])


def with_response_error(
    fit: BlockFit, matrix: sparse.csr_matrix, v: Array, shift: sparse.csr_matrix, response: Response
) -> BlockFit:
    """Carry the error of the after-contact coefficients into the effects: H V_gamma H', H = V Z'W D."""
    weight = 1.0 / (v + float(fit.residual.mean()))
    moved = matrix.T @ sparse.diags(weight) @ shift
    h = fit.covariance[0] @ np.asarray(moved.todense())
    return with_covariance(fit, h @ response.after_covariance @ h.T)
