"""One measure of one week, predicted and seen: what is compared, interval by interval and in total."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

LEVELS = (0.025, 0.975)
"""The interval of a single half hour: 95 %."""


@dataclass(frozen=True)
class Judged:
    """A measure in a week; shape (pool, interval of the week) unless said otherwise.

    `seen` = `seen_above` / `seen_below`, NaN where nothing was seen; `predicted`, `formula` (NaN where there is none)
    and `naive`; `lower`, `upper` the interval in which a single half hour lies. `floor_error`, `floor_weight`: what a
    true model would err in an interval, times its weight, and that weight. Totals of possible weeks, shape
    (world, pool): `above`, `below`. `formula_weight` weighs intervals of the formula.
    """

    week: int
    measure: str
    volume_seen: bool
    seen_above: Floats
    seen_below: Floats
    predicted: Floats
    formula: Floats
    naive: Floats
    lower: Floats
    upper: Floats
    floor_error: Floats
    floor_weight: Floats
    above: Floats
    below: Floats
    formula_weight: Floats

    @property
    def seen(self) -> Floats:
        """What was seen per interval."""
        return divided(self.seen_above, self.seen_below)


def divided(above: Floats, below: Floats) -> Floats:
    """Divide, NaN where there is nothing below."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(below > 0, above / below, np.nan))


def judged_worlds(
    week: int,
    measure: str,
    volume_seen: bool,
    seen: tuple[Floats, Floats],
    worlds: tuple[Floats, Floats],
    formula: tuple[Floats, Floats],
    naive: Floats,
) -> Judged:
    """Compare a ratio with simulated weeks.

    The prediction is the ratio of the means over worlds; the interval reaches from the r-th smallest to the r-th
    largest world with 2r/(n + 1) = 5 %, which a further world would miss with exactly that probability.

    Parameters
    ----------
    seen
        What stands above and below, shape (pool, interval).
    worlds
        The same of every world, shape (world, pool, interval).
    formula
        Prediction of the formulas and its weights, shape (pool, interval).
    """
    above, below = worlds
    predicted = divided(above.mean(axis=0), below.mean(axis=0))
    single = divided(above, below)
    empty = np.isnan(single).all(axis=0)
    lower, upper = np.nanquantile(np.where(empty, 0.0, single), LEVELS, axis=0, method="weibull")
    error = np.nan_to_num(np.abs(single - predicted)) * below
    return Judged(
        week=week,
        measure=measure,
        volume_seen=volume_seen,
        seen_above=seen[0],
        seen_below=seen[1],
        predicted=predicted,
        formula=formula[0],
        naive=naive,
        lower=np.where(empty, np.nan, lower),
        upper=np.where(empty, np.nan, upper),
        floor_error=error.mean(axis=0),
        floor_weight=below.mean(axis=0),
        above=above.sum(axis=2),
        below=below.sum(axis=2),
        formula_weight=formula[1],
    )


def judged_mean(
    week: int,
    measure: str,
    seen: tuple[Floats, Floats],
    before: tuple[Floats, Floats, Floats],
    naive: Floats,
    worlds: int,
) -> Judged:
    """Compare the mean of independent values (handle times, scores) with the mean of the weeks before.

    A mean of n values with standard deviation s errs by s/√n, and by s·√(2/(πn)) in the mean of its absolute value.
    Totals of possible weeks are normal quantiles, so that they are read like simulated ones.

    Parameters
    ----------
    seen
        Sum and number of values, shape (pool, interval).
    before
        Sum, sum of squares and number of values of the weeks before, shape (pool,).
    worlds
        Number of possible totals.
    """
    total, squares, count = before
    mean = divided(total, count)
    variance = np.maximum(divided(squares, count) - mean**2, 0.0)
    n = seen[1]
    known = np.where(n > 0, n, np.nan)
    sd = np.sqrt(variance[:, None] / known)
    predicted = np.broadcast_to(mean[:, None], n.shape)
    own = n.sum(axis=1)
    of_total = np.sqrt(variance * (divided(np.ones(len(own)), own) + divided(np.ones(len(own)), count)))
    steps = _normal_steps(worlds)
    below = np.broadcast_to(own, (worlds, len(own)))
    return Judged(
        week=week,
        measure=measure,
        volume_seen=False,
        seen_above=seen[0],
        seen_below=n,
        predicted=predicted,
        formula=np.full(n.shape, np.nan),
        naive=naive,
        lower=predicted - 1.96 * sd,
        upper=predicted + 1.96 * sd,
        floor_error=np.nan_to_num(sd * math.sqrt(2.0 / math.pi)) * n,
        floor_weight=n,
        above=(mean + steps[:, None] * of_total) * below,
        below=below,
        formula_weight=n,
    )


def _normal_steps(n: int) -> Floats:
    """N values with mean 0 and sample variance 1, spaced like a normal's quantiles."""
    steps = ndtri((np.arange(n) + 0.5) / n)
    return np.asarray(steps / steps.std(ddof=1))
