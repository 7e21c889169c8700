"""Counts of a history that the demand stage and the journeys need: volumes, patience, redials, destinations."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.history.coded_batches import NotCoded, coded_batches
from planner.history.columns import PERSON, ROW
from planner.history.engine import count_if, exact_sum
from planner.history.engines import local_engine_of
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.journeys import stitch_issues, stitched_codes, stitched_rows, watched
from planner.history.links import linked_contacts
from planner.history.lot_links import in_lots, returned_in_lots
from planner.history.narrow import DAY_S
from planner.history.tally import Key, Measure, Tally
from planner.history.tally_kernels import COUNT

_FIRST_WEEKDAY = 3
"""1970-01-01, from which days are counted, was a Thursday."""
_VOLUME_LABELS = ("entry_reason", "segment", "channel")


def first_contact_volumes(history: History, *, window_days: float = 7.0, interval_min: int = 30) -> pd.DataFrame:
    """Count contacts per interval of the past.

    Returns `week` (date of its Monday), `weekday` (0 = Monday), `minute` (start of the interval, minutes after
    midnight), `entry_reason, segment, channel` (None where missing), `contacts`, `first_contacts` (those that begin an
    issue), `anonymous_contacts` and `abandoned`. Customers nobody identified cannot be followed, so all their contacts
    count as first ones: scale `anonymous_contacts` down by the identified share of first contacts. In the first
    `window_days` of the data some first contacts continue an issue that began before it.
    """
    frame = _swept_volumes(history, window_days, interval_min)
    frame = _counted_volumes(history, window_days, interval_min) if frame is None else frame
    slot = frame.pop("slot").to_numpy(np.int64)
    past, weekday = slot // 1440, (slot // 1440 + _FIRST_WEEKDAY) % 7
    frame.insert(0, "week", (past - weekday).astype("datetime64[D]").astype("datetime64[s]"))
    frame.insert(1, "weekday", weekday)
    frame.insert(2, "minute", slot % 1440)
    return frame


def _counted_volumes(history: History, window_days: float, interval_min: int) -> pd.DataFrame:
    """Volumes by `slot` (minutes since 1970 at which the interval starts), on the engine."""
    contacts = history.contacts
    stitched = stitched_rows(history, window_days)
    again = stitched.filter(stitched.stage != "first").select(again_row=ROW)
    rows = contacts.left_join(again, contacts[ROW] == again.again_row)
    at = rows.started_at
    minute = at.hour().cast("int64") * 60 + at.minute().cast("int64")
    day = (at.epoch_seconds() // 86_400).cast("int64")
    rows = rows.mutate(slot=day * 1440 + minute - minute % interval_min, is_first=rows.again_row.isnull())
    keys = ["slot", *_VOLUME_LABELS]
    grouped = rows.group_by(keys).aggregate(
        contacts=rows.count(),
        first_contacts=count_if(rows.is_first),
        anonymous_contacts=count_if(rows[PERSON].isnull()),
        abandoned=count_if(rows.abandoned),
    )
    return labeled_frame(grouped, keys)


def _swept_volumes(history: History, window_days: float, interval_min: int) -> pd.DataFrame | None:
    """Count the same in this process; None where the engine is elsewhere, or rows do not come as codes."""
    first, last = history.quality.first, history.quality.last
    if local_engine_of(history.connection) is None or first is None or last is None:
        return None
    stage, stages = stitched_codes(history, window_days)["stage"]
    rows = watched(history, window_days)
    flags = {name: rows[name].fill_null(False).cast("int8") for name in ("anonymous", "abandoned")}
    rows = rows.select(ROW, "started_at", *_VOLUME_LABELS, **flags)
    begin, end = (_slot(np.array([pd.Timestamp(moment).value // 1000]), interval_min)[0] for moment in (first, last))
    names = {"first_contacts": "is_first", "anonymous_contacts": "anonymous", "abandoned": "abandoned"}
    tally: Tally | None = None
    try:
        for batch in coded_batches(history.connection, rows):
            if tally is None:
                labels = {name: batch.labels(name) for name in _VOLUME_LABELS}
                keys = [Key("slot", int(end - begin) + 1, int(begin))]
                keys += [Key.of_labels(name, known) for name, known in labels.items()]
                counts = [Measure(name, COUNT, column) for name, column in names.items()]
                tally = Tally(keys, counts, ["slot", *labels], list(names.values()), history.quality.rows_kept)
            marks = stage[batch.numbers(ROW)] == stages.index("first"), *(batch.numbers(name) > 0 for name in flags)
            slot = _slot(batch.numbers("started_at"), interval_min)
            codes = [slot, *(batch.codes(name, known) for name, known in labels.items())]
            tally.add(np.array(codes, dtype=np.int32), np.where(np.array(marks), 1.0, np.nan))
    except (NotCoded, OverflowError):
        return None
    return None if tally is None else tally.frame("contacts")


def _slot(started_us: NDArray[np.int64], interval_min: int) -> NDArray[np.int64]:
    minutes = started_us // 60_000_000
    return minutes - minutes % 1440 % interval_min


def patience(history: History) -> pd.DataFrame:
    """Mean time until customers give up, with those who were served before as censored.

    `channel, entry_reason, n_contacts, n_abandoned, total_wait_s, patience_s`; rows with `entry_reason` None are the
    whole channel. patience_s = total waiting time of all contacts / number of abandonments (the maximum-likelihood
    mean of an exponential patience; Brown et al. 2005), inf where nobody abandons. Contacts without a wait are left
    out.
    """
    rows = history.contacts.filter(history.contacts.wait_s.notnull())
    rows = rows.mutate(entry_reason=ibis.coalesce(rows.entry_reason, rows.reason))
    frames = []
    for keys in (["channel"], ["channel", "entry_reason"]):
        grouped = rows.group_by(keys).aggregate(
            n_contacts=rows.count(), n_abandoned=count_if(rows.abandoned), total_wait_s=exact_sum(rows.wait_s)
        )
        frame = grouped.order_by(keys).execute()
        frames.append(frame[frame["entry_reason"].notna()] if "entry_reason" in keys else frame)
    whole = pd.concat(frames, ignore_index=True)
    whole = whole.reindex(columns=["channel", "entry_reason", "n_contacts", "n_abandoned", "total_wait_s"])
    whole["patience_s"] = (whole["total_wait_s"] / whole["n_abandoned"].where(whole["n_abandoned"] > 0)).fillna(
        float("inf")
    )
    whole["entry_reason"] = whole["entry_reason"].astype(object).where(whole["entry_reason"].notna(), None)
    return whole


def redial_shares(history: History, *, window_days: float = 7.0) -> pd.DataFrame:
    """Share of abandoned contacts that try again: `channel, n_abandoned, n_redialed, redial`.

    Counted over identified customers whose window is over at the end of the data; a new try counts in any channel.
    """
    rows = stitch_issues(history, window_days)
    seen = rows.filter(rows.abandoned.fill_null(False) & ~rows.anonymous & ~rows.censored)
    grouped = seen.group_by("channel").aggregate(n_abandoned=seen.count(), n_redialed=count_if(seen.later))
    frame = grouped.order_by("channel").execute()
    frame["redial"] = frame["n_redialed"] / frame["n_abandoned"]
    return frame


def return_destinations(history: History, *, window_days: float = 7.0) -> pd.DataFrame:
    """Where served contacts come back to: `entry_reason, channel, to_reason, to_channel, n`."""
    return _destinations(history, window_days, "return")


def escalation_destinations(history: History, *, window_days: float = 7.0) -> pd.DataFrame:
    """Where contacts are escalated to: `entry_reason, channel, to_reason, to_channel, n`."""
    return _destinations(history, window_days, "escalation")


def _destinations(history: History, window_days: float, kind: str) -> pd.DataFrame:
    rows = stitched_rows(history, window_days)
    came = rows.filter(rows.later_kind == kind)
    keys = ["entry_reason", "channel", "to_reason", "to_channel"]
    by = came.group_by(
        entry_reason=came.filed, channel=came.channel, to_reason=came.later_reason, to_channel=came.later_channel
    )
    return labeled_frame(by.aggregate(n=came.count()), keys)


def linked_returns(history: History, *, window_days: float = 7.0) -> pd.DataFrame:
    """Served contacts that came back within a window and within twice of it: `entry_reason, within, within_double`.

    What the second window adds measures the returns by chance. Both are read from one pass, by the reason of the
    contact that is returned to; contacts that are linked by known ids alone are not counted.
    """
    if in_lots(history):
        return returned_in_lots(history, window_days)
    linked = linked_contacts(history, window_days)
    came = linked.filter(linked.is_return & (linked.parent_gap_s <= 2 * window_days * DAY_S))
    grouped = came.group_by(entry_reason=came.parent_filed).aggregate(
        within=count_if(came.parent_gap_s <= window_days * DAY_S), within_double=came.count()
    )
    return labeled_frame(grouped, ["entry_reason"])


def reason_confusion(history: History) -> pd.DataFrame:
    """How the reason known when routed turns out: `entry_reason, reason, n`, where both are known."""
    contacts = history.contacts
    both = contacts.filter(contacts.entry_reason.notnull() & contacts.reason.notnull())
    keys = ["entry_reason", "reason"]
    return both.group_by(keys).aggregate(n=both[ROW].count()).order_by(keys).execute()


def link_counts(history: History, *, window_days: float = 7.0) -> pd.DataFrame:
    """How contacts continue an issue, for judging the stitching: `later_kind, same_reason, n`."""
    rows = stitched_rows(history, window_days)
    led = rows.filter(rows.later_kind.notnull())
    led = led.mutate(same_reason=(led.later_reason == led.filed).fill_null(False))
    keys = ["later_kind", "same_reason"]
    return led.group_by(keys).aggregate(n=led.count()).order_by(keys).execute()
