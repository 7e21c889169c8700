"""Days of the past by when the center opened: nights belong to the day before, and those cut at the ends to none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.scenario.horizon import since_opening
from planner.scenario.quantities import DAY_MIN

Ints = NDArray[np.int64]


def service_days(closes: int, day: Ints, minute: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Sort rows of the past into the days on which the center opened.

    Parameters
    ----------
    closes
        When the center closes, minutes after midnight of the day it opens.
    day, minute
        Days since 1970 and minutes after midnight, by the clock, shape (row,).

    Returns
    -------
    tuple
        Day, minutes after its midnight, and True where the day is whole, shape (row,) each: where a center closes after
        midnight, a first day that is only seen from midnight on and a last one that is not seen after it would count as
        days with hardly anybody.
    """
    day, minute = since_opening(closes, day, minute)
    whole = np.ones(len(day), dtype=bool)
    if closes > DAY_MIN and len(day):
        first, last = day.min(), day.max()
        late = minute >= DAY_MIN
        if late[day == first].all():
            whole &= day != first
        if not late[day == last].any():
            whole &= day != last
        whole = whole if whole.any() else ~whole
    return day, minute, whole
