"""What is known of the coming months: growth, leavers, training, starters."""

from __future__ import annotations

from pydantic import Field

from planner.scenario.quantities import Key, Ratio, Strict


class PoolMonths(Strict):
    """What differs in one pool."""

    growth_per_year: float | None = Field(default=None, gt=-1, description="Growth of its work a year (ratio).")
    attrition_per_year: float | None = Field(
        default=None, ge=0, le=12, description="Leavers a year over those there (ratio; 0.3 is 30 %)."
    )
    ramp: tuple[Ratio, ...] | None = Field(
        default=None, description="Productivity in the 1st, 2nd, ... month after starting (ratios); full afterwards."
    )
    shrinkage: Ratio | None = Field(default=None, description="Shrinkage of the coming months (ratio, below 1).")
    starters: tuple[float, ...] = Field(default=(), description="People who start in month 1, 2, ..., heads.")


class StaffingPlan(Strict):
    """The coming months of a center, for `planner gap`; values of a pool win over those for all."""

    growth_per_year: float = Field(default=0.0, gt=-1, description="Growth of the work a year (ratio; 0.05 is 5 %).")
    attrition_per_year: float = Field(
        default=0.0, ge=0, le=12, description="Leavers a year over those there (ratio; 0.3 is 30 %)."
    )
    ramp: tuple[Ratio, ...] = Field(
        default=(), description="Productivity in the 1st, 2nd, ... month after starting (ratios); full afterwards."
    )
    pools: dict[Key, PoolMonths] = Field(default_factory=dict, description="What differs, by pool.")
