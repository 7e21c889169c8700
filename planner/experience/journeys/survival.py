"""The share that has not come back by the end of a window, where some are followed for less than the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Survival:
    """Product-limit estimate at the end of the window.

    share
        Not returned, ratio; NaN without anyone at risk.
    variance
        Greenwood's, for independent contacts.
    followed
        Contacts that could be followed for some time.
    complete
        Contacts known to the end: returned, or silent for the whole window.
    influence
        DataFrame `day, back, influence`: what one contact adds to the estimate, times `followed`.
    """

    share: float
    variance: float
    followed: int
    complete: int
    influence: pd.DataFrame


def kaplan_meier(counts: pd.DataFrame, window_days: float) -> Survival:
    """Estimate the share that does not return within the window.

    S = Π (1 - d_j / n_j) over the intervals of the window, Var = S² Σ d_j / (n_j (n_j - d_j)) (Kaplan & Meier 1958;
    Greenwood 1926). Those last seen within an interval count half in it (actuarial estimate; Cutler & Ederer 1958),
    which matters for whole days and not for hours.

    Parameters
    ----------
    counts
        Columns `day` (start of an interval, days), `returned, censored` (contacts); rows of one day are added.
    window_days
        Length of the window, days; who was last seen at or after it counts in full.
    """
    sums = counts.groupby("day")[["returned", "censored"]].sum().sort_index()
    day = sums.index.to_numpy(float)
    d, c = sums["returned"].to_numpy(float), sums["censored"].to_numpy(float)
    total = float((d + c).sum())
    if total == 0:
        empty = pd.DataFrame({"day": [], "back": pd.Series(dtype=bool), "influence": []})
        return Survival(float("nan"), float("nan"), 0, 0, empty)
    inside = day < window_days
    at_risk = total - np.concatenate([[0.0], np.cumsum(d + c)[:-1]])
    # Nobody can be seen to stay away longer than the window, so its last edge takes no half count.
    half = np.where(inside, 0.5, 0.0)
    exposed = np.maximum(at_risk - half * c, d)
    left = exposed - d
    ok = (d > 0) & (left > 0)
    share = float(np.prod(np.divide(left, exposed, out=np.ones_like(d), where=exposed > 0)))
    slope = np.divide(d, exposed * left, out=np.zeros_like(d), where=ok)
    complete = int(d.sum() + c[~inside].sum())
    return Survival(
        share, share**2 * float(slope.sum()), int(total), complete, _influence(day, d, left, slope, half, total)
    )


def _influence(day: Floats, d: Floats, left: Floats, slope: Floats, half: Floats, total: float) -> pd.DataFrame:
    """Derivative of log S by one more contact that leaves in an interval, returned or not, times the contacts."""
    before = np.concatenate([[0.0], np.cumsum(slope)[:-1]])
    gone = np.divide(1.0, left, out=np.zeros_like(d), where=(left > 0) & (d > 0))
    returned = before + slope - gone
    silent = before + slope * (1 - half)
    return pd.DataFrame(
        {
            "day": np.concatenate([day, day]),
            "back": np.repeat([True, False], len(day)),
            "influence": total * np.concatenate([returned, silent]),
        }
    )


def survival_interval(survival: Survival, inflation: float = 1.0, level: float = 0.9) -> tuple[float, float]:
    """Return an interval of the share that stays within [0, 1].

    Symmetric on the scale log(-log S) (Kalbfleisch & Prentice 1980, section 1.3). Where nobody returned, the lower end
    is the share at which seeing none of the `complete` contacts return has probability (1 - level)/2, and likewise the
    upper end where everybody did (Clopper & Pearson 1934).

    Parameters
    ----------
    inflation
        Factor on the variance for contacts that are not independent.
    """
    share, tail = survival.share, (1 - level) / 2
    n = survival.complete / max(inflation, 1.0)
    if np.isnan(share) or n == 0:
        return (0.0, 1.0) if survival.followed else (float("nan"), float("nan"))
    if share >= 1:
        return float(tail ** (1 / max(n, 1.0))), 1.0
    if share <= 0:
        return 0.0, float(1 - tail ** (1 / max(n, 1.0)))
    width = norm.isf(tail) * np.sqrt(survival.variance * inflation) / (share * abs(np.log(share)))
    return float(share ** np.exp(width)), float(share ** np.exp(-width))
