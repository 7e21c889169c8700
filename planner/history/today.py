"""How the center ran in the past: its mean week of staffing, shrinkage, routing shares and service."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from planner.history.engine import count_if, exact_sum
from planner.history.history import History
from planner.scenario.horizon import Horizon

_STAFF = ["pool", "interval", "scheduled", "on_task"]


def mean_week_staffing(history: History, horizon: Horizon) -> pd.DataFrame:
    """Mean staffing of each weekday and clock time, on the intervals of the horizon.

    `pool, interval` (index into `horizon.starts()`), `scheduled, on_task` (agents; NaN where a column was never
    given). A pool without a row on a day that the table covers had nobody there. Intervals finer than the table's take
    its value, coarser ones the mean of the table's intervals inside them. Empty without a staffing table.
    """
    if history.staffing is None:
        return pd.DataFrame(columns=_STAFF)
    rows = history.staffing.order_by("interval_start", "pool").execute()
    at = pd.to_datetime(rows["interval_start"])
    rows = rows.assign(day=at.dt.normalize(), minute=at.dt.hour * 60 + at.dt.minute)
    rows["weekday"] = rows["day"].dt.day_of_week
    step = _step_min(rows["minute"])
    days = rows.groupby("weekday")["day"].nunique()
    total = rows.groupby(["pool", "weekday", "minute"])[["scheduled", "on_task"]].sum(min_count=1)
    mean = total.div(days.reindex(total.index.get_level_values("weekday")).to_numpy(), axis=0)
    parts = [_on_horizon(mean.loc[pool], horizon, step, str(pool)) for pool in mean.index.unique("pool")]
    return pd.concat(parts, ignore_index=True)[_STAFF]


def _step_min(minutes: pd.Series) -> int:
    """Length of the table's own intervals: the smallest distance of two clock times in it."""
    distinct = np.unique(minutes.to_numpy(int))
    return int(np.diff(distinct).min()) if len(distinct) > 1 else 60


def _on_horizon(mean: pd.DataFrame, horizon: Horizon, step: int, pool: str) -> pd.DataFrame:
    starts = pd.DatetimeIndex(horizon.starts())
    inside = max(1, horizon.interval_min // step)
    taken = []
    for k in range(inside):
        at = starts + pd.Timedelta(minutes=k * step)
        minute = (at.hour * 60 + at.minute).to_numpy(int)
        keys = pd.MultiIndex.from_arrays([at.day_of_week, minute - minute % step], names=mean.index.names)
        taken.append(mean.reindex(keys).to_numpy(float))
    values = np.stack(taken)
    # A clock time without a row is nobody there; a column that is never filled stays unknown.
    given = mean.notna().any().to_numpy()
    values = np.where(np.isnan(values) & given, 0.0, values)
    average = values.mean(axis=0)
    return pd.DataFrame(
        {"pool": pool, "interval": np.arange(len(starts)), "scheduled": average[:, 0], "on_task": average[:, 1]}
    )


def shrinkage_seen(history: History) -> pd.DataFrame:
    """Scheduled time that was not on task: `pool, shrinkage, n` (n intervals where both are known).

    shrinkage = 1 - sum(on_task) / sum(scheduled). Empty without a staffing table.
    """
    if history.staffing is None:
        return pd.DataFrame(columns=["pool", "shrinkage", "n"])
    rows = history.staffing.filter(history.staffing.scheduled.notnull() & history.staffing.on_task.notnull())
    grouped = rows.group_by("pool").aggregate(
        scheduled=exact_sum(rows.scheduled), on_task=exact_sum(rows.on_task), n=rows.count()
    )
    frame = grouped.filter(grouped.scheduled > 0).order_by("pool").execute()
    frame["shrinkage"] = 1 - frame["on_task"] / frame["scheduled"]
    return frame[["pool", "shrinkage", "n"]]


def routing_shares(history: History, *, min_cell: int = 5) -> pd.DataFrame:
    """Which pools served which contacts: `reason, segment, channel, pool, share, contacts`.

    `reason` is the one known when the contact was routed. Shares of the contacts whose pool is known, per reason,
    segment and channel; where fewer than `min_cell` contacts stand behind them, the shares are those of the whole
    reason and channel, or of the channel. `contacts` is the number of contacts behind the share's own cell.
    """
    rows = history.contacts.filter(history.contacts.pool.notnull())
    rows = rows.mutate(entry=ibis.coalesce(rows.entry_reason, rows.reason))
    keys = ["reason", "segment", "channel", "pool"]
    counted = rows.group_by(reason=rows.entry, segment=rows.segment, channel=rows.channel, pool=rows.pool)
    frame = counted.aggregate(n=rows.count()).order_by(keys).execute()
    for name in ("reason", "segment"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    cells = frame.groupby(keys[:3], dropna=False, as_index=False)["n"].sum().rename(columns={"n": "contacts"})
    parts = []
    for level in (["reason", "segment", "channel"], ["reason", "channel"], ["channel"]):
        mix = frame.groupby([*level, "pool"], dropna=False, as_index=False)["n"].sum()
        mix["seen"] = mix.groupby(level, dropna=False)["n"].transform("sum")
        mix["share"] = mix["n"] / mix["seen"]
        enough = mix[(mix["seen"] >= min_cell) | (level == ["channel"])]
        taken = cells.merge(enough[[*level, "pool", "share"]], on=level, how="inner")
        parts.append(taken)
        done = taken[keys[:3]].drop_duplicates()
        cells = cells.merge(done, on=keys[:3], how="left", indicator=True)
        cells = cells[cells.pop("_merge") == "left_only"]
    whole = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return whole.sort_values(keys, kind="stable", na_position="last")[[*keys, "share", "contacts"]].reset_index(
        drop=True
    )


def weekly_service(
    history: History, *, answer_within_s: float = 20.0, by: str = "pool", min_cell: int = 5
) -> pd.DataFrame:
    """Service that customers really had, per week.

    `week, pool` (or `channel`), `offered, abandoned, abandon_rate, asa_s, service_level, aht_s`; `asa_s` is the mean
    wait of all contacts, `service_level` the share of offered contacts answered within `answer_within_s`, `aht_s` the
    mean handle time of served ones; NaN where nothing was measured. Contacts whose pool nobody knows (often the
    abandoned ones) stand under None. Weeks with fewer than `min_cell` contacts are left out.
    """
    if by not in ("pool", "channel"):
        raise ValueError(f"by must be 'pool' or 'channel', not {by!r}")
    rows = history.contacts
    gone = rows.abandoned.fill_null(False)
    rows = rows.mutate(
        week=rows.started_at.truncate("W").date(),
        gone=gone,
        in_time=~gone & (rows.wait_s <= answer_within_s),
        timed=rows.wait_s.notnull(),
        handled=rows.handle_s.notnull() & ~gone,
    )
    keys = ["week", by]
    grouped = rows.group_by(keys).aggregate(
        offered=rows.count(),
        abandoned=count_if(rows.gone),
        in_time=count_if(rows.in_time),
        timed=count_if(rows.timed),
        wait=exact_sum(rows.wait_s),
        handled=count_if(rows.handled),
        handle=exact_sum(ibis.ifelse(rows.handled, rows.handle_s, ibis.null("float64"))),
    )
    frame = grouped.filter(grouped.offered >= min_cell).order_by(keys).execute()
    timed, handled = frame["timed"].where(frame["timed"] > 0), frame["handled"].where(frame["handled"] > 0)
    frame["week"] = pd.to_datetime(frame["week"])
    frame[by] = frame[by].astype(object).where(frame[by].notna(), None)
    frame["abandon_rate"] = frame["abandoned"] / frame["offered"]
    frame["asa_s"] = frame["wait"] / timed
    frame["service_level"] = frame["in_time"] / timed
    frame["aht_s"] = frame["handle"] / handled
    return frame[["week", by, "offered", "abandoned", "abandon_rate", "asa_s", "service_level", "aht_s"]]
