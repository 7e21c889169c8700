"""The declared truth of a synthetic history: frozen models of its YAML file; what it means is in `tables`."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.quantities import ClockTime, Ratio, Strict

PerChannel = tuple[float, ...]


class Calendar(Strict):
    """The days the history covers."""

    first_day: dt.date = Field(description="First day, YYYY-MM-DD; a Monday.")
    weeks: int = Field(ge=1, le=104, description="Weeks written.")
    warmup_weeks: int = Field(default=1, ge=0, le=8, description="Weeks simulated before and dropped.")
    timezone: str = Field(description="IANA time zone of the opening hours.")
    opens: ClockTime = Field(description='Opening time "HH:MM".')
    closes: ClockTime = Field(description='Closing time "HH:MM".')
    interval_min: int = Field(default=30, gt=0, le=60, description="Length of a staffing interval, minutes.")

    @property
    def intervals_per_day(self) -> int:
        """Number of staffing intervals of one day."""
        return (self.closes - self.opens) // self.interval_min


class Volume(Strict):
    """How many issues arise, and when."""

    issues_per_week: float = Field(gt=0, description="Mean new issues a week.")
    customers: int = Field(gt=0, description="Customers of the company.")
    contact_rate_shape: float = Field(gt=0, description="Gamma shape of the customers' contact rates.")
    weekday: tuple[float, ...] = Field(min_length=7, max_length=7, description="Relative volume, Monday first.")
    day_noise_sd: float = Field(ge=0, description="Noise per day, log scale.")
    hour_shock_sd: float = Field(ge=0, description="Load shock per day and hour, log scale.")
    profiles: dict[str, tuple[float, ...]] = Field(description="Relative volume per open clock hour, by name.")


class Value(Strict):
    """Yearly margin of customers, log-normal."""

    median: float = Field(gt=0, description="Median yearly margin, currency.")
    log_sd: float = Field(gt=0, description="Standard deviation of its logarithm.")
    affinity_per_log_sd: float = Field(default=0.0, description="Digital affinity per sd of log value, sd.")


class SegmentTruth(Strict):
    """A value segment."""

    customers_share: Ratio = Field(description="Share of customers, from the least valuable up.")
    contact_rate: float = Field(gt=0, description="Issues per customer, relative.")


class ReasonTruth(Strict):
    """What one reason does, per segment or per channel."""

    share: tuple[float, ...] = Field(description="Share of issues per segment, any scale.")
    complexity: Ratio = Field(description="0 simple .. 1 complex.")
    aht_s: float = Field(gt=0, description="Mean handle time of a first contact by a core agent, seconds.")
    profile: str = Field(description="Name of its daily profile.")
    urgency: float = Field(default=1.0, gt=0, description="Multiplier of the loss by waiting.")
    mix: PerChannel = Field(description="Channels chosen by the average customer, shares.")
    score: PerChannel = Field(description="Points at zero severity and wait, solved at the first contact.")
    resolved: PerChannel = Field(description="P(resolved | served, not escalated) at zero severity.")
    escalated: PerChannel = Field(description="P(escalated | served) at zero severity.")
    confused: Ratio = Field(description="Share of wrong menu choices.")
    confused_with: tuple[str, ...] = Field(min_length=1, description="Reasons chosen instead, evenly.")
    returns_as: dict[str, Ratio] = Field(default_factory=dict, description="True reason of a return, if another.")


class WaitTruth(Strict):
    """Points lost by waiting: points_per_log · urgency · ln(1 + (wait − tolerance)⁺/tolerance)."""

    tolerance_s: float = Field(gt=0, description="Wait without loss, seconds.")
    points_per_log: float = Field(ge=0, description="Loss per log unit, points.")


class ChannelTruth(Strict):
    """How customers choose, bear and leave a channel."""

    severity_choice: float = Field(description="Log odds of choice per sd of severity.")
    affinity_choice: float = Field(description="Log odds of choice per sd of digital affinity.")
    segment_choice: tuple[float, ...] = Field(description="Log odds of choice per segment.")
    severity_score: float = Field(description="Points per sd of severity.")
    affinity_score: float = Field(description="Points per sd of digital affinity.")
    severity_resolved: float = Field(description="Log odds of resolution per sd of severity.")
    severity_escalated: float = Field(description="Log odds of escalation per sd of severity.")
    wait: WaitTruth = Field(description="Loss by waiting.")
    patience_s: float | None = Field(gt=0, description="Mean patience, seconds; null: nobody abandons.")
    redial: Ratio = Field(description="Share of those who abandon that try again.")
    response: Ratio = Field(description="Share of served contacts that answer the survey.")
    nps_points: float = Field(default=0.0, description="Shift of the recommendation rating, points of 0..10.")
    returns_to: dict[str, Ratio] = Field(description="Channel of the next contact of an unsolved issue, shares.")
    escalates_to: dict[str, Ratio] = Field(default_factory=dict, description="Channel that takes over, shares.")


class Effect(Strict):
    """base + per_complexity · complexity of the reason."""

    base: float = Field(description="For the simplest reason.")
    per_complexity: float = Field(description="More for the most complex reason.")


class StaffingTruth(Strict):
    """How today's planners staff a pool."""

    target_occupancy: Ratio = Field(description="Occupancy they plan for.")
    shrinkage: Ratio = Field(description="Mean share of scheduled time not on task.")
    shrinkage_sd: float = Field(ge=0, description="Its standard deviation over days.")
    heads: int = Field(gt=0, description="People, for agent ids.")
    works: tuple[ClockTime, ClockTime] | None = Field(
        default=None, description="Deferred work: the load is spread over these hours of Monday to Saturday."
    )


class PoolTruth(Strict):
    """A pool: people if it has staffing, else an automaton."""

    channel: str = Field(description="Channel it serves.")
    score: Effect = Field(description="Points on top of the channel's.")
    resolved: Effect = Field(description="Log odds of resolution on top of the channel's.")
    aht_factor: float = Field(default=1.0, gt=0, description="Multiplier of the reason's handle time.")
    aht_s: float | None = Field(default=None, gt=0, description="Handle time whatever the reason, seconds.")
    total_speed: tuple[float, ...] = Field(default=(1.0,), description="Completion speed with 1, 2, ... at once.")
    staffing: StaffingTruth | None = Field(default=None, description="People; left out: an automaton.")


class Route(Strict):
    """Shares of pools for what matches; later rows win."""

    channel: str = Field(description="Channel.")
    reasons: tuple[str, ...] | None = Field(default=None, description="Entry reasons; all if left out.")
    segments: tuple[str, ...] | None = Field(default=None, description="Segments; all if left out.")
    shares: dict[str, Ratio] = Field(description="Pool -> share.")


class Journey(Strict):
    """What happens after a contact."""

    returns_if_unresolved: Ratio = Field(description="Share of unresolved issues that come back.")
    return_day_weights: tuple[float, ...] = Field(min_length=1, description="Days later, from 0, any scale.")
    redial_delay_min: float = Field(gt=0, description="Mean time to a redial, minutes.")
    aht_returned: float = Field(gt=0, description="Handle time of a returned contact against a first one.")
    aht_escalated: float = Field(gt=0, description="Handle time of an escalated contact against a first one.")
    resolved_returned: float = Field(description="Log odds of resolution of a returned contact.")
    resolved_escalated: float = Field(description="Log odds of resolution of an escalated contact.")
    handle_log_sd: float = Field(ge=0, description="Spread of handle times, log scale.")
    handle_per_severity: float = Field(description="Log handle time per sd of severity.")


class ExperienceTruth(Strict):
    """Points that every score carries."""

    noise_sd: float = Field(gt=0, description="Noise of one score, points.")
    agent_sd: float = Field(ge=0, description="Between agents of a pool, points.")
    unresolved: float = Field(le=0, description="When not solved, points.")
    attempt: float = Field(le=0, description="Per earlier handled contact of the issue, points.")
    escalated: float = Field(le=0, description="When handed over from elsewhere, points.")
    peak_hour: float = Field(description="At the busiest hour, points.")
    peak_severity: float = Field(description="Severity at the busiest hour, sd.")


class Survey(Strict):
    """Who answers: log odds on top of the channel's response."""

    per_point: float = Field(description="Per point of the score.")
    resolved: float = Field(description="When solved.")
    affinity: float = Field(description="Per sd of digital affinity.")
    nps_share: Ratio = Field(description="Share of answers with a recommendation rating.")
    ces_share: Ratio = Field(description="Share of answers with an effort score.")


class Codes(Strict):
    """How honest the agents' codes are."""

    solved_if_resolved: Ratio = Field(description="P(coded solved | resolved).")
    solved_if_unresolved: Ratio = Field(description="P(coded solved | not resolved).")


class Missing(Strict):
    """What the files lack."""

    customer_id: Ratio = Field(default=0.0, description="Share of contacts without customer.")
    reason: Ratio = Field(default=0.0, description="Share of handled contacts without reason.")
    entry_reason: Ratio = Field(default=0.0, description="Share of contacts without entry reason.")
    staffing: bool = Field(default=False, description="True: no staffing table is written.")


class Truth(Strict):
    """Everything a synthetic history follows from."""

    version: int = Field(default=1, ge=1, le=1, description="Version of the file format.")
    name: str = Field(description="Short name.")
    seed: int = Field(ge=0, description="Seed of all random draws.")
    calendar: Calendar = Field(description="The days covered.")
    volume: Volume = Field(description="How many issues, and when.")
    value: Value = Field(description="What customers are worth.")
    segments: dict[str, SegmentTruth] = Field(min_length=1, description="Segments, least valuable first.")
    covariate_noise_sd: dict[str, float] = Field(description="Noise of the columns severity and affinity, sd.")
    reasons: dict[str, ReasonTruth] = Field(min_length=1, description="Reasons by key.")
    must_human: tuple[str, ...] = Field(default=(), description="Reasons no automaton serves.")
    channels: dict[str, ChannelTruth] = Field(min_length=1, description="Channels by key, in the order of lists.")
    pools: dict[str, PoolTruth] = Field(min_length=1, description="Pools by key.")
    routing: tuple[Route, ...] = Field(min_length=1, description="How contacts are routed today.")
    journey: Journey = Field(description="What happens after a contact.")
    experience: ExperienceTruth = Field(description="Points every score carries.")
    survey: Survey = Field(description="Who answers.")
    codes: Codes = Field(description="How honest codes are.")
    missing: Missing = Field(default=Missing(), description="What the files lack.")

    @model_validator(mode="after")
    def _labels_known(self) -> Truth:
        unknown = sorted(set(_named_reasons(self)) - set(self.reasons))
        unknown += sorted(set(_named_channels(self)) - set(self.channels))
        unknown += sorted({pool for route in self.routing for pool in route.shares} - set(self.pools))
        if unknown:
            raise PydanticCustomError("label", "unknown names {names}", {"names": ", ".join(unknown)})
        return self

    @model_validator(mode="after")
    def _lengths_fit(self) -> Truth:
        hours = (self.calendar.closes - self.calendar.opens) // 60
        wrong = [name for name, profile in self.volume.profiles.items() if len(profile) != hours]
        for name, reason in self.reasons.items():
            lists = (reason.mix, reason.score, reason.resolved, reason.escalated)
            if any(len(values) != len(self.channels) for values in lists) or len(reason.share) != len(self.segments):
                wrong.append(name)
        wrong += [name for name, c in self.channels.items() if len(c.segment_choice) != len(self.segments)]
        if wrong:
            raise PydanticCustomError("length", "lists of the wrong length in {names}", {"names": ", ".join(wrong)})
        return self


def _named_reasons(truth: Truth) -> list[str]:
    """List every reason the truth refers to."""
    named = list(truth.must_human)
    for reason in truth.reasons.values():
        named += [*reason.confused_with, *reason.returns_as]
    for route in truth.routing:
        named += route.reasons or ()
    return named


def _named_channels(truth: Truth) -> list[str]:
    """List every channel the truth refers to."""
    named = [pool.channel for pool in truth.pools.values()] + [route.channel for route in truth.routing]
    for channel in truth.channels.values():
        named += [*channel.returns_to, *channel.escalates_to]
    return named
