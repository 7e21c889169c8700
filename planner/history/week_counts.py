"""Counts of a history or an aggregate by weekday, clock time and names: all that a proposal looks at."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from planner.history.engine import count_if, exact_sum
from planner.history.history import History
from planner.history.importers.aggregate import Aggregate

INTERVAL_MIN = 30
NOBODY = ""
"""Stands for a name that a contact does not have."""

_NAMES = ["reason", "segment", "channel", "pool"]


@dataclass(frozen=True)
class Counts:
    """Contacts of the past.

    Attributes
    ----------
    table
        `weekday` (0 = Monday), `minute` (start of the interval), `reason, segment, channel, pool` ("" where unknown),
        `contacts`, `handled` (with a handle time), `work_s` (their sum).
    days
        Number of days of each weekday that the past covers (7 numbers).
    first, last
        First and last day.
    people
        `weekday, minute, pool, people`: mean number of different agents who served a contact; empty where nobody knows.
    """

    table: pd.DataFrame
    days: tuple[float, ...]
    first: pd.Timestamp
    last: pd.Timestamp
    people: pd.DataFrame

    @property
    def weeks(self) -> float:
        """Length of the past, weeks."""
        return ((self.last - self.first).days + 1) / 7


def counts_of_history(history: History) -> Counts:
    """Count contacts; the reason is the one known when the contact was routed."""
    rows = history.contacts
    minute = rows.started_at.hour().cast("int64") * 60 + rows.started_at.minute().cast("int64")
    rows = rows.mutate(
        day=(rows.started_at.epoch_seconds() // 86_400).cast("int64"),
        minute=minute - minute % INTERVAL_MIN,
        reason=ibis.coalesce(rows.entry_reason, rows.reason, NOBODY),
        segment=rows.segment.fill_null(NOBODY),
        pool=rows.pool.fill_null(NOBODY),
    )
    # 1970-01-01, from which days are counted, was a Thursday (weekday 3).
    rows = rows.mutate(weekday=(rows.day + 3) % 7)
    keys = ["weekday", "minute", *_NAMES]
    grouped = rows.group_by(keys).aggregate(
        contacts=rows.count(), handled=count_if(rows.handle_s.notnull()), work_s=exact_sum(rows.handle_s)
    )
    table = grouped.order_by(keys).execute()
    table["work_s"] = table["work_s"].fillna(0.0)
    span = rows.aggregate(first=rows.started_at.min(), last=rows.started_at.max()).execute().iloc[0]
    first, last = pd.Timestamp(span["first"]).normalize(), pd.Timestamp(span["last"]).normalize()
    days = _days(first, last)
    return Counts(table, days, first, last, _people(rows, days))


def counts_of_aggregate(aggregate: Aggregate) -> Counts:
    """Count contacts of counts per interval, whatever their interval, at the center's half hours."""
    rows = aggregate.rows.rename(columns={"volume": "contacts"})
    at = rows["interval_start"]
    minute = at.dt.hour * 60 + at.dt.minute
    table = rows.assign(weekday=at.dt.day_of_week, minute=minute - minute % INTERVAL_MIN, pool=NOBODY)
    table["segment"] = table["segment"].replace("all", NOBODY)
    table["reason"] = table["reason"].replace("all", NOBODY)
    table["handled"] = table["contacts"].where(table["aht_s"].notna(), 0.0)
    table["work_s"] = (table["contacts"] * table["aht_s"]).fillna(0.0)
    keys = ["weekday", "minute", *_NAMES]
    table = table.groupby(keys, as_index=False)[["contacts", "handled", "work_s"]].sum()
    first, last = at.min().normalize(), at.max().normalize()
    return Counts(table, _days(first, last), first, last, pd.DataFrame(columns=["weekday", "minute", "pool", "people"]))


def _people(rows: ibis.Table, days: tuple[float, ...]) -> pd.DataFrame:
    known = rows.filter(rows.agent_id.notnull())
    each = known.group_by(["day", "weekday", "minute", "pool"]).aggregate(people=known.agent_id.nunique())
    summed = each.group_by(["weekday", "minute", "pool"]).aggregate(people=exact_sum(each.people))
    frame = summed.order_by(["weekday", "minute", "pool"]).execute()
    frame["people"] = frame["people"] / np.array(days)[frame["weekday"].to_numpy(int)]
    return frame


def _days(first: pd.Timestamp, last: pd.Timestamp) -> tuple[float, ...]:
    weekdays = pd.date_range(first, last, freq="D").day_of_week
    return tuple(float(max((weekdays == day).sum(), 1)) for day in range(7))
