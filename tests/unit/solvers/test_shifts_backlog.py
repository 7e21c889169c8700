"""Covers of backlogs against every row of the demand bound, the evaluator's recursion and scipy's integer programs."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, milp

from solvers.errors import NoSolution
from solvers.flow.waiting import deferred_delay
from solvers.shifts.backlog import cover_backlog, late_work
from solvers.shifts.catalogue import Catalogue

INTERVAL_S = 1800.0


def catalogue(cover, paid) -> Catalogue:
    none = np.zeros(len(paid), dtype=np.int64)
    return Catalogue(np.asarray(cover, float), np.asarray(paid, float), none, none, none)


def blocks(per_day, lengths) -> Catalogue:
    """Shifts of some lengths from every start of a day."""
    rows = [
        [1.0 if start <= t < start + length else 0.0 for t in range(per_day)]
        for length in lengths
        for start in range(per_day - length + 1)
    ]
    return catalogue(rows, [sum(row) / 2 for row in rows])


def world(seed):
    rng = np.random.default_rng(seed)
    per_day, days = int(rng.integers(3, 7)), int(rng.integers(2, 5))
    own = blocks(per_day, sorted(set(rng.integers(1, per_day + 1, 2).tolist())))
    work = np.where(rng.random(per_day * days) < 0.3, 0.0, rng.uniform(0, 6, per_day * days))
    work[0] += 1.0
    return rng, own, work


def floor(own, people):
    return (people @ own.cover).ravel()


def every_row(own, work, window, part):
    """All rows there are, from every interval a to every s of a horizon, with `part` of the deadline's own interval.

    With the part before the deadline (s + 1/2 + window) they hold for every cover in time; with none they are enough.
    """
    n, per_day = len(work), own.cover.shape[1]
    rows, least = [], []
    for a in range(n):
        for s in range(a, a + n):
            end = int(np.floor(s + 0.5 + window - 1e-6))
            inside = np.bincount(np.arange(a, end) % n, minlength=n).astype(float)
            inside[end % n] += part
            rows.append(np.concatenate([own.cover @ day for day in inside.reshape(-1, per_day)]))
            least.append(work[np.arange(a, s) % n].sum() + work[s % n] / 2)
    return np.array(rows), np.array(least)


def whole_optimum(own, work, window, occupancy, part):
    rows, least = every_row(own, work, window, part)
    days = len(work) // own.cover.shape[1]
    rows = np.vstack([rows, np.tile(own.cover.sum(axis=1), days)])
    least = np.append(least, work.sum() / occupancy)
    cost = np.tile(own.paid_h, days)
    relaxed = linprog(cost, A_ub=-rows, b_ub=-least).fun
    return relaxed, milp(cost, constraints=LinearConstraint(rows, least), integrality=np.ones(len(cost))).fun


@pytest.mark.parametrize("seed", range(12))
def test_in_time_at_little_more_than_the_least_cost(seed):
    """Whole people against the integer optimum over all rows: never less, at most a shift or 6 % more than enough."""
    rng, own, work = world(seed)
    window = float(rng.integers(1, 4))
    occupancy = float(rng.uniform(0.8, 1.0))
    people = cover_backlog(own, work, occupancy_max=occupancy, window=window)
    there = floor(own, people)
    delay, in_time = deferred_delay(work * INTERVAL_S, there * INTERVAL_S, INTERVAL_S, window * INTERVAL_S)
    assert in_time == 1.0
    assert (delay <= window * INTERVAL_S).all()
    assert there.sum() >= work.sum() / occupancy
    relaxed, least = whole_optimum(own, work, window, occupancy, 0.5)
    _, enough = whole_optimum(own, work, window, occupancy, 0.0)
    paid = float(people.sum(axis=0) @ own.paid_h)
    assert relaxed <= least + 1e-7
    assert least - 1e-7 <= paid <= max(1.06 * enough, enough + own.paid_h.max()) + 1e-9


@pytest.mark.parametrize("seed", range(30))
def test_the_recursion_is_the_evaluators(seed):
    """Share in time as the evaluator counts it; each row found is a row that the people on the floor break."""
    rng, _, work = world(seed)
    there = rng.integers(0, 7, len(work)).astype(float)
    there *= 1.3 * work.sum() / max(there.sum(), 1.0)
    window = float(rng.uniform(0, 4))
    share, first, last, must = late_work(work, there, window)
    _, in_time = deferred_delay(work * INTERVAL_S, there * INTERVAL_S, INTERVAL_S, window * INTERVAL_S)
    assert share == pytest.approx(in_time, abs=1e-12)
    assert (len(first) == 0) == (share == 1.0)
    for a, end, least in zip(first, last, must, strict=True):
        done = there[np.arange(a, end) % len(work)].sum()
        assert done <= least + there[end % len(work)] + 1e-9


def test_a_share_costs_no_more_than_all():
    rng, own, work = world(3)
    cost = np.tile(own.paid_h, len(work) // own.cover.shape[1])
    spent = []
    for share in (0.5, 0.8, 0.95, 1.0):
        people = cover_backlog(own, work, occupancy_max=0.9, window=1.0, share=share)
        _, in_time = deferred_delay(work * INTERVAL_S, floor(own, people) * INTERVAL_S, INTERVAL_S, INTERVAL_S)
        assert in_time >= share - 1e-9
        spent.append(float(cost @ people.ravel()))
    assert spent[0] <= spent[-1]


def test_a_long_deadline_costs_what_the_cap_costs():
    """A week of 28 half hours a day with flexible shifts: within .3 % of the relaxation of the total alone."""
    rng = np.random.default_rng(2)
    own = blocks(28, [8, 12, 16])
    shape = 1 + np.sin(np.linspace(0, np.pi, 28))
    work = np.concatenate([shape * day * rng.uniform(0.8, 1.2, 28) for day in (14, 12, 11, 11, 10, 5, 3)])
    for window in (2.0, 24.0):
        people = cover_backlog(own, work, occupancy_max=0.95, window=window, person_h=1e-3)
        paid = float(people.sum(axis=0) @ own.paid_h)
        least = work.sum() / 0.95 / 2
        assert least - 1e-6 <= paid <= 1.003 * least
        # Long shifts where they cost nothing: hardly more people than hours / 8 ask for.
        assert people.sum() <= 1.1 * np.ceil(paid / 8)


def test_nothing_to_do_takes_nobody():
    assert cover_backlog(blocks(4, [2]), np.zeros(8), occupancy_max=0.9, window=3.0).sum() == 0


def test_work_no_shift_reaches_in_time():
    own = catalogue([[1.0, 1.0, 0.0, 0.0]], [1.0])
    work = np.array([1.0, 1.0, 1.0, 0.0] * 2)
    assert cover_backlog(own, work, occupancy_max=0.9, window=3.0).sum() > 0
    with pytest.raises(NoSolution, match="deferred work"):
        cover_backlog(own, work, occupancy_max=0.9, window=1.0)
