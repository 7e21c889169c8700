"""Guard: the share of contacts whose customer answers changes at some moment, so scores before and after differ."""

from __future__ import annotations

from planner.experience.guards.findings import Finding
from planner.experience.guards.periods import long_enough, too_short, when
from planner.experience.guards.shift import binomial_precision, find_shift
from planner.history.surveys import SurveyLog

_MATERIAL = 0.2
"""A change of the rate by this share of itself is an alarm: responders become other customers."""


def response_shifts(log: SurveyLog, seed: int) -> list[Finding]:
    """Look for one change of the response rate per channel."""
    if log.score is None:
        return []
    sums = log.sums(["channel", "period"])
    found = []
    for channel, frame in sums.groupby("channel", sort=True):
        hits, trials = frame["answers"].to_numpy(float), frame["contacts"].to_numpy(float)
        if not long_enough(frame) or not 0 < hits.sum() < trials.sum():
            continue
        shift = find_shift(hits / trials, binomial_precision(hits, trials), seed)
        words = (
            f"{shift.before:.1%} of served contacts were answered, {shift.after:.1%} {when(log, frame, shift)}: "
            "scores before and after are those of other customers"
        )
        material = abs(shift.size) >= _MATERIAL * max(shift.before, 1e-9)
        found.append(
            Finding(f"channel={channel}", words, shift.size, shift.lower, shift.upper, shift.p_value, material)
        )
    if sums["contacts"].sum() and sums["answers"].sum() == sums["contacts"].sum():
        return [Finding("history", "every contact carries a score: only surveyed contacts are in it, or all answered")]
    return found or [too_short(log, "response rate over time")]
