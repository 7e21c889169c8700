"""When customers come back after a first contact that was served: counts per interval of the gap, for survival curves.

One narrow table per window is derived on the engine; only counts and sums of squares leave it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import ibis
import pandas as pd

from planner.history.columns import ROW
from planner.history.engine import count_if, exact_sum, kept_table
from planner.history.history import History
from planner.history.journeys import stitch_issues

_DAY_S = 86_400.0
_KEYS = ("entry_reason", "channel", "segment")


class About(StrEnum):
    """Which later contact of the customer counts as coming back."""

    ISSUE = "issue"
    """The next contact of the same issue."""
    ANYTHING = "anything"
    """The customer's next contact, whatever it is about."""


def return_counts(
    history: History, *, window_days: float, about: About = About.ISSUE, step_days: float = 1 / 24
) -> pd.DataFrame:
    """Count served first contacts of identified customers by when they came back or went out of sight.

    Returns `entry_reason, channel, segment` (None where missing), `day, returned, censored`. `day` is the start of an
    interval of `step_days` after the contact, days: `returned` contacts were followed in it, within the window;
    `censored` ones were not, and were last seen in it – at ceil(window_days) where the window was over.
    """
    rows = _followed(history, window_days, step_days)
    rows = rows.mutate(step=rows[f"{about.value}_step"], back=rows[f"{about.value}_back"])
    keys = [*_KEYS, "step"]
    grouped = rows.group_by(keys).aggregate(returned=count_if(rows.back), censored=count_if(~rows.back))
    frame = _labels(grouped.order_by(keys).execute())
    frame["day"] = (frame["step"] * step_days).clip(upper=math.ceil(window_days))
    return frame[[*_KEYS, "day", "returned", "censored"]]


def clustered_squares(
    history: History,
    influence: pd.DataFrame,
    *,
    window_days: float,
    by: Sequence[str] = (),
    about: About = About.ISSUE,
    step_days: float = 1 / 24,
) -> pd.DataFrame:
    """Sum, per stratum, the squares of what each customer's contacts add to an estimate: `*by, squares`.

    Contacts of one customer are not independent, so their influences are added before they are squared (Huber 1967;
    Liang & Zeger 1986).

    Parameters
    ----------
    influence
        Columns `*by, day, back` (`day` as in `return_counts`) and `influence`, of order one.
    """
    rows = _followed(history, window_days, step_days)
    last = math.ceil(window_days)
    rows = rows.mutate(step=rows[f"{about.value}_step"], back=rows[f"{about.value}_back"])
    rows = rows.mutate(**{name: rows[name].fill_null("") for name in by})
    table = influence.assign(step=(influence["day"] / step_days).round().astype("int64"))
    table = table.assign(**{name: table[name].fillna("").astype(str) for name in by})
    steps = math.ceil(last / step_days)
    table["step"] = table["step"].clip(upper=steps)
    values = ibis.memtable(table[[*by, "step", "back", "influence"]].reset_index(drop=True))
    joined = rows.inner_join(values, [rows[name] == values[name] for name in (*by, "step", "back")])
    people = joined.group_by([*by, "customer_id"]).aggregate(own=exact_sum(joined.influence))
    squared = people.mutate(square=people.own * people.own)
    if not by:
        frame = squared.aggregate(squares=exact_sum(squared.square)).execute()
        return frame.reset_index(drop=True)
    frame = squared.group_by(list(by)).aggregate(squares=exact_sum(squared.square)).order_by(list(by)).execute()
    for name in by:
        frame[name] = frame[name].astype(object).where(frame[name] != "", None)
    return frame.reset_index(drop=True)


def first_contact_codes(history: History, *, window_days: float) -> pd.DataFrame:
    """Count first contacts and what agents coded about them.

    Returns `entry_reason, channel, segment` (None where missing), `first` (first contacts), `anonymous` (of customers
    nobody identified: they cannot be followed), `abandoned` (not served), `coded` (served, and agents said whether it
    was resolved) and `resolved` (they said it was).
    """
    rows = _first(history, window_days)
    served = ~rows.abandoned.fill_null(False)
    grouped = rows.group_by(list(_KEYS)).aggregate(
        first=rows.count(),
        anonymous=count_if(rows.anonymous),
        abandoned=count_if(rows.abandoned),
        coded=count_if(served & rows.resolved.notnull()),
        resolved=count_if(served & rows.resolved),
    )
    return _labels(grouped.order_by(list(_KEYS)).execute())


def _first(history: History, window_days: float) -> ibis.Table:
    rows = stitch_issues(history, window_days)
    return rows.filter(rows.stage == "first").mutate(entry_reason=ibis.coalesce(rows.entry_reason, rows.reason))


def _followed(history: History, window_days: float, step_days: float) -> ibis.Table:
    """One row per served first contact of an identified customer: step of the gap, and whether it ends in a return."""
    name = f"followed_{window_days:g}_{step_days:.6g}".replace(".", "_").replace("+", "").replace("-", "_")
    connection = history.connection
    known = kept_table(connection, name)
    if known is not None:
        return known
    rows = _first(history, window_days)
    rows = rows.filter(~rows.anonymous & ~rows.abandoned.fill_null(False))
    seen_s = ibis.literal(history.end).epoch_seconds() - rows.started_at.epoch_seconds()
    window_s = window_days * _DAY_S
    steps = math.ceil(math.ceil(window_days) / step_days)
    made: dict[str, ibis.Value] = {}
    for about, gap in ((About.ISSUE, rows.later_gap_s), (About.ANYTHING, rows.next_gap_s)):
        back = (gap <= window_s).fill_null(False)
        seen = ibis.ifelse(seen_s >= window_s, ibis.literal(steps), (seen_s / (step_days * _DAY_S)).floor())
        step = ibis.ifelse(back, (gap / (step_days * _DAY_S)).floor(), seen).cast("int64")
        made |= {f"{about.value}_step": step, f"{about.value}_back": back}
    return connection.create_table(name, rows.select(ROW, "customer_id", *_KEYS, **made), temp=True)


def _labels(frame: pd.DataFrame) -> pd.DataFrame:
    for name in _KEYS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame.reset_index(drop=True)
