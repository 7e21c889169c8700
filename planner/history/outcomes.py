"""What a contact did to its customer, as a number on the scale of one outcome."""

from __future__ import annotations

import ibis

from planner.errors import HistoryError, Issue
from planner.history.columns import BY_NAME, Kind
from planner.history.history import History
from planner.history.mapping import did_you_mean

DERIVED = ("composite", "fcr")
_DAY_S = 86_400.0


def outcome_value(history: History, stitched: ibis.Table, outcome: str) -> ibis.Value:
    """Value of an outcome per contact; NULL where it is not known.

    `csat`, `ces`, `value` and covariates: as given. `nps`: -100, 0 or 100 for detractors (0-6), passives and promoters
    (9-10). `resolved`: 1 or 0. `fcr`: 1 if served and nothing of the issue follows within the window. `composite`: 1 if
    served and the customer does not contact the center again, about anything, within a day; 0 if not served.
    `fcr` and `composite` are NULL for anonymous customers and where the end of the data hides the answer.
    """
    if outcome == "nps":
        score = stitched.nps
        return ibis.cases((score >= 9, 100.0), (score <= 6, -100.0), (score.notnull(), 0.0), else_=ibis.null("float64"))
    if outcome in DERIVED:
        return _derived(history, stitched, outcome)
    numeric = [column.name for column in BY_NAME.values() if column.kind in (Kind.SCORE, Kind.NUMBER, Kind.FLAG)]
    known = (*numeric, *DERIVED, *history.covariates)
    if outcome not in known:
        message = f"no outcome {outcome!r}{did_you_mean(outcome, known)}; it must be one of {', '.join(known)}"
        raise HistoryError([Issue(history.quality.source, None, None, "outcome", message)])
    column = stitched[outcome]
    return column.cast("int64").cast("float64") if column.type().is_boolean() else column.cast("float64")


def _derived(history: History, stitched: ibis.Table, outcome: str) -> ibis.Value:
    abandoned = stitched.abandoned.fill_null(False)
    unknown = ibis.null("float64")
    if outcome == "fcr":
        hidden = stitched.anonymous | stitched.censored | abandoned
        return ibis.cases((hidden, unknown), (stitched.later, 0.0), else_=1.0)
    again = (stitched.next_gap_s <= _DAY_S).fill_null(False)
    end = ibis.literal(history.end)
    young = stitched.started_at.epoch_seconds() + _DAY_S > end.epoch_seconds()
    return ibis.cases((stitched.anonymous | young, unknown), (abandoned | again, 0.0), else_=1.0)
