"""Historical contacts as a router would have met them: facts known on entry, on the plan's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.routing.facts import CLOSED, missing

if TYPE_CHECKING:
    from planner.history.history import History

KNOWN = ("contact_id", "customer_id", "started_at", "entry_reason", "channel", "segment", "value")
"""Columns a router knows; the wrap-up code `reason` is not among them."""


def past_contacts(
    history: History, intervals: Sequence[str], limit: int | None = None, more: Sequence[str] = ()
) -> pd.DataFrame:
    """Return contacts with what was known when they were routed.

    Parameters
    ----------
    intervals
        Local starts of the plan's intervals; a contact gets the one of its weekday and clock time (column `interval`),
        and none outside opening hours, which is `day_part` closed.
    limit
        The last so many contacts; None: all.
    more
        Further columns of the history to keep, where it has them: protected attributes, for tests only.

    Raises
    ------
    PlanError
        The history holds no contacts.
    """
    table = history.contacts
    table = table.select([name for name in dict.fromkeys((*KNOWN, *more)) if name in table.columns])
    if limit is not None:
        table = table.order_by(table.started_at.desc()).limit(limit)
    frame = table.execute()
    if frame.empty:
        raise PlanError("the history holds no contacts to replay")
    frame = frame.sort_values(["started_at", "contact_id"], kind="stable", ignore_index=True)
    frame["interval"] = _intervals(frame["started_at"], intervals)
    frame["day_part"] = [CLOSED if missing(one) else None for one in frame["interval"]]
    for name in ("entry_reason", "channel", "segment"):
        if name in frame:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    if "customer_id" in frame and not frame["customer_id"].notna().any():
        frame = frame.drop(columns="customer_id")
    return frame


def _intervals(started: pd.Series, intervals: Sequence[str]) -> pd.Series:
    starts = pd.DatetimeIndex([pd.Timestamp(text).tz_localize(None) for text in intervals])
    step = int(np.diff(starts).min() / np.timedelta64(1, "m")) if len(starts) > 1 else 60
    minute = starts.hour * 60 + starts.minute
    known: dict[tuple[int, int], str] = {}
    for day, at, text in zip(starts.day_of_week, minute, intervals, strict=True):
        known.setdefault((int(day), int(at)), text)
    at = started.dt.hour * 60 + started.dt.minute
    offset = int(minute[0]) % step if len(minute) else 0
    floor = (at - offset) // step * step + offset
    keys = zip(started.dt.day_of_week.to_numpy(int).tolist(), floor.to_numpy(int).tolist(), strict=True)
    return pd.Series([known.get(key) for key in keys], index=started.index, dtype=object)
