"""Ridge, logistic and multinomial regression on sparse rows, with one prior scale per column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse

Array = NDArray[np.float64]

_ROUNDS = 3
_NEWTON_STEPS = 12
_SETTLED = 1e-6
_LEAST_WEIGHT = 1e-4


def fit_ridge(rows: sparse.csr_matrix, y: Array, scale: Array) -> Array:
    """Coefficients of y = rows b + e with b_j ~ N(0, scale_j^2) and the variance of e found in three rounds.

    Parameters
    ----------
    rows
        Shape (row, column).
    scale
        Shape (column,), units of y per unit of the column; inf: no shrinkage.
    """
    gram, cross = _dense(rows.T @ rows), np.asarray(rows.T @ y)
    total, variance = float(y @ y), float(np.var(y)) + 1e-12
    for _ in range(_ROUNDS):
        factor = linalg.cho_factor(gram + np.diag(_precision(variance, scale)))
        effect = linalg.cho_solve(factor, cross)
        used = float((linalg.cho_solve(factor, gram)).trace())
        rest = total - 2 * effect @ cross + effect @ gram @ effect
        variance = max(rest / max(len(y) - used, len(y) / 4), 1e-12)
    return np.asarray(effect)


def fit_logit(rows: sparse.csr_matrix, happened: NDArray[np.bool_], scale: Array) -> Array:
    """Coefficients of P = expit(rows b) with b_j ~ N(0, scale_j^2), by Newton's method."""
    target, effect = happened.astype(float), np.zeros(rows.shape[1])
    prior = _precision(1.0, scale)
    for _ in range(_NEWTON_STEPS):
        share = expit(rows @ effect)
        weight = np.maximum(share * (1 - share), _LEAST_WEIGHT)
        gradient = rows.T @ (target - share) - prior * effect
        system = _dense(rows.T @ sparse.diags(weight) @ rows) + np.diag(prior)
        step = linalg.solve(system, gradient, assume_a="pos")
        effect = effect + np.clip(step, -3.0, 3.0)
        if float(gradient @ step) < _SETTLED * len(target) * 1e-2:
            break
    return np.asarray(effect)


def fit_softmax(rows: sparse.csr_matrix, choice: NDArray[np.intp], choices: int, scale: Array) -> Array:
    """Coefficients, shape (column, choice), of a multinomial logit with b ~ N(0, scale^2).

    Minimized by L-BFGS in coordinates in which the Hessian bound of Böhning (1992), rows' rows / 2, is the identity.
    """
    prior = _precision(1.0, scale)
    root = linalg.cholesky(_dense(rows.T @ rows) / 4 + np.diag(prior), lower=True)
    chosen = np.zeros((rows.shape[0], choices))
    chosen[np.arange(rows.shape[0]), choice] = 1.0

    def loss(flat: Array) -> tuple[float, Array]:
        effect = linalg.solve_triangular(root.T, flat.reshape(-1, choices), lower=False)
        share = softmax(rows @ effect)
        fit = -float(np.log(np.maximum(share[chosen > 0], 1e-300)).sum())
        slope = rows.T @ (share - chosen) + prior[:, None] * effect
        own = linalg.solve_triangular(root, slope, lower=True)
        return fit + 0.5 * float((prior[:, None] * effect**2).sum()), own.ravel()

    start = np.zeros(rows.shape[1] * choices)
    options = {"maxiter": 60, "ftol": 1e-10, "gtol": 1e-3}
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(linalg.solve_triangular(root.T, found.x.reshape(-1, choices), lower=False))


def expit(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def softmax(x: Array) -> Array:
    """Shares exp(x) / sum exp(x) along the last axis, without overflow."""
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _precision(variance: float, scale: Array) -> Array:
    """Prior precisions in units of the data's; a trace of one where nothing is shrunk keeps systems regular."""
    return np.asarray(variance / np.minimum(scale, 1e4 * np.sqrt(variance)) ** 2)


def _dense(matrix: sparse.spmatrix) -> Array:
    return np.asarray(matrix.todense())
