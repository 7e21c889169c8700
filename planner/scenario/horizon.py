"""The planned time of a scenario."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.opening_hours import WEEKDAYS, DayHours
from planner.scenario.quantities import DAY_MIN, ClockTime, Key, Strict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


class Horizon(Strict):
    """The planned time: consecutive days, cut into intervals from `opens` to `closes`.

    `hours` say which of these intervals are open on which day; in the others nobody comes and nobody works. Where a
    center closes after midnight, its time belongs to the day it opened on: `closes` may be up to 24 hours after
    `opens`, and is then more than 1,440 minutes.
    """

    start: dt.date = Field(description="First day, YYYY-MM-DD.")
    days: int = Field(default=7, ge=1, le=31, description="Number of days.")
    opens: ClockTime = Field(description='Opening time, clock time "HH:MM".')
    closes: ClockTime = Field(
        description='Closing time, clock time "HH:MM"; after midnight hours run on: 30:00 is 6:00 of the next day.'
    )
    interval_min: int = Field(default=30, description="Length of an interval, minutes (divides an hour or is 60).")
    timezone: str = Field(default="UTC", description="IANA time zone of all clock times, e.g. Europe/Zurich.")

    hours: dict[Key, DayHours] = Field(
        default_factory=dict,
        description="Other hours of single days, within `opens` to `closes`: by weekday (monday, ...) or date "
        "(YYYY-MM-DD, wins), `closed` or {opens, closes}; days left out have the hours of every day.",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Horizon:
        if self.closes <= self.opens:
            raise PydanticCustomError(
                "hours",
                "the center closes before it opens; write closes later than opens (hours after midnight run on: 30:00 "
                "is 6:00 of the next day)",
                {"at": "closes"},
            )
        if self.closes > self.opens + DAY_MIN:
            raise PydanticCustomError(
                "hours", "a day is longer than 24 hours; let it close when the next one opens", {"at": "closes"}
            )
        if self.interval_min not in (5, 6, 10, 15, 20, 30, 60) or (self.closes - self.opens) % self.interval_min:
            raise PydanticCustomError(
                "interval",
                "interval_min {m} must be 5, 6, 10, 15, 20, 30 or 60 and divide the opening hours",
                {"m": self.interval_min, "at": "interval_min"},
            )
        return self

    @property
    def overnight(self) -> bool:
        """Whether the center closes after midnight."""
        return self.closes > DAY_MIN

    @property
    def intervals_per_day(self) -> int:
        """Number of intervals of one day."""
        return (self.closes - self.opens) // self.interval_min

    @property
    def intervals(self) -> int:
        """Number of intervals of the horizon."""
        return self.days * self.intervals_per_day

    @property
    def interval_s(self) -> float:
        """Length of an interval, seconds."""
        return self.interval_min * 60.0

    def weekday_hours(self, weekday: int) -> tuple[int, int]:
        """When the center opens and closes on a weekday (Monday 0), minutes; the same minute where it is closed."""
        own = self.hours.get(WEEKDAYS[weekday])
        return (self.opens, self.closes) if own is None else (own.opens, own.closes)

    def day_hours(self, day: int) -> tuple[int, int]:
        """The same of a day of the horizon, counted from 0: its date's hours, else its weekday's."""
        date = self.start + dt.timedelta(days=day)
        own = self.hours.get(date.isoformat())
        return self.weekday_hours(date.weekday()) if own is None else (own.opens, own.closes)

    def slots(self, hours: tuple[int, int]) -> list[bool]:
        """Which intervals of a day lie within some hours."""
        return [hours[0] <= clock and clock + self.interval_min <= hours[1] for clock in self.clocks]

    @property
    def clocks(self) -> range:
        """Start of each interval of a day, minutes after midnight of the day the center opens on."""
        return range(self.opens, self.closes, self.interval_min)

    def opened(self) -> list[bool]:
        """Whether the center is open in each interval."""
        return [open_ for day in range(self.days) for open_ in self.slots(self.day_hours(day))]

    def starts(self) -> list[dt.datetime]:
        """Start of each interval, local clock time without zone, in order."""
        midnight = dt.datetime.combine(self.start, dt.time())
        return [
            midnight + dt.timedelta(days=day, minutes=self.opens + k * self.interval_min)
            for day in range(self.days)
            for k in range(self.intervals_per_day)
        ]


def since_opening(closes: int, day: Ints, minute: Ints) -> tuple[Ints, Ints]:
    """Day on which a center opened and minutes after that midnight, of days and clock times, elementwise.

    `closes` minutes after midnight of the day it opens, `day` any count of days (of weekdays, take what is returned
    modulo 7). Times at which the center is closed stay where they are.
    """
    late = (minute < closes - DAY_MIN) * 1
    return day - late, minute + DAY_MIN * late
