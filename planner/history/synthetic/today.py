"""How today's planners staff the pools: whole shifts laid over the load they expect, less shrinkage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.history.synthetic.event_loop import run
from planner.history.synthetic.loop_state import SERVED, Clock, Records, make_world
from planner.history.synthetic.population import DAY_S
from planner.history.synthetic.tables import Floats, Tables
from planner.history.synthetic.truth import StaffingTruth, Truth

# Length and possible breaks of the shifts people work today, hours.
_SHIFTS: tuple[tuple[float, tuple[float, ...]], ...] = ((8.0, (3.5, 4.0, 4.5)), (6.0, (3.0,)), (4.0, ()))
_SHORT_WEIGHT = 2.0
_NOBODY_WEIGHT = 20.0
_AMPLE = 1_000_000
_DRAIN_DAYS = 7
_THINNING = 3
_LEAST_NEED = 1.5


@dataclass(frozen=True, slots=True)
class Staffing:
    """People per day, interval and pool; shape (day, interval, pool), zero for automata."""

    scheduled: NDArray[np.int64]
    on_task: NDArray[np.int64]

    def changes(self, clock: Clock) -> tuple[Floats, NDArray[np.int64]]:
        """Times at which staffing changes and what it becomes, shape (change, pool).

        Those on task at closing stay half an hour to empty the queues; some days after the end, with the staffing of
        the last week, empty the deferred backlog.
        """
        days, per_day, pools = self.on_task.shape
        week = np.concatenate([self.on_task, self.on_task[-7:][:_DRAIN_DAYS]])
        night = np.zeros((len(week), 1, pools), dtype=np.int64)
        agents = np.concatenate([week, week[:, -1:], night], axis=1)
        opens = clock.opens_s + np.arange(per_day + 2) * clock.interval_s
        times = np.arange(len(week))[:, None] * DAY_S + opens
        return times.ravel(), agents.reshape(-1, pools)


def staff_pools(truth: Truth, tables: Tables, clock: Clock, arrivals: Records, rng: np.random.Generator) -> Staffing:
    """Staff all days of the simulation as today's planners do."""
    calendar = truth.calendar
    weeks = calendar.weeks + calendar.warmup_weeks
    load = _expected_load(truth, tables, clock, arrivals, rng)
    scheduled = np.zeros((7 * weeks, calendar.intervals_per_day, len(truth.pools)), dtype=np.int64)
    on_task = np.zeros_like(scheduled)
    for g, pool in enumerate(truth.pools.values()):
        if pool.staffing is None:
            continue
        need = _needed(truth, pool.staffing, load[:, :, g] / pool.total_speed[-1])
        week = np.stack([cover_with_shifts(day, calendar.interval_min) for day in need])
        scheduled[:, :, g] = np.tile(week, (weeks, 1))
        on_task[:, :, g] = _present(scheduled[:, :, g], pool.staffing, rng)
    return Staffing(scheduled, on_task)


def _expected_load(truth: Truth, tables: Tables, clock: Clock, arrivals: Records, rng: np.random.Generator) -> Floats:
    """Mean load of a week when nobody waits, Erlang of work alone; shape (weekday, interval, pool).

    Simulated with ample staff for every third issue, which is enough for a mean.
    """
    calendar = truth.calendar
    world = make_world(tables, clock, arrivals[::_THINNING].copy())
    pools = len(tables.pool_channel)
    run(world, np.zeros(1), np.full((1, pools), _AMPLE), rng)
    book = world.book.view(np.recarray)
    rows = np.flatnonzero(book.status == SERVED)
    day, second = np.divmod(book.arrival_s[rows], DAY_S)
    rows, day, second = (x[day >= 7 * calendar.warmup_weeks] for x in (rows, day, second))
    interval = ((second - clock.opens_s) // clock.interval_s).astype(np.int64).clip(0, calendar.intervals_per_day - 1)
    shape = (7, calendar.intervals_per_day, pools)
    place = np.ravel_multi_index((day.astype(np.int64) % 7, interval, book.pool[rows].astype(np.int64)), shape)
    work = np.bincount(place, weights=book.handle_s[rows], minlength=int(np.prod(shape)))
    return _THINNING * work.reshape(shape) / (calendar.weeks * clock.interval_s)


def cover_with_shifts(need: Floats, interval_min: int) -> NDArray[np.int64]:
    """Lay shifts that start on the hour over a day's need, one after another, by least squares.

    Too few people weigh more than too many. Breaks of those who start together follow each other.

    Parameters
    ----------
    need
        Scheduled people wanted, shape (interval).
    interval_min
        Length of an interval, minutes.

    Returns
    -------
    ndarray
        Scheduled people, breaks taken out, shape (interval).
    """
    shifts = _shift_catalog(len(need), interval_min)
    present = np.zeros(len(need), dtype=np.int64)
    loss = _mismatch(need, present)
    while True:
        candidates = _mismatch(need, present + shifts)
        best = int(np.argmin(candidates))
        if candidates[best] >= loss:
            return present
        present, loss = present + shifts[best], candidates[best]


def _mismatch(need: Floats, present: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weighted squares of too few and too many people; nobody at all where somebody is needed weighs most."""
    gap = need - present
    weight = np.where(gap > 0, _SHORT_WEIGHT, 1.0) + np.where((present == 0) & (need > 0), _NOBODY_WEIGHT, 0.0)
    return np.asarray((weight * gap**2).sum(axis=-1))


def _shift_catalog(intervals: int, interval_min: int) -> NDArray[np.int64]:
    """Presence of each kind of shift that starts on the hour, shape (shift, interval)."""
    per_hour = 60 // interval_min
    rows = []
    for length_h, breaks_h in _SHIFTS:
        length = round(length_h * per_hour)
        for start in range(0, intervals - length + 1, per_hour):
            for after_h in breaks_h or (None,):
                row = np.zeros(intervals, dtype=np.int64)
                row[start : start + length] = 1
                if after_h is not None:
                    row[start + round(after_h * per_hour)] = 0
                rows.append(row)
    return np.array(rows)


def _needed(truth: Truth, staffing: StaffingTruth, load: Floats) -> Floats:
    """Scheduled people wanted for a load in Erlang, shape (weekday, interval)."""
    if staffing.works is not None:
        first, last = ((clock - truth.calendar.opens) // truth.calendar.interval_min for clock in staffing.works)
        spread = np.zeros_like(load)
        # Sunday's and the evenings' work is done from Monday to Saturday within the working hours.
        weight = load.sum(axis=1)[:6] + load[6].sum() * (np.arange(6) == 0)
        spread[:6, first:last] = weight[:, None] / (last - first)
        load = spread
    need = load / staffing.target_occupancy
    return np.where(need > 0, np.maximum(need, _LEAST_NEED), 0.0) / (1.0 - staffing.shrinkage)


def _present(scheduled: NDArray[np.int64], staffing: StaffingTruth, rng: np.random.Generator) -> NDArray[np.int64]:
    """People on task: each scheduled one is away with the day's shrinkage, shape (day, interval)."""
    day = staffing.shrinkage + staffing.shrinkage_sd * rng.standard_normal((len(scheduled), 1))
    mean = scheduled * (1.0 - day.clip(0.0, 0.9))
    low = np.floor(mean)
    on_task = low + (rng.random(mean.shape) < mean - low)
    return np.where(scheduled > 0, np.maximum(on_task, 1), 0).astype(np.int64)
