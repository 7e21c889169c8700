"""What a table of customers holds: which column is what in the link from experience to value."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.experience.value.clv import LONGEST_HORIZON


@dataclass(frozen=True)
class ValueSpec:
    """Columns and prices of the link from experience to churn to value.

    Attributes
    ----------
    churned
        0/1: left (in this month, where there are months).
    exposures
        Experiences *before* the churn window that should raise churn: counts (unresolved issues, tickets, extra
        contacts) or numbers (score gap: points below what is usual).
    basis
        The one exposure that is turned into money. Value through resolution and value through scores are the same
        money, so there is no way to have both.
    covariates
        What else drives churn and was there before: tenure, product, price, earlier score. Numbers or labels.
    customer
        Column that names the customer, where a customer has several rows (months).
    period
        Column of the month: each month has its own base hazard `a_t`; None: one row per customer.
    placebos
        Exposures after the churn decision: they must show nothing.
    negative_controls
        Exposures that should not matter (administrative tickets).
    control_outcome
        Churn that experience does not cause (moved away, price), 0/1.
    instrument
        Column that moves the basis at random (a leave-one-out failure rate of the agent: `leave_one_out`).
    agent
        Column of the agent: the instrument is computed from it, its errors allow for agents.
    reliability
        Exposure -> reliability of its measurement in (0, 1]: slopes are divided by it.
    value
        Column of the customers' own values, in money; else they come from `margin`, `discount` and the mean hazard.
    margin
        Money per customer and month.
    discount
        Per month.
    horizon
        Months that count, at most 36.
    exposure_months
        Months over which an exposure works: 3 (90 days) with months, 1 for one row per customer.
    window_days
        Window of the journeys, days, where a history is given instead of a table.
    """

    churned: str
    exposures: tuple[str, ...]
    basis: str
    covariates: tuple[str, ...] = ()
    customer: str | None = None
    period: str | None = None
    placebos: tuple[str, ...] = ()
    negative_controls: tuple[str, ...] = ()
    control_outcome: str | None = None
    instrument: str | None = None
    agent: str | None = None
    reliability: dict[str, float] = field(default_factory=dict)
    value: str | None = None
    margin: float | None = None
    discount: float = 0.01
    horizon: int = LONGEST_HORIZON
    exposure_months: int = 1
    window_days: float = 7.0

    def __post_init__(self) -> None:
        """Check what can be checked without the table."""
        if not self.exposures:
            raise ValueError("exposures is empty: name at least one column, such as unresolved_90d")
        if self.basis not in self.exposures:
            raise ValueError(f"basis {self.basis!r} must be one of the exposures {', '.join(self.exposures)}")
        if not 1 <= self.horizon <= LONGEST_HORIZON:
            raise ValueError(f"horizon of {self.horizon} months must be 1 to {LONGEST_HORIZON}")
        if self.exposure_months < 1:
            raise ValueError(f"exposure_months = {self.exposure_months} must be at least 1")
        bad = {name: r for name, r in self.reliability.items() if not 0 < r <= 1}
        if bad:
            raise ValueError(f"reliability {bad} must be in (0, 1]")
        twice = set(self.exposures) & ({*self.covariates, *self.placebos, *self.negative_controls})
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))}: an exposure cannot be a covariate or a control as well")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that must be there."""
        single = (self.churned, self.customer, self.period, self.control_outcome, self.instrument, self.agent)
        lists = (*self.exposures, *self.covariates, *self.placebos, *self.negative_controls)
        return tuple(dict.fromkeys(name for name in (*single, self.value, *lists) if name is not None))
