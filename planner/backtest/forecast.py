"""The volume of a week forecast from the weeks before it, and its spread; and what a naive planner would say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.demand.profiles import (
    FEW_WEEKS,
    PRIOR_COUNTS,
    UNKNOWN_CV,
    WeekSpread,
    shares,
    shrunk_profiles,
    week_spread,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VolumeForecast:
    """Expected contacts of a week, `mean` (pool, interval), how weeks vary, and how many `weeks` it rests on."""

    mean: Floats
    spread: WeekSpread
    weeks: int

    def draws(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw expected volumes of n possible weeks, shape (n, pool, interval).

        Log-normal levels, the common one at equally spaced probabilities, and gamma intervals, all of mean 1. Resting
        on k weeks adds 1/k to the variance of levels and intervals, and to intervals that of the rate behind their
        counts, 1/(10 + counts), the posterior of `shrunk_profiles`.
        """
        more = 1.0 + 1.0 / self.weeks
        common = _level(rng.permutation(ndtri((np.arange(n) + 0.5) / n)), self.spread.level * np.sqrt(more))
        own = np.stack([_level(rng.standard_normal(n), cv * np.sqrt(more)) for cv in self.spread.by_row], axis=1)
        variance = more * self.spread.interval**2 + 1.0 / (PRIOR_COUNTS + self.weeks * self.mean)
        single = rng.gamma(1.0 / variance, variance, (n, *self.mean.shape))
        return np.asarray(self.mean * (common[:, None] * own)[..., None] * single)


def _level(normal: Floats, cv: float) -> Floats:
    sigma = np.sqrt(np.log1p(cv**2))
    return np.asarray(np.exp(sigma * normal - sigma**2 / 2))


def forecast_volume(before: Floats) -> VolumeForecast:
    """Forecast as the planner does: the mean of the weeks before, with thin profiles shrunk to the center's.

    Two weeks show how intervals vary; how levels do needs three, below which they are taken to vary by 5 % at least.

    Parameters
    ----------
    before
        Contacts of the complete weeks before, shape (pool, week, interval), at least one week.
    """
    weeks = before.shape[1]
    mean = before.mean(axis=1)
    parent = np.broadcast_to(shares(mean.sum(axis=0)), mean.shape)
    spread = WeekSpread(UNKNOWN_CV, np.zeros(len(mean)), 0.0)
    if weeks > 1:
        spread = week_spread(before.transpose(1, 0, 2))
    if weeks < FEW_WEEKS:
        spread = replace(spread, level=max(spread.level, UNKNOWN_CV))
    return VolumeForecast(shrunk_profiles(mean, parent, float(weeks)), spread, weeks)


def naive_ratio(above: Floats, below: Floats) -> Floats:
    """Say that a half hour will be as it was: Σ above / Σ below over the same interval of the weeks before.

    Where an interval has nothing below, the ratio of the whole pool; NaN where that has nothing either. Both of shape
    (pool, week, interval); returns (pool, interval).
    """
    top, bottom = above.sum(axis=1), below.sum(axis=1)
    total = bottom.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = np.where(total > 0, top.sum(axis=1, keepdims=True) / total, np.nan)
        return np.asarray(np.where(bottom > 0, top / bottom, whole))
