"""How many people work a week of shifts: assign shifts to people within days, hours and rest."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.shifts.catalogue import Floats, Ints


@njit(cache=True)
def _assign(
    day: Ints,
    start_min: Ints,
    end_min: Ints,
    paid_h: Floats,
    days_most: int,
    hours_most: float,
    rest_min: float,
    rule: int,
    crew: int,
) -> int:
    """Give every shift, in order of time, to a person of the crew it fits, else to one more; count the people.

    `rule` says who among those it fits: 0 fewest days, then fewest hours; 1 fewest days, then last to be free;
    2 fewest hours.
    """
    n = day.size
    used_days = np.zeros(n, dtype=np.int64)
    used_hours = np.zeros(n)
    free_from = np.full(n, -1e18)
    last_day = np.full(n, -1, dtype=np.int64)
    people = min(crew, n)
    for s in range(n):
        begin = day[s] * 1440.0 + start_min[s]
        chosen, least = -1, np.inf
        for p in range(people):
            if (
                used_days[p] < days_most
                and used_hours[p] + paid_h[s] <= hours_most + 1e-9
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
        last_day[chosen] = day[s]
        free_from[chosen] = day[s] * 1440.0 + end_min[s] + rest_min
    return people


@njit(cache=True)
def people_needed(
    day: Ints, start_min: Ints, end_min: Ints, paid_h: Floats, days_most: int, hours_most: float, rest_min: float
) -> int:
    """Count the people of a feasible assignment of shifts to people, the best of three first-fit rules.

    Parameters
    ----------
    day, start_min, end_min, paid_h
        One entry per person-shift, sorted by day and start; minutes after midnight, hours.
    days_most, hours_most, rest_min
        Most working days and paid hours of a person in the horizon, least rest between two shifts in minutes.

    Returns
    -------
    int
        People used: an upper bound on the fewest possible (`heads_bound` is a lower one). A crew of the lower bound is
        tried first and grown until it is enough, for people kept off early in the week are needed at its end.
    """
    least = 1
    for s in range(day.size):
        same = 1
        while s + same < day.size and day[s + same] == day[s]:
            same += 1
        least = max(least, same)
    least = max(least, -(-day.size // days_most), int(np.ceil(paid_h.sum() / hours_most - 1e-9)))
    fewest = day.size
    for rule in range(3):
        crew = least
        while crew < fewest:
            used = _assign(day, start_min, end_min, paid_h, days_most, hours_most, rest_min, rule, crew)
            fewest = min(fewest, used)
            crew += max(1, (used - crew) // 2)
    return fewest


def heads_bound(people_per_day: Ints, paid_h: float, days_most: int, hours_most: float) -> int:
    """Least heads any assignment needs: the busiest day, working days, and paid hours."""
    by_day = int(people_per_day.max(initial=0))
    by_days = -(-int(people_per_day.sum()) // days_most)
    by_hours = int(np.ceil(paid_h / hours_most - 1e-9))
    return max(by_day, by_days, by_hours)
