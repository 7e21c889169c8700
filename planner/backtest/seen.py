"""What was seen: arrays per pool, day and interval, with contacts of unknown pools shared out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.backtest.center import CenterFacts
from planner.demand.service_days import service_days

Floats = NDArray[np.float64]

COUNTED = (
    "contacts",
    "abandoned",
    "timed",
    "wait_s",
    "in_time",
    "handled",
    "handle_s",
    "handle2_s2",
    "scored",
    "score",
    "score2",
)
"""Sums per pool and interval, in the order of the last axis of `Seen.counts`; see `interval_counts`."""

WEEK = 7
_MONDAY = 3  # days are counted from Thursday, 1 January 1970


@dataclass(frozen=True)
class Seen:
    """Counts of complete weeks, shape (pool, week, interval of the week, count), the intervals of Monday first.

    `weeks` numbers of the weeks, consecutive; `outside` contacts of other weeks or hours, `strange` contacts of pools
    the center does not name, `shared` contacts whose pool nobody knows and that were shared out by channel.
    """

    weeks: tuple[int, ...]
    counts: Floats
    outside: float
    strange: float
    shared: float

    def count(self, name: str) -> Floats:
        """One of the counts, shape (pool, week, interval of the week)."""
        return self.counts[..., COUNTED.index(name)]


def monday_of(week: int) -> np.datetime64:
    """Date on which a week begins."""
    return np.datetime64(week * WEEK - _MONDAY, "D")


def complete_weeks(days: NDArray[np.int64]) -> tuple[int, ...]:
    """Weeks of which the first and the last open weekday lie within the days that have contacts.

    A center closed on Sundays, or at the start of its first week, still has complete weeks.
    """
    distinct = np.unique(np.asarray(days, dtype=np.int64))
    if distinct.size == 0:
        return ()
    weekdays = (distinct + _MONDAY) % WEEK
    weeks = np.unique((distinct + _MONDAY) // WEEK)
    begin = weeks * WEEK - _MONDAY
    whole = (begin + weekdays.min() >= distinct[0]) & (begin + weekdays.max() <= distinct[-1])
    kept = weeks[whole]
    return tuple(range(int(kept[0]), int(kept[-1]) + 1)) if kept.size else ()


def seen_intervals(counts: pd.DataFrame, facts: CenterFacts) -> Seen:
    """Arrange the counts of `interval_counts` by pool, week and interval.

    Contacts whose pool nobody knows (often the abandoned ones) are shared out over the pools of their channel: in
    proportion to the interval's contacts of known pools, else to all contacts of the channel.
    """
    names = list(facts.names)
    clock = counts["day"].to_numpy(np.int64), counts["minute"].to_numpy(np.int64)
    day, minute, whole = service_days(facts.closes, *clock)
    weeks = complete_weeks(day[whole])
    pool = pd.Index(names).get_indexer(pd.Index(counts["pool"].fillna("")))
    unknown = counts["pool"].isna().to_numpy()
    week, slot = _places(day, minute, facts)
    inside = np.isin(week, weeks) & (slot >= 0)
    contacts = counts["contacts"].to_numpy(float)
    values = counts[list(COUNTED)].to_numpy(float)
    cube = np.zeros((len(names), len(weeks), WEEK * facts.slots, len(COUNTED)))
    first = weeks[0] if weeks else 0
    known = inside & (pool >= 0)
    np.add.at(cube, (pool[known], week[known] - first, slot[known]), values[known])
    channels = [one.channel for one in facts.pools]
    lost = inside & unknown & counts["channel"].isin(channels).to_numpy()
    for channel in dict.fromkeys(counts.loc[lost, "channel"]):
        rows = lost & (counts["channel"] == channel).to_numpy()
        members = np.flatnonzero([one == channel for one in channels])
        spread = np.zeros(cube.shape[1:])
        np.add.at(spread, (week[rows] - first, slot[rows]), values[rows])
        cube[members] += _shares(cube[members, ..., 0])[..., None] * spread
    strange = inside & ~known & ~lost
    return Seen(
        weeks,
        cube,
        outside=float(contacts[~inside].sum()),
        strange=float(contacts[strange].sum()),
        shared=float(contacts[lost].sum()),
    )


def _places(
    day: NDArray[np.int64], minute: NDArray[np.int64], facts: CenterFacts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Week and interval of the week of each row; interval -1 outside the opening hours."""
    week, weekday = np.divmod(day + _MONDAY, WEEK)
    slot = (minute - facts.opens) // facts.interval_min
    is_open = (minute >= facts.opens) & (minute < facts.closes)
    return week, np.where(is_open, weekday * facts.slots + slot, -1)


def _shares(contacts: Floats) -> Floats:
    """Share of each pool in the contacts of an interval, in those of all where it has none; shape as given."""
    total = contacts.sum(axis=0)
    overall = contacts.sum(axis=(1, 2))
    even = np.full(len(contacts), 1.0 / len(contacts))
    fallback = overall / overall.sum() if overall.sum() > 0 else even
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, contacts / total, fallback[:, None, None])
