"""What a file claims but cannot mean: a customer who is everybody, clock times that never were, ids against time."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd

from planner.history.columns import ROW
from planner.history.engine import count_if, drop_kept, hash64, instant, keep_coded, wall_clock
from planner.history.zones import Clock

_SAMPLE = 20_000
NAMES_NOTHING = {
    "customer_id": (
        0.2,
        "with a customer: it names nobody (a shared line or a placeholder); its contacts count as anonymous",
    ),
    "issue_id": (
        0.01,
        "with an issue: no issue has so many contacts, it stands for none; they are stitched by customer, reason and "
        "time",
    ),
}
"""Column -> share of its rows from which a value cannot be one person or issue, and what is said of it."""
_FEWEST_ALIKE = 100
_FEWEST_ORDERED = 50
_BACKWARD_SHARE = 0.2
_SERIAL_SPREAD = 4
_QUARTER_S = 900
_NEGATIVE_SHARE = 0.01
_NEARLY_NONE = 0.005  # of the contacts
_WEEK = pd.Timedelta(weeks=1)


def sampled(rows: ibis.Table, total: int) -> pd.DataFrame:
    """Take some 20,000 rows, the same ones whatever their order: ids of contact, customer and issue, `started_at`."""
    classes = total // _SAMPLE
    columns = ("contact_id", "started_at", *NAMES_NOTHING)
    if classes <= 1:
        return rows.select(*columns).execute()
    # Which rows first, by nothing but their ids: of all others no more is then read.
    connection, some = rows.get_backend(), rows.filter(hash64(rows.contact_id) % classes == 0).select(ROW)
    picked = keep_coded(connection, "picked", some, {})
    found = rows.select(ROW, *columns).semi_join(picked, ROW).drop(ROW).execute()
    drop_kept(connection, "picked")
    return found


def placeholders(rows: ibis.Table, sample: pd.DataFrame, column: str) -> tuple[tuple[str, ...], list[str]]:
    """Find values of an id that cannot be one person or issue, and say so without showing them.

    A value names nothing where it stands in so large a share of the rows that have the id and in at least 100 of them.
    The sample names the candidates, all rows are counted.
    """
    share, meaning = NAMES_NOTHING[column]
    times = sample[column].value_counts(normalize=True)
    values = [str(value) for value in times[times >= share / 2].index]
    if not values or len(sample) < _FEWEST_ALIKE:
        return (), []
    counted = {f"n{k}": count_if(rows[column] == value) for k, value in enumerate(values)}
    row = rows.aggregate(known=rows[column].count(), **counted).execute().iloc[0]
    known = int(row["known"])
    found, doubts = [], []
    for k, value in enumerate(values):
        contacts = int(row[f"n{k}"])
        if contacts >= max(_FEWEST_ALIKE, share * known):
            found.append(value)
            doubts.append(f"{column}: one value stands in {contacts:,} rows, {contacts / known:.0%} of those {meaning}")
    return tuple(found), doubts


def ids_against_time(sample: pd.DataFrame, total: int) -> list[str]:
    """Warn where contacts are numbered serially, but many later numbers start earlier.

    Only ids that are a common prefix and a serial number say anything about time.
    """
    parts = sample["contact_id"].str.extract(r"^(.*?)(\d{1,18})$")
    known = parts[1].notna() & sample["started_at"].notna()
    if int(known.sum()) < _FEWEST_ORDERED or parts.loc[known, 0].nunique() != 1:
        return []
    serial = parts.loc[known, 1].astype("int64")
    if int(serial.max()) - int(serial.min()) > _SERIAL_SPREAD * total:
        return []
    ordered = sample.loc[known].assign(serial=serial).sort_values(["serial", "started_at"])
    backward = float((ordered["started_at"].diff().dropna() < pd.Timedelta(0)).mean())
    if backward <= _BACKWARD_SHARE:
        return []
    return [
        f"started_at goes back at {backward:.0%} of the steps from one contact_id to the next, though the ids are "
        "numbered serially: the stamps may be those of another event, or day and month are swapped"
    ]


def far_stamps(sample: pd.DataFrame, first: dt.datetime | None, last: dt.datetime | None) -> list[str]:
    """Warn where the first or the last contacts lie farther from nearly all others than these from each other.

    A few stamps that stand for "unknown" would stretch the history, and every figure a week is divided by its length.
    """
    known = sample["started_at"].dropna().sort_values(ignore_index=True)
    if len(known) < _FEWEST_ORDERED or first is None or last is None:
        return []
    few = int(_NEARLY_NONE * len(known))
    low, high = known.iloc[few], known.iloc[-1 - few]
    span = high - low
    ends = [("first", low - first, first)] if low - first > span else []
    ends += [("last", last - high, last)] if last - high > span else []
    return [
        f"the {end} contacts start {apart / _WEEK:,.0f} weeks away from nearly all others ({stamp:%Y-%m-%d}): if the "
        "stamps are placeholders, leave them out with a filter in a mapping file; figures a week count the gap"
        for end, apart, stamp in ends
    ]


def impossible_times(contacts: ibis.Table, clock: Clock) -> list[str]:
    """Clock times that a daylight-saving change skips: a sign that stamps are in another time zone."""
    if clock.zone is None or clock.notes or clock.warnings:
        return []
    # Changes fall on quarters of an hour: there are few of those in a history, and zones are slow to compute.
    quarter = (contacts.started_at.epoch_seconds() // _QUARTER_S).cast("int64")
    counted = contacts.group_by(quarter=quarter).aggregate(n=contacts.count(), stamp=contacts.started_at.min())
    skipped_ones = counted.filter(wall_clock(clock.zone, instant(clock.zone, counted.stamp)) != counted.stamp)
    skipped = int(skipped_ones.aggregate(n=skipped_ones.n.sum().fill_null(0)).execute().iloc[0]["n"])
    if not skipped:
        return []
    return [
        f"{skipped:,} contacts start at clock times that {clock.zone} skips in spring: the stamps are probably in "
        "another time zone; declare theirs in a mapping file (timezone:)"
    ]


def negative_durations(quarantine: pd.DataFrame, total: int) -> list[str]:
    """Many durations below zero: two stamps of the source are swapped, or come from two clocks."""
    found = []
    for name in ("wait_s", "handle_s"):
        rows = int(quarantine.loc[quarantine["problem"] == f"{name} is negative", "rows"].sum())
        if rows > _NEGATIVE_SHARE * total:
            found.append(
                f"{name} is negative in {rows / total:.0%} of the rows (it ends before it starts): these are kept out; "
                "look for swapped stamps, or declare `negative: missing` for it in a mapping file"
            )
    return found
