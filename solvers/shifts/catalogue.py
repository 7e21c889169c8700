"""The catalogue of shifts one pool may use on one day, and the people on its payroll, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WEEK = 7  # days; weeks are counted from the first day of the horizon


@dataclass(frozen=True)
class Catalogue:
    """Shifts of a day.

    `cover` (shift, interval of the day): 1 where the person is on the floor (breaks are 0); `paid_h` (shift,) paid
    hours; `start_min`, `end_min` (shift,) minutes after midnight; `kind` (shift,) index of the kind of shift; `allowed`
    (day, shift): whether a shift may be worked on a day of the horizon (None: every shift on every day).
    """

    cover: Floats
    paid_h: Floats
    start_min: Ints
    end_min: Ints
    kind: Ints
    allowed: Bools | None = None

    @property
    def reachable(self) -> Bools:
        """Intervals of the day that some shift covers, shape (interval of the day,)."""
        return np.asarray(self.cover.any(axis=0))

    def of_days(self, days: int) -> tuple[Catalogue, ...]:
        """Return the shifts of each day: those not worked on it cover nothing, so that no cover has people on them.

        Days with the same shifts share one catalogue; it is this one where every shift is worked on every day.
        """
        return (self,) * days if self.allowed is None else self._of_days

    @cached_property
    def _of_days(self) -> tuple[Catalogue, ...]:
        assert self.allowed is not None
        classes: dict[bytes, Catalogue] = {}
        for row in self.allowed:
            if row.tobytes() not in classes:
                own = self if row.all() else replace(self, cover=self.cover * row[:, None], allowed=None)
                classes[row.tobytes()] = own
        return tuple(classes[row.tobytes()] for row in self.allowed)

    def worked(self, days: int) -> Bools:
        """Shifts that may be worked on each day, shape (day, shift)."""
        return np.ones((days, len(self.paid_h)), dtype=bool) if self.allowed is None else self.allowed

    def cover_of_days(self, days: int) -> Floats:
        """Floor of each shift on each day, shape (day, shift, interval of the day)."""
        return np.array([one.cover for one in self.of_days(days)])

    def reachable_on(self, days: int) -> Bools:
        """Intervals of each day that some shift of it covers, shape (day, interval of the day)."""
        return np.array([one.reachable for one in self.of_days(days)])

    def misses(self, counts: Ints) -> bool:
        """Tell whether people, shape (day, shift), are on shifts that are not worked on their day."""
        return self.allowed is not None and bool((counts[~self.allowed] > 0).any())


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
