"""The simulated center: every contact arrives, waits, is served or gives up, and may come again.

One compiled event loop over all pools: first come, first served, as many servers as stand there in each interval
(a server finishes what was begun), exponential patience, log-normal handle times. Agents of a chat pool take
several chats at once; a chat is slowed by the number its agent has when it begins. `handle_s` is always the work of
the contact alone, so that it does not depend on the load.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.history.synthetic.event_heap import EventHeap, empty_heap, pop, push
from planner.history.synthetic.tables import ESCALATED, FIRST, REDIALED, RETURNED, Tables

PENDING, WAITING, IN_SERVICE, SERVED, ABANDONED = range(5)
NO_OUTCOME, RESOLVED, RETURNS, GIVES_UP, ESCALATES = range(5)
_ARRIVE, _DONE, _ABANDON = range(3)
_DAY_S = 86400.0
_SAME_DAY_PAUSE_S = 1800.0

Ints = NDArray[np.int64]
Small = NDArray[np.int8]
Floats = NDArray[np.float64]


class Clock(NamedTuple):
    """Opening hours and the end of arrivals, seconds."""

    opens_s: float
    closes_s: float
    interval_s: float
    end_s: float


class Arrivals(NamedTuple):
    """New issues in order of time."""

    time_s: Floats
    reason: Ints
    segment: Ints
    channel: Ints
    severity: Floats


class Book(NamedTuple):
    """One row per contact; `used` holds their number, `parent` is the contact handed over, or -1."""

    issue: Ints
    reason: Small
    entry: Small
    channel: Small
    pool: Small
    stage: Small
    attempt: Small
    parent: Ints
    arrival_s: Floats
    wait_s: Floats
    handle_s: Floats
    status: Small
    outcome: Small
    behind: Ints
    used: Ints


class Floor(NamedTuple):
    """What happens in the pools now, per pool."""

    agents: Ints
    busy: Ints
    waiting: Ints
    head: Ints
    tail: Ints


class World(NamedTuple):
    """Everything the loop reads and writes."""

    tables: Tables
    clock: Clock
    arrivals: Arrivals
    book: Book
    floor: Floor
    heap: EventHeap


def make_world(tables: Tables, clock: Clock, arrivals: Arrivals) -> World:
    """Lay out an empty center for the arrivals."""
    rows = int(3.0 * len(arrivals.time_s)) + 1000
    pools = len(tables.pool_channel)

    def small() -> Small:
        return np.zeros(rows, dtype=np.int8)

    def whole(size: int = rows) -> Ints:
        return np.full(size, -1, dtype=np.int64)

    book = Book(
        whole(), small(), small(), small(), small(), small(), small(), whole(),
        np.zeros(rows), np.full(rows, np.nan), np.full(rows, np.nan), small(), small(), whole(),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    none = np.zeros(pools, dtype=np.int64)
    floor = Floor(none.copy(), none.copy(), none.copy(), whole(pools), whole(pools))
    return World(tables, clock, arrivals, book, floor, empty_heap(2 * rows))


@njit(cache=True)
def _draw(cumulative: Floats, rng: np.random.Generator) -> int:
    return min(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"), cumulative.size - 1)


@njit(cache=True)
def _chance(logit: float, rng: np.random.Generator) -> bool:
    return rng.random() * (1.0 + math.exp(-logit)) < 1.0


@njit(cache=True)
def _add(
    world: World, now: float, origin: int, stage: int, reason: int, entry: int, channel: int, rng: np.random.Generator
) -> None:
    """Enter a later contact of the issue of `origin`; it arrives at `now`, unless the history ends before."""
    if now >= world.clock.end_s:
        return
    book = world.book
    who = book.used[0]
    book.used[0] += 1
    issue = book.issue[origin]
    redial = stage == REDIALED
    book.issue[who] = issue
    book.reason[who], book.entry[who], book.channel[who] = reason, entry, channel
    book.stage[who] = book.stage[origin] if redial and book.stage[origin] != FIRST else stage
    book.attempt[who] = book.attempt[origin] + (0 if redial else 1)
    if redial:
        book.parent[who] = book.parent[origin]
    elif stage == ESCALATED:
        book.parent[who] = origin
    book.pool[who] = _draw(world.tables.pool_cum[entry, world.arrivals.segment[issue], channel], rng)
    book.arrival_s[who] = now
    push(world.heap, now, who * 4 + _ARRIVE)


@njit(cache=True)
def _add_first(world: World, issue: int, rng: np.random.Generator) -> int:
    """Enter the first contact of an issue and return its row."""
    book, arrivals, tables = world.book, world.arrivals, world.tables
    who = book.used[0]
    book.used[0] += 1
    reason, channel = arrivals.reason[issue], arrivals.channel[issue]
    book.issue[who], book.reason[who], book.channel[who] = issue, reason, channel
    book.entry[who] = _draw(tables.entry_cum[reason, _is_automated(tables, channel)], rng)
    book.pool[who] = _draw(tables.pool_cum[book.entry[who], arrivals.segment[issue], channel], rng)
    book.stage[who], book.attempt[who] = FIRST, 1
    book.arrival_s[who] = arrivals.time_s[issue]
    return who


@njit(cache=True)
def _is_automated(tables: Tables, channel: int) -> int:
    for g in range(tables.pool_channel.size):
        if tables.pool_channel[g] == channel and not tables.automated[g]:
            return 0
    return 1


@njit(cache=True)
def _start(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Begin service."""
    book, tables, floor = world.book, world.tables, world.floor
    g = book.pool[who]
    severity = world.arrivals.severity[book.issue[who]]
    mean = tables.handle_s[book.reason[who], g] * tables.stage_handle[book.stage[who]]
    spread = tables.handle_log_sd
    handle = mean * math.exp(spread * rng.standard_normal() - spread * spread / 2.0 + tables.handle_severity * severity)
    slow = 1.0
    if tables.slots[g] > 1:
        at_once = math.ceil((floor.busy[g] + 1) / max(1, floor.agents[g]))
        slow = tables.slowdown[g, min(max(at_once, 1), tables.slots[g]) - 1]
    floor.busy[g] += 1
    book.status[who] = IN_SERVICE
    book.wait_s[who] = now - book.arrival_s[who]
    book.handle_s[who] = handle
    push(world.heap, now + handle * slow, who * 4 + _DONE)


@njit(cache=True)
def _serve_queue(world: World, now: float, g: int, rng: np.random.Generator) -> None:
    """Let free servers take who waits longest."""
    floor, book = world.floor, world.book
    while floor.waiting[g] > 0 and floor.busy[g] < floor.agents[g] * world.tables.slots[g]:
        who = floor.head[g]
        floor.head[g] = book.behind[who]
        if book.status[who] == WAITING:
            floor.waiting[g] -= 1
            _start(world, now, who, rng)


@njit(cache=True)
def _arrive(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Serve a contact at once, or let it wait."""
    book, tables, floor = world.book, world.tables, world.floor
    g = book.pool[who]
    free = floor.waiting[g] == 0 and floor.busy[g] < floor.agents[g] * tables.slots[g]
    if tables.automated[g] or free:
        _start(world, now, who, rng)
        return
    book.status[who] = WAITING
    if floor.waiting[g] == 0:
        floor.head[g] = who
    else:
        book.behind[floor.tail[g]] = who
    floor.tail[g] = who
    floor.waiting[g] += 1
    patience = tables.patience_s[book.channel[who]]
    if patience < np.inf:
        push(world.heap, now + patience * rng.standard_exponential(), who * 4 + _ABANDON)


@njit(cache=True)
def _give_up(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Lose a contact that still waits; it may try again."""
    book, tables, clock = world.book, world.tables, world.clock
    if book.status[who] != WAITING:
        return
    g, channel = book.pool[who], book.channel[who]
    book.status[who] = ABANDONED
    book.wait_s[who] = now - book.arrival_s[who]
    world.floor.waiting[g] -= 1
    if rng.random() >= tables.redial[channel]:
        return
    again = now + tables.redial_delay_s * rng.standard_exponential()
    if again % _DAY_S >= clock.closes_s:
        again = _later_day(world, math.floor(now / _DAY_S) + 1, book.reason[who], rng)
    _add(world, again, who, REDIALED, book.reason[who], book.entry[who], channel, rng)


@njit(cache=True)
def _later_day(world: World, day: float, reason: int, rng: np.random.Generator) -> float:
    """Time of a contact that comes on a day or soon after, by weekday and the reason's profile."""
    tables, clock = world.tables, world.clock
    while rng.random() >= tables.weekday[int(day) % 7]:
        day += 1
    interval = _draw(tables.time_cum[reason], rng)
    return day * _DAY_S + clock.opens_s + (interval + rng.random()) * clock.interval_s


@njit(cache=True)
def _come_back(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Enter the next contact of an unsolved issue."""
    book, tables, clock = world.book, world.tables, world.clock
    reason = _draw(tables.return_reason_cum[book.reason[who]], rng)
    channel = _draw(tables.return_channel_cum[reason, book.channel[who]], rng)
    entry = _draw(tables.entry_cum[reason, _is_automated(tables, channel)], rng)
    days = _draw(tables.delay_cum, rng)
    day = math.floor(now / _DAY_S)
    closes = day * _DAY_S + clock.closes_s
    earliest = now + _SAME_DAY_PAUSE_S
    if days == 0 and earliest < closes:
        again = earliest + rng.random() * (closes - earliest)
    else:
        again = _later_day(world, day + max(days, 1), reason, rng)
    _add(world, again, who, RETURNED, reason, entry, channel, rng)


@njit(cache=True)
def _finish(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """End service: handed over, resolved, coming back, or lost in silence."""
    book, tables = world.book, world.tables
    g, reason, channel = book.pool[who], book.reason[who], book.channel[who]
    severity = world.arrivals.severity[book.issue[who]]
    book.status[who] = SERVED
    world.floor.busy[g] -= 1
    if _chance(tables.escalated_logit[reason, g] + tables.escalated_severity[channel] * severity, rng):
        book.outcome[who] = ESCALATES
        _add(world, now, who, ESCALATED, reason, book.entry[who], _draw(tables.escalate_cum[channel], rng), rng)
    elif _chance(
        tables.resolved_logit[reason, g]
        + tables.resolved_severity[channel] * severity
        + tables.stage_resolved[book.stage[who]],
        rng,
    ):
        book.outcome[who] = RESOLVED
    elif rng.random() < tables.returns_if_unresolved:
        book.outcome[who] = RETURNS
        _come_back(world, now, who, rng)
    else:
        book.outcome[who] = GIVES_UP
    if not tables.automated[g]:
        _serve_queue(world, now, g, rng)


@njit(cache=True)
def _change_staffing(world: World, now: float, agents: Ints, rng: np.random.Generator) -> None:
    for g in range(agents.size):
        world.floor.agents[g] = agents[g]
        _serve_queue(world, now, g, rng)


@njit(cache=True)
def run(world: World, change_s: Floats, agents: Ints, rng: np.random.Generator) -> None:
    """Simulate; staffing becomes `agents[n]`, shape (change, pool), at `change_s[n]`. Fills `world.book`."""
    arrivals, heap = world.arrivals, world.heap
    issue, change = 0, 0
    while issue < arrivals.time_s.size or heap.size[0] > 0 or change < change_s.size:
        new_s = arrivals.time_s[issue] if issue < arrivals.time_s.size else np.inf
        event_s = heap.time_s[0] if heap.size[0] > 0 else np.inf
        if change < change_s.size and change_s[change] <= min(new_s, event_s):
            _change_staffing(world, change_s[change], agents[change], rng)
            change += 1
        elif new_s <= event_s:
            _arrive(world, new_s, _add_first(world, issue, rng), rng)
            issue += 1
        else:
            now, code = pop(heap)
            kind, who = code % 4, code // 4
            if kind == _ARRIVE:
                _arrive(world, now, who, rng)
            elif kind == _DONE:
                _finish(world, now, who, rng)
            else:
                _give_up(world, now, who, rng)
