"""Units (agents, say) against their peers: how far one lies outside, given chance and how much units differ anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import betabinom, norm, pearson3
from scipy.stats import t as student

CELL = ["channel", "reason"]
"""Work differs by these; a unit is compared with what peers reach on the same work."""

RANKABLE = 0.7
"""Least reliability at which units may be ranked."""

_CLIP = 2.0
_CLIPPED_MEAN = 2 * (norm.cdf(_CLIP) - 0.5 - _CLIP * norm.pdf(_CLIP)) + 2 * _CLIP**2 * norm.sf(_CLIP)
_CLIPPED_SD = 1.14
_PRIOR_TRIALS = 20.0
_EFFICIENCY = 0.9


@dataclass(frozen=True)
class Funnel:
    """Units against their peers; arrays of shape (unit,).

    Attributes
    ----------
    unit
        Labels.
    value, expected, se
        What the unit reached, what peers reach on its work, sampling error of the difference.
    tau
        Standard deviation between units beyond sampling.
    p_low, p_high
        One-sided p-values of lying so far below or above.
    """

    unit: np.ndarray
    trials: np.ndarray
    value: np.ndarray
    expected: np.ndarray
    se: np.ndarray
    tau: float
    p_low: np.ndarray
    p_high: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """Value less what is expected."""
        return self.value - self.expected

    @property
    def p_value(self) -> np.ndarray:
        """Two-sided p-values."""
        return np.minimum(1.0, 2 * np.minimum(self.p_low, self.p_high))

    @property
    def reliability(self) -> np.ndarray:
        """Share of the variance of a unit's difference that is no sampling error, `tau^2 / (tau^2 + se^2)`."""
        total = self.tau**2 + self.se**2
        return np.where(total > 0, self.tau**2 / np.where(total > 0, total, 1.0), 0.0)


def peers(cells: pd.DataFrame, unit: str, hits: str, trials: str, least: float) -> pd.DataFrame:
    """Compare the units of a table by unit and work with peers on the same work.

    The expectation of a unit on one kind of work is the share of all *others* there, pulled to that of their channel
    with the weight of 20 trials; a unit's own mix of work weighs them (indirect standardization).

    Returns
    -------
    DataFrame indexed by unit with `hits, trials, expected` (per trial), of units with at least `least` trials.
    """
    frame = cells[[unit, *CELL, hits, trials]].rename(columns={hits: "hits", trials: "trials"})
    frame = frame[frame["trials"] > 0]
    sums = ["hits", "trials"]
    own_channel = frame.groupby([unit, "channel"])[sums].transform("sum")
    channel = frame.groupby("channel")[sums].transform("sum") - own_channel
    everyone = frame[sums].sum() - frame.groupby(unit)[sums].transform("sum")
    total = everyone["hits"] / everyone["trials"].where(everyone["trials"] > 0)
    prior = (channel["hits"] + _PRIOR_TRIALS * total) / (channel["trials"] + _PRIOR_TRIALS)
    cell = frame.groupby(CELL)[sums].transform("sum") - frame[sums]
    rate = (cell["hits"] + _PRIOR_TRIALS * prior) / (cell["trials"] + _PRIOR_TRIALS)
    out = frame.assign(expected=rate * frame["trials"]).groupby(unit)[["hits", "trials", "expected"]].sum()
    out["expected"] /= out["trials"]
    return out[(out["trials"] >= least) & out["expected"].notna()]


def between_sd(difference: np.ndarray, se: np.ndarray, slack: float = 0.0) -> float:
    """Standard deviation between units beyond sampling, not moved by a few outlying ones.

    Solves `mean min(z^2, 4) = E min(Z^2, 4)` with `z = difference / sqrt(se^2 + tau^2)`: the moment equation of Paule
    & Mandel (1982) with the clipping of Huber's proposal 2 (1964). `slack` standard errors of the mean are added to
    the safe side.
    """
    target = _CLIPPED_MEAN - slack * _CLIPPED_SD / np.sqrt(len(difference))

    def clipped(tau2: float) -> float:
        return float(np.minimum(difference**2 / (se**2 + tau2), _CLIP**2).mean())

    low, high = 0.0, float((difference**2).max()) * len(difference) + 1e-12
    if clipped(low) <= target:
        return 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if clipped(middle) > target else (low, middle)
    return float(np.sqrt(high))


def count_funnel(frame: pd.DataFrame) -> Funnel:
    """Shares against peers: exact beta-binomial tails, with the variance between units on the safe side.

    Parameters
    ----------
    frame
        As from `peers`.
    """
    x, n = np.rint(frame["hits"].to_numpy(float)), frame["trials"].to_numpy(float)
    p = np.clip(frame["expected"].to_numpy(float), 1e-6, 1 - 1e-6)
    se = np.sqrt(p * (1 - p) / n)
    difference = x / n - p
    tau = between_sd(difference, se)
    safe = between_sd(difference, se, slack=1.0)
    # The correlation within a unit, at most such that its own shares stay a distribution.
    rho = np.clip(safe**2 / (p * (1 - p)), 1e-9, 0.9)
    a, b = p * (1 / rho - 1), (1 - p) * (1 / rho - 1)
    low, high = betabinom.cdf(x, n, a, b), betabinom.sf(x - 1, n, a, b)
    return Funnel(frame.index.to_numpy(), n, x / n, p, se, tau, np.clip(low, 0, 1), np.clip(high, 0, 1))


@dataclass(frozen=True, slots=True)
class Scale:
    """How single scores vary: standard deviation, third central moment, and just beyond the ends of the scale."""

    sd: float
    third: float
    bottom: float
    top: float


def mean_funnel(frame: pd.DataFrame, scale: Scale) -> Funnel:
    """Mean scores against peers: Student tails, corrected for the skew of scores (Pearson type III).

    Where most give the best score, a bad agent falls further than a good one can rise. So differences are taken twice,
    plainly and as those of logits `w f (1 - f) (logit g - logit f)`, with w the width of the scale, g the place of the
    mean on it and f that of its expectation: equal in the small, and units are about symmetric on the latter. A
    sampling error of third moment k on the plain scale has `k + 3 se^4 (2 f - 1) / (f (1 - f) w)` there (delta
    method). The larger of the two p-values counts.

    Parameters
    ----------
    frame
        As from `peers`, hits being sums of scores.
    """
    n = frame["trials"].to_numpy(float)
    value, expected = frame["hits"].to_numpy(float) / n, frame["expected"].to_numpy(float)
    se = scale.sd / np.sqrt(n)
    third = scale.third / n**2
    width = scale.top - scale.bottom
    place, usual = (value - scale.bottom) / width, (expected - scale.bottom) / width
    slope = width * usual * (1 - usual)
    stretched = slope * (logit(place) - logit(usual))
    plain = _skewed_tails(value - expected, se, third)
    other = _skewed_tails(stretched, se, third + 3 * se**4 * (2 * usual - 1) / slope)
    low, high = np.maximum(plain[0], other[0]), np.maximum(plain[1], other[1])
    return Funnel(frame.index.to_numpy(), n, value, expected, se, between_sd(value - expected, se), low, high)


def _skewed_tails(difference: np.ndarray, se: np.ndarray, third: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both tails of differences with sampling errors of known spread and third moment, and units that differ."""
    total = np.sqrt(se**2 + between_sd(difference, se) ** 2)
    z = difference / total
    df = max(_EFFICIENCY * len(z) - 2, 3.0)
    z = np.sign(z) * norm.isf(student.sf(np.abs(z), df))
    skew = third / total**3
    return pearson3.cdf(z, skew), pearson3.sf(z, skew)
