"""Hours of single weekdays and dates, where they are not those of every day."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, ModelWrapValidatorHandler, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.quantities import ClockTime, Strict, clock_text

CLOSED = "closed"


class Weekday(StrEnum):
    """Days of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)


class DayHours(Strict):
    """When the center opens and closes on a day; the word `closed` alone: it does not open."""

    opens: ClockTime = Field(description='Opening time, clock time "HH:MM".')
    closes: ClockTime = Field(description='Closing time, clock time "HH:MM", later than `opens`.')

    @model_validator(mode="wrap")
    @classmethod
    def _accept_closed(cls, raw: Any, handler: ModelWrapValidatorHandler[DayHours]) -> DayHours:
        if raw == CLOSED:
            return cls.model_construct(opens=0, closes=0)
        if not isinstance(raw, (dict, DayHours)):
            raise PydanticCustomError(
                "day_hours",
                "found {raw}; write closed, or a mapping with opens and closes",
                {"raw": "nothing" if raw is None else repr(raw)[:60]},
            )
        made = handler(raw)
        if made.closes <= made.opens and raw is not made:
            raise PydanticCustomError(
                "day_hours",
                "closes at {closes}, not after it opens at {opens}; write closed for a day without hours",
                {"opens": clock_text(made.opens), "closes": clock_text(made.closes), "at": "closes"},
            )
        return made

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> Any:
        return CLOSED if self.closed else handler(self)

    @property
    def closed(self) -> bool:
        """Whether the center does not open at all."""
        return self.closes <= self.opens
