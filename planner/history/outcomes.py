"""What a contact did to its customer, as a number on the scale of one outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import ibis
import pandas as pd

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

FOLLOWED = ("composite", "fcr", "repeat")
"""Outcomes that are told by what follows a contact; all others stand in its own columns."""

_LOW_IS_GOOD = ("wait_s",)


def outcome_named(history: History, name: str) -> Outcome:
    """Find an outcome by name, with the scale and the good end that the mapping file declares for it.

    Raises
    ------
    HistoryError
        If there is no such outcome and no numeric column of that name, or NPS is declared on a scale it has not.
    """
    if name == "nps":
        _check_nps(history)
    if name in OUTCOMES:
        return _as_declared(OUTCOMES[name], history)
    numeric = [column.name for column in BY_NAME.values() if column.kind in (Kind.NUMBER, Kind.SECONDS)]
    known = tuple(dict.fromkeys((*OUTCOMES, *numeric, *history.covariates)))
    if name not in known:
        message = f"no outcome {name!r}{did_you_mean(name, known)}; it must be one of {', '.join(known)}"
        raise HistoryError([Issue(history.quality.source, None, None, "outcome", message)])
    return Outcome(name, OutcomeKind.SCORE, (float("-inf"), float("inf")), higher_is_better=name not in _LOW_IS_GOOD)


def polarity_words(outcome: Outcome) -> str:
    """Say which end of an outcome is the good one, and how it is read."""
    low, high = outcome.scale
    end = "high" if outcome.higher_is_better else "low"
    ends = "" if high == float("inf") else f" on its scale of {low:g} to {high:g}"
    return f"{outcome.name}: {end} is good{ends}"


def _as_declared(outcome: Outcome, history: History) -> Outcome:
    declared = history.quality.declared
    if outcome.name not in SCALES or outcome.name == "nps":
        return outcome
    scale = declared.scales.get(outcome.name, outcome.scale)
    return replace(outcome, scale=scale, higher_is_better=outcome.name not in declared.low_is_good)


def _check_nps(history: History) -> None:
    """Promoters and detractors are defined on eleven points (Reichheld 2003); another scale has none."""
    declared = history.quality.declared
    low, high = declared.scales.get("nps", SCALES["nps"])
    if high == SCALES["nps"][1] and low in (0.0, 1.0) and "nps" not in declared.low_is_good:
        return
    turned = ", low is good" if "nps" in declared.low_is_good else ""
    message = (
        f"is declared on {low:g} to {high:g}{turned}; NPS is defined on 0 to 10, "
        "high is good (promoters 9-10, detractors 0-6): map the answers to it, or map them as csat"
    )
    raise HistoryError([Issue(history.quality.source, None, None, "scales.nps", message)])


def top_box(outcome: Outcome) -> float:
    """Least good score that still counts as "top box": the good quarter of the scale.

    On 1-5 it holds 4 and 5, on 1-7 it holds 6 and 7, on 1-10 it holds 8, 9 and 10, on 0-100 it holds 75 and more.
    """
    low, high = outcome.scale
    return high - (high - low) / 4 if outcome.higher_is_better else low + (high - low) / 4


def check_varies(history: History, outcome: str, cells: pd.DataFrame) -> None:
    """Refuse an outcome that is the same for every contact: nothing can be compared, and no sd estimated.

    Parameters
    ----------
    cells
        `ContactCells.frame`: `abandoned`, and the sums `ans, s1, s2` of the outcome. No answers are not refused.

    Raises
    ------
    HistoryError
        With the value, and what the quality report says of this outcome.
    """
    answers, total, squares = (float(cells[name].sum()) for name in ("ans", "s1", "s2"))
    if answers == 0:
        return
    mean = total / answers
    if squares / answers - mean**2 > 1e-9 * max(1.0, mean**2):
        return
    others = [name for name in OUTCOMES if name != outcome]
    message = f"{outcome} is {mean:g} for all {answers:,.0f} contacts that tell it: nothing can be compared"
    doubts = [text for text in history.quality.warnings if text.startswith(f"{outcome}:")]
    advice = f"choose another outcome ({', '.join(others)})"
    text = "; ".join([message, *doubts, advice])
    raise HistoryError([Issue(history.quality.source, None, None, "outcome", text)])


def outcome_value(history: History, stitched: ibis.Table, outcome: str) -> ibis.Value:
    """Value of an outcome per contact; NULL where it is not known.

    `csat`, `ces`, `value`, `handle_s` and covariates: as given. `csat_top`: 1 in the good quarter of the declared scale
    (`top_box`; 4 and 5 on 1-5), else 0. `nps`: -100, 0 or 100 for detractors (0-6), passives and promoters (9-10).
    `resolved`, `transferred`, `abandoned`: 1 or 0. `fcr`: 1 if served and nothing of the issue follows within the
    window; `repeat`: 1 if something follows. `composite`: 1 if served and the customer does not contact the center
    again, about anything, within a day; 0 if not served. `fcr`, `repeat` and `composite` are NULL for anonymous
    customers and where the end of the data hides the answer.
    """
    outcome_named(history, outcome)
    if outcome == "nps":
        score = stitched.nps
        return ibis.cases((score >= 9, 100.0), (score <= 6, -100.0), (score.notnull(), 0.0), else_=ibis.null("float64"))
    if outcome == "csat_top":
        csat = outcome_named(history, "csat")
        least = top_box(csat)
        good = stitched.csat >= least if csat.higher_is_better else stitched.csat <= least
        return good.cast("int64").cast("float64")
    if outcome in FOLLOWED:
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
