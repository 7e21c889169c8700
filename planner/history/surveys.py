"""Sums over contacts and their survey answers, counted in the engine: what the guards of a history look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import ibis
import pandas as pd

from planner.history.columns import ROW, SCALES
from planner.history.engine import count_if, drop_kept, exact_sum, keep_coded
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.outcomes import OUTCOMES, outcome_named, outcome_value
from planner.history.staged import LABEL_CODES

GAP_DAYS = (1, 3, 7, 14, 30, 60)
"""Upper ends, in days, of the bins of the time since the customer last answered; one open bin follows."""
DRIVERS = ("resolved", "repeat", "wait")
"""What a score is compared with to see which way it points; the wait as log(1 + seconds)."""

_KEPT = "survey_log"
_SURVEYS = ("csat", "nps", "ces")
_DAY_S = 86_400
_RECENT_DAYS = 30
_MOST_RECENT = 3
_WEEKS_FOR_WEEKS = 8.0
_LOW_SHARE = 0.25
_DETRACTOR = 6.0


@dataclass(frozen=True)
class SurveyLog:
    """Served contacts of a history, lazily, as the guards see them; only sums leave the engine.

    Attributes
    ----------
    table
        One row per served contact: `period` (from 0), `channel, reason, agent`, `answered, low` (0/1), `score` as
        given, `points` (high is good), `solved, repeat` (0/1 or NULL), `wait` (log(1 + s)), `person`, `bucket`,
        `gap_bin`, `recent_answers`, `recent_contacts` (NULL where anonymous), `first` (1 for a first contact).
    score
        The survey column looked at, or None where nobody answered anything.
    low_words
        In words, which scores count as low.
    period_days
        Length of a period: 7, or 1 where history is shorter than eight weeks.
    periods
        Number of periods, counting the last, which may be unfinished.
    start
        First day of the first period.
    """

    table: ibis.Table
    score: str | None
    low_words: str
    period_days: int
    periods: int
    start: dt.date

    def sums(self, by: Sequence[str]) -> pd.DataFrame:
        """Sum contacts by some columns, sorted by them; rows with a missing key are left out.

        Sums: `contacts, answers, s1, s2` (of points), `low`, `solved_known, solved, followed, repeats` (where later
        contacts are known), `solved_followed, solved_repeats` (of those coded solved).
        """
        table, keys = self.table, list(by)
        after = table["repeat"].notnull()
        coded = table.solved == 1
        rows = table.filter([table[key].notnull() for key in keys])
        frame = (
            rows.group_by(keys)
            .aggregate(
                contacts=rows.count(),
                answers=count_if(rows.answered == 1),
                s1=exact_sum(rows.points),
                s2=exact_sum(rows.points * rows.points),
                low=count_if(rows.low == 1),
                solved_known=count_if(rows.solved.notnull()),
                solved=count_if(coded),
                followed=count_if(after),
                repeats=count_if(table["repeat"] == 1),
                solved_followed=count_if(coded & after),
                solved_repeats=count_if(coded & (table["repeat"] == 1)),
            )
            .order_by(keys)
            .execute()
        )
        return frame.astype({name: float for name in frame.columns if name not in keys})

    def score_counts(self, by: Sequence[str]) -> pd.DataFrame:
        """Count answers by some columns and by score as given: `*by, score, points, low, answers`."""
        keys = [*by, "score", "points", "low"]
        rows = self.table.filter([self.table[key].notnull() for key in keys])
        return rows.group_by(keys).aggregate(answers=rows.count().cast("float64")).order_by(keys).execute()

    def pair_sums(self, driver: str, by: Sequence[str]) -> pd.DataFrame:
        """Sum points (s) and a driver (d) over contacts that have both: `*by, n, s1, d1, s2, d2, sd`."""
        table, keys = self.table, list(by)
        score, other = table.points, table[{"resolved": "solved"}.get(driver, driver)].cast("float64")
        rows = table.mutate(s=score, d=other)
        rows = rows.filter([rows.s.notnull(), rows.d.notnull(), *(rows[key].notnull() for key in keys)])
        return (
            rows.group_by(keys)
            .aggregate(
                n=rows.count(),
                s1=exact_sum(rows.s),
                d1=exact_sum(rows.d),
                s2=exact_sum(rows.s * rows.s),
                d2=exact_sum(rows.d * rows.d),
                sd=exact_sum(rows.s * rows.d),
            )
            .order_by(keys)
            .execute()
        )

    def day_of(self, period: int) -> dt.date:
        """First day of a period."""
        return self.start + dt.timedelta(days=self.period_days * int(period))


def survey_log(history: History, *, outcome: str, window_days: float) -> SurveyLog:
    """Prepare a history for its guards.

    Parameters
    ----------
    outcome
        A score is looked at itself (`csat_top` as `csat`); for any other outcome the first survey column with answers.
    window_days
        Window of the journeys, days.

    Raises
    ------
    HistoryError
        If there is no such outcome.
    """
    score = _score_column(history, outcome)
    stitched = stitch_issues(history, window_days)
    low, turned, words = _low(history, score)
    first = (history.quality.first or history.end).date()
    days = 7 if history.quality.weeks >= _WEEKS_FOR_WEEKS else 1
    start_s = int(dt.datetime(first.year, first.month, first.day, tzinfo=dt.UTC).timestamp())
    rows = stitched.filter(~stitched.abandoned.fill_null(False))
    moment = rows.started_at.epoch_seconds().cast("int64")
    raw = rows[score].cast("float64") if score else ibis.null("float64")
    rows = rows.mutate(
        moment=moment,
        period=((moment - start_s) / (days * _DAY_S)).floor().cast("int64"),
        raw=raw,
        after=outcome_value(history, rows, "repeat"),
    )
    last = (history.end.date() - first).days // days
    return SurveyLog(_guarded(_with_recent(rows), low, turned), score, words, days, last + 1, first)


def _guarded(rows: ibis.Table, low: Callable[[ibis.Value], ibis.Value], turned: float | None) -> ibis.Table:
    """What guards look at, column by column; `points` is the score, or where low is good `turned` less the score."""
    return rows.select(
        "channel",
        "gap_bin",
        "recent_answers",
        "recent_contacts",
        period=lambda t: t.period.cast("int32"),
        reason=lambda t: ibis.coalesce(t.reason, t.entry_reason),
        agent=lambda t: t.agent_id,
        answered=lambda t: _flag(t.raw.notnull()),
        score=lambda t: t.raw,
        points=lambda t: turned - t.raw if turned is not None else t.raw,
        low=lambda t: _flag(low(t.raw)),
        solved=lambda t: _flag(t.resolved),
        repeat=lambda t: t.after,
        wait=lambda t: (t.wait_s + 1.0).ln(),
        person=lambda t: t.customer_id,
        bucket=lambda t: t.customer_id.substr(0, 2),
        first=lambda t: _flag(t.stage == "first"),
    )


@contextmanager
def kept_log(history: History, *, outcome: str, window_days: float) -> Iterator[SurveyLog]:
    """`survey_log` with its rows kept in the engine meanwhile: its windows over customers are worked out once."""
    log = survey_log(history, outcome=outcome, window_days=window_days)
    codes = {name: LABEL_CODES[name] for name in ("channel", "reason")}
    try:
        yield replace(log, table=keep_coded(history.connection, _KEPT, log.table.drop("person"), codes))
    finally:
        drop_kept(history.connection, _KEPT)


def _flag(condition: ibis.Value) -> ibis.Value:
    """1, 0 or NULL; PostgreSQL casts no truth value to an integer."""
    return ibis.cases((condition, 1), (~condition, 0), else_=ibis.null("int16")).cast("int16")


def _score_column(history: History, outcome: str) -> str | None:
    outcome_named(history, outcome)
    own = {"csat_top": "csat"}.get(outcome, outcome)
    if own in (*_SURVEYS, *history.covariates):
        return own
    contacts = history.contacts
    seen = contacts.aggregate(**{name: contacts[name].count() for name in _SURVEYS}).execute().iloc[0]
    return next((name for name in _SURVEYS if seen[name] > 0), None)


def _low(history: History, score: str | None) -> tuple[Callable[[ibis.Value], ibis.Value], float | None, str]:
    """Test for a low score, the sum of both ends of the scale where low is good (else None), and words."""
    if score is None:
        return (lambda raw: raw.notnull() & False), None, "no scores"
    column = history.contacts[score].cast("float64")
    seen = history.contacts.aggregate(lowest=column.min(), highest=column.max()).execute().iloc[0]
    bounds = [*SCALES.get(score, ()), *(float(v) for v in (seen["lowest"], seen["highest"]) if pd.notna(v))]
    lowest, highest = (min(bounds), max(bounds)) if bounds else (0.0, 1.0)
    if score in OUTCOMES and not OUTCOMES[score].higher_is_better:
        limit = highest - _LOW_SHARE * (highest - lowest)
        return (lambda raw: raw >= limit), lowest + highest, f"{score} of {limit:g} or more (high is bad)"
    limit = _DETRACTOR if score == "nps" else lowest + _LOW_SHARE * (highest - lowest)
    return (lambda raw: raw <= limit), None, f"{score} of {limit:g} or less"


def _with_recent(rows: ibis.Table) -> ibis.Table:
    """What a customer was asked and said before: NULL for anonymous ones and where nothing was answered before."""
    before = ibis.window(group_by="customer_id", order_by=["moment", ROW], preceding=(None, 1))
    month = ibis.range_window(group_by="customer_id", order_by="moment", preceding=_RECENT_DAYS * _DAY_S, following=0)
    answered = _flag(rows.raw.notnull())
    known = rows.customer_id.notnull()
    rows = rows.mutate(
        said=ibis.ifelse(answered == 1, rows.moment, ibis.null("int64")).max().over(before),
        answers=answered.sum().over(month) - answered,
        seen=rows.moment.count().over(month) - 1,
    )
    gap = (rows.moment - rows.said) / _DAY_S
    cases = [(gap < limit, k) for k, limit in enumerate(GAP_DAYS)]
    unknown = ibis.null("int64")
    return rows.mutate(
        gap_bin=ibis.cases((~known | rows.said.isnull(), unknown), *cases, else_=len(GAP_DAYS)).cast("int16"),
        recent_answers=ibis.ifelse(known, ibis.least(rows.answers, _MOST_RECENT), unknown).cast("int16"),
        recent_contacts=ibis.ifelse(known, ibis.least(rows.seen, _MOST_RECENT), unknown).cast("int16"),
    )
