"""Guards: what makes the scores of a history mislead, found and said, never silently corrected."""

from planner.experience.guards.check import FALSE_ALARM_RATE, GUARDS, check_guards
from planner.experience.guards.findings import Finding

__all__ = ["FALSE_ALARM_RATE", "GUARDS", "Finding", "check_guards"]
