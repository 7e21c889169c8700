"""How many people work a week of shifts: assign shifts to people within days, hours and rest."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.shifts.catalogue import Floats, Ints


@njit(cache=True)
def people_needed(
    day: Ints, start_min: Ints, end_min: Ints, paid_h: Floats, days_most: int, hours_most: float, rest_min: float
) -> int:
    """Count the people of a feasible assignment of shifts to people, first fit in order of time.

    Parameters
    ----------
    day, start_min, end_min, paid_h
        One entry per person-shift, sorted by day and start; minutes after midnight, hours.
    days_most, hours_most, rest_min
        Most working days and paid hours of a person in the horizon, least rest between two shifts in minutes.

    Returns
    -------
    int
        People used. An upper bound on the fewest possible, at least `heads_bound`; the person with the most hours
        left among those who fit is taken, so contracts fill evenly.
    """
    n = day.size
    used_days = np.zeros(n, dtype=np.int64)
    used_hours = np.zeros(n)
    free_from = np.full(n, -1e18)
    last_day = np.full(n, -1, dtype=np.int64)
    people = 0
    for s in range(n):
        begin = day[s] * 1440.0 + start_min[s]
        chosen = -1
        for p in range(people):
            fits = (
                used_days[p] < days_most
                and used_hours[p] + paid_h[s] <= hours_most + 1e-9
                and free_from[p] <= begin + 1e-9
                and last_day[p] != day[s]
            )
            if fits and (chosen < 0 or used_hours[p] < used_hours[chosen] - 1e-9):
                chosen = p
        if chosen < 0:
            chosen = people
            people += 1
        used_days[chosen] += 1
        used_hours[chosen] += paid_h[s]
        last_day[chosen] = day[s]
        free_from[chosen] = day[s] * 1440.0 + end_min[s] + rest_min
    return people


def heads_bound(people_per_day: Ints, paid_h: float, days_most: int, hours_most: float) -> int:
    """Least heads any assignment needs: the busiest day, working days, and paid hours."""
    by_day = int(people_per_day.max(initial=0))
    by_days = -(-int(people_per_day.sum()) // days_most)
    by_hours = int(np.ceil(paid_h / hours_most - 1e-9))
    return max(by_day, by_days, by_hours)
