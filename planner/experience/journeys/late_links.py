"""Links that chance alone makes, read from those that come when true returns are over."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

_PRIOR_DAYS = 2_000.0

Place = tuple[str, int]
"""Reason of the issue and attempt."""


def chance_per_day(steps: pd.DataFrame) -> dict[Place, float]:
    """Return, per reason and attempt, the probability per day that a contact is linked to a later one by chance.

    h = late links / days followed late without a link: the hazard of a Poisson process in the last quarter of the
    silence. By attempt, because whoever is there for the third time is more often somebody who calls a lot. Shrunk to
    that of the attempt over all reasons with the weight of 2,000 days. Slow true returns make h slightly too large.

    Parameters
    ----------
    steps
        As from `planner.history.issue_steps.issue_steps`.
    """
    known = steps[~steps["anonymous"].astype(bool) & ~steps["censored"].astype(bool)]
    overall = known.groupby("attempt")[["n_late", "late_days"]].sum().astype(float)
    usual = (overall["n_late"] / overall["late_days"].where(overall["late_days"] > 0)).fillna(0.0).to_dict()
    grouped = known.groupby(["reason", "attempt"], as_index=False)[["n_late", "late_days"]].sum()
    columns = grouped[["reason", "attempt", "n_late", "late_days"]].itertuples(index=False, name=None)
    return {
        (str(reason), int(attempt)): float((links + _PRIOR_DAYS * usual[attempt]) / (days + _PRIOR_DAYS))
        for reason, attempt, links, days in columns
    }


def chance_within(per_day: Mapping[Place, float], days: float) -> dict[Place, float]:
    """Return the probability of a chance link within so many days: 1 - exp(-h days)."""
    return {place: float(1 - np.exp(-rate * days)) for place, rate in per_day.items()}


def first_contact_chance(chance: Mapping[Place, float]) -> dict[str, float]:
    """Return the probability of a chance link after a first contact, per reason."""
    return {reason: value for (reason, attempt), value in chance.items() if attempt == 1}
