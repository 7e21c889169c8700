"""What a contact did to its customer, as a number on the scale of one outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import ibis

from planner.errors import HistoryError, Issue
from planner.history.columns import BY_NAME, SCALES, Kind
from planner.history.history import History
from planner.history.mapping import did_you_mean

_DAY_S = 86_400.0


class OutcomeKind(StrEnum):
    """How an outcome is measured, which decides how it is estimated."""

    SCORE = "score"
    """Known for those who answer a survey."""
    SHARE = "share"
    """0 or 1, known for every contact that can be followed."""
    TIME = "time"
    """Seconds, known for every contact that was timed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome: how it is measured, lowest and highest value, and whether much of it is good."""

    name: str
    kind: OutcomeKind
    scale: tuple[float, float]
    higher_is_better: bool = True


_UNIT = (0.0, 1.0)
OUTCOMES: dict[str, Outcome] = {
    outcome.name: outcome
    for outcome in (
        Outcome("csat", OutcomeKind.SCORE, SCALES["csat"]),
        Outcome("csat_top", OutcomeKind.SCORE, _UNIT),
        Outcome("nps", OutcomeKind.SCORE, (-100.0, 100.0)),
        Outcome("ces", OutcomeKind.SCORE, SCALES["ces"]),
        Outcome("resolved", OutcomeKind.SHARE, _UNIT),
        Outcome("fcr", OutcomeKind.SHARE, _UNIT),
        Outcome("repeat", OutcomeKind.SHARE, _UNIT, higher_is_better=False),
        Outcome("composite", OutcomeKind.SHARE, _UNIT),
        Outcome("transferred", OutcomeKind.SHARE, _UNIT, higher_is_better=False),
        Outcome("abandoned", OutcomeKind.SHARE, _UNIT, higher_is_better=False),
        Outcome("handle_s", OutcomeKind.TIME, (0.0, float("inf")), higher_is_better=False),
    )
}
"""Outcomes with a meaning of their own; any other numeric column is a score without limits."""


def outcome_named(history: History, name: str) -> Outcome:
    """Find an outcome by name.

    Raises
    ------
    HistoryError
        If there is no such outcome and no numeric column of that name.
    """
    if name in OUTCOMES:
        return OUTCOMES[name]
    numeric = [column.name for column in BY_NAME.values() if column.kind in (Kind.NUMBER, Kind.SECONDS)]
    known = (*OUTCOMES, *numeric, *history.covariates)
    if name not in known:
        message = f"no outcome {name!r}{did_you_mean(name, known)}; it must be one of {', '.join(known)}"
        raise HistoryError([Issue(history.quality.source, None, None, "outcome", message)])
    return Outcome(name, OutcomeKind.SCORE, (float("-inf"), float("inf")))


def outcome_value(history: History, stitched: ibis.Table, outcome: str) -> ibis.Value:
    """Value of an outcome per contact; NULL where it is not known.

    `csat`, `ces`, `value`, `handle_s` and covariates: as given. `csat_top`: 1 for one of the two best points of the
    scale, else 0. `nps`: -100, 0 or 100 for detractors (0-6), passives and promoters (9-10). `resolved`,
    `transferred`, `abandoned`: 1 or 0. `fcr`: 1 if served and nothing of the issue follows within the window; `repeat`:
    1 if something follows. `composite`: 1 if served and the customer does not contact the center again, about anything,
    within a day; 0 if not served. `fcr`, `repeat` and `composite` are NULL for anonymous customers and where the end of
    the data hides the answer.
    """
    outcome_named(history, outcome)
    if outcome == "nps":
        score = stitched.nps
        return ibis.cases((score >= 9, 100.0), (score <= 6, -100.0), (score.notnull(), 0.0), else_=ibis.null("float64"))
    if outcome == "csat_top":
        return (stitched.csat >= SCALES["csat"][1] - 1).cast("int64").cast("float64")
    if outcome in ("composite", "fcr", "repeat"):
        return _followed(history, stitched, outcome)
    column = stitched[outcome]
    return column.cast("int64").cast("float64") if column.type().is_boolean() else column.cast("float64")


def _followed(history: History, stitched: ibis.Table, outcome: str) -> ibis.Value:
    abandoned = stitched.abandoned.fill_null(False)
    unknown = ibis.null("float64")
    if outcome in ("fcr", "repeat"):
        hidden = stitched.anonymous | stitched.censored | abandoned
        after, done = (0.0, 1.0) if outcome == "fcr" else (1.0, 0.0)
        return ibis.cases((hidden, unknown), (stitched.later, after), else_=done)
    again = (stitched.next_gap_s <= _DAY_S).fill_null(False)
    end = ibis.literal(history.end)
    young = stitched.started_at.epoch_seconds() + _DAY_S > end.epoch_seconds()
    return ibis.cases((stitched.anonymous | young, unknown), (abandoned | again, 0.0), else_=1.0)
