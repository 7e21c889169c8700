"""Weekly profiles from few counts: shrunk towards a parent, with the spread of weeks and intervals around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEW_WEEKS = 3
"""Fewer weeks do not show how weeks vary."""
UNKNOWN_CV = 0.05
"""Coefficient of variation of the weekly total where too few weeks show it."""
PRIOR_COUNTS = 10.0
"""What the parent of a profile weighs, counts."""
_PRIOR_WEEKS = 10.0


def shares(rows: Array) -> Array:
    """Divide each row by its sum; empty rows stay 0."""
    total = rows.sum(axis=-1, keepdims=True)
    return np.asarray(rows / np.where(total > 0, total, 1.0))


def shrunk_profiles(rows: Array, parent: Array, weeks: float) -> Array:
    """Shrink rows of mean counts per interval to the shape of their parents; the total of each row stays.

    With S counts in n weeks and prior mean m from the parent's profile: rate = (a + S) / (a/m + n), a = 10 counts, the
    posterior mean of a Poisson rate under a gamma prior of shape a (Clayton & Kaldor 1987).

    Parameters
    ----------
    rows
        Mean counts per week, shape (row, interval).
    parent
        Share of each interval, shape (row, interval).
    weeks
        Weeks behind the means.
    """
    total = rows.sum(axis=1, keepdims=True)
    prior = parent * total
    rate = (PRIOR_COUNTS + rows * weeks) / (PRIOR_COUNTS / np.where(prior > 0, prior, np.inf) + weeks)
    rate = np.where(prior > 0, rate, rows)
    return np.asarray(shares(rate) * total)


@dataclass(frozen=True)
class WeekSpread:
    """Coefficients of variation beyond chance: of the weekly total, of each row on top, and of single intervals."""

    level: float
    by_row: Array
    interval: float


def week_spread(cube: Array) -> WeekSpread:
    """Estimate from week to week by moments: cv^2 = (variance - mean) / mean^2, never below 0.

    A row's own is shrunk to the mean of all rows, which counts as 10 weeks.

    Parameters
    ----------
    cube
        Counts, shape (week, row, interval), at least two weeks.
    """
    totals = cube.sum(axis=2)
    level2 = float(_excess(totals.sum(axis=1)))
    own = _excess(totals)
    weight = totals.mean(axis=0)
    pooled = max(float((own * weight).sum() / max(weight.sum(), 1e-9)) - level2, 0.0)
    free = len(cube) - 1
    by_row = (free * np.maximum(own - level2, 0.0) + _PRIOR_WEEKS * pooled) / (free + _PRIOR_WEEKS)
    mean, variance = cube.mean(axis=0), cube.var(axis=0, ddof=1)
    interval2 = float((variance - mean).sum() / max(float((mean**2).sum()), 1e-9))
    return WeekSpread(float(np.sqrt(level2)), np.sqrt(by_row), float(np.sqrt(max(interval2, 0.0))))


def _excess(counts: Array) -> Array:
    """Squared coefficient of variation beyond Poisson along the first axis."""
    mean = counts.mean(axis=0)
    return np.asarray(np.maximum(counts.var(axis=0, ddof=1) - mean, 0.0) / np.maximum(mean, 1e-9) ** 2)
