"""Empirical Bayes for a table of reason x channel means: each cell leans on its row and its column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_GRID = 40
_WIDEST = 3.0
_SURFACE_SCALE = 3.0


def shrink(theta: Array, se: Array, unit: float, *, scale: float = 0.3) -> tuple[Array, Array]:
    """Posterior means and sds of cells under theta_rc ~ N(a_r + b_c, tau^2), with tau integrated out.

    tau takes 40 equally spaced values up to three times its half-normal prior scale, weighted by prior and marginal
    likelihood, so it never collapses to 0. Given tau, with B = tau^2 / (tau^2 + se^2), the mean is
    B theta + (1 - B) surface and the variance B se^2 + (1 - B)^2 var(surface) (Morris 1983).

    Parameters
    ----------
    theta, se
        Shape (reason, channel), units of the outcome; se inf where there is no evidence: such a cell takes the surface.
    unit
        Standard deviation of one outcome; the prior scale of tau is `scale` times it.
    """
    shape = theta.shape
    known = np.isfinite(se).ravel() & np.isfinite(theta).ravel()
    design = _surface(*shape)
    variance = np.where(known, np.nan_to_num(se.ravel(), posinf=1.0) ** 2, np.inf)
    center = float(np.average(theta.ravel()[known], weights=1 / (variance[known] + (scale * unit) ** 2)))
    value = np.where(known, np.nan_to_num(theta.ravel()), center) - center
    grid = _WIDEST * scale * unit * (np.arange(_GRID) + 0.5) / _GRID
    prior = np.full(design.shape[1], 1 / (_SURFACE_SCALE * unit) ** 2)
    parts = [_given(tau, value, variance, design, prior) for tau in grid]
    weight = np.asarray([part[2] for part in parts]) - 0.5 * (grid / (scale * unit)) ** 2
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    means, variances = np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
    mean = weight @ means
    total = weight @ variances + weight @ (means - mean) ** 2
    return (mean + center).reshape(shape), np.sqrt(total).reshape(shape)


def _surface(reasons: int, channels: int) -> Array:
    r, c = np.divmod(np.arange(reasons * channels), channels)
    return np.column_stack([np.ones(len(r)), r[:, None] == np.arange(reasons), c[:, None] == np.arange(channels)])


def _given(tau: float, value: Array, variance: Array, design: Array, prior: Array) -> tuple[Array, Array, float]:
    """Mean and variance of each cell and the log marginal likelihood at one tau."""
    precision = 1 / (variance + tau**2)
    system = (design * precision[:, None]).T @ design + np.diag(prior)
    covariance = np.linalg.inv(system)
    effect = covariance @ (design.T @ (precision * value))
    surface = design @ effect
    kept = tau**2 * precision
    mean = kept * value + (1 - kept) * surface
    own = np.where(np.isfinite(variance), kept * np.where(np.isfinite(variance), variance, 0.0), tau**2)
    spread = own + (1 - kept) ** 2 * ((design @ covariance) * design).sum(axis=1)
    quadratic = float(precision @ value**2 - effect @ system @ effect)
    log_precision = float(np.log(precision[precision > 0]).sum())
    return mean, spread, 0.5 * (log_precision - np.linalg.slogdet(system)[1] - quadratic)
