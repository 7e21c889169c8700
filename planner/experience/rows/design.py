"""From labeled contacts to sparse rows: what was known before the channel was chosen, and what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]

_BINS = (8, 5)
_WAIT_CUTS = (0.2, 0.4, 0.6, 0.8, 0.95)
_MOST_LABELS = 40


@dataclass(frozen=True)
class RowDesign:
    """Columns of a regression on rows.

    `matrix` has shape (row, column); `scale` is the prior scale of each coefficient in units of the outcome's standard
    deviation, inf where it is not shrunk.
    """

    matrix: sparse.csr_matrix
    scale: Array


def before_design(
    reason: NDArray[np.intp], segment: NDArray[np.intp], frame: pd.DataFrame, names: Sequence[str]
) -> RowDesign:
    """Return reasons, segments and covariates: linear, in quantile bins, and with a slope per reason.

    Covariates are standardized; a missing value takes the mean and a column of its own. Reasons have intercepts of
    scale .25 and slopes of scale .1; those of the first covariate may differ by bin as well.
    """
    rows = len(reason)
    parts = [(_constant(rows), np.inf), (_labels(reason), 0.25), (_labels(segment), 0.25)]
    for k, name in enumerate(names):
        value, missing = _standard(frame[name].to_numpy(float))
        column = sparse.csr_matrix(value[:, None])
        bins = _binned(value, _BINS[0])
        parts += [(column, 1.0), (_labels(bins), 0.2), (_labels(reason).multiply(column).tocsr(), 0.1)]
        if k == 0:
            coarse = _binned(value, _BINS[1])
            parts.append((_labels(reason * (int(coarse.max(initial=0)) + 1) + coarse), 0.1))
        if missing.any():
            parts.append((sparse.csr_matrix(missing.astype(float)[:, None]), 0.5))
    return _joined(parts)


def after_design(frame: pd.DataFrame) -> RowDesign:
    """Return what is known once the contact is over: closing code, whether someone came back, wait and hour.

    It explains who answers a survey and never enters the effect of a channel.
    """
    parts = []
    codes, labels = pd.factorize(frame["disposition"], sort=True)
    if 1 < len(labels) <= _MOST_LABELS:
        parts.append((_labels(codes + 1), 0.5))
    later, kinds = pd.factorize(frame["later"], sort=True)
    if len(kinds) > 1:
        parts.append((_labels(later), 0.5))
    wait = np.log1p(np.maximum(frame["wait_s"].to_numpy(float), 0.0))
    if np.isfinite(wait).any():
        value, missing = _standard(wait)
        known = value[~missing]
        band = np.searchsorted(np.unique(np.quantile(known, _WAIT_CUTS)), value)
        parts += [(sparse.csr_matrix(value[:, None]), 0.3), (_labels(np.where(missing, 0, band + 1)), 0.3)]
    hours = frame["hour"].to_numpy(float)
    parts.append((_labels((np.nan_to_num(hours) // 3).astype(np.intp)), 0.2))
    return _joined(parts)


def side_by_side(*designs: RowDesign) -> RowDesign:
    """Join designs of the same rows."""
    matrix = sparse.hstack([design.matrix for design in designs], format="csr")
    return RowDesign(matrix, np.concatenate([design.scale for design in designs]))


def _joined(parts: list[tuple[sparse.csr_matrix, float]]) -> RowDesign:
    matrix = sparse.hstack([part for part, _ in parts], format="csr")
    return RowDesign(matrix, np.concatenate([np.full(part.shape[1], scale) for part, scale in parts]))


def _constant(rows: int) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.ones((rows, 1)))


def _labels(codes: NDArray[np.intp]) -> sparse.csr_matrix:
    """One column per label that occurs."""
    _, dense = np.unique(codes, return_inverse=True)
    shape = (len(codes), int(dense.max(initial=0)) + 1)
    return sparse.csr_matrix((np.ones(len(codes)), dense, np.arange(len(codes) + 1)), shape=shape)


def _standard(value: Array) -> tuple[Array, NDArray[np.bool_]]:
    missing = ~np.isfinite(value)
    if missing.all():
        return np.zeros(len(value)), missing
    center, spread = float(value[~missing].mean()), float(value[~missing].std())
    return np.where(missing, 0.0, (value - center) / (spread if spread > 0 else 1.0)), missing


def _binned(value: Array, bins: int) -> NDArray[np.intp]:
    return np.searchsorted(np.unique(np.quantile(value, np.arange(1, bins) / bins)), value)
