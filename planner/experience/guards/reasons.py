"""Guard: reason codes appear, disappear or are renamed, so that effects per reason mix different things."""

from __future__ import annotations

import pandas as pd

from planner.experience.guards.findings import Finding
from planner.experience.guards.periods import long_enough, too_short, when
from planner.experience.guards.shift import Shift, binomial_precision, find_shift
from planner.history.surveys import SurveyLog

_NEARLY_GONE = 0.1
_LEAST_CONTACTS = 20.0
_LIKELY = 0.01


def reason_drift(log: SurveyLog, seed: int) -> list[Finding]:
    """Look for one change of each reason's share of the contacts.

    An alarm where one level is at most a tenth of the other; a smaller change may be demand, and is a warning. Where
    another reason changes the other way in the same days, it is named.
    """
    sums = log.sums(["reason", "period"])
    total = sums.groupby("period")["contacts"].sum()
    if sums["reason"].nunique() < 2 or not long_enough(total):
        return [too_short(log, "reason codes over time")]
    table = sums.pivot_table(index="period", columns="reason", values="contacts", aggfunc="sum", fill_value=0)
    periods = table.reset_index()[["period"]]
    shifts = {
        str(reason): find_shift(hits / total.to_numpy(float), binomial_precision(hits, total.to_numpy(float)), seed)
        for reason in table.columns
        if (hits := table[reason].to_numpy(float)).sum() >= _LEAST_CONTACTS
    }
    return [_finding(log, reason, shift, shifts, periods) for reason, shift in shifts.items()]


def _finding(log: SurveyLog, reason: str, shift: Shift, every: dict[str, Shift], periods: pd.DataFrame) -> Finding:
    small, large = sorted((abs(shift.before), abs(shift.after)))
    abrupt = small <= _NEARLY_GONE * large
    what = ("disappears" if shift.after < shift.before else "appears") if abrupt else "changes its share"
    words = f"{what}: {shift.before:.1%} of contacts, {shift.after:.1%} {when(log, periods, shift)}"
    partner = _partner(reason, shift, every) if abrupt else None
    if partner:
        words += f"; at the same time {partner} changes the other way by as much: was the code renamed?"
    return Finding(f"reason={reason}", words, shift.size, shift.lower, shift.upper, shift.p_value, abrupt)


def _partner(reason: str, shift: Shift, every: dict[str, Shift]) -> str | None:
    """Another reason with the opposite change, of at least half the size and in the same days."""
    near = [
        (abs(other.size + shift.size), name)
        for name, other in every.items()
        if name != reason
        and other.p_value <= _LIKELY
        and other.size * shift.size < 0
        and other.first <= shift.last
        and shift.first <= other.last
        and 0.5 <= abs(other.size / shift.size) <= 2.0
    ]
    return min(near)[1] if near else None
