"""The tables a proposed scenario names: Today's staffing and routing, and the demand where there is no history."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.history import History, routing_shares
from planner.proposal.pools import shrinkage_guess
from planner.proposal.seen import Seen
from planner.scenario.quantities import DAY_MIN, clock_text

_OCCUPANCY = 0.8
_AHT_S = 300.0


def routing_table(seen: Seen, history: History | None) -> pd.DataFrame:
    """Who serves what today: `reason, segment, channel, pool, share`, for every combination.

    Shares are those of the reason and segment where enough contacts name their pool, else of the channel.
    """
    shares = _seen_shares(seen, history)
    rows = []
    for channel in seen.channels.index:
        pools = [pool for pool in seen.pools if pool.channel == channel]
        weights = np.array([pool.contacts_per_week for pool in pools])
        usual = weights / weights.sum() if weights.sum() > 0 else np.full(len(pools), 1 / len(pools))
        for reason in seen.reasons.index:
            for segment in seen.segments.index:
                own = shares.get((reason, segment, channel))
                split = usual if own is None else np.array([own.get(pool.name, 0.0) for pool in pools])
                split = split / split.sum() if split.sum() > 0 else usual
                rounded = np.round(split, 4)
                rounded[int(np.argmax(rounded))] += round(1 - rounded.sum(), 4)
                rows += [(reason, segment, channel, p.key, s) for p, s in zip(pools, rounded, strict=True) if s > 0]
    return pd.DataFrame(rows, columns=["reason", "segment", "channel", "pool", "share"]).round(4)


def _seen_shares(seen: Seen, history: History | None) -> dict[tuple[str, str, str], dict[str, float]]:
    if history is None or not any(pool.name for pool in seen.pools):
        return {}
    out: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in routing_shares(history).to_dict("records"):
        segment = seen.segments.index[0] if pd.isna(row["segment"]) else row["segment"]
        reason = seen.reasons.index[0] if pd.isna(row["reason"]) else row["reason"]
        out.setdefault((str(reason), str(segment), str(row["channel"])), {})[str(row["pool"])] = float(row["share"])
    return out


def staffing_table(seen: Seen, measured: pd.DataFrame | None) -> tuple[pd.DataFrame, str]:
    """People scheduled in Today's mean week: `weekday, time, pool, scheduled`, and in words where they come from.

    The staffing table tells it; else the different agents who served a contact; else the work of the contacts at 80 %
    occupancy. The last two count people on task, so they are divided by 1 - shrinkage.
    """
    horizon = seen.horizon
    days = {(horizon.start.weekday() + day) % 7 for day in range(horizon.days)}
    opened = {
        (day, minute)
        for day in days
        for minute, open_ in zip(horizon.clocks, horizon.slots(horizon.weekday_hours(day)), strict=True)
        if open_
    }
    clocks = sorted({((day + minute // DAY_MIN) % 7, minute % DAY_MIN) for day, minute in opened})
    grid = pd.MultiIndex.from_tuples(clocks, names=["weekday", "minute"])
    parts, how = [], set()
    for pool in seen.pools:
        if pool.discipline == "automated":
            continue
        people, words = _people(seen, pool.key, pool.name, pool.channel, grid, measured)
        if words != "the staffing table":
            people = people / (1 - shrinkage_guess(pool))
        how.add(words)
        part = people.round(1).rename("scheduled").reset_index().assign(pool=pool.key)
        parts.append(part)
    if not parts:
        return pd.DataFrame(columns=["weekday", "time", "pool", "scheduled"]), "no pool of people"
    table = pd.concat(parts, ignore_index=True)
    table["time"] = [clock_text(minute) for minute in table["minute"]]
    return table[["weekday", "time", "pool", "scheduled"]], " or ".join(sorted(how))


def _people(
    seen: Seen, key: str, name: str, channel: str, grid: pd.MultiIndex, measured: pd.DataFrame | None
) -> tuple[pd.Series, str]:
    if measured is not None and name and name == key and name in set(measured["pool"]):
        starts = pd.DatetimeIndex(seen.horizon.starts())
        own = measured[measured["pool"] == name]
        at = starts[own["interval"].to_numpy(int)]
        values = own["scheduled"].fillna(own["on_task"]).fillna(0.0).to_numpy(float)
        series = pd.Series(values, index=pd.MultiIndex.from_arrays([at.day_of_week, at.hour * 60 + at.minute]))
        return series.groupby(level=[0, 1]).mean().reindex(grid, fill_value=0.0), "the staffing table"
    own_people = (
        seen.counts.people[seen.counts.people["pool"] == name] if name and name == key else seen.counts.people[:0]
    )
    if len(own_people):
        series = own_people.set_index(["weekday", "minute"])["people"]
        return series.reindex(grid, fill_value=0.0), "the agents who served contacts"
    table = seen.counts.table
    mine = table[(table["channel"] == channel) & ((table["pool"] == name) | (name == ""))]
    sums = mine.groupby(["weekday", "minute"])[["contacts", "handled", "work_s"]].sum()
    mean = sums["work_s"].sum() / sums["handled"].sum() if sums["handled"].sum() > 0 else _AHT_S
    days = np.array(seen.counts.days)[sums.index.get_level_values("weekday").to_numpy(int)]
    load = sums["contacts"] * mean / days / seen.horizon.interval_s
    return (load / _OCCUPANCY).reindex(grid, fill_value=0.0), "the work of the contacts at 80 % occupancy"


def demand_table(seen: Seen) -> pd.DataFrame:
    """Contacts per interval of the planned week, the mean of the past ones: `interval_start, reason, channel, ...`."""
    table = seen.counts.table
    named = table.assign(
        reason=table["reason"].replace("", seen.reasons.index[0]),
        segment=table["segment"].replace("", seen.segments.index[0]),
    )
    named = named[named["reason"].isin(seen.reasons.index)]
    keys = ["reason", "channel", "segment"]
    mean = named.groupby([*keys, "weekday", "minute"])["contacts"].sum()
    mean = mean / np.array(seen.counts.days)[mean.index.get_level_values("weekday").to_numpy(int)]
    starts = pd.DatetimeIndex(seen.horizon.starts())[np.array(seen.horizon.opened())]
    parts = []
    for key in mean.index.droplevel(["weekday", "minute"]).unique():
        own = mean.loc[key].reindex(
            pd.MultiIndex.from_arrays([starts.weekday, starts.hour * 60 + starts.minute]), fill_value=0.0
        )
        part = pd.DataFrame({"interval_start": starts.strftime("%Y-%m-%d %H:%M"), "contacts": own.to_numpy().round(3)})
        parts.append(part.assign(reason=key[0], channel=key[1], segment=key[2]))
    whole = pd.concat(parts, ignore_index=True)
    return whole[["interval_start", "reason", "channel", "contacts", "segment"]]
