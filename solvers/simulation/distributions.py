"""Distributions of times: how long work takes, how long people wait, how long they stay away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv, ndtri

__all__ = ["Distribution", "Kind", "constant", "empirical", "exponential", "gamma", "log_normal"]

Floats = NDArray[np.float64]


class Kind(IntEnum):
    """Family of a distribution."""

    CONSTANT = 0
    EXPONENTIAL = 1
    LOG_NORMAL = 2
    GAMMA = 3
    EMPIRICAL = 4


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution on [0, inf], made by one of the functions of this module.

    `mean_s` seconds (inf is allowed: the time never ends); `cv` coefficient of variation of log-normal and gamma;
    `values_s` increasing and `cumulative` P(time <= value), of an empirical distribution; what its last probability
    leaves to 1 never ends.
    """

    kind: Kind
    mean_s: float
    cv: float = 1.0
    values_s: tuple[float, ...] = ()
    cumulative: tuple[float, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the time is finite with a positive probability."""
        return bool(self.cumulative) if self.kind is Kind.EMPIRICAL else math.isfinite(self.mean_s)

    def quantiles(self, chances: Floats) -> Floats:
        """Times that are not exceeded with these probabilities, in (0, 1); inf where the time never ends."""
        p = np.asarray(chances, dtype=np.float64)
        if self.kind is Kind.EMPIRICAL:
            return np.append(self.values_s, np.inf)[np.searchsorted(self.cumulative, p, side="left")]
        if self.kind is Kind.CONSTANT or not math.isfinite(self.mean_s):
            return np.full(p.shape, self.mean_s)
        if self.kind is Kind.EXPONENTIAL:
            return -self.mean_s * np.log1p(-p)
        if self.kind is Kind.GAMMA:
            return np.asarray(self.mean_s * self.cv**2 * gammaincinv(self.cv**-2, p))
        spread = math.sqrt(math.log1p(self.cv**2))
        return np.asarray(self.mean_s * np.exp(spread * ndtri(p) - spread**2 / 2))


def _mean(mean_s: float, *, zero: bool = False) -> float:
    value = float(mean_s)
    if not (value >= 0.0 if zero else value > 0.0):
        raise ValueError(f"mean_s = {mean_s!r} — must be {'at least' if zero else 'above'} 0")
    return value


def _cv(cv: float) -> float:
    value = float(cv)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"cv = {cv!r} — must be a finite number above 0; use `constant` for a time without spread")
    return value


def constant(value_s: float) -> Distribution:
    """Return a time that is always the same, seconds, >= 0; inf for a time that never ends."""
    return Distribution(Kind.CONSTANT, _mean(value_s, zero=True))


def exponential(mean_s: float) -> Distribution:
    """Return an exponential time with the given mean, seconds, > 0; inf for a time that never ends."""
    return Distribution(Kind.EXPONENTIAL, _mean(mean_s))


def log_normal(mean_s: float, cv: float) -> Distribution:
    """Return a log-normal time: mean in seconds, > 0, and coefficient of variation, > 0; σ² = ln(1 + cv²)."""
    return Distribution(Kind.LOG_NORMAL, _mean(mean_s), _cv(cv))


def gamma(mean_s: float, cv: float) -> Distribution:
    """Return a gamma time: mean in seconds, > 0, and coefficient of variation, > 0; shape 1/cv²."""
    return Distribution(Kind.GAMMA, _mean(mean_s), _cv(cv))


def empirical(values_s: ArrayLike, shares: ArrayLike | None = None) -> Distribution:
    """Return a distribution with steps, such as measured times or a Kaplan–Meier curve.

    Parameters
    ----------
    values_s
        Times in seconds, shape (value,), finite and >= 0, in any order.
    shares
        Probability of each value, shape (value,), >= 0; equal if left out. A sum below 1 (a curve that does not come
        down to 0) leaves the rest to times that never end.

    Raises
    ------
    ValueError
        For no values, negative or NaN ones, or shares that sum to more than 1.
    """
    values = np.atleast_1d(np.asarray(values_s, dtype=np.float64))
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"values_s of shape {values.shape} — must have shape (value,) with at least one value")
    weights = np.full(values.size, 1.0 / values.size) if shares is None else np.asarray(shares, dtype=np.float64)
    if weights.shape != values.shape:
        raise ValueError(f"shares of shape {weights.shape} — must have the shape of values_s, {values.shape}")
    for name, array in (("values_s", values), ("shares", weights)):
        bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0.0)))
        if bad.size:
            raise ValueError(f"{name}[{bad[0]}] = {array[bad[0]]:g} — must be a finite number of at least 0")
    if weights.sum() > 1.0 + 1e-9:
        raise ValueError(f"shares sum to {weights.sum():g} — must sum to at most 1")
    order = np.argsort(values, kind="mergesort")
    known, first = np.unique(values[order], return_index=True)
    step = np.add.reduceat(weights[order], first)
    known, step = known[step > 0.0], step[step > 0.0]
    cumulative = np.cumsum(step)
    complete = cumulative.size > 0 and cumulative[-1] > 1.0 - 1e-9
    if complete:
        cumulative[-1] = 1.0
    mean = float(known @ step) if complete else math.inf
    return Distribution(Kind.EMPIRICAL, mean, values_s=tuple(known.tolist()), cumulative=tuple(cumulative.tolist()))
