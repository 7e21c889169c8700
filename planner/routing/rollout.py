"""Staged rollout: a share of contacts follows the new rules, the others today's; and how long that must last."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from planner.routing.check import check_rules
from planner.routing.facts import ANY, LABELS, RANGES
from planner.routing.ruleset import RuleSet
from planner.routing.table import ACTIONS

HARM_Z = 3.0
"""At every look before the end a difference this many standard errors below zero stops the pilot: so rare by chance
that the final test keeps its error (Haybittle 1971; Peto et al. 1976)."""


def staged(new: RuleSet, today: RuleSet, share: float) -> RuleSet:
    """Return rules by which a share of the contacts follows the new rules and all others today's.

    The share is a range of the stable bucket `rollout_bucket` of its own, so that a contact stays in its group when the
    share grows, and offers and splits are the same inside it. Numbers of today's rules follow those of the new ones.

    Raises
    ------
    ValueError
        The share is not between 0 and 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share = {share}: a rollout needs a share above 0 and at most 1")
    check_rules(new)
    check_rules(today)
    first = _complete(new.rows).assign(rollout_from=0.0, rollout_to=round(share, 4))
    number = max(rule.number for rule in new.table)
    rest = _complete(today.rows).assign(rollout_from=0.0, rollout_to=1.0)
    rest["rule"] = range(number + 1, number + 1 + len(rest))
    rest["why"] = [f"as today: {why or ''}" for why in rest["why"]]
    rows = pd.concat([first, rest], ignore_index=True)
    return replace(new, rows=rows.astype(object).where(rows.notna(), None))


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Fill in conditions and actions a rule set leaves out."""
    rows = rows.copy()
    for name in LABELS:
        if name not in rows:
            rows[name] = ANY
        rows[name] = [ANY if cell is None or isinstance(cell, float) else cell for cell in rows[name]]
    for low, high in (RANGES["offer_bucket"], RANGES["pool_bucket"]):
        rows[low] = rows[low].fillna(0.0).astype(float) if low in rows else 0.0
        rows[high] = rows[high].fillna(1.0).astype(float) if high in rows else 1.0
    for name in (*ACTIONS, "why"):
        if name not in rows:
            rows[name] = None
    return rows


@dataclass(frozen=True)
class Pilot:
    """A pilot of one change.

    `answers` per group (answered surveys), `weeks` at the given share, `looks` (weekly), `stop` in words; `weeks` is
    inf where nobody answers or no effect is expected.
    """

    effect: float
    share: float
    answers: float
    weeks: float
    stop: str


def pilot_for(
    effect: float,
    score_sd: float,
    contacts_per_week: float,
    response_rate: float,
    share: float,
    *,
    error: float = 0.05,
    power: float = 0.8,
) -> Pilot:
    """Size a pilot: a share follows the rule, the others are the comparison.

    With n1 = share·N and n0 = (1 − share)·N answers the difference of means has the variance sd²(1/n1 + 1/n0); it is
    seen with the wanted power, two-sided, where N = (z(1 − error/2) + z(power))² sd² / (share (1 − share) effect²).

    Parameters
    ----------
    effect, score_sd
        Expected difference and standard deviation of one answer, scale points.
    contacts_per_week, response_rate
        Contacts that the change concerns, and the share that answers.
    share
        Share of them that follows the new rule, in (0, 1).

    Raises
    ------
    ValueError
        A share or probability is outside (0, 1), or the standard deviation is not positive.
    """
    for name, value in (("share", share), ("error", error), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} = {value} must lie between 0 and 1")
    if not score_sd > 0:
        raise ValueError(f"score_sd = {score_sd} must be above 0")
    weekly = contacts_per_week * response_rate
    if effect == 0 or not weekly > 0:
        return Pilot(effect, share, math.inf, math.inf, "no effect on the score is expected: watch waits and returns")
    total = (ndtri(1 - error / 2) + ndtri(power)) ** 2 * score_sd**2 / (share * (1 - share) * effect**2)
    weeks = float(max(1.0, np.ceil(total / weekly)))
    stop = (
        f"look once a week; stop at once if the new rule scores {HARM_Z:g} standard errors below the comparison or a "
        f"promise is missed; decide after {weeks:,.0f} weeks at {1 - error:.0%} confidence"
    )
    return Pilot(effect, share, float(total * min(share, 1 - share)), weeks, stop)
