"""Quantiles of the issues of an interval: chance arrivals around an uncertain level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats


def interval_quantiles(
    mean: NDArray[np.float64], cv: NDArray[np.float64], levels: tuple[float, ...] = (0.1, 0.5, 0.9)
) -> tuple[NDArray[np.float64], ...]:
    """Return quantiles of counts with the given mean whose level varies with coefficient of variation `cv`.

    Poisson counts around a gamma level are negative binomial: variance m + cv^2 m^2 (Greenwood & Yule 1920); plain
    Poisson where cv is 0.

    Parameters
    ----------
    mean, cv
        Arrays that broadcast, issues per interval and ratio.
    """
    m, c = np.broadcast_arrays(np.asarray(mean, float), np.asarray(cv, float))
    size = 1.0 / np.square(np.maximum(c, 1e-6))
    positive = np.maximum(m, 1e-12)
    results = []
    for level in levels:
        value = np.where(
            c > 1e-6, stats.nbinom.ppf(level, size, size / (size + positive)), stats.poisson.ppf(level, positive)
        )
        results.append(np.where(m > 0, value, 0.0))
    return tuple(results)


def joint_cv(level_cv: float, type_cv: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficient of variation of a product of two independent factors of mean 1.

    cv^2 = (1 + a^2)(1 + b^2) - 1.
    """
    return np.asarray(np.sqrt((1 + level_cv**2) * (1 + np.square(type_cv)) - 1))
