"""The catalogue of shifts one pool may use on one day, and the people on its payroll, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK = 7  # days; weeks are counted from the first day of the horizon


@dataclass(frozen=True)
class Catalogue:
    """Shifts of a day.

    `cover` (shift, interval of the day): 1 where the person is on the floor (breaks are 0); `paid_h` (shift,) paid
    hours; `start_min`, `end_min` (shift,) minutes after midnight; `kind` (shift,) index of the kind of shift.
    """

    cover: Floats
    paid_h: Floats
    start_min: Ints
    end_min: Ints
    kind: Ints

    @property
    def reachable(self) -> NDArray[np.bool_]:
        """Intervals of the day that some shift covers, shape (interval of the day,)."""
        return np.asarray(self.cover.any(axis=0))


@dataclass(frozen=True)
class Payroll:
    """People per pool and their limits over the horizon, arrays over pools.

    `heads` on the payroll (inf: no roster, nobody is committed and nobody is short), `contract_h` paid hours a head
    owes in the horizon, `days` most working days a head, `week_days` those in each week, `rest_min` least rest in
    minutes, `overtime_h` most overtime a head, `overtime_premium` ratio, `time_off_h` most voluntary time off a head,
    `hires_max` heads, `hire_cost` money per hire charged to the horizon.
    """

    heads: Floats
    contract_h: Floats
    days: Ints
    week_days: Ints
    rest_min: Floats
    overtime_h: Floats
    overtime_premium: Floats
    time_off_h: Floats
    hires_max: Floats
    hire_cost: Floats

    def most_of_head(self, g: int, days: int, longest_h: float) -> dict[str, Any]:
        """Most working days and paid hours of a head of pool g, in a horizon of so many days and in each week of it.

        A contract shorter than a shift can still be worked in one shift, as overtime.
        """
        hours = float(self.contract_h[g] + self.overtime_h[g])
        return {
            "days_most": int(self.days[g]),
            "hours_most": max(hours, longest_h),
            "week_days": int(self.week_days[g]),
            "week_hours": max(hours * min(1.0, WEEK / days), longest_h),
        }

    @property
    def rostered(self) -> NDArray[np.bool_]:
        """Pools with a roster."""
        return np.asarray(np.isfinite(self.heads))
