"""Series of sums over the periods of a history, and their moments in words."""

from __future__ import annotations

import pandas as pd

from planner.experience.guards.findings import Finding
from planner.experience.guards.shift import FEWEST_PERIODS, Shift
from planner.history.surveys import SurveyLog


def long_enough(frame: pd.DataFrame | pd.Series) -> bool:
    """Whether a series has enough periods to be looked at."""
    return len(frame) >= FEWEST_PERIODS


def when(log: SurveyLog, frame: pd.DataFrame, shift: Shift) -> str:
    """Moment of a shift in words, as an interval of days."""
    periods = frame["period"].to_numpy()
    first, last = log.day_of(periods[shift.first]), log.day_of(periods[shift.last])
    return f"from {first}" if first == last else f"from between {first} and {last}"


def too_short(log: SurveyLog, what: str) -> Finding:
    """Note that nothing over time could be looked at."""
    unit = "weeks" if log.period_days == 7 else "days"
    return Finding("history", f"{what}: not looked at, fewer than {FEWEST_PERIODS} {unit} with data in every channel")
