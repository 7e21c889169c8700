"""How many people work a week of shifts: assign shifts to people within days, hours and rest."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.shifts.catalogue import WEEK, Floats, Ints


@njit(cache=True)
def _assign(
    day: Ints,
    start_min: Ints,
    end_min: Ints,
    paid_h: Floats,
    days_most: int,
    hours_most: float,
    week_days: int,
    week_hours: float,
    rest_min: float,
    rule: int,
    crew: int,
) -> int:
    """Give every shift, in order of time, to a person of the crew it fits, else to one more; count the people.

    `rule` says who among those it fits: 0 fewest days, then fewest hours; 1 fewest days, then last to be free;
    2 fewest hours.
    """
    n = day.size
    used_days, used_hours = np.zeros(n, dtype=np.int64), np.zeros(n)
    week, days_of_week, hours_of_week = 0, np.zeros(n, dtype=np.int64), np.zeros(n)
    free_from = np.full(n, -1e18)
    last_day = np.full(n, -1, dtype=np.int64)
    people = min(crew, n)
    for s in range(n):
        begin = day[s] * 1440.0 + start_min[s]
        if day[s] // WEEK != week:
            week = day[s] // WEEK
            days_of_week[:] = 0
            hours_of_week[:] = 0.0
        chosen, least = -1, np.inf
        for p in range(people):
            if (
                used_days[p] < days_most
                and used_hours[p] + paid_h[s] <= hours_most + 1e-9
                and days_of_week[p] < week_days
                and hours_of_week[p] + paid_h[s] <= week_hours + 1e-9
                and free_from[p] <= begin + 1e-9
                and last_day[p] != day[s]
            ):
                if rule == 0:
                    value = used_days[p] * 1e4 + used_hours[p]
                elif rule == 1:
                    value = used_days[p] * 1e9 - free_from[p]
                else:
                    value = used_hours[p]
                if value < least - 1e-9:
                    chosen, least = p, value
        if chosen < 0:
            chosen = people
            people += 1
        used_days[chosen] += 1
        used_hours[chosen] += paid_h[s]
        days_of_week[chosen] += 1
        hours_of_week[chosen] += paid_h[s]
        last_day[chosen] = day[s]
        free_from[chosen] = day[s] * 1440.0 + end_min[s] + rest_min
    return people


@njit(cache=True)
def people_needed(
    day: Ints,
    start_min: Ints,
    end_min: Ints,
    paid_h: Floats,
    days_most: int,
    hours_most: float,
    rest_min: float,
    week_days: int = WEEK,
    week_hours: float = np.inf,
) -> int:
    """Count the people of a feasible assignment of shifts to people, the best of three first-fit rules.

    Parameters
    ----------
    day, start_min, end_min, paid_h
        One entry per person-shift, sorted by day and start; minutes after midnight, hours.
    days_most, hours_most, rest_min
        Most working days and paid hours of a person in the horizon, least rest between two shifts in minutes.
    week_days, week_hours
        Most working days and paid hours of a person in each week of the horizon.

    Returns
    -------
    int
        People used: an upper bound on the fewest possible (`heads_bound` is a lower one). A crew of the lower bound is
        tried first and grown until it is enough, for people kept off early in the week are needed at its end.
    """
    if day.size == 0:
        return 0
    people, hours = np.zeros(day[-1] + 1, dtype=np.int64), np.zeros(day[-1] + 1)
    for s in range(day.size):
        people[day[s]] += 1
        hours[day[s]] += paid_h[s]
    least = heads_bound(people, hours, days_most, hours_most, week_days, week_hours)
    fewest = day.size
    for rule in range(3):
        crew = least
        while crew < fewest:
            used = _assign(
                day, start_min, end_min, paid_h, days_most, hours_most, week_days, week_hours, rest_min, rule, crew
            )
            fewest = min(fewest, used)
            crew += max(1, (used - crew) // 2)
    return fewest


@njit(cache=True)
def heads_bound(
    people: Ints,
    paid_h: Floats,
    days_most: int,
    hours_most: float,
    week_days: int = WEEK,
    week_hours: float = np.inf,
) -> int:
    """Least heads any assignment needs: the busiest day, and working days and paid hours of all days and each week.

    `people` and `paid_h` are those of each day, shape (day,).
    """
    least = max(_needed(people, paid_h, days_most, hours_most), people.max() if people.size else 0)
    for first in range(0, people.size, WEEK):
        here = slice(first, first + WEEK)
        least = max(least, _needed(people[here], paid_h[here], week_days, week_hours))
    return least


@njit(cache=True)
def _needed(people: Ints, paid_h: Floats, days_most: int, hours_most: float) -> int:
    return max(-(-people.sum() // days_most), int(np.ceil(paid_h.sum() / hours_most - 1e-9)))


def by_week(by_day: Floats) -> Floats:
    """Sum days, shape (day,), into weeks counted from the first; the last one may be shorter, shape (week,)."""
    return np.add.reduceat(by_day, np.arange(0, len(by_day), WEEK))
