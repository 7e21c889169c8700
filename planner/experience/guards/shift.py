"""A level that changes at one moment of a series: whether, when (as an interval) and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.experience.guards.findings import CONFIDENCE_Z

FEWEST_PERIODS = 8
"""Shortest series that is looked at."""

_LEAST_SIDE = 2
_FIRST_DRAWS, _ALL_DRAWS = 2_000, 20_000
_FEW = 10
_MASS = 0.9


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of level.

    Attributes
    ----------
    first, last
        Positions in the series between which the new level begins, with 90 % of the posterior.
    at
        Most likely position.
    before, after
        Levels, in the unit of the series.
    size, lower, upper
        Change of the level with its 90 % interval; the uncertainty of the moment is part of it.
    p_value
        Of no change at all.
    """

    at: int
    first: int
    last: int
    before: float
    after: float
    size: float
    lower: float
    upper: float
    p_value: float


def binomial_precision(hits: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Return weights of the shares hits / trials of a series whose periods have effects of their own.

    Weight `n / (1 + (n - 1) rho)`, with the correlation within a period `rho` by moments: sum of
    `(x - n p)^2 / (n p q) - 1` over sum of `n - 1`, at least 0 (Williams 1982).
    """
    p = min(max(hits.sum() / trials.sum(), 1e-9), 1 - 1e-9)
    excess = (hits - trials * p) ** 2 / (trials * p * (1 - p)) - 1
    rho = min(max(excess.sum() / max((trials - 1).sum(), 1.0), 0.0), 1.0)
    return trials / (1 + (trials - 1) * rho)


def find_shift(values: np.ndarray, weights: np.ndarray, seed: int) -> Shift:
    """Look for one change of level in a series of at least eight values.

    The statistic is the largest standardized CUSUM `max_k |S_k| / sqrt(k (T - k) / T)` of the standardized residuals
    (Page 1954; at least two periods on each side). Its p-value comes from permuting the residuals, so effects of
    single periods of any shape are no alarm; up to 20,000 permutations, fewer where ten already exceed it (Besag &
    Clifford 1991). The moment's interval holds 90 % of the posterior under a flat prior and normal errors.

    Parameters
    ----------
    values
        Shape (period,); the level of each period.
    weights
        Shape (period,); in proportion to the precision of the values, above 0.
    """
    level = np.average(values, weights=weights)
    scaled = (values - level) * np.sqrt(weights)
    residual = (scaled - scaled.mean())[:, None]
    p_value = permuted_p_value(residual, seed)
    return locate_shift(values, weights, p_value)


def permuted_p_value(residuals: np.ndarray, seed: int) -> float:
    """P-value of a change at an unknown moment in residuals of shape (period, measure) that sum to 0.

    The CUSUM statistics of the measures are squared and added; periods are permuted whole.
    """
    rng = np.random.default_rng(seed)
    observed = _largest_cusum(residuals[None])[0] * (1 - 1e-12)
    exceed, drawn = 0, 0
    while drawn < _ALL_DRAWS:
        order = rng.permuted(np.tile(np.arange(len(residuals)), (_FIRST_DRAWS, 1)), axis=1)
        exceed += int((_largest_cusum(residuals[order]) >= observed).sum())
        drawn += _FIRST_DRAWS
        if exceed >= _FEW:
            break
    return (1 + exceed) / (1 + drawn)


def _largest_cusum(residuals: np.ndarray) -> np.ndarray:
    """Largest standardized squared CUSUM of series of shape (draw, period, measure)."""
    periods = residuals.shape[1]
    k = np.arange(_LEAST_SIDE, periods - _LEAST_SIDE + 1)
    sums = np.cumsum(residuals, axis=1)[:, k - 1]
    return ((sums**2).sum(axis=2) / (k * (periods - k) / periods)).max(axis=1)


def locate_shift(values: np.ndarray, weights: np.ndarray, p_value: float = float("nan")) -> Shift:
    """Place the most likely change of level, without asking whether there is one (`find_shift` does)."""
    periods = len(values)
    k = np.arange(_LEAST_SIDE, periods - _LEAST_SIDE + 1)
    before_w, before_s = np.cumsum(weights)[k - 1], np.cumsum(weights * values)[k - 1]
    after_w = weights.sum() - before_w
    after_s = (weights * values).sum() - before_s
    before, after = before_s / before_w, after_s / after_w
    rss = (weights * values**2).sum() - before_s**2 / before_w - after_s**2 / after_w
    best = int(np.argmin(rss))
    noise = max(rss[best] / (periods - 2), 1e-12 * (weights * values**2).mean(), 1e-300)
    mass = np.exp(-(rss - rss[best]) / (2 * noise))
    mass /= mass.sum()
    order = np.argsort(-mass, kind="stable")
    inside = k[order[: int(np.searchsorted(np.cumsum(mass[order]), _MASS)) + 1]]
    change = after - before
    size = float((mass * change).sum())
    variance = (mass * (noise * (1 / before_w + 1 / after_w) + (change - size) ** 2)).sum()
    half = CONFIDENCE_Z * float(np.sqrt(variance))
    return Shift(
        at=int(k[best]),
        first=int(inside.min()),
        last=int(inside.max()),
        before=float(before[best]),
        after=float(after[best]),
        size=size,
        lower=size - half,
        upper=size + half,
        p_value=p_value,
    )
