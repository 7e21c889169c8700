"""Building blocks of the scenario models: strict base, stated numbers with a range, clock times."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """Frozen, refuses unknown keys: the base of every scenario model."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Provenance(StrEnum):
    """Where a number comes from."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    STATED = "stated"
    DEFAULT = "default"


class Stated(Strict):
    """A number nobody can measure from logs alone, with the range its owner believes in."""

    value: float = Field(description="Best guess, in the unit of the key.")
    low: float | None = Field(default=None, description="Lower end of the believed range, same unit.")
    high: float | None = Field(default=None, description="Upper end of the believed range, same unit.")
    source: str = Field(default="", description="Who states it, or on what grounds (free text).")

    @model_validator(mode="before")
    @classmethod
    def _accept_number(cls, raw: Any) -> Any:
        return {"value": raw} if isinstance(raw, (int, float)) and not isinstance(raw, bool) else raw

    @model_validator(mode="after")
    def _ordered(self) -> Stated:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise PydanticCustomError(
                "range",
                "range {low}..{high} does not hold value {value}; write low <= value <= high",
                {"low": low, "high": high, "value": self.value},
            )
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Believed range (low, high); both equal the value where none is given."""
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


def _stated_within(lower: float, upper: float) -> BeforeValidator:
    def check(raw: Any) -> Any:
        numbers = raw.values() if isinstance(raw, dict) else [raw]
        for number in numbers:
            if isinstance(number, (int, float)) and not isinstance(number, bool) and not lower <= number <= upper:
                hint = f" (write {number / 100:g}, not {number:g})" if upper == 1 and 1 < number <= 100 else ""
                raise PydanticCustomError(
                    "out_of_range",
                    "{number} is outside {lower:g}..{upper:g}{hint}",
                    {"number": number, "lower": lower, "upper": upper, "hint": hint},
                )
        return raw

    return BeforeValidator(check)


StatedRatio = Annotated[Stated, _stated_within(0.0, 1.0)]


def _ratio(raw: Any) -> Any:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 1 < raw <= 100:
        raise PydanticCustomError(
            "ratio_not_percent",
            "{raw} is not a ratio in 0..1 (write {right}, not {raw})",
            {"raw": raw, "right": f"{raw / 100:g}"},
        )
    return raw


Ratio = Annotated[float, BeforeValidator(_ratio), Field(ge=0, le=1)]
PositiveSeconds = Annotated[float, Field(gt=0)]
Money = Annotated[float, Field(ge=0)]

_CLOCK = re.compile(r"^([01]?\d|2[0-4]):([0-5]\d)$")


def _clock(raw: Any) -> Any:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    match = _CLOCK.match(raw) if isinstance(raw, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if not 0 <= minutes <= 1440:
        raise PydanticCustomError("clock", '{raw} is not a clock time; write "07:30"', {"raw": repr(raw)})
    return minutes


ClockTime = Annotated[int, BeforeValidator(_clock, json_schema_input_type=str)]
"""Minutes after midnight, written "HH:MM" (24:00 allowed)."""


def clock_text(minutes: int) -> str:
    """Render minutes after midnight as HH:MM."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
