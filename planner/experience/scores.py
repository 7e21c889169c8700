"""Scores of cells: adjusted for who answers, then pooled; steps A to C of the default estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.experience.cells import AFTER, Cells, Scales, covariate_scales, standardized
from planner.experience.design import Design, Term, after_terms, make_design, score_terms, with_covariance
from planner.experience.hierarchical import Array, BlockFit, fit_blocks, fit_logit_blocks

_GROUP = ("reason", "channel", "segment", "pool", "stage")
_NO_ANSWER = 1e6
MIN_ANSWERS = 30


@dataclass(frozen=True)
class CellFit:
    """A fitted outcome: the design, its posterior and the cells it came from.

    `groups` has one row per reason, channel, segment, pool, stage and bin with the standardized covariates; `variance`
    is the variance of one answer (points squared), NaN for shares.
    """

    design: Design
    fit: BlockFit
    groups: pd.DataFrame
    bins: tuple[str, ...]
    scales: Scales
    contacts: float
    variance: float


def group_keys(cells: Cells) -> list[str]:
    """Return the keys of the cells on which an outcome is modeled: everything known before the contact."""
    return [*_GROUP, *cells.bins]


def grouped(cells: Cells) -> pd.DataFrame:
    """Sum the cells over everything known after the contact and standardize the covariates."""
    groups = cells.summed(group_keys(cells))
    groups = groups[groups["contacts"] > 0].reset_index(drop=True)
    return pd.concat([groups, standardized(groups, covariate_scales(groups, cells.covariates))], axis=1)


def fit_scores(cells: Cells, *, seed: int = 0, draws: int = 24) -> CellFit:
    """Estimate potential scores from cells, adjusted for who answers.

    Raises
    ------
    ValueError
        Fewer than 30 answers in all.
    """
    answers = float(cells.frame["answers"].sum())
    if answers < MIN_ANSWERS:
        raise ValueError(f"{answers:.0f} answers; at least {MIN_ANSWERS} are needed to estimate scores")
    groups = grouped(cells)
    fine = _fine(cells, groups)
    side = _response_side(fine, cells, _score_unit(cells.frame))
    rows = _adjusted(fine, groups, side)
    known = rows["v"].to_numpy() < _NO_ANSWER
    terms = _terms(groups, cells)
    design = make_design(groups, terms, side.unit)
    kept = groups[known].reset_index(drop=True)
    y, v = rows.loc[known, "y"].to_numpy(float), rows.loc[known, "v"].to_numpy(float)
    blocks = design.blocks(kept)
    fit = fit_blocks(y, v, blocks, residual_scale=0.1 * side.unit if cells.bins else None, draws=draws, seed=seed)
    fit = with_covariance(fit, _carried(fit, design.matrix(kept), v, side.shift[known], side.covariance))
    scales = covariate_scales(groups, cells.covariates)
    return CellFit(design, fit, groups, tuple(cells.bins), scales, float(groups["contacts"].sum()), side.variance)


def _terms(groups: pd.DataFrame, cells: Cells) -> list[Term]:
    several = bool((groups.groupby("channel")["pool"].nunique() > 1).any())
    return score_terms(cells.covariates, pools=several, stages=groups["stage"].nunique() > 1)


def _score_unit(frame: pd.DataFrame) -> float:
    n, total, squares = (float(frame[name].sum()) for name in ("answers", "sum_score", "sum_score2"))
    return float(np.sqrt(max(squares / n - (total / n) ** 2, 1e-6)))


def _fine(cells: Cells, groups: pd.DataFrame) -> pd.DataFrame:
    """Sum the cells over the reason known at routing and say for each to which group it belongs."""
    keys = group_keys(cells)
    fine = cells.summed([*keys, *AFTER])
    fine = fine[fine["contacts"] > 0].reset_index(drop=True)
    place = groups[keys].assign(group=np.arange(len(groups)))
    joined = fine.merge(place, on=keys, how="left", validate="many_to_one")
    columns = list(cells.covariates)
    joined[columns] = groups[columns].to_numpy()[joined["group"].to_numpy()]
    return joined


@dataclass(frozen=True)
class _Side:
    """What explains a score once everything is known: predictions per fine cell and the shift to all contacts."""

    predicted: Array
    cell_variance: Array
    shift: sparse.csr_matrix
    covariance: Array
    variance: float
    unit: float


def _response_side(fine: pd.DataFrame, cells: Cells, unit: float) -> _Side:
    """Step A: regress answers on everything known before and after the contact.

    `shift` is, per group, the mean of the after-contact columns over all contacts less that over the answers: how far
    those who answer differ from those who do not (Cassel, Saerndal & Wretman 1976).
    """
    before = [term for term in _terms(fine, cells) if term.factors != ("reason", "segment")]
    design = make_design(fine, [*before, *after_terms()], unit)
    answered = (fine["answers"] > 0).to_numpy()
    part = fine[answered].reset_index(drop=True)
    n = part["answers"].to_numpy(float)
    y = part["sum_score"].to_numpy(float) / n
    blocks = design.blocks(part)
    variance, start, matrix = unit**2, None, design.matrix(fine)
    for _ in range(2):
        fit = fit_blocks(y, variance / n, blocks, draws=0, start=start, max_steps=8)
        start = fit.log_variance
        predicted = fit.center + matrix @ fit.mean[0]
        variance = _residual_variance(part, predicted[answered], fit.edf, unit)
    after = _after_columns(design)
    columns = matrix[:, after]
    count = int(fine["group"].max()) + 1
    shift = _mean_by(fine, columns, "contacts", count) - _mean_by(fine, columns, "answers", count)
    spread = _variance_by_level(part, predicted, answered, variance)
    return _Side(predicted, spread, shift.tocsr(), fit.covariance[0][np.ix_(after, after)], variance, unit)


def _residual_variance(part: pd.DataFrame, predicted: Array, edf: float, unit: float) -> float:
    n, total, squares = (part[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    rest = float((squares - 2 * predicted * total + predicted**2 * n).sum())
    return float(max(rest / max(n.sum() - edf, n.sum() / 4), (0.05 * unit) ** 2))


def _variance_by_level(part: pd.DataFrame, predicted: Array, answered: NDArray[np.bool_], variance: float) -> Array:
    """Variance of one answer by fifth of the predicted score: scores near the end of the scale vary less."""
    n, total, squares = (part[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    level = predicted[answered]
    rest = squares - 2 * level * total + level**2 * n
    cuts = np.quantile(level, [0.2, 0.4, 0.6, 0.8])
    fifth = np.searchsorted(cuts, level)
    own = np.bincount(fifth, weights=rest, minlength=5)
    weight = np.bincount(fifth, weights=n, minlength=5)
    pooled = (own + 25 * variance) / (weight + 25)
    pooled *= variance / max(float((pooled * weight).sum() / weight.sum()), 1e-12)
    return np.asarray(pooled[np.searchsorted(cuts, predicted)])


def _after_columns(design: Design) -> NDArray[np.intp]:
    sizes = [int(np.prod([len(design.levels[f]) for f in term.factors], dtype=int)) for term in design.terms]
    known_after = [any(factor in AFTER for factor in term.factors) for term in design.terms]
    return np.flatnonzero(np.repeat(known_after, sizes))


def _mean_by(fine: pd.DataFrame, columns: sparse.csr_matrix, weight: str, count: int) -> sparse.csr_matrix:
    w = fine[weight].to_numpy(float)
    group = fine["group"].to_numpy()
    total = np.bincount(group, weights=w, minlength=count)
    share = w / np.where(total > 0, total, 1.0)[group]
    picker = sparse.csr_matrix((share, (group, np.arange(len(fine)))), shape=(count, len(fine)))
    return picker @ columns


def _adjusted(fine: pd.DataFrame, groups: pd.DataFrame, side: _Side) -> pd.DataFrame:
    """Step B: y_k = sum cnt m / cnt_k + sum (Sy - ans m) / ans_k with its variance; no answer: v = 1e6.

    v_k = sum s^2 ans / ans_k^2 + var_k(m) / cnt_k, where var_k is at least half the pooled one.
    """
    group, count = fine["group"].to_numpy(), len(groups)

    def total(values: Array) -> Array:
        return np.asarray(np.bincount(group, weights=values, minlength=count))

    m, n = side.predicted, fine["contacts"].to_numpy(float)
    answers, score = fine["answers"].to_numpy(float), fine["sum_score"].to_numpy(float)
    contacts, answered = total(n), total(answers)
    mean = total(n * m) / contacts
    within = np.maximum(total(n * m**2) / contacts - mean**2, 0.0)
    pooled = float((within * contacts).sum() / contacts.sum())
    safe = np.where(answered > 0, answered, 1.0)
    y = mean + total(score - answers * m) / safe
    v = total(side.cell_variance * answers) / safe**2 + np.maximum(within, pooled / 2) / contacts
    return pd.DataFrame({"y": y, "v": np.where(answered > 0, v, _NO_ANSWER)})


def _carried(fit: BlockFit, z: sparse.csr_matrix, v: Array, shift: sparse.csr_matrix, covariance: Array) -> Array:
    """Carry the error of the after-contact coefficients into the effects: H V_gamma H', H = V Z'W D."""
    weight = 1.0 / (v + float(fit.residual.mean()))
    moved = z.T @ sparse.diags(weight) @ shift
    h = fit.covariance[0] @ np.asarray(moved.todense())
    return np.asarray(h @ covariance @ h.T)


def fit_share(cells: Cells, event: pd.Series, *, seed: int = 0, draws: int = 24) -> CellFit:
    """Estimate the share of contacts with an event seen for every contact, on the logit scale.

    Parameters
    ----------
    event
        True for the cells whose contacts had the event (aligned with `cells.frame`).
    """
    groups = grouped(cells)
    keys = group_keys(cells)
    happened = cells.where(event).summed(keys)[[*keys, "contacts"]].rename(columns={"contacts": "events"})
    merged = groups[keys].merge(happened, on=keys, how="left", validate="one_to_one")
    n = groups["contacts"].to_numpy(float)
    share = merged["events"].fillna(0.0).to_numpy(float) / n
    design = make_design(groups, _terms(groups, cells), 1.0)
    fit = fit_logit_blocks(
        share, n, design.blocks(groups), residual_scale=0.1 if cells.bins else None, draws=draws, seed=seed
    )
    scales = covariate_scales(groups, cells.covariates)
    return CellFit(design, fit, groups, tuple(cells.bins), scales, float(n.sum()), np.nan)
