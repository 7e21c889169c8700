"""Logistic regression by Newton's method, with errors that allow for clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

_ROUNDS = 60
_TOLERANCE = 1e-9
_RIDGE = 1e-6
_LARGEST_STEP = 5.0


@dataclass(frozen=True)
class LogitFit:
    """Coefficients, shape (column,), and their covariance, robust to clusters."""

    coefficients: np.ndarray
    covariance: np.ndarray
    clusters: int

    def probability(self, design: np.ndarray) -> np.ndarray:
        """Probability of each row of a design."""
        return expit(design @ self.coefficients)


def fit_logit(design: np.ndarray, outcome: np.ndarray, clusters: np.ndarray) -> LogitFit:
    """Fit `logit P(outcome) = design @ b` by iteratively reweighted least squares.

    Errors by the sandwich `A^-1 (sum_g s_g s_g') A^-1 * G / (G - 1)`, `s_g` the score of cluster g (Liang & Zeger
    1986); with one row per cluster that is White's. A ridge of 1e-6 keeps collinear columns solvable.

    Parameters
    ----------
    design
        Shape (row, column), with its constant.
    outcome
        Shape (row,), 0 or 1.
    clusters
        Shape (row,), integers from 0.
    """
    beta = np.zeros(design.shape[1])
    mean = float(np.clip(outcome.mean(), 1e-6, 1 - 1e-6))
    beta[0] = np.log(mean / (1 - mean))
    ridge = _RIDGE * np.eye(len(beta))
    for _ in range(_ROUNDS):
        p = expit(design @ beta)
        step = np.linalg.solve(_information(design, p) + ridge, design.T @ (outcome - p) - _RIDGE * beta)
        step *= min(1.0, _LARGEST_STEP / max(np.abs(step).max(), 1e-12))
        beta = beta + step
        if np.abs(step).max() < _TOLERANCE:
            break
    p = expit(design @ beta)
    bread = np.linalg.inv(_information(design, p) + ridge)
    groups = int(clusters.max()) + 1
    scores = np.zeros((groups, len(beta)))
    np.add.at(scores, clusters, design * (outcome - p)[:, None])
    covariance = bread @ (scores.T @ scores) @ bread * groups / max(groups - 1, 1)
    return LogitFit(beta, covariance, groups)


def _information(design: np.ndarray, p: np.ndarray) -> np.ndarray:
    return (design * (p * (1 - p))[:, None]).T @ design


def mean_effect(
    fit: LogitFit,
    without: np.ndarray,
    exposed: np.ndarray,
    months: int = 1,
    weights: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> tuple[float, float]:
    """Average marginal effect of an exposure on leaving within some months, and its error.

    `mean[(1 - (1 - h1)^k) - (1 - (1 - h0)^k)]`, h1 and h0 the hazards of every row exposed and not. The error joins
    that of the coefficients (delta method) and that of which customers are in the data.

    Parameters
    ----------
    without, exposed
        Designs, shape (row, column).
    months
        k, months over which the exposure works.
    weights
        Shape (row,); each row's effect counts so much (money, say); None: 1.
    clusters
        Shape (row,); rows that may resemble one another.
    """
    w = np.ones(len(exposed)) if weights is None else weights
    h1, h0 = fit.probability(exposed), fit.probability(without)
    each = w * ((1 - h0) ** months - (1 - h1) ** months)
    slope1 = w * months * (1 - h1) ** months * h1
    slope0 = w * months * (1 - h0) ** months * h0
    gradient = (slope1 @ exposed - slope0 @ without) / len(each)
    effect = float(each.mean())
    groups = np.arange(len(each)) if clusters is None else clusters
    sums = np.bincount(groups, each - effect)
    sampling = (sums**2).sum() / len(each) ** 2
    return effect, float(np.sqrt(gradient @ fit.covariance @ gradient + sampling))
