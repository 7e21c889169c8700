"""Contacts that follow another one by chance: taken out of returns, resolution and contacts per issue."""

from __future__ import annotations

import pandas as pd

from planner.history import History
from planner.history.volumes import linked_returns

_PRIOR_CONTACTS = 500.0
_LEAST_WINDOWS = 3.0
_BY_DEFINITION = "composite"


def chance_links(
    history: History, volumes: pd.DataFrame, window_days: float, outcome: str = "csat"
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return, per reason as known when routed, the probability that a contact is followed within the window by chance.

    Some customers simply come with the same reason again. True returns come soon, chance ones at any time: those
    that stitching finds only when the window is doubled measure the chance of one window,
    b = (L(2w) - L(w)) / ((N - L(w)) (D - 1.5 w) / D), with L linked returns, N contacts that can be followed, D days of
    data (the last factor is the part of the second window that lies inside the data). Shrunk to all reasons with the
    weight of 500 contacts. Late true returns make b slightly too large.

    Parameters
    ----------
    volumes
        As from `first_contact_volumes` with every label known.
    outcome
        The declared composite counts every contact within the window against the one before, whatever its cause:
        there, nothing is taken out.
    """
    days = history.quality.weeks * 7
    reasons = sorted(volumes["entry_reason"].unique())
    if outcome == _BY_DEFINITION:
        note = "the composite counts every return against the contact before it: returns by chance are not taken out"
        return pd.Series(0.0, index=reasons), (note,)
    if days < _LEAST_WINDOWS * window_days:
        note = f"history is shorter than {_LEAST_WINDOWS:.0f} windows: returns by chance are not taken out"
        return pd.Series(0.0, index=reasons), (note,)
    both = linked_returns(history, window_days=window_days).set_index("entry_reason")
    return chance_rates(both["within"], both["within_double"], volumes, window_days=window_days, days=days)


def chance_rates(
    narrow: pd.Series, wide: pd.Series, volumes: pd.DataFrame, *, window_days: float, days: float
) -> tuple[pd.Series, tuple[str, ...]]:
    """Compute the chance of a link per reason from the returns linked in one window and in two."""
    known = volumes.assign(known=volumes["contacts"] - volumes["anonymous_contacts"])
    n = known.groupby("entry_reason")["known"].sum().sort_index()
    one = narrow.reindex(n.index).fillna(0.0)
    more = (wide.reindex(n.index).fillna(0.0) - one).clip(lower=0.0)
    free = (n - one).clip(lower=0.0) * max(days - 1.5 * window_days, 0.0) / days
    overall = float(more.sum() / max(free.sum(), 1.0))
    rate = ((more + _PRIOR_CONTACTS * overall) / (free + _PRIOR_CONTACTS)).clip(upper=0.5)
    note = f"{overall:.1%} of the contacts are followed within {window_days:g} days by chance: not counted as returns"
    return rate, (note,)


def looked_up(labels: pd.Series, chance: pd.Series) -> pd.Series:
    """Return the chance for each label of its kind, 0 for labels it does not hold."""
    return labels.map(chance.to_dict()).astype(float).fillna(0.0)


def chance_of_reasons(chance: pd.Series, contacts: pd.DataFrame) -> pd.Series:
    """Return the chance per reason as it turned out: the mean of that known when routed, over the contacts of each.

    Parameters
    ----------
    chance
        By reason as known when routed, see `chance_links`.
    contacts
        `entry_reason, reason, contacts`.
    """
    own = looked_up(contacts["entry_reason"], chance) * contacts["contacts"]
    sums = contacts.assign(expected=own).groupby("reason")[["expected", "contacts"]].sum()
    return (sums["expected"] / sums["contacts"].where(sums["contacts"] > 0)).fillna(0.0)


def without_chance(linked: pd.Series, chance: pd.Series) -> pd.Series:
    """Return the share that truly comes back: P(linked) = p + (1 - p) b, so p = (P - b) / (1 - b), at least 0."""
    return ((linked - chance) / (1 - chance)).clip(lower=0.0)


def issues_without_chance(volumes: pd.DataFrame, chance: pd.Series) -> pd.DataFrame:
    """Count contacts that were linked by chance as issues of their own, in proportion within a reason.

    Per reason: of `issues` issues and contacts - issues links, N (1 - p) b links are chance, with N the contacts and
    p = (P - b) / (1 - b) the true share of links.
    """
    sums = volumes.groupby("entry_reason")[["contacts", "issues"]].sum()
    b = chance.reindex(sums.index).fillna(0.0)
    linked = (1 - sums["issues"] / sums["contacts"].where(sums["contacts"] > 0)).fillna(0.0).clip(lower=0.0)
    true = without_chance(linked, b)
    factor = (1 - true) / (1 - linked).where(linked < 1, 1.0)
    return volumes.assign(issues=volumes["issues"] * volumes["entry_reason"].map(factor).fillna(1.0))
