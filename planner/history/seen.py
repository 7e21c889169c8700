"""What happened per interval: counts for comparing predictions with the past, one pass over the contacts each."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pandas as pd

from planner.history.engine import count_if, exact_sum
from planner.history.fetched import labeled_frame
from planner.history.history import History

DAY_S = 86_400


def interval_counts(
    history: History, *, interval_min: int, within_s: Mapping[str, float], otherwise_s: float = 20.0, score: str = ""
) -> pd.DataFrame:
    """Count contacts and what became of them per pool and interval of the past.

    Parameters
    ----------
    interval_min
        Length of an interval, minutes.
    within_s
        Threshold of the service level per pool, seconds; `otherwise_s` for all others.
    score
        Column of the survey score; left out: no scores.

    Returns
    -------
    pandas.DataFrame
        `day` (days since 1970), `minute` (start of the interval), `channel`, `pool` (None where unknown); `contacts`,
        `abandoned`; of those with a wait `timed`, `wait_s` (sum) and `in_time` (answered within the threshold); of the
        served ones with a handle time `handled`, `handle_s`, `handle2_s2` (sum of squares); `scored`, `score`,
        `score2` (sums).
    """
    rows = history.contacts
    gone = rows.abandoned.fill_null(False)
    limit: ibis.Value = ibis.literal(float(otherwise_s))
    if within_s:
        limit = ibis.cases(*[(rows.pool == name, float(value)) for name, value in within_s.items()], else_=limit)
    value = rows[score].cast("float64") if score else ibis.null("float64")
    minute = rows.started_at.hour().cast("int64") * 60 + rows.started_at.minute().cast("int64")
    rows = rows.mutate(
        day=(rows.started_at.epoch_seconds() // DAY_S).cast("int64"),
        minute=minute - minute % interval_min,
        gone=gone,
        in_time=~gone & (rows.wait_s <= limit),
        work=ibis.ifelse(gone, ibis.null("float64"), rows.handle_s),
        points=value,
    )
    keys = ["day", "minute", "channel", "pool"]
    grouped = rows.group_by(keys).aggregate(
        contacts=rows.count(),
        abandoned=count_if(rows.gone),
        timed=rows.wait_s.count(),
        wait_s=exact_sum(rows.wait_s),
        in_time=count_if(rows.in_time),
        handled=rows.work.count(),
        handle_s=exact_sum(rows.work),
        handle2_s2=exact_sum(rows.work * rows.work),
        scored=rows.points.count(),
        score=exact_sum(rows.points),
        score2=exact_sum(rows.points * rows.points),
    )
    return labeled_frame(grouped, keys)


def wait_counts(history: History) -> pd.DataFrame:
    """Count waits by whole seconds: `week` (days since 1970 // 7, from a Monday), `channel, pool, second, left, n`.

    `n` contacts waited so long, of whom `left` abandoned then. Contacts without a wait are left out.
    """
    rows = history.contacts.filter(history.contacts.wait_s.notnull())
    rows = rows.mutate(week=week_of(rows), second=rows.wait_s.round().cast("int64"))
    keys = ["week", "channel", "pool", "second"]
    grouped = rows.group_by(keys).aggregate(n=rows.count(), left=count_if(rows.abandoned))
    return labeled_frame(grouped, keys)


def handle_counts(history: History) -> pd.DataFrame:
    """Count handle times of served contacts by whole seconds: `week, channel, pool, second, n`."""
    rows = history.contacts.filter(history.contacts.handle_s.notnull() & ~history.contacts.abandoned.fill_null(False))
    rows = rows.mutate(week=week_of(rows), second=rows.handle_s.round().cast("int64"))
    keys = ["week", "channel", "pool", "second"]
    return labeled_frame(rows.group_by(keys).aggregate(n=rows.count()), keys)


def week_of(rows: ibis.Table) -> ibis.Value:
    """Number of the calendar week, Monday first: 0 is the week of 29 December 1969."""
    return ((rows.started_at.epoch_seconds() // DAY_S + 3) // 7).cast("int64")


def agent_calls(history: History, since_day: int) -> pd.DataFrame:
    """Contacts one by one, for working out who was there: `pool, agent` (code, -1: none), `start_s, wait_s, handle_s`.

    Seconds since 1970 by the center's clock, from a day on (days since 1970); missing waits are 0, handle times of
    abandoned contacts NaN. In the order of their starts.
    """
    rows = history.contacts
    rows = rows.filter(rows.started_at.epoch_seconds() >= since_day * DAY_S)
    taken = rows.select(
        "pool",
        agent=rows.agent_id,
        start_s=rows.started_at.epoch_seconds().cast("float64"),
        wait_s=rows.wait_s.fill_null(0.0),
        handle_s=ibis.ifelse(rows.abandoned.fill_null(False), ibis.null("float64"), rows.handle_s),
    )
    frame = labeled_frame(taken.order_by("start_s", "pool", "agent", "wait_s", "handle_s"))
    frame["agent"] = pd.factorize(frame["agent"], sort=True)[0]
    return frame
