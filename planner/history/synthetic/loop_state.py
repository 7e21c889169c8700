"""What the event loop reads and writes, packed into few arrays: compiled code pays for every array it hands on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.history.synthetic.event_heap import EventHeap, empty_heap
from planner.history.synthetic.tables import Tables

PENDING, WAITING, IN_SERVICE, SERVED, ABANDONED = range(5)
NO_OUTCOME, RESOLVED, RETURNS, GIVES_UP, ESCALATES = range(5)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Records = NDArray[np.void]

ARRIVAL = np.dtype(
    [("time_s", "f8"), ("reason", "i8"), ("segment", "i8"), ("channel", "i8"), ("severity", "f8")], align=True
)
"""A new issue."""

CONTACT = np.dtype(
    [
        ("issue", "i8"),
        ("parent", "i8"),  # the contact handed over, or -1
        ("behind", "i8"),  # next in the queue
        ("arrival_s", "f8"),
        ("wait_s", "f8"),
        ("handle_s", "f8"),
        ("reason", "i8"),
        ("entry", "i8"),
        ("channel", "i8"),
        ("pool", "i8"),
        ("stage", "i8"),
        ("attempt", "i8"),
        ("status", "i8"),
        ("outcome", "i8"),
    ],
    align=True,
)
"""A row of the book of contacts."""

POOL = np.dtype(
    [("automated", "i8"), ("slots", "i8")] + [(name, "i8") for name in ("agents", "busy", "waiting", "head", "tail")],
    align=True,
)
"""A pool and what happens in it now; `head` and `tail` are contacts."""

_CHANNEL = np.dtype(
    [("automated", "i8"), ("resolved", "f8"), ("escalated", "f8"), ("patience_s", "f8"), ("redial", "f8")], align=True
)
_WORK = np.dtype([("handle_s", "f8"), ("resolved", "f8"), ("escalated", "f8")], align=True)
_STAGE = np.dtype([("handle", "f8"), ("resolved", "f8")], align=True)


class Clock(NamedTuple):
    """Opening hours and the end of arrivals, seconds."""

    opens_s: float
    closes_s: float
    interval_s: float
    end_s: float


class Rules(NamedTuple):
    """The truth as the loop reads it; arrays ending in `_cum` as in `Tables`."""

    channel: Records  # (c): severity slopes of resolution and escalation, patience, redial share
    work: Records  # (r, g): mean handle time, log odds of resolution and escalation
    stage: Records  # (stage)
    slowdown: Floats
    entry_cum: Floats
    pool_cum: Floats
    return_reason_cum: Floats
    return_channel_cum: Floats
    escalate_cum: Floats
    time_cum: Floats
    delay_cum: Floats
    weekday: Floats
    redial_delay_s: float
    returns_if_unresolved: float
    handle_log_sd: float
    handle_severity: float


class World(NamedTuple):
    """Everything the loop reads and writes; `used` holds the number of contacts in the book."""

    rules: Rules
    clock: Clock
    arrivals: Records
    book: Records
    used: Ints
    pools: Records
    heap: EventHeap


def make_world(tables: Tables, clock: Clock, arrivals: Records) -> World:
    """Lay out an empty center for the arrivals."""
    rows = 3 * len(arrivals) + 1000
    book = np.zeros(rows, dtype=CONTACT)
    book["parent"] = book["behind"] = -1
    book["wait_s"] = book["handle_s"] = np.nan
    pools = np.zeros(len(tables.pool_channel), dtype=POOL)
    pools["automated"], pools["slots"] = tables.automated, tables.slots
    return World(_rules(tables), clock, arrivals, book, np.zeros(1, dtype=np.int64), pools, empty_heap(2 * rows))


def _rules(tables: Tables) -> Rules:
    channel = np.zeros(len(tables.patience_s), dtype=_CHANNEL)
    human = tables.pool_channel[~tables.automated]
    channel["automated"] = ~np.isin(np.arange(len(channel)), human)
    channel["resolved"], channel["escalated"] = tables.resolved_severity, tables.escalated_severity
    channel["patience_s"], channel["redial"] = tables.patience_s, tables.redial
    work = np.zeros(tables.handle_s.shape, dtype=_WORK)
    work["handle_s"], work["resolved"] = tables.handle_s, tables.resolved_logit
    work["escalated"] = tables.escalated_logit
    stage = np.zeros(len(tables.stage_handle), dtype=_STAGE)
    stage["handle"], stage["resolved"] = tables.stage_handle, tables.stage_resolved
    shared = {name: getattr(tables, name) for name in Rules._fields if name in Tables._fields}
    return Rules(channel=channel, work=work, stage=stage, **shared)
