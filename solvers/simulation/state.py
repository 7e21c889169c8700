"""What changes while the loop runs. Memory grows with what is under way at once, never with the simulated time."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.simulation.model import Model

__all__ = ["RECORD", "Measure", "State", "empty_state", "grown"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = NDArray[np.void]


class Measure(IntEnum):
    """Columns of what is counted per pool and interval.

    Contacts are counted at the first pool of their route, in the interval they arrive in; seconds up to `WORK_S` are
    sums over contacts, those after it are integrals over time of the pool itself.
    """

    OFFERED = 0
    ANSWERED = 1
    ABANDONED = 2
    OVERFLOWED = 3
    DUE = 4
    IN_TIME = 5
    WAIT_S = 6
    WAIT_ANSWERED_S = 7
    WORK_S = 8
    QUEUE_S = 9
    BUSY_S = 10
    CAPACITY_S = 11
    WITHIN = 12


class Ending(IntEnum):
    """Columns of what is counted per class: how its contacts arrived and ended, and the points of `Network.scores`."""

    EXTERNAL = 0
    FOLLOWING = 1
    ANSWERED = 2
    ABANDONED = 3
    SERVED_LAST = 4
    SERVED_FOLLOWED = 5
    LOST_LAST = 6
    LOST_FOLLOWED = 7
    WAIT_S = 8
    WORK_S = 9
    POINTS = 10


RECORD = np.dtype(
    [
        ("contact", "i8"),
        ("parent", "i8"),
        ("source", "i8"),
        ("klass", "i8"),
        ("home", "i8"),
        ("pool", "i8"),
        ("arrival_s", "f8"),
        ("wait_s", "f8"),
        ("work_s", "f8"),
        ("end_s", "f8"),
    ],
    align=True,
)
"""One contact: its number and that of the contact it follows (−1: none) within the replication, its source and class,
the first pool of its route and the pool that served it (−1: it abandoned), when it came, waited and ended, seconds."""

_SLOT = np.dtype(
    [("key", "u8")]
    + [
        (n, "i8")
        for n in ("stamp", "klass", "queue", "pool", "behind", "ahead", "cell", "ident", "parent", "source", "leaving")
    ]
    + [("arrival_s", "f8"), ("wait_s", "f8"), ("work_s", "f8")],
    align=True,
)
"""A contact under way; free ones are chained by `behind`. `cell` is −1 where the contact is not measured, `leaving` its
place among those who would leave, −1 if it is not there."""

_POOL = np.dtype(
    [("key", "u8")]
    + [(n, "i8") for n in ("agents", "busy", "free", "draining", "waiting")]
    + [("speed", "f8"), ("touched_s", "f8")],
    align=True,
)
_AGENT = np.dtype(
    [("load", "i8"), ("active", "i8"), ("stamp", "i8"), ("attained", "f8"), ("touched_s", "f8")], align=True
)
_SOURCE = np.dtype([("key", "u8"), ("number", "i8"), ("lap", "i8"), ("change", "i8"), ("time_s", "f8")], align=True)
_NOW = np.dtype(
    [
        (n, "i8")
        for n in (
            "events",
            "hole",
            "spare",
            "waiting",
            "leavers",
            "open",
            "cell",
            "lap",
            "change",
            "next_ident",
            "records",
        )
    ]
    + [("end_s", "f8"), ("limit_s", "f8"), ("full", "i8")],
    align=True,
)


class State(NamedTuple):
    """Arrays of one replication; `now` holds one record of scalars."""

    now: Records
    event_s: Floats
    event: Ints
    leaves_s: Floats
    leaver: Ints
    slot: Records
    head: Ints
    tail: Ints
    length: Ints
    pool: Records
    agent: Records
    chat: Ints
    goal: Floats
    source: Records
    coming_s: Floats
    coming: Ints
    tally: Floats
    endings: Floats
    within_s: Floats
    record: Records


def empty_state(model: Model, within_s: Floats, *, records: bool) -> State:
    """Lay out an empty center."""
    agents = int(np.ceil(model.agents.max(axis=1)).sum())
    now = np.zeros(1, dtype=_NOW)
    now["spare"] = -1
    state = State(
        now=now,
        event_s=np.zeros(0),
        event=np.zeros(0, dtype=np.int64),
        leaves_s=np.zeros(0),
        leaver=np.zeros(0, dtype=np.int64),
        slot=np.zeros(0, dtype=_SLOT),
        head=np.full(len(model.queue), -1, dtype=np.int64),
        tail=np.full(len(model.queue), -1, dtype=np.int64),
        length=np.zeros(len(model.queue), dtype=np.int64),
        pool=np.zeros(len(model.pool), dtype=_POOL),
        agent=np.zeros(max(1, agents), dtype=_AGENT),
        chat=np.full((max(1, agents), model.speed.shape[1] - 1), -1, dtype=np.int64),
        goal=np.zeros((max(1, agents), model.speed.shape[1] - 1)),
        source=np.zeros(len(model.rate), dtype=_SOURCE),
        coming_s=np.zeros(len(model.rate)),
        coming=np.zeros(len(model.rate), dtype=np.int64),
        tally=np.zeros((len(model.pool), model.rate.shape[1], Measure.WITHIN + within_s.size)),
        endings=np.zeros((len(model.klass), len(Ending))),
        within_s=within_s,
        record=np.zeros(1024 if records else 0, dtype=RECORD),
    )
    return grown(state, 2 * (len(model.rate) + agents) + 256)


def grown(state: State, more: int) -> State:
    """Return the state with room for `more` contacts under way, four times as many events, and records if kept."""
    old = state.slot.size
    slot = np.zeros(old + more, dtype=_SLOT)
    slot[:old] = state.slot
    slot["behind"][old:] = np.append(np.arange(old + 1, old + more), state.now["spare"][0])
    slot["leaving"][old:] = -1
    state.now["spare"] = old
    room = 4 * more
    return state._replace(
        slot=slot,
        leaves_s=np.concatenate([state.leaves_s, np.zeros(more)]),
        leaver=np.concatenate([state.leaver, np.zeros(more, dtype=np.int64)]),
        event_s=np.concatenate([state.event_s, np.zeros(room)]),
        event=np.concatenate([state.event, np.zeros(room, dtype=np.int64)]),
        record=np.concatenate([state.record, np.zeros(state.record.size, dtype=RECORD)]),
    )
