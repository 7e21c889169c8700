"""Building blocks of the scenario models: strict base, stated numbers with a range, clock times."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError


class Strict(BaseModel):
    """Frozen, refuses unknown keys: the base of every scenario model."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


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
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            return {"value": raw}
        if isinstance(raw, (str, bool, list)):
            raise PydanticCustomError(
                "number_or_range",
                "found {raw}; write a number, or a mapping with value, low, high and source{hint}",
                {"raw": repr(raw), "hint": percent_hint(raw)},
            )
        return raw

    @model_validator(mode="after")
    def _ordered(self) -> Stated:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise PydanticCustomError(
                "range",
                "range {low}..{high} does not hold value {value}; write low <= value <= high",
                {"low": f"{low:g}", "high": f"{high:g}", "value": f"{self.value:g}", "at": "value"},
            )
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Believed range (low, high); both equal the value where none is given."""
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


def percent_hint(raw: Any) -> str:
    """Say which ratio to write where a percentage was found; empty where none was."""
    match = _PERCENT.match(raw) if isinstance(raw, str) else None
    if match:
        return f" (write {float(match[1]) / 100:g}, not {raw.strip()})"
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 1 < raw <= 100:
        return f" (write {raw / 100:g}, not {raw:g})"
    return ""


_PERCENT = re.compile(r"^\s*(\d{1,3}(?:\.\d+)?)\s*%\s*$")


def stated_within(lower: float, upper: float) -> BeforeValidator:
    """Check that a stated number and its range lie between two bounds."""

    def check(raw: Any) -> Any:
        numbers = raw.items() if isinstance(raw, dict) else [("", raw)]
        for key, number in numbers:
            if isinstance(number, (int, float)) and not isinstance(number, bool) and not lower <= number <= upper:
                raise PydanticCustomError(
                    "out_of_range",
                    "{number} is outside {lower}..{upper}{hint}",
                    {
                        "number": f"{number:g}",
                        "lower": f"{lower:g}",
                        "upper": f"{upper:g}",
                        "hint": percent_hint(number) if upper == 1 else "",
                        "at": key,
                    },
                )
        return raw

    return BeforeValidator(check)


StatedRatio = Annotated[Stated, stated_within(0.0, 1.0)]


def _ratio(raw: Any) -> Any:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool) and 1 < raw <= 100:
        raise PydanticCustomError(
            "ratio_not_percent",
            "{raw} is not a ratio in 0..1{hint}",
            {"raw": f"{raw:g}", "hint": percent_hint(raw)},
        )
    if percent_hint(raw):
        raise PydanticCustomError(
            "ratio_not_percent",
            "{raw} is text, not a ratio in 0..1{hint}",
            {"raw": repr(raw), "hint": percent_hint(raw)},
        )
    return raw


Ratio = Annotated[float, BeforeValidator(_ratio), Field(ge=0, le=1)]
PositiveSeconds = Annotated[float, Field(gt=0)]
Money = Annotated[float, Field(ge=0)]

DAY_MIN = 1440
_CLOCK = re.compile(r"^([0-4]?\d):([0-5]\d)$")


def _clock(raw: Any, info: ValidationInfo) -> Any:
    if isinstance(raw, int) and not isinstance(raw, bool) and info.mode == "python":
        return raw
    match = _CLOCK.match(raw) if isinstance(raw, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if not 0 <= minutes <= 2 * DAY_MIN:
        words = '{raw} is not a clock time; write "07:30", or "30:00" for 6:00 of the next day'
        raise PydanticCustomError("clock", words, {"raw": repr(raw)})
    return minutes


def _key(raw: str) -> str:
    if not raw or raw != raw.strip() or not raw.isprintable() or len(raw) > 80:
        raise PydanticCustomError(
            "key",
            "{raw} cannot be a key; write 1 to 80 printable characters without blanks at the ends",
            {"raw": repr(raw[:90])},
        )
    return raw


Key = Annotated[str, AfterValidator(_key)]
"""Name of a reason, segment, channel, pool, shift, steer or promise."""

ClockTime = Annotated[int, BeforeValidator(_clock, json_schema_input_type=str)]
"""Minutes after midnight, written "HH:MM"; hours of the next day run on from 24:00, as in timetables."""


def clock_text(minutes: int) -> str:
    """Render minutes after midnight as HH:MM; after 24:00 they run on."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def time_of_day(minutes: int) -> str:
    """Render minutes after midnight as the clock shows them, "06:00" for 30:00; 24:00 stays."""
    return clock_text(minutes - DAY_MIN if minutes > DAY_MIN else minutes)
