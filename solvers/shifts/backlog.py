"""Cover work that may wait: whole people on shifts of a repeating horizon, so that a backlog meets its deadline.

Work that arrives while a first-in first-out backlog stands, from interval a to the middle of interval s, is done in
time if the people on the floor from a to the deadline of s can do it (the demand bound of processor scheduling, Baruah,
Rosier and Howell 1990). These rows are few where they bind, so they are added when the recursion finds work late; one
more row holds the occupancy cap over the horizon. The rows are covered as a day's intervals are, by dives.
"""

from __future__ import annotations

import copy

import numpy as np
from numba import njit

from solvers.errors import NoSolution
from solvers.shifts.catalogue import Catalogue, Floats, Ints
from solvers.shifts.dive import best_dive, objective
from solvers.shifts.simplex import Columns, add_rows, columns_of, reoptimize, set_need, slack_basis

STARTS, FEW_STARTS = 4, 1  # dives a round; in sixteen long backlogs one found what four do, in half the time
LARGE_BACKLOG = 200_000  # shifts of the horizon times rows of a backlog whose dives take long
ROUNDS = 100
PARTS = (1 / 12, 1 / 6, 1 / 3)  # of the deadline's window, tried first
LEAST_WINDOW = 1.0
NEXT_TO_NOTHING = 2e-3
SPARE = 1e-4  # head-intervals a row asks beyond its work, against rounding


@njit(cache=True)
def late_work(work: Floats, there: Floats, window: float) -> tuple[float, Ints, Ints, Floats]:
    """Share of the work done within `window` intervals, and for each busy period its latest work.

    `work`, `there` shape (interval,): work and people in head-intervals, a repeating horizon. Work counts as one with
    the middle of its interval. The rows: first interval, interval before which it must be done, and the work until
    then; intervals count from the start of the horizon, and on into the next one.
    """
    n = work.size
    arrived = np.zeros(3 * n + 1)
    done = np.zeros(3 * n + 1)
    for t in range(3 * n):
        arrived[t + 1] = arrived[t] + (work[t % n] if t < 2 * n else 0.0)
        done[t + 1] = min(arrived[t + 1], done[t] + there[t % n])
    first, last, must = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n)
    rows, kept, total, cursor, start, worst = 0, 0.0, 0.0, 0, 0, 0.0
    for t in range(2 * n):
        if done[t] >= arrived[t] - 1e-9:
            start, worst = t, 0.0
        if t < n or work[t - n] <= 0.0:
            continue
        middle = (arrived[t] + arrived[t + 1]) / 2.0
        while cursor < 3 * n and done[cursor + 1] < middle - 1e-9:
            cursor += 1
        wait = np.inf
        if cursor < 3 * n:
            step = done[cursor + 1] - done[cursor]
            wait = cursor + ((middle - done[cursor]) / step if step > 0.0 else 0.0) - t - 0.5
        total += work[t - n]
        if wait <= window - 1e-9:
            kept += work[t - n]
        elif wait - window + 1e-8 > worst:
            rows += 1 if worst == 0.0 else 0
            worst = wait - window + 1e-8
            begin = max(start, t - n + 1)
            first[rows - 1], must[rows - 1] = begin, middle - arrived[begin]
            last[rows - 1] = max(t + 1, int(np.floor(t + 0.5 + window - 1e-6)))
    return (kept / total if total > 0.0 else 1.0), first[:rows], last[:rows], must[:rows]


def cover_backlog(
    catalogue: Catalogue,
    work: Floats,
    *,
    occupancy_max: float,
    window: float,
    share: float = 1.0,
    person_h: float = 0.0,
    opened: Ints | None = None,
) -> Ints:
    """Cover a backlog at least paid hours + person_h·people, people per shift of shape (day, shift).

    Short delays cost little where shifts are flexible, so windows are tried from a part of the deadline's up, and the
    first that costs next to nothing beyond the occupancy cap is taken.

    Parameters
    ----------
    catalogue
        Shifts of a day; the horizon is whole days.
    work
        Work that arrives, in head-intervals: what one person on the floor does in an interval. Shape (interval,).
    occupancy_max
        Most share of the floor's time that is work, over the horizon.
    window
        Open intervals from arrival to deadline, counted over the horizon as it repeats; inf: none.
    share
        Least share of the work that must be done in time.
    opened
        Intervals in which the center is open, in order; work only arrives in these (None: all).

    Raises
    ------
    NoSolution
        No shift covers some work in time.
    """
    if not work.any():
        return np.zeros((len(work) // catalogue.cover.shape[1], len(catalogue.paid_h)), dtype=np.int64)
    capacity = _Rows(catalogue, work, occupancy_max, person_h, opened)
    enough = capacity.cost * (1.0 + NEXT_TO_NOTHING)
    window = min(window, float(len(capacity.opened)))
    for tried in (*(part * window for part in PARTS if part * window >= LEAST_WINDOW), window):
        rows = copy.copy(capacity)
        in_time = rows.meet(tried, share)
        if in_time and (tried == window or rows.cost <= enough):
            return rows.whole(tried, share)
    raise NoSolution(f"no shifts do {share:.3g} of the deferred work within {window:.3g} intervals")


class _Rows:
    """The relaxation of a backlog's cover with the rows found so far: total capacity, then late work.

    Rows are added to new arrays, so a copy goes on from here and leaves this one as it is.
    """

    def __init__(
        self, catalogue: Catalogue, work: Floats, occupancy_max: float, person_h: float, opened: Ints | None
    ) -> None:
        self.catalogue, self.work = catalogue, work
        self.opened = np.arange(len(work)) if opened is None else opened
        self.days = len(work) // catalogue.cover.shape[1]
        self._cover = catalogue.cover_of_days(self.days)
        self._cost = np.tile(catalogue.paid_h + person_h, self.days)
        self._columns = columns_of(self._added(np.ones((1, len(work)))))
        self._need = np.array([work.sum() / occupancy_max + SPARE])
        self._basis = slack_basis(self._columns, self._cost)
        if not self._solve():
            raise NoSolution("no shift is ever on the floor")

    @property
    def cost(self) -> float:
        """Cost of the relaxation."""
        return float(objective(self._value, self._basis[2], self._cost))

    def _added(self, weight: Floats) -> Floats:
        """What a person on each (day, shift) adds to rows that weigh intervals, shape (day·shift, row)."""
        blocks = weight.reshape(len(weight), self.days, -1)
        each = np.matmul(self._cover, blocks.transpose(1, 2, 0))
        return np.ascontiguousarray(each.reshape(-1, len(weight)))

    def _solve(self) -> bool:
        """Solve the relaxation for the rows held; False if no shift can meet one."""
        self._value = np.zeros(len(self._need))
        inverse, reduced, basis = self._basis
        set_need(inverse, self._need, self._value)
        return bool(reoptimize(self._columns, inverse, reduced, self._value, basis) >= 0)

    def _late(self, people: Floats, window: float) -> tuple[float, Ints, Ints, Floats]:
        there = (people.reshape(self.days, -1) @ self.catalogue.cover).ravel()
        return late_work(self.work[self.opened], there[self.opened], window)

    def _add(self, first: Ints, last: Ints, must: Floats) -> bool:
        """Add the rows of late work and solve; False if no shift can meet one."""
        weight = np.zeros((len(first), len(self.work)))
        for row, (begin, end) in enumerate(zip(first, last, strict=True)):
            np.add.at(weight[row], self.opened[np.arange(begin, end) % len(self.opened)], 1.0)
        added = self._added(weight)
        self._basis = add_rows(*self._basis, added)
        self._columns = columns_of(np.ascontiguousarray(np.hstack([self._columns.cover, added])))
        self._need = np.concatenate([self._need, must + SPARE])
        return self._solve()

    def meet(self, window: float, share: float) -> bool:
        """Add rows until the relaxation does its share of the work within the window; False if it cannot."""
        for _ in range(ROUNDS):
            people = np.zeros(len(self._cost))
            inside = self._basis[2] < len(self._cost)
            people[self._basis[2][inside]] = self._value[inside]
            kept, first, last, must = self._late(people, window)
            if kept >= share - 1e-12:
                return True
            if not self._add(first, last, must):
                break
        return False

    def whole(self, window: float, share: float) -> Ints:
        """Whole people that do their share of the work within the window."""
        for _ in range(ROUNDS):
            starts = STARTS if self._columns.cover.size <= LARGE_BACKLOG else FEW_STARTS
            people, _ = best_dive(*self._parts(), self._cost, self._need, 0.0, starts)
            kept, first, last, must = self._late(people.astype(np.float64), window)
            if kept >= share - 1e-12:
                return np.asarray(people.reshape(self.days, -1))
            if not self._add(first, last, must):
                break
        raise NoSolution(f"whole people miss {share:.3g} of the deferred work within {window:.3g} intervals")

    def _parts(self) -> tuple[Columns, Floats, Floats, Floats, Ints]:
        inverse, reduced, basis = self._basis
        return self._columns, inverse, reduced, self._value, basis
