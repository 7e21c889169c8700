"""The scenario: one strict YAML file, frozen."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from planner import notebook
from planner.scenario.center import Channel, Overflow, Pool, Reason, Segment, Shift, Steer
from planner.scenario.horizon import Horizon
from planner.scenario.initiatives import Initiative
from planner.scenario.objectives import AXES, Objective
from planner.scenario.quantities import Key, Money, Ratio, Stated, StatedRatio, Strict, percent_hint
from planner.scenario.staffing_plan import StaffingPlan


class Metric(StrEnum):
    """The experience metric of a scenario."""

    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
    COMPOSITE = "composite"


class Rescore(StrEnum):
    """How plans chosen by estimated scores are scored again."""

    HALF = "half"
    NONE = "none"


class Measure(StrEnum):
    """What a service promise is about."""

    SERVICE_LEVEL = "service_level"
    ASA_S = "asa_s"
    ABANDON_RATE = "abandon_rate"
    DEADLINE_KEPT = "deadline_kept"


class Period(StrEnum):
    """The period over which a promise is kept, weighted by offered contacts."""

    INTERVAL = "interval"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class HistorySource(Strict):
    """Where past contacts and staffing are."""

    contacts: str = Field(description="File (Parquet, CSV) or DuckDB database of contacts, relative to this file.")
    mapping: str | None = Field(default=None, description="Mapping file for another layout, relative to this file.")
    staffing: str | None = Field(
        default=None, description="Table interval_start, pool, scheduled, on_task that really stood there."
    )
    timezone: str | None = Field(default=None, description="IANA time zone of the stamps, if they carry none.")
    truth: str | None = Field(
        default=None,
        description="Declared truth of a synthetic history, relative to this file; contacts and staffing are "
        "generated from it when missing.",
    )

    @model_validator(mode="after")
    def _names_a_file(self) -> HistorySource:
        # A run must find the same contacts again, and its folder must not hold the password of an address.
        if self.contacts.startswith(("postgresql:", "postgres:")):
            raise PydanticCustomError(
                "database",
                "a database changes and cannot be read again for the same run: export its contacts to a Parquet file "
                "and name that; `planner estimate` and `planner.load_history` read the database itself",
                {"at": "contacts"},
            )
        return self


class DemandSource(Strict):
    """Where future demand comes from."""

    source: str = Field(
        default="history",
        description='"history": weekly profile of the past; or a CSV file, relative to this file: interval_start, '
        "reason, channel, contacts [, segment] or the center's agreed forecast interval_start, queue, contacts.",
    )
    counts: str = Field(
        default="issues",
        pattern="^(issues|contacts)$",
        description='What a demand file counts: "issues" (first contacts) or "contacts" (repeats included).',
    )
    growth: float = Field(default=0.0, gt=-1, description="Growth on top of the source (ratio; 0.03 is 3 % more).")
    planning_date: dt.date | None = Field(default=None, description="Date of the agreed forecast, YYYY-MM-DD.")
    uncertainty: StatedRatio | None = Field(
        default=None, description="Coefficient of variation of the weekly total; left out: from the history."
    )


class OutcomeRow(Strict):
    """A stated outcome of contacts; selectors left out match everything, later rows win over earlier ones."""

    reason: str | None = Field(default=None, description="Reason (key), all if left out.")
    channel: str | None = Field(default=None, description="Channel (key), all if left out.")
    segment: str | None = Field(default=None, description="Segment (key), all if left out.")
    pool: str | None = Field(default=None, description="Pool (key), all if left out.")
    stage: str | None = Field(
        default=None,
        pattern="^(first|redialed|returned|escalated)$",
        description="Stage: first, redialed, returned or escalated; all if left out.",
    )
    aht_s: float | None = Field(default=None, gt=0, description="Mean handle time of one contact alone, seconds.")
    score: float | None = Field(default=None, description="Score of a final contact at zero wait, scale points.")
    score_sd: float | None = Field(
        default=None,
        ge=0,
        description="Standard deviation of that statement, scale points: one error for all it matches.",
    )
    p_escalate: Ratio | None = Field(default=None, description="Share of served contacts escalated (ratio).")
    p_return: Ratio | None = Field(
        default=None, description="Share of served, not escalated contacts that return (ratio)."
    )


class WaitLoss(Strict):
    """A stated wait curve: points lost against the seconds waited, piecewise linear, flat after the last."""

    channel: str = Field(description="Channel (key).")
    wait_s: tuple[float, ...] = Field(min_length=2, description="Knots, seconds, increasing from 0.")
    loss: tuple[float, ...] = Field(min_length=2, description="Points lost at the knots, from 0, never falling.")

    @model_validator(mode="after")
    def _monotone(self) -> WaitLoss:
        up = all(b > a for a, b in zip(self.wait_s, self.wait_s[1:], strict=False))
        fall = any(b < a for a, b in zip(self.loss, self.loss[1:], strict=False))
        if not up or fall or self.wait_s[0] != 0 or self.loss[0] != 0 or len(self.wait_s) != len(self.loss):
            raise PydanticCustomError(
                "wait_loss", "wait_s must rise from 0 and loss must start at 0, never fall and have as many knots", {}
            )
        return self


class Experience(Strict):
    """How customer experience is measured and what logs cannot tell about it."""

    metric: Metric = Field(default=Metric.CSAT, description="csat, nps, ces or composite.")
    scale: tuple[float, float] = Field(default=(1.0, 5.0), description="Lowest and highest score of the metric.")
    higher_is_better: bool = Field(default=True, description="False: a low score is good (CES 1.0).")
    window_days: float = Field(
        default=7.0, gt=0, description="A contact within so many days belongs to the same issue, days."
    )
    covariates: tuple[str, ...] = Field(default=(), description="Numeric columns known before the channel was chosen.")
    outcomes: tuple[OutcomeRow, ...] = Field(
        default=(), description="Stated outcomes: where there is no history, or instead of it."
    )
    wait_loss: tuple[WaitLoss, ...] = Field(
        default=(), description="Stated wait curves per channel; else from history."
    )
    score_given_up: Stated = Field(description="Score of a customer served but not helped who gives up, scale points.")
    score_abandoned: Stated = Field(description="Score of a customer lost while waiting, scale points.")
    effort_per_extra_contact: float = Field(
        default=0.0, ge=0, description="Points lost per extra contact of an issue, on top."
    )
    give_up_share: StatedRatio = Field(
        default=Stated(value=0.0), description="Share of unresolved customers who give up silently (ratio)."
    )
    unseen_bias_sd: float = Field(
        default=0.0,
        ge=0,
        description="Standard deviation of what an unobserved cause could shift a move's effect by, points.",
    )
    rescore: Rescore = Field(
        default=Rescore.HALF,
        description="half: plans are chosen with the scores of one half of the customers and scored again with those "
        "of the other; none: chosen with all, and their gain is somewhat too high.",
    )


class Escalation(Strict):
    """Where escalated contacts go."""

    from_channel: str = Field(description="Channel that escalates.")
    to_channel: str = Field(description="Channel that takes over.")


class Promise(Strict):
    """A service promise over a period, weighted by offered contacts."""

    pools: tuple[str, ...] = Field(min_length=1, description="Pools it covers together.")
    measure: Measure = Field(description="service_level, asa_s, abandon_rate or deadline_kept.")
    target: float = Field(
        ge=0, description="Least service level / deadline share (ratio), or most ASA (s) / abandon rate."
    )
    answer_within_s: float = Field(default=20.0, gt=0, description="Threshold of a service level, seconds.")
    period: Period = Field(
        default=Period.MONTH,
        description="interval, day, week (of seven days, from the first on) or month (the whole horizon, repeated).",
    )

    @model_validator(mode="after")
    def _unit(self) -> Promise:
        if self.measure is not Measure.ASA_S and self.target > 1:
            raise PydanticCustomError(
                "ratio_not_percent",
                "target {t} is not a ratio in 0..1{hint}",
                {"t": f"{self.target:g}", "hint": percent_hint(self.target), "at": "target"},
            )
        return self


class Seats(Strict):
    """A limit of workplaces shared by pools."""

    pools: tuple[str, ...] = Field(min_length=1, description="Pools that share the seats.")
    max: int = Field(ge=0, description="Most people scheduled in one interval, seats.")


class Limits(Strict):
    """Limits on whole plans."""

    budget_max: Money | None = Field(default=None, description="Most cost for the horizon, currency.")
    seats: dict[Key, Seats] = Field(default_factory=dict, description="Named limits of workplaces.")
    abandon_rate_max: Ratio = Field(
        default=0.25,
        gt=0,
        description="No reason and segment may lose a larger share while waiting in any pool (ratio, above 0: while "
        "patience ends, some give up).",
    )


class Today(Strict):
    """How the center runs now."""

    staffing: str = Field(
        default="history",
        description='"history": the mean week of the staffing table; or a CSV file: weekday (0 = Monday), time, pool, '
        "scheduled.",
    )
    routing: str = Field(
        default="history",
        description='"history": shares of pools per reason, segment, channel as seen; or a CSV file: reason, segment, '
        "channel, pool, share.",
    )


class Robust(Strict):
    """Plans that are good where what is not known of experience turns out badly."""

    share: Ratio = Field(default=0.2, gt=0, description="Share of the worst draws whose mean CX counts (ratio).")
    draws: int = Field(default=20, ge=2, le=200, description="Draws of experience that plans are chosen by.")

    @model_validator(mode="after")
    def _enough(self) -> Robust:
        if self.share * self.draws < 1:
            raise PydanticCustomError(
                "robust",
                "{share} of {draws} draws is less than one draw; write more draws or a larger share",
                {"share": f"{self.share:.0%}", "draws": self.draws, "at": "draws"},
            )
        return self


class FrontierSettings(Strict):
    """How hard to look for plans; budgets are counted in work, never in seconds."""

    objectives: tuple[Objective, ...] = Field(
        default=(Objective(name="cx"), Objective(name="cost"), Objective(name="headroom")),
        description="What plans are chosen by: cx, cost and headroom, and any others on top, by name or as name, sense "
        "and function.",
    )
    headroom_levels: tuple[float, ...] = Field(
        default=(0.0, 0.05, 0.1, 0.2, 0.3), min_length=1, description="Headroom levels of the master (ratios)."
    )
    cost_points: int = Field(default=6, ge=2, description="Cost levels per headroom level of the first, coarse sweep.")
    plans: int = Field(default=60, ge=0, description="Points of the outer surface that plans are then aimed at.")
    bound_steps: int = Field(default=2, ge=1, description="Headroom levels of the bound between two of the sweep.")
    bound_prices: int = Field(default=8, ge=2, description="Prices of CX at which the bound is taken.")
    bound_boxes: int = Field(
        default=3,
        ge=1,
        description="Boxes of pool sizes the bound may open per level and price; more at the lowest and for plans.",
    )
    bound_plans: int = Field(default=120, ge=0, description="Most plans whose own bound is taken, widest gaps first.")
    search_evaluations: int = Field(
        default=600, ge=0, description="Most plans the evolutionary search evaluates; it ends once it no longer pays."
    )
    share_step: Ratio | None = Field(
        default=None, description="Steers are offered in steps of this share; left out: any share."
    )
    enumerate_max: int = Field(
        default=200_000, ge=0, description="With share_step: enumerate all plans if there are at most so many."
    )
    priority_classes: int = Field(default=2, ge=1, le=4, description="Priority classes per live voice pool.")
    max_plans: int = Field(default=120, ge=2, description="Most plans kept on the frontier.")
    robust: Robust | None = Field(
        default=None,
        description="Choose plans by their mean CX over the worst draws of what history leaves open, not by the "
        "expected CX; left out: by the expected.",
    )
    risk_draws: int = Field(
        default=60, ge=0, description="Common draws of demand, handle time, shrinkage and experience."
    )

    @model_validator(mode="after")
    def _levels(self) -> FrontierSettings:
        for index, level in enumerate(self.headroom_levels):
            if level <= -1:
                raise PydanticCustomError(
                    "headroom_level",
                    "a headroom of {level} leaves no demand to plan for; write more than -1, or 0 for today's demand",
                    {"level": f"{level:g}", "at": f"headroom_levels.{index}"},
                )
        return self

    @model_validator(mode="after")
    def _axes(self) -> FrontierSettings:
        names = [one.name for one in self.objectives]
        left_out = [axis for axis in AXES if axis not in names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if left_out or twice:
            why = f"leaves out {', '.join(left_out)}" if left_out else f"names {', '.join(twice)} twice"
            raise PydanticCustomError(
                "objectives",
                "{why}; the list holds cx, cost, headroom and any others, each once",
                {"why": why, "at": "objectives"},
            )
        return self


class Scenario(Strict):
    """One planning question: a center, its demand, its promises and what may be decided."""

    version: int = Field(default=1, ge=1, le=1, description="Version of the file format.")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="Short name: letters, digits, - and _.")
    title: str = Field(default="", description="One line for people.")
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$", description="ISO code of the currency: EUR, USD, JPY.")
    horizon: Horizon = Field(description="The planned time.")
    history: HistorySource | None = Field(default=None, description="Past contacts; left out: everything is stated.")
    demand: DemandSource = Field(default=DemandSource(), description="Future demand.")
    experience: Experience = Field(description="How experience is measured.")
    segments: dict[Key, Segment] = Field(min_length=1, description="Value segments by key.")
    reasons: dict[Key, Reason] = Field(min_length=1, description="Contact reasons by key.")
    channels: dict[Key, Channel] = Field(min_length=1, description="Channels by key.")
    pools: dict[Key, Pool] = Field(min_length=1, description="Pools by key.")
    shifts: dict[Key, Shift] = Field(default_factory=dict, description="Kinds of shift by key.")
    escalations: tuple[Escalation, ...] = Field(default=(), description="Where escalated contacts go.")
    overflow: tuple[Overflow, ...] = Field(
        default=(), description="Which pool may send contacts to which by interval; both ways are two entries."
    )
    steers: dict[Key, Steer] = Field(default_factory=dict, description="The only ways to move contacts, by key.")
    initiatives: dict[Key, Initiative] = Field(
        default_factory=dict, description="Improvements that plans may include, by key: knowledge, coaching, fixes."
    )
    promises: dict[Key, Promise] = Field(default_factory=dict, description="Service promises by key.")
    limits: Limits = Field(default=Limits(), description="Limits on whole plans.")
    protected: tuple[str, ...] = Field(
        default=(),
        description="Columns of the history that must have no influence on routing (age, sex, ...): rules may not ask "
        "about them, and every replay tests that they do not count.",
    )
    today: Today = Field(default=Today(), description="How the center runs now.")
    frontier: FrontierSettings = Field(default=FrontierSettings(), description="How hard to look.")
    staffing_plan: StaffingPlan | None = Field(
        default=None, description="Growth, leavers, training and starters of the coming months, for planner gap."
    )
    variants: dict[Key, dict[str, Any]] = Field(
        default_factory=dict, description="Named sets of overrides: dotted path -> value."
    )

    _folder: Path = PrivateAttr(default_factory=Path)

    def _repr_html_(self) -> str:
        from planner.scenario.summary import describe

        return notebook.shown(self.title or self.name, notebook.facts(dict(describe(self))))

    @property
    def folder(self) -> Path:
        """Folder of the scenario file: what the files it names are relative to."""
        return self._folder

    def resolve(self, name: str) -> Path:
        """Path of a file named in the scenario."""
        return self._folder / name

    def eligible(self, pool: str, reason: str, segment: str) -> bool:
        """Whether a pool may serve a contact type: its lists allow it, and `must_human` reasons meet no automaton."""
        one = self.pools[pool]
        listed = (one.reasons is None or reason in one.reasons) and (one.segments is None or segment in one.segments)
        return listed and (one.staffed or not self.reasons[reason].must_human)

    @property
    def types(self) -> list[tuple[str, str]]:
        """Contact types (reason, segment) in file order."""
        return [(reason, segment) for reason in self.reasons for segment in self.segments]
