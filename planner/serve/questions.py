"""What a page may ask, as checked bodies of requests: every number bounded, every list short, no other keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from planner.frontier.what_if import Question

Name = Annotated[str, Field(max_length=200)]
Growth = Annotated[float, Field(ge=-0.95, le=10.0, allow_inf_nan=False)]
Part = Annotated[str, Field(max_length=120)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OnePlan(_Body):
    """One plan of the run."""

    plan: Name


class WhatIf(_Body):
    """What changes about a plan: ratios by reason ("": every one), added points of shrinkage, money, headroom."""

    plan: Name
    volume: dict[Name, Growth] = Field(default_factory=dict, max_length=100)
    aht: dict[Name, Growth] = Field(default_factory=dict, max_length=100)
    shrinkage: float = Field(default=0.0, ge=-1.0, le=1.0, allow_inf_nan=False)
    budget: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    headroom: float | None = Field(default=None, ge=-0.9, le=10.0, allow_inf_nan=False)
    keep: tuple[Part, ...] = Field(default=(), max_length=50)

    def question(self) -> Question:
        """Return the question of the planner."""
        return Question(self.volume, self.aht, self.shrinkage, self.budget, self.headroom, self.keep)


class PlanAgain(_Body):
    """Plan again from a run: parts of a plan to keep, and limits (see `planner.choice`)."""

    plan: Name = ""
    keep: tuple[Part, ...] = Field(default=(), max_length=50)
    limits: dict[Name, float] = Field(default_factory=dict, max_length=3)
    growth: Growth | None = None
    seed: int | None = Field(default=None, ge=0, lt=2**32)


class Simulate(_Body):
    """Simulate a plan: factor on demand and independent horizons."""

    plan: Name
    surge: float = Field(default=1.0, ge=0.1, le=10.0, allow_inf_nan=False)
    replications: int = Field(default=20, ge=2, le=200)
    seed: int = Field(default=0, ge=0, lt=2**32)
