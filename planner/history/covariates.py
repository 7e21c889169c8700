"""Covariates by the names people use: their columns, or why they cannot be adjusted for."""

from __future__ import annotations

from collections.abc import Sequence

from planner.errors import HistoryError, Issue
from planner.history.columns import BY_NAME, Kind, covariate_column
from planner.history.history import History
from planner.history.mapping import did_you_mean

_BEFORE = ("value",)
"""Canonical numbers that are known before a channel is chosen."""


def covariate_columns(history: History, names: Sequence[str], outcome: str = "") -> tuple[str, ...]:
    """Return the columns of covariates, each once, in their order.

    Raises
    ------
    HistoryError
        With every name that is no numeric column, is known only once the contact is over, or is the outcome itself.
    """
    columns = [_column(history, name) for name in names]
    issues = [
        Issue(history.quality.source, None, None, f"covariates.{name}", words)
        for name, column in zip(names, columns, strict=True)
        if (words := _problem(history, name, column, outcome))
    ]
    if issues:
        raise HistoryError(issues)
    return tuple(dict.fromkeys(columns))


def _column(history: History, name: str) -> str:
    return name if name in history.covariates else covariate_column(name)


def _problem(history: History, name: str, column: str, outcome: str) -> str:
    known = (*history.covariates, *_BEFORE)
    if outcome in (name, column):
        return "is the outcome itself: it cannot be adjusted for; leave it out"
    if column in known:
        return ""
    if name in BY_NAME and BY_NAME[name].kind in (Kind.SECONDS, Kind.SCORE, Kind.FLAG):
        return f"is known only once the contact is over, so it cannot explain the choice; there are {', '.join(known)}"
    return f"no numeric column {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}"
