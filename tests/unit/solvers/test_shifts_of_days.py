"""Shifts that are not worked on every day: covers, their duals and backlogs against brute force, day by day."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from small_centers import open_master, problem_of, random_routing, write_center  # noqa: E402

from solvers.errors import NoSolution  # noqa: E402
from solvers.flow.covering import day_covers  # noqa: E402
from solvers.flow.cuts import CutPool  # noqa: E402
from solvers.flow.enumerate import people_ranges  # noqa: E402
from solvers.flow.promises import _best_shift  # noqa: E402
from solvers.flow.solution import Instance, judge  # noqa: E402
from solvers.flow.staff import route_and_staff  # noqa: E402
from solvers.shifts.backlog import cover_backlog, late_work  # noqa: E402
from solvers.shifts.catalogue import Catalogue  # noqa: E402
from solvers.shifts.horizon_cover import HorizonCover  # noqa: E402

NONE = np.zeros(5, dtype=np.int64)
COVER = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0], [1, 0, 0, 0]], dtype=float)
PAID_H = np.array([2.0, 2.0, 3.5, 2.0, 1.0])
DAYS = np.array(
    [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1], [1, 1, 0, 0, 0]], dtype=bool
)


def catalogue(allowed: np.ndarray | None = DAYS) -> Catalogue:
    return Catalogue(COVER, PAID_H, NONE, NONE, NONE, allowed)


def least(need: np.ndarray, allowed: np.ndarray, most: int = 4) -> float:
    """Least paid hours that cover a need with the shifts of a day, looked for among all numbers of people."""
    shifts = np.flatnonzero(allowed)
    costs = [
        float(np.array(people) @ PAID_H[shifts])
        for people in product(range(most + 1), repeat=len(shifts))
        if (np.array(people) @ COVER[shifts] >= need).all()
    ]
    return min(costs, default=np.inf)


def test_days_with_the_same_shifts_share_a_cover() -> None:
    covers = HorizonCover(catalogue(), len(DAYS)).days
    assert covers[0] is covers[2]
    assert covers[1] is covers[5]
    assert len({id(one) for one in covers}) == 4
    assert covers[0].catalogue.cover is COVER
    everyday = HorizonCover(catalogue(None), 6).days
    assert len({id(one) for one in everyday}) == 1


@pytest.mark.parametrize("seed", range(6))
def test_covers_of_a_day_are_the_best_there_are_without_the_shifts_it_lacks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own, cover = catalogue(), HorizonCover(catalogue(), len(DAYS))
    needs = np.where(own.reachable_on(len(DAYS)), rng.integers(0, 4, (len(DAYS), 4)), 0).astype(float)
    people = cover.people(needs)
    assert not own.misses(people)
    for day, need in enumerate(needs):
        assert (people[day] @ COVER >= need).all()
        assert float(people[day] @ PAID_H) == pytest.approx(least(need, DAYS[day]))


@pytest.mark.parametrize("seed", range(4))
def test_duals_of_a_day_bound_its_own_covers_and_are_those_of_its_shifts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own, cover = catalogue(), HorizonCover(catalogue(), len(DAYS))
    reachable = own.reachable_on(len(DAYS))
    for day in range(len(DAYS)):
        need = np.where(reachable[day], rng.uniform(0, 5, 4), 0.0)
        price, dual = cover.days[day].price(need)
        allowed = DAYS[day]
        if allowed.any():
            reference = linprog(PAID_H[allowed], A_ub=-COVER[allowed].T[reachable[day]], b_ub=-need[reachable[day]])
            assert price == pytest.approx(reference.fun)
        assert (COVER[allowed] @ dual <= PAID_H[allowed] + 1e-9).all()
        assert float(dual @ need) == pytest.approx(price)


def test_a_need_that_no_shift_of_the_day_covers_has_no_cover() -> None:
    cover = HorizonCover(catalogue(), len(DAYS))
    needs = np.zeros((len(DAYS), 4))
    needs[3, 1] = 1.0  # the others cover it on their days
    with pytest.raises(NoSolution, match=r"no shift covers interval\(s\) \[1\]"):
        cover.people(needs)


@pytest.mark.parametrize("seed", range(5))
def test_backlogs_are_worked_off_on_the_days_of_the_shifts_in_open_time(seed: int) -> None:
    """In time by the recursion over open intervals alone, at no more than the best of all plans plus a shift."""
    rng = np.random.default_rng(seed)
    days = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=bool)
    opened = np.array([0, 1, 2, 3, 4, 5])
    work = np.zeros(12)
    work[opened] = rng.uniform(0, 1.2, 6)
    people = cover_backlog(catalogue(days), work, occupancy_max=1.0, window=3.0, opened=opened)
    own = catalogue(days)
    assert not own.misses(people)
    there = (people @ COVER).ravel()
    assert late_work(work[opened], there[opened], 3.0)[0] == pytest.approx(1.0)
    slots = np.argwhere(days)
    best = np.inf
    for counts in product(range(4), repeat=len(slots)):
        tried = np.zeros_like(people)
        tried[tuple(slots.T)] = counts
        cost = float(tried.sum(axis=0) @ PAID_H)
        floor = (tried @ COVER).ravel()
        if cost < best and floor.sum() >= work.sum() and late_work(work[opened], floor[opened], 3.0)[0] >= 1 - 1e-9:
            best = cost
    assert best <= float(people.sum(axis=0) @ PAID_H) <= best + PAID_H.max()


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """A small center in which every second shift is not worked on the first day."""
    instance = problem_of(write_center(tmp_path_factory.mktemp("center"), 2)).instance
    days = instance.network.days
    fewer = []
    for one in instance.catalogues:
        if one is None:
            fewer.append(None)
            continue
        allowed = np.ones((days, len(one.paid_h)), dtype=bool)
        allowed[0, 1::2] = False
        fewer.append(replace(one, allowed=allowed))
    return replace(instance, catalogues=tuple(fewer))


def test_staffed_plans_have_nobody_on_a_shift_its_day_lacks(center: Instance) -> None:
    rng, covers, found = np.random.default_rng(5), day_covers(center), 0
    for _ in range(10):
        try:
            _, people = route_and_staff(center, random_routing(center.network, rng), 0.1, covers)
        except NoSolution:
            continue
        found += 1
        for one, counts in zip(center.catalogues, people, strict=True):
            assert one is None or not one.misses(counts)
    assert found > 0


def test_whoever_is_on_a_shift_its_day_lacks_makes_a_plan_infeasible(center: Instance) -> None:
    rng, covers = np.random.default_rng(7), day_covers(center)
    plan = None
    for _ in range(20):
        try:
            routing, people = route_and_staff(center, random_routing(center.network, rng), 0.1, covers)
        except NoSolution:
            continue
        plan = judge(center, routing, people, "search")
        if plan.feasible:
            break
    assert plan is not None
    assert plan.feasible
    g = next(k for k, one in enumerate(center.catalogues) if one is not None and len(one.paid_h) > 1)
    counts = plan.staffing.people[g].copy()
    counts[0, 1] += 1
    roomy = replace(center, payroll=replace(center.payroll, hires_max=np.full_like(center.payroll.hires_max, 99.0)))
    free = replace(roomy, catalogues=tuple(None if c is None else replace(c, allowed=None) for c in roomy.catalogues))
    wrong = tuple(counts if k == g else one for k, one in enumerate(plan.staffing.people))
    assert judge(free, plan.routing, wrong, "search").feasible
    assert not judge(roomy, plan.routing, wrong, "search").feasible


def test_a_promise_is_made_good_with_shifts_of_their_days(center: Instance) -> None:
    gain = np.zeros((len(center.catalogues), center.network.profile.shape[1]))
    g = next(k for k, one in enumerate(center.catalogues) if one is not None and len(one.paid_h) > 1)
    gain[g, : center.network.intervals_per_day] = 1.0
    found = _best_shift(center, gain)
    assert found is not None
    allowed = center.catalogues[g].allowed
    assert any((found[2] == row).all() for row in center.catalogues[g].cover[allowed[0]])


def test_grids_count_the_shifts_of_each_day(center: Instance) -> None:
    limited = replace(
        center.payroll, heads=np.full(len(center.catalogues), 2.0), hires_max=np.zeros(len(center.catalogues))
    )
    ranges = people_ranges(replace(center, payroll=limited))
    assert ranges is not None
    for g, slots, most in ranges:
        assert slots == int(center.catalogues[g].allowed.sum())
        assert most == 2


def test_cuts_of_days_use_duals_of_their_own_shifts(center: Instance) -> None:
    """Every cover row the master gets holds for whole covers of each day with that day's shifts."""
    master = open_master(center)
    cuts = CutPool(
        center.network, center.limits, center.payroll, list(center.catalogues), master.groups, master.overflow_ratio,
        master.columns, frozenset(),
    )  # fmt: skip
    groups = [(one.duals.catalogue, set(one.day.tolist())) for one in cuts._alike]
    assert any(days == {0} for _, days in groups)
    assert all(0 not in days for _, days in groups if days != {0})
    for alike in cuts._alike:
        shifts = alike.duals.catalogue
        need = np.where(shifts.reachable, 2.0, 0.0)
        value, dual = alike.duals.best(0, np.ones(len(alike.pool), bool), np.tile(need, (len(alike.pool), 1)),
                                       np.full(len(alike.pool), -1.0))  # fmt: skip
        for row, worth in zip(dual, value, strict=True):
            whole = alike.duals.covers[0].people(need)
            assert worth <= float(whole @ shifts.paid_h) + 1e-6
            assert (shifts.cover @ row <= shifts.paid_h + 1e-6).all()


def test_the_master_pays_nobody_on_days_without_shifts(center: Instance) -> None:
    g = next(k for k, one in enumerate(center.catalogues) if one is not None and len(one.paid_h) > 1)
    allowed = np.ones((center.network.days, len(center.catalogues[g].paid_h)), dtype=bool)
    allowed[1] = False
    fewer = tuple(replace(c, allowed=allowed) if k == g else c for k, c in enumerate(center.catalogues))
    master = open_master(replace(center, catalogues=fewer))
    for name in ("paid", "people"):
        most = {key: master.col_upper[place] for key, place in master.columns[name].items()}
        assert [key for key, bound in most.items() if bound == 0.0] == [(g, 1)]
