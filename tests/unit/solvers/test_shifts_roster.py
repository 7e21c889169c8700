"""Assignments of shifts to people against brute force on tiny cases and simple bounds on larger ones."""

import itertools

import numpy as np
import pytest

from solvers.shifts.roster import heads_bound, people_needed


def fewest(shifts, days_most, hours_most, rest_min) -> int:
    """Fewest people over all partitions of a handful of shifts (day, start, end, paid)."""
    best = len(shifts)
    for labels in itertools.product(range(len(shifts)), repeat=len(shifts)):
        used = max(labels, default=-1) + 1
        if used >= best or len(set(labels)) != used:
            continue
        groups = [[s for s, label in zip(shifts, labels, strict=True) if label == k] for k in range(used)]
        if all(allowed(group, days_most, hours_most, rest_min) for group in groups):
            best = used
    return best


def allowed(group, days_most, hours_most, rest_min) -> bool:
    days = [day for day, *_ in group]
    if len(set(days)) < len(days) or len(days) > days_most or sum(s[3] for s in group) > hours_most + 1e-9:
        return False
    ordered = sorted(group)
    return all(b[0] * 1440 + b[1] - (a[0] * 1440 + a[2]) >= rest_min for a, b in itertools.pairwise(ordered))


def count(shifts, days_most, hours_most, rest_min, **a_week) -> int:
    ordered = sorted(shifts)
    columns = [np.array(c) for c in zip(*ordered, strict=True)] if ordered else [np.zeros(0, dtype=np.int64)] * 4
    day, start, end, paid = columns
    return people_needed(
        day.astype(np.int64), start.astype(np.int64), end.astype(np.int64), paid.astype(float),
        days_most, float(hours_most), float(rest_min), **a_week,
    )  # fmt: skip


def bound(shifts, days_most, hours_most) -> int:
    per_day = np.bincount([s[0] for s in shifts]) if shifts else np.zeros(1, dtype=np.int64)
    paid = np.bincount([s[0] for s in shifts], [s[3] for s in shifts]) if shifts else np.zeros(1)
    return heads_bound(per_day.astype(np.int64), paid, days_most, float(hours_most))


@pytest.mark.parametrize("seed", range(25))
def test_between_the_bound_and_brute_force(seed):
    """heads_bound <= fewest <= people_needed; first fit in time is at most one head over on five shifts."""
    rng = np.random.default_rng(seed)
    shifts = []
    for _ in range(5):
        start = int(rng.choice([360, 480, 600, 840, 960]))
        length = int(rng.choice([240, 480]))
        shifts.append((int(rng.integers(0, 3)), start, start + length, length / 60))
    days_most, hours_most, rest = int(rng.integers(1, 4)), float(rng.choice([8, 12, 20])), int(rng.choice([0, 660]))
    least = fewest(shifts, days_most, hours_most, rest)
    found = count(shifts, days_most, hours_most, rest)
    assert bound(shifts, days_most, hours_most) <= least <= found <= least + 1


EIGHT = (480, 960, 8.0)


def week(days):
    return [(day, *EIGHT) for day in days]


@pytest.mark.parametrize(
    ("shifts", "days_most", "hours_most", "rest", "heads"),
    [
        ([], 5, 40, 660, 0),
        (week(range(5)), 5, 40, 660, 1),
        (week(range(7)), 5, 40, 660, 2),  # five days each
        (week(range(5)), 5, 32, 660, 2),  # four shifts' hours each
        (week([0, 0, 0]), 5, 40, 0, 3),  # one shift a day each
        ([(0, 840, 1320, 8.0), (1, 360, 840, 8.0)], 5, 40, 660, 2),  # 22:00 to 06:00 is 8 hours, not 11
        ([(0, 840, 1320, 8.0), (1, 540, 1020, 8.0)], 5, 40, 660, 1),  # 22:00 to 09:00 is 11 hours
        ([(0, 480, 960, 8.0), (0, 960, 1200, 4.0)], 5, 40, 0, 2),  # two shifts of one day
    ],
)
def test_cases_by_hand(shifts, days_most, hours_most, rest, heads):
    assert count(shifts, days_most, hours_most, rest) == heads
    assert bound(shifts, days_most, hours_most) <= heads


def test_bound_by_hand():
    """17 people on the busiest day; 93 shifts of 5 a head are 19 heads; 744 hours of 37.5 are 20."""
    per_day = np.array([17, 13, 15, 16, 14, 16, 2])
    assert heads_bound(per_day, 8.0 * per_day, 7, 60.0) == 17
    assert heads_bound(per_day, 8.0 * per_day, 5, 60.0) == 19
    assert heads_bound(per_day, 8.0 * per_day, 5, 37.5) == 20


@pytest.mark.parametrize("seed", range(10))
def test_harder_limits_never_take_fewer(seed):
    rng = np.random.default_rng([seed, 3])
    shifts = [(int(rng.integers(0, 7)), *EIGHT) for _ in range(40)]
    base = count(shifts, 5, 40, 0)
    assert base <= len(shifts)
    assert bound(shifts, 5, 40) <= base
    assert count(shifts, 4, 40, 0) >= base
    assert count(shifts, 5, 32, 0) >= base
    # Equal day shifts with free nights go round: nobody beyond the bound is needed.
    assert base == bound(shifts, 5, 40)


def test_quiet_days_then_a_busy_one():
    """Two shifts a day for five days, then ten: ten people are enough, if the quiet days go round among them."""
    shifts = week([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, *[5] * 10])
    assert bound(shifts, 5, 40) == 10
    assert count(shifts, 5, 40, 0) == 10


def test_days_and_hours_hold_in_every_week():
    """Seven working days of ten in a fortnight are not five of seven in each week; nor are 60 hours 40 a week."""
    first = week(range(7))
    assert count(first, 10, 80, 0) == 1
    assert count(first, 10, 80, 0, week_days=5, week_hours=40.0) == 2
    assert count(week(range(5)), 10, 80, 0, week_days=5, week_hours=32.0) == 2
    assert count(week([*range(5), *range(7, 12)]), 10, 80, 0, week_days=5, week_hours=40.0) == 1
    assert heads_bound(np.array([2] * 7 + [0] * 7), np.array([16.0] * 7 + [0.0] * 7), 10, 80.0, 5, 40.0) == 3


def fewest_by_weeks(shifts, week_days, week_hours) -> int:
    """Fewest people over all partitions of a handful of shifts without a limit but those of every week."""
    best = len(shifts)
    for labels in itertools.product(range(len(shifts)), repeat=len(shifts)):
        used = max(labels, default=-1) + 1
        if used >= best or len(set(labels)) != used:
            continue
        parts = [[s for s, k in zip(shifts, labels, strict=True) if (k, s[0] // 7) == (p, w)]
                 for p in range(used) for w in range(2)]  # fmt: skip
        if all(allowed(part, week_days, week_hours, 0) for part in parts):
            best = used
    return best


@pytest.mark.parametrize("seed", range(15))
def test_weeks_between_the_bound_and_brute_force(seed):
    rng = np.random.default_rng([seed, 5])
    longer = rng.integers(0, 4, 6).tolist()
    shifts = [(int(d), 480, 720 + 60 * k, 4.0 + k) for d, k in zip(rng.integers(4, 11, 6), longer, strict=True)]
    days, hours = int(rng.integers(1, 4)), float(rng.choice([8.0, 12.0, 20.0]))
    day = [s[0] for s in shifts]
    low = heads_bound(np.bincount(day), np.bincount(day, [s[3] for s in shifts]), 14, 100.0, days, hours)
    assert low <= fewest_by_weeks(shifts, days, hours) <= count(shifts, 14, 100, 0, week_days=days, week_hours=hours)
