"""What the numbers of an outcome are: points of a score, shares from 0 to 1, points of a composite, or seconds."""

from __future__ import annotations

from planner.experience.study import Study
from planner.history.composite import is_composite
from planner.history.outcomes import OUTCOMES, OutcomeKind


def unit_of(study: Study) -> str:
    """Return the unit of a study's outcome: `points`, `share`, `composite` or `seconds`."""
    name = study.model.outcome
    if is_composite(name) or name not in OUTCOMES:
        return "composite" if is_composite(name) else "points"
    if OUTCOMES[name].kind is OutcomeKind.TIME:
        return "seconds"
    return "share" if study.scale == (0.0, 1.0) else "points"


def surveyed(study: Study) -> bool:
    """Say whether the outcome is known only of those who answered a survey."""
    name = study.model.outcome
    return not is_composite(name) and (name not in OUTCOMES or OUTCOMES[name].kind is OutcomeKind.SCORE)
