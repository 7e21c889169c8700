"""What the demand stage yields: issues per type and interval with their uncertainty."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Demand:
    """Issues (first contacts) per contact type and interval.

    Axes: type = (reason as known when routed, segment), channel, interval of the horizon.

    Attributes
    ----------
    types, channels, starts
        Labels of the axes: (reason, segment) pairs, channel keys, local start of each interval.
    issues
        Shape (type,), expected issues per horizon.
    profile
        Shape (type, interval), share of a type's issues per interval; rows sum to 1 (or 0 for an empty type).
    natural
        Shape (type, channel), share of a type's issues by the channel customers choose by themselves; rows sum to 1.
    level_cv, type_cv
        Coefficient of variation of the weekly total common to all types, and shape (type,) of each type on top.
    p10, p50, p90
        Shape (type, interval), quantiles of issues per interval.
    source
        Where it came from, in words, with the planning date if one was agreed.
    notes
        What is left out or was allocated, in words.
    weeks
        Shape (week, type): issues of each complete week of the past as a share of the planned ones, the oldest first;
        no rows where there are none.
    """

    types: tuple[tuple[str, str], ...]
    channels: tuple[str, ...]
    starts: tuple[dt.datetime, ...]
    issues: NDArray[np.float64]
    profile: NDArray[np.float64]
    natural: NDArray[np.float64]
    level_cv: float
    type_cv: NDArray[np.float64]
    p10: NDArray[np.float64]
    p50: NDArray[np.float64]
    p90: NDArray[np.float64]
    source: str
    notes: tuple[str, ...] = ()
    weeks: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))

    def factors(self, n: int, seed: int) -> NDArray[np.float64]:
        """Draw factors on the issues of each type, shape (n, type): log-normal, mean 1, a common and an own part."""
        rng = np.random.default_rng([seed, 11])
        common = _mean_one_lognormal(rng.standard_normal((n, 1)), np.asarray([self.level_cv]))
        own = _mean_one_lognormal(rng.standard_normal((n, len(self.types))), self.type_cv)
        return np.asarray(common * own)


def _mean_one_lognormal(normal: NDArray[np.float64], cv: NDArray[np.float64]) -> NDArray[np.float64]:
    sigma = np.sqrt(np.log1p(np.square(cv)))
    return np.asarray(np.exp(sigma * normal - sigma**2 / 2))
