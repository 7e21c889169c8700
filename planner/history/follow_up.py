"""How long first contacts stayed alone: counts per day from which the time to the next contact is estimated."""

from __future__ import annotations

import math

import ibis
import pandas as pd

from planner.history.columns import PERSON, ROW
from planner.history.engine import count_if
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.journeys import stitched_rows
from planner.history.narrow import DAY_S

NOBODY = -1
"""Day of the rows that count anonymous contacts."""


def follow_up_counts(history: History, *, window_days: float) -> pd.DataFrame:
    """Count served first contacts by the day their issue came back, or by the day until which it was watched.

    With d_t = `returned` and n_t = all `returned` and `censored` of day t and later, the Kaplan-Meier (1958) estimate
    of no return within the window is prod_t (1 - d_t / n_t); within a day, returns come before censoring.

    Returns
    -------
    pandas.DataFrame
        Sorted by `entry_reason` (as known when routed), `channel, segment` (None where missing) and `day`:
        `returned`, first contacts whose next contact of the same issue came floor(gap / 24 h) = `day` days later,
        within the window; `censored`, those without one whose watch ended in `day`, floor((end of data - start) /
        24 h) and at most ceil(window_days), which is the day of those watched to the end; `anonymous`, served contacts
        of nobody, which cannot be followed: they stand in rows of day -1, where the other counts are 0. Abandoned
        contacts and those that continue an issue are left out.
    """
    if not window_days > 0:
        raise ValueError(f"window_days must be positive, not {window_days}")
    contacts = history.contacts
    rows = stitched_rows(history, window_days).select("stage", "later_gap_s", near_row=ROW)
    joined = contacts.left_join(rows, contacts[ROW] == rows.near_row)
    first = joined.filter((joined.stage.isnull() | (joined.stage == "first")) & ~joined.abandoned.fill_null(False))
    watched = ibis.literal(history.end).epoch_seconds() - first.started_at.epoch_seconds()
    watched_days = ibis.least((watched / DAY_S).floor(), ibis.literal(float(math.ceil(window_days))))
    back = (first.later_gap_s <= window_days * DAY_S).fill_null(False)
    counted = first.select(
        "channel",
        "segment",
        entry_reason=ibis.coalesce(first.entry_reason, first.reason),
        anonymous=first[PERSON].isnull(),
        back=back & first[PERSON].notnull(),
        day=ibis.cases(
            (first[PERSON].isnull(), float(NOBODY)), (back, (first.later_gap_s / DAY_S).floor()), else_=watched_days
        ).cast("int64"),
    )
    keys = ["entry_reason", "channel", "segment", "day"]
    grouped = counted.group_by(keys).aggregate(
        returned=count_if(counted.back),
        censored=count_if(~counted.back & ~counted.anonymous),
        anonymous=count_if(counted.anonymous),
    )
    return labeled_frame(grouped, keys)
