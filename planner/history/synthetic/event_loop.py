"""The simulated center: every contact arrives, waits, is served or gives up, and may come again.

One compiled event loop over all pools: first come, first served, as many servers as stand there in each interval
(a server finishes what was begun), exponential patience, log-normal handle times. Agents of a chat pool take
several chats at once; a chat is slowed by the number its agent has when it begins. `handle_s` is always the work of
the contact alone, so that it does not depend on the load.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from planner.history.synthetic.event_heap import pop, push
from planner.history.synthetic.loop_state import (
    ABANDONED,
    ESCALATES,
    GIVES_UP,
    IN_SERVICE,
    RESOLVED,
    RETURNS,
    SERVED,
    WAITING,
    Floats,
    Ints,
    World,
)
from planner.history.synthetic.tables import ESCALATED, FIRST, REDIALED, RETURNED

_ARRIVE, _DONE, _ABANDON = range(3)
_DAY_S = 86400.0
_SAME_DAY_PAUSE_S = 1800.0


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
    who = world.used[0]
    world.used[0] += 1
    new, old = world.book[who], world.book[origin]
    redial = stage == REDIALED
    new.issue = old.issue
    new.reason = reason
    new.entry = entry
    new.channel = channel
    new.stage = old.stage if redial and old.stage != FIRST else stage
    new.attempt = old.attempt + (0 if redial else 1)
    if redial:
        new.parent = old.parent
    elif stage == ESCALATED:
        new.parent = origin
    new.pool = _draw(world.rules.pool_cum[entry, world.arrivals[old.issue].segment, channel], rng)
    new.arrival_s = now
    push(world.heap, now, who * 4 + _ARRIVE)


@njit(cache=True)
def _add_first(world: World, issue: int, rng: np.random.Generator) -> int:
    """Enter the first contact of an issue and return its row."""
    rules = world.rules
    who = world.used[0]
    world.used[0] += 1
    new, arrival = world.book[who], world.arrivals[issue]
    new.issue = issue
    new.reason = arrival.reason
    new.channel = arrival.channel
    new.entry = _draw(rules.entry_cum[arrival.reason, rules.channel[arrival.channel].automated], rng)
    new.pool = _draw(rules.pool_cum[new.entry, arrival.segment, arrival.channel], rng)
    new.stage = FIRST
    new.attempt = 1
    new.arrival_s = arrival.time_s
    return who


@njit(cache=True)
def _start(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Begin service."""
    rules, contact = world.rules, world.book[who]
    pool = world.pools[contact.pool]
    spread = rules.handle_log_sd
    mean = rules.work[contact.reason, contact.pool].handle_s * rules.stage[contact.stage].handle
    tilt = rules.handle_severity * world.arrivals[contact.issue].severity - spread * spread / 2.0
    handle = mean * math.exp(spread * rng.standard_normal() + tilt)
    slow = 1.0
    if pool.slots > 1:
        at_once = int(math.ceil((pool.busy + 1) / max(1, pool.agents)))
        slow = rules.slowdown[contact.pool, min(max(at_once, 1), pool.slots) - 1]
    pool.busy += 1
    contact.status = IN_SERVICE
    contact.wait_s = now - contact.arrival_s
    contact.handle_s = handle
    push(world.heap, now + handle * slow, who * 4 + _DONE)


@njit(cache=True)
def _serve_queue(world: World, now: float, g: int, rng: np.random.Generator) -> None:
    """Let free servers take who waits longest."""
    pool = world.pools[g]
    while pool.waiting > 0 and pool.busy < pool.agents * pool.slots:
        who = pool.head
        pool.head = world.book[who].behind
        if world.book[who].status == WAITING:
            pool.waiting -= 1
            _start(world, now, who, rng)


@njit(cache=True)
def _arrive(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Serve a contact at once, or let it wait."""
    contact = world.book[who]
    pool = world.pools[contact.pool]
    if pool.automated or (pool.waiting == 0 and pool.busy < pool.agents * pool.slots):
        _start(world, now, who, rng)
        return
    contact.status = WAITING
    if pool.waiting == 0:
        pool.head = who
    else:
        world.book[pool.tail].behind = who
    pool.tail = who
    pool.waiting += 1
    patience = world.rules.channel[contact.channel].patience_s
    if patience < np.inf:
        push(world.heap, now + patience * rng.standard_exponential(), who * 4 + _ABANDON)


@njit(cache=True)
def _give_up(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Lose a contact that still waits; it may try again."""
    contact, rules = world.book[who], world.rules
    if contact.status != WAITING:
        return
    contact.status = ABANDONED
    contact.wait_s = now - contact.arrival_s
    world.pools[contact.pool].waiting -= 1
    if rng.random() >= rules.channel[contact.channel].redial:
        return
    again = now + rules.redial_delay_s * rng.standard_exponential()
    if again % _DAY_S >= world.clock.closes_s:
        again = _later_day(world, math.floor(now / _DAY_S) + 1.0, contact.reason, rng)
    _add(world, again, who, REDIALED, contact.reason, contact.entry, contact.channel, rng)


@njit(cache=True)
def _later_day(world: World, day: float, reason: int, rng: np.random.Generator) -> float:
    """Time of a contact that comes on a day or soon after, by weekday and the reason's profile."""
    while rng.random() >= world.rules.weekday[int(day) % 7]:
        day += 1.0
    interval = _draw(world.rules.time_cum[reason], rng)
    return day * _DAY_S + world.clock.opens_s + (interval + rng.random()) * world.clock.interval_s


@njit(cache=True)
def _come_back(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """Enter the next contact of an unsolved issue."""
    contact, rules = world.book[who], world.rules
    reason = _draw(rules.return_reason_cum[contact.reason], rng)
    channel = _draw(rules.return_channel_cum[reason, contact.channel], rng)
    entry = _draw(rules.entry_cum[reason, rules.channel[channel].automated], rng)
    days = _draw(rules.delay_cum, rng)
    day = math.floor(now / _DAY_S)
    closes = day * _DAY_S + world.clock.closes_s
    earliest = now + _SAME_DAY_PAUSE_S
    if days == 0 and earliest < closes:
        again = earliest + rng.random() * (closes - earliest)
    else:
        again = _later_day(world, day + max(days, 1), reason, rng)
    _add(world, again, who, RETURNED, reason, entry, channel, rng)


@njit(cache=True)
def _finish(world: World, now: float, who: int, rng: np.random.Generator) -> None:
    """End service: handed over, resolved, coming back, or lost in silence."""
    rules, contact = world.rules, world.book[who]
    g = contact.pool
    severity = world.arrivals[contact.issue].severity
    slopes, work = rules.channel[contact.channel], rules.work[contact.reason, g]
    contact.status = SERVED
    world.pools[g].busy -= 1
    if _chance(work.escalated + slopes.escalated * severity, rng):
        contact.outcome = ESCALATES
        channel = _draw(rules.escalate_cum[contact.channel], rng)
        _add(world, now, who, ESCALATED, contact.reason, contact.entry, channel, rng)
    elif _chance(work.resolved + slopes.resolved * severity + rules.stage[contact.stage].resolved, rng):
        contact.outcome = RESOLVED
    elif rng.random() < rules.returns_if_unresolved:
        contact.outcome = RETURNS
        _come_back(world, now, who, rng)
    else:
        contact.outcome = GIVES_UP
    if not world.pools[g].automated:
        _serve_queue(world, now, g, rng)


@njit(cache=True)
def _change_staffing(world: World, now: float, agents: Ints, rng: np.random.Generator) -> None:
    for g in range(agents.size):
        world.pools[g].agents = agents[g]
        _serve_queue(world, now, g, rng)


@njit(cache=True)
def run(world: World, change_s: Floats, agents: Ints, rng: np.random.Generator) -> None:
    """Simulate; staffing becomes `agents[n]`, shape (change, pool), at `change_s[n]`. Fills `world.book`."""
    arrivals, heap = world.arrivals, world.heap
    issue, change = 0, 0
    while issue < arrivals.size or heap.size[0] > 0 or change < change_s.size:
        new_s = arrivals[issue].time_s if issue < arrivals.size else np.inf
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
