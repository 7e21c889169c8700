"""The planned time of a scenario."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.quantities import ClockTime, Strict


class Horizon(Strict):
    """The planned time: consecutive days with the same opening hours, cut into intervals."""

    start: dt.date = Field(description="First day, YYYY-MM-DD.")
    days: int = Field(default=7, ge=1, le=31, description="Number of days.")
    opens: ClockTime = Field(description='Opening time, clock time "HH:MM".')
    closes: ClockTime = Field(description='Closing time, clock time "HH:MM".')
    interval_min: int = Field(default=30, description="Length of an interval, minutes (divides an hour or is 60).")
    timezone: str = Field(default="UTC", description="IANA time zone of all clock times, e.g. Europe/Zurich.")

    @model_validator(mode="after")
    def _makes_sense(self) -> Horizon:
        if self.closes <= self.opens:
            raise PydanticCustomError(
                "hours", "the center closes before it opens; write closes later than opens", {"at": "closes"}
            )
        if self.interval_min not in (5, 6, 10, 15, 20, 30, 60) or (self.closes - self.opens) % self.interval_min:
            raise PydanticCustomError(
                "interval",
                "interval_min {m} must be 5, 6, 10, 15, 20, 30 or 60 and divide the opening hours",
                {"m": self.interval_min, "at": "interval_min"},
            )
        return self

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

    def starts(self) -> list[dt.datetime]:
        """Start of each interval, local clock time without zone, in order."""
        midnight = dt.datetime.combine(self.start, dt.time())
        return [
            midnight + dt.timedelta(days=day, minutes=self.opens + k * self.interval_min)
            for day in range(self.days)
            for k in range(self.intervals_per_day)
        ]
