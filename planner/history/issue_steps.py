"""One GROUP BY from stitched contacts to the steps of an issue: where it goes after each contact, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pandas as pd

from planner.history.columns import ROW
from planner.history.engine import count_if, exact_sum
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.outcomes import outcome_value

MOST_ATTEMPTS = 3
"""Later attempts are counted with this one: few issues get so far."""

GOES_ON, SOLVED, GAVE_UP = "goes_on", "solved", "gave_up"
SUMS = (
    "contacts",
    "n_gap",
    "sum_gap_s",
    "n_late",
    "late_days",
    "n_wait",
    "sum_wait_s",
    "n_handle",
    "sum_handle_s",
    "sum_handle2",
    "answers",
    "s1",
    "s2",
)

LATE = 0.75
"""Links in the last quarter of the silence are called late: true returns come soon, chance ones at any time."""

_DAY_S = 86_400.0


def issue_steps(
    history: History,
    *,
    silence_days: float,
    outcome: str | None = None,
    gave_up_dispositions: Sequence[str] = (),
) -> pd.DataFrame:
    """Count contacts by where they stand in their issue and what follows.

    Parameters
    ----------
    silence_days
        An issue is over when its customer was silent about it for so many days.
    outcome
        A score (see `outcomes.outcome_value`), or None for no score.
    gave_up_dispositions
        Closing codes that say that the customer left without a solution.

    Returns
    -------
    pandas.DataFrame
        Keys `reason` (of the issue: as known when its first contact was routed; None where missing), `channel`,
        `attempt` (1, 2, 3 = third or later), `next_channel` (None where nothing follows), `then` (goes_on | solved |
        gave_up), `anonymous`, `censored` (the silence is not over at the end of the data). Sums: `contacts`; `n_gap,
        sum_gap_s` to the next contact; `n_late, late_days` links in the last quarter of the silence, and the days that
        contacts were followed in it before a link (of those not `censored`); `n_wait, sum_wait_s`; `n_handle,
        sum_handle_s, sum_handle2` (an abandoned contact takes no time unless stated); `answers, s1, s2` sums of the
        score and of its square.

    Notes
    -----
    The last contact of an issue gave up if it was abandoned, was coded as not resolved, or carries one of
    `gave_up_dispositions`. Silence after any other contact counts as solved.
    """
    rows = _rows(history, silence_days, outcome, gave_up_dispositions)
    silence_s = silence_days * _DAY_S
    rows = rows.mutate(followed_s=ibis.least(rows.gap_s.fill_null(silence_s), silence_s))
    keys = ["reason", "channel", "attempt", "next_channel", "then", "anonymous", "censored"]
    grouped = rows.group_by(keys).aggregate(
        contacts=rows.count(),
        n_gap=count_if(rows.gap_s.notnull()),
        sum_gap_s=exact_sum(rows.gap_s),
        n_late=count_if(rows.gap_s.between(LATE * silence_s, silence_s)),
        late_days=exact_sum((rows.followed_s - LATE * silence_s).clip(lower=0.0)) / _DAY_S,
        n_wait=count_if(rows.wait_s.notnull()),
        sum_wait_s=exact_sum(rows.wait_s),
        n_handle=count_if(rows.handled_s.notnull()),
        sum_handle_s=exact_sum(rows.handled_s),
        sum_handle2=exact_sum(rows.handled_s * rows.handled_s),
        answers=count_if(rows.y.notnull()),
        s1=exact_sum(rows.y),
        s2=exact_sum(rows.y * rows.y),
    )
    frame = grouped.order_by(keys).execute()
    for name in ("reason", "next_channel"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame.reset_index(drop=True)


def _rows(history: History, silence_days: float, outcome: str | None, dispositions: Sequence[str]) -> ibis.Table:
    stitched = stitch_issues(history, silence_days)
    y = ibis.null("float64") if outcome is None else outcome_value(history, stitched, outcome)
    abandoned = stitched.abandoned.fill_null(False)
    unsolved = abandoned | (~stitched.resolved).fill_null(False)
    if dispositions:
        unsolved = unsolved | stitched.disposition.isin(list(dispositions)).fill_null(False)
    contacts = history.contacts
    begun = contacts.select(root=contacts[ROW], reason_of_issue=ibis.coalesce(contacts.entry_reason, contacts.reason))
    rows = stitched.mutate(
        y=y,
        handled_s=ibis.ifelse(abandoned, stitched.handle_s.fill_null(0.0), stitched.handle_s),
        then=ibis.cases((stitched.later, GOES_ON), (unsolved, GAVE_UP), else_=SOLVED),
    )
    rows = rows.inner_join(begun, rows.issue_key == begun.root)
    return rows.select(
        "channel",
        "then",
        "anonymous",
        "censored",
        "wait_s",
        "handled_s",
        "y",
        reason=rows.reason_of_issue,
        attempt=ibis.least(rows.attempt, MOST_ATTEMPTS).cast("int64"),
        next_channel=rows.later_channel,
        gap_s=rows.later_gap_s,
    )


def issue_lengths(history: History, *, silence_days: float, most: int = 6) -> pd.DataFrame:
    """Count issues of identified customers by their contacts: `reason, contacts, issues, still_open`.

    Only issues begun early enough to be seen to their end: at least four silences before the end of the data, or in
    the first half of it where it is shorter. `contacts` is capped at `most`; `still_open` of the issues may go on.
    """
    rows = stitch_issues(history, silence_days)
    rows = rows.filter(~rows.anonymous)
    issues = rows.group_by("issue_key").aggregate(
        contacts=ibis.least(rows.count(), most).cast("int64"),
        begun=rows.started_at.min(),
        last=rows.started_at.max(),
    )
    first, end = history.quality.first, history.end
    ends = ibis.literal(end).epoch_seconds()
    span = (end - first).total_seconds() if first is not None else 0.0
    early = issues.filter(ends - issues.begun.epoch_seconds() >= min(4 * silence_days * _DAY_S, span / 2))
    contacts = history.contacts
    begun = contacts.select(root=contacts[ROW], reason=ibis.coalesce(contacts.entry_reason, contacts.reason))
    early = early.inner_join(begun, early.issue_key == begun.root)
    keys = ["reason", "contacts"]
    grouped = early.group_by(keys).aggregate(
        issues=early.count(),
        still_open=count_if(ends - early["last"].epoch_seconds() < silence_days * _DAY_S),
    )
    frame = grouped.order_by(keys).execute()
    frame["reason"] = frame["reason"].astype(object).where(frame["reason"].notna(), None)
    return frame.reset_index(drop=True)
