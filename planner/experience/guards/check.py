"""All guards over one history: what must be known before its scores are believed."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from planner.experience.guards.agents import agent_skew, answer_selection
from planner.experience.guards.divergence import score_repeat_divergence
from planner.experience.guards.fatigue import survey_fatigue
from planner.experience.guards.findings import Finding, kept_findings
from planner.experience.guards.instrument import instrument_changes
from planner.experience.guards.negatives import missing_negatives
from planner.experience.guards.reasons import reason_drift
from planner.experience.guards.response import response_shifts
from planner.history import History
from planner.history.surveys import SurveyLog, kept_log

Guard = Callable[[SurveyLog, int], list[Finding]]
"""From the sums of a history to one finding per test, found or not."""

GUARDS: tuple[Guard, ...] = (
    response_shifts,
    agent_skew,
    answer_selection,
    score_repeat_divergence,
    missing_negatives,
    survey_fatigue,
    instrument_changes,
    reason_drift,
)
"""Every guard; one more is one more function here."""

FALSE_ALARM_RATE = 0.05
"""Probability that anything at all is found in a history in which nothing is wrong, over all guards."""


def check_guards(
    history: History, *, outcome: str, window_days: float, seed: int = 0, false_alarm_rate: float = FALSE_ALARM_RATE
) -> pd.DataFrame:
    """Look for what makes the scores of a history mislead; nothing is corrected.

    Each guard counts in the engine, tests all its places, and keeps what survives Benjamini-Hochberg at its equal
    part of `false_alarm_rate` (guards that find nothing to test take none).

    Parameters
    ----------
    outcome
        A score is looked at itself; for any other outcome the first survey with answers is.
    window_days
        Window of the journeys, days: within it a later contact of the issue counts as a repeat.
    seed
        Of the permutations.
    false_alarm_rate
        Probability of any finding (alarm or warn) where nothing is wrong.

    Returns
    -------
    DataFrame `guard, where, finding, size, lower, upper, p_value, level`: alarms and warnings per guard, most certain
    first, then notes (p_value is NaN). `lower, upper` are 90 % intervals, `p_value` is that of the single test.
    """
    with kept_log(history, outcome=outcome, window_days=window_days) as log:
        found = {guard.__name__: guard(log, seed) for guard in GUARDS}
    # Guards that could test nothing can raise no false alarm: the others share the rate.
    testing = sum(any(not math.isnan(f.p_value) for f in findings) for findings in found.values())
    rate = false_alarm_rate / max(testing, 1)
    tables = [kept_findings(name, findings, rate) for name, findings in found.items()]
    if log.score is None:
        words = "nobody answered a survey: only reasons, and what was coded solved, could be looked at"
        tables.insert(0, kept_findings("surveys", [Finding("history", words)], rate))
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
