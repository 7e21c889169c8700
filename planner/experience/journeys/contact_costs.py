"""What a contact costs: stated money, handle time times a wage, or its handle time where no money is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.experience.journeys.absorbing import Floats

HANDLE_SECONDS = "handle seconds"
MONEY = "money"
_PRIOR_CONTACTS = 20.0
_HANDLED = ["n_handle", "sum_handle_s", "sum_handle2"]


@dataclass(frozen=True)
class ContactCosts:
    """How contacts are priced.

    Attributes
    ----------
    per_contact
        Channel -> money per contact; goes before the wage.
    wage_per_hour
        Channel -> money per hour of handling.
    handled
        `channel, attempt, n_handle, sum_handle_s, sum_handle2` over all reasons: what thin states lean on.
    """

    per_contact: Mapping[str, float]
    wage_per_hour: Mapping[str, float]
    handled: pd.DataFrame

    @property
    def unit(self) -> str:
        """Return `money`, or `handle seconds` where no money is given."""
        return MONEY if self.per_contact or self.wage_per_hour else HANDLE_SECONDS

    def of(self, steps: pd.DataFrame, states: tuple[tuple[str, int], ...]) -> tuple[Floats, Floats, Floats]:
        """Return the mean cost per contact of each state, the mean of its square, and the mean's standard error.

        A state's handle time leans on that of its channel and attempt over all reasons with the weight of 20 contacts.
        NaN where neither a cost nor a handle time is known.
        """
        mean, square, error = (np.full(len(states), np.nan) for _ in range(3))
        own = _sums(steps, ["channel", "attempt"])
        everyone = _sums(self.handled, ["channel", "attempt"])
        by_channel = _sums(self.handled, ["channel"])
        for k, (channel, attempt) in enumerate(states):
            if channel in self.per_contact:
                mean[k], square[k], error[k] = self.per_contact[channel], self.per_contact[channel] ** 2, 0.0
                continue
            if self.unit == MONEY and channel not in self.wage_per_hour:
                continue
            n, s1, s2 = own.get((channel, attempt), np.zeros(3))
            base = everyone.get((channel, attempt), np.zeros(3))
            base = base if base[0] > 0 else by_channel.get((channel,), np.zeros(3))
            if base[0] == 0:
                continue
            weight = _PRIOR_CONTACTS / base[0]
            m = (s1 + weight * base[1]) / (n + _PRIOR_CONTACTS)
            m2 = (s2 + weight * base[2]) / (n + _PRIOR_CONTACTS)
            rate = self.wage_per_hour[channel] / 3600 if self.unit == MONEY else 1.0
            mean[k], square[k] = rate * m, rate**2 * m2
            error[k] = rate * np.sqrt(max(m2 - m**2, 0.0) / (n + 1))
        return mean, square, error


def _sums(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[object, ...], Floats]:
    grouped = frame.groupby(keys, as_index=False)[_HANDLED].sum()
    return dict(zip(grouped[keys].itertuples(index=False, name=None), grouped[_HANDLED].to_numpy(float), strict=True))


def contact_costs(
    steps: pd.DataFrame,
    per_contact: Mapping[str, float] | None = None,
    wage_per_hour: Mapping[str, float] | float | None = None,
) -> ContactCosts:
    """Price the contacts of a history.

    Parameters
    ----------
    steps
        As from `planner.history.issue_steps.issue_steps`.
    per_contact
        Channel -> money per contact.
    wage_per_hour
        Money per hour of handling, one for all or channel -> one.

    Raises
    ------
    ValueError
        If a cost is negative or names a channel without contacts.
    """
    channels = sorted(str(name) for name in steps["channel"].unique())
    wages = wage_per_hour if wage_per_hour is not None else {}
    wages = dict(wages) if isinstance(wages, Mapping) else dict.fromkeys(channels, float(wages))
    stated = dict(per_contact or {})
    for what, given in (("cost_per_contact", stated), ("wage_per_hour", wages)):
        for channel, value in given.items():
            if channel not in channels:
                raise ValueError(f"{what}: no contact in channel {channel!r}; there are {', '.join(channels)}")
            if not 0 <= value < float("inf"):
                raise ValueError(f"{what}: {channel!r} costs {value}; give an amount of 0 or more")
    handled = steps.groupby(["channel", "attempt"], as_index=False)[_HANDLED].sum()
    return ContactCosts(stated, wages, handled)
