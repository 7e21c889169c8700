"""Links that chance alone makes, read from those that come when true returns are over."""

from __future__ import annotations

import numpy as np
import pandas as pd

_LATE = 0.75
"""Links in the last quarter of the silence are taken to be chance: true returns come soon, chance ones at any time."""
_PRIOR_CONTACTS = 500.0


def chance_per_day(counts: pd.DataFrame, silence_days: float) -> dict[str, float]:
    """Return, per reason, the probability per day that a contact is linked to a later one by chance.

    h = links in the last quarter of the silence / days that contacts were followed in it without a link: the hazard of
    a Poisson process, shrunk to that of all reasons with the weight of 500 contacts. Slow true returns make h slightly
    too large.

    Parameters
    ----------
    counts
        Columns `entry_reason, day, returned, censored`, in whole days, of contacts followed for the whole silence
        (`planner.history.return_times.return_counts`).
    """
    start = np.floor(_LATE * silence_days)
    overall_links, overall_days = _late(counts, start, silence_days)
    if overall_days <= 0:
        return {}
    overall = overall_links / overall_days
    prior = _PRIOR_CONTACTS * (silence_days - start)
    rates = {}
    for reason, part in counts.dropna(subset=["entry_reason"]).groupby("entry_reason", sort=True):
        links, days = _late(part, start, silence_days)
        rates[str(reason)] = float((links + prior * overall) / (days + prior))
    return rates


def chance_within(per_day: dict[str, float], days: float) -> dict[str, float]:
    """Return the probability of a chance link within so many days, per reason: 1 - exp(-h days)."""
    return {reason: float(1 - np.exp(-rate * days)) for reason, rate in per_day.items()}


def _late(counts: pd.DataFrame, start: float, silence_days: float) -> tuple[float, float]:
    """Links in [start, silence) and the days contacts were followed there; half a day for those leaving within one."""
    late = counts[counts["day"] >= start]
    day = late["day"].to_numpy(float)
    returned, censored = late["returned"].to_numpy(float), late["censored"].to_numpy(float)
    spent = np.minimum(day + 0.5, silence_days) - start
    inside = day < silence_days
    return float(returned[inside].sum()), float(((returned + censored) * spent).sum())
