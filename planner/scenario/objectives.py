"""What plans may be chosen by, beside customer experience, cost and headroom."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.quantities import Strict

AXES = ("cx", "cost", "headroom")
"""The three axes every frontier has."""

BUILT_IN = {
    "employee_experience": "max",
    "occupancy_peak": "min",
    "occupancy_spread": "min",
    "long_shifts": "min",
    "odd_hours": "min",
    "weekend_share": "min",
    "p_shortfall": "min",
    "retained_value": "max",
}
"""Objectives that need no function -> their sense."""

TAKEN = frozenset(
    {
        "abandon_rate", "achievement", "avoidable", "closed", "committed", "cost_bound", "cx_expected",
        "cx_high", "cx_low", "cx_rescored", "cx_tail", "doable", "effectiveness", "fewer_staff", "gain",
        "gain_rescored", "gap", "hires", "idle_payroll", "initiatives", "name", "origin", "overtime_h",
        "p_cx_at_least_today", "p_shortfall_choosing", "peak_fte", "plan", "promises_kept", "status",
        "ties_with_today", "time_off_h", "weeks_kept", "weeks_seen",
    }
)  # fmt: skip
"""Names of other figures of a plan, which no objective with a function may take."""


class ObjectiveSense(StrEnum):
    """Which way an objective is better."""

    MIN = "min"
    MAX = "max"


class Objective(Strict):
    """Something plans are chosen by: a name alone where it is built in, else with the user's own function."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="cx, cost, headroom, " + ", ".join(BUILT_IN) + "; or any other name with a function.",
    )
    sense: ObjectiveSense | None = Field(
        default=None, description="min or max; built-in objectives know theirs, a function needs one."
    )
    function: str = Field(
        default="",
        description='"module:function", called with (instance, solution), returning a number; a module beside the '
        "scenario or an installed one.",
    )

    @model_validator(mode="before")
    @classmethod
    def _accept_name(cls, raw: Any) -> Any:
        return {"name": raw} if isinstance(raw, str) else raw

    @model_validator(mode="after")
    def _known(self) -> Objective:
        built_in = self.name in AXES or self.name in BUILT_IN
        if self.function and (built_in or self.sense is None or self.function.count(":") != 1):
            why = "is built in" if built_in else "needs a sense, and a function written module:function"
            raise PydanticCustomError("objective", "objective {name} {why}", {"name": repr(self.name), "why": why})
        if self.name in TAKEN:
            raise PydanticCustomError(
                "objective",
                "{name} is another figure of every plan; give the objective a name of its own",
                {"name": repr(self.name)},
            )
        if not self.function and not built_in:
            known = ", ".join([*AXES, *BUILT_IN])
            raise PydanticCustomError(
                "objective", "unknown objective {name}; known: {known}", {"name": repr(self.name), "known": known}
            )
        if not self.function and self.sense is not None and self.sense != BUILT_IN.get(self.name, self.sense):
            raise PydanticCustomError(
                "objective", "{name} is better the other way round; leave its sense out", {"name": repr(self.name)}
            )
        return self
