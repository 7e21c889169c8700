"""What a contact center is made of: reasons, segments, channels, pools, shifts, rosters, steers."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from planner.scenario.opening_hours import Weekday
from planner.scenario.quantities import ClockTime, Key, Money, Ratio, Stated, StatedRatio, Strict, clock_text


class PoolKind(StrEnum):
    """Who works in a pool."""

    HUMAN = "human"
    AI_ASSISTED = "ai_assisted"
    AUTOMATED = "automated"
    VENDOR = "vendor"


class Discipline(StrEnum):
    """How a pool serves: the one queueing model it follows."""

    LIVE_VOICE = "live_voice"
    LIVE_CHAT = "live_chat"
    DEFERRED = "deferred"
    AUTOMATED = "automated"


class Reason(Strict):
    """A contact reason as known when the contact is routed."""

    title: str = Field(default="", description="Name shown to people; the key where empty.")
    must_human: bool = Field(default=False, description="True: never served by an automated pool.")


class Retention(Strict):
    """How the staying of a segment's customers answers to their experience: a model, never a measurement of a plan."""

    customers: float = Field(gt=0, description="Customers of the segment.")
    yearly: StatedRatio = Field(description="Share of them who stay for a year at Today's experience (ratio 0..1).")
    per_point: Stated = Field(
        description="Change of that share per scale point of experience, e.g. from planner.experience.value; a range "
        "that holds zero has no weight."
    )
    discount: float = Field(default=0.1, gt=0, le=1, description="Yearly discount rate of margins to come.")

    @property
    def has_weight(self) -> bool:
        """Whether the stated range of the effect leaves out zero."""
        low, high = self.per_point.bounds
        return low > 0 or high < 0


class Segment(Strict):
    """A value segment of customers."""

    title: str = Field(default="", description="Name shown to people; the key where empty.")
    value_per_year: float | None = Field(
        default=None,
        ge=0,
        description="Mean yearly margin of a customer, in the scenario's currency; for reading and retained value.",
    )
    retention: Retention | None = Field(
        default=None, description="What the objective retained_value rests on; left out: the segment has no part in it."
    )
    cx_min: float | None = Field(
        default=None, description="Floor: no plan may give this segment a lower expected experience (scale points)."
    )


class Channel(Strict):
    """A way to reach the center."""

    title: str = Field(default="", description="Name shown to people; the key where empty.")
    patience_s: Stated | None = Field(
        default=None,
        description="Mean patience before giving up, seconds. Left out: estimated from the history "
        "(total waiting / abandonments). None and no history: nobody abandons.",
    )
    redial: StatedRatio = Field(
        default=Stated(value=0.0),
        description="Share of abandoned contacts that try again in the same channel (ratio 0..1).",
    )

    @model_validator(mode="after")
    def _patient(self) -> Channel:
        if self.patience_s is not None and self.patience_s.bounds[0] <= 0:
            raise PydanticCustomError(
                "patience",
                "nobody is patient for {low} s; write more than 0, or leave it out where nobody gives up",
                {"low": f"{self.patience_s.bounds[0]:g}", "at": "patience_s"},
            )
        return self


class Break(Strict):
    """A break inside a shift."""

    after_h: float = Field(ge=0, description="Hours from the start of the shift to the start of the break.")
    length_min: int = Field(gt=0, description="Length of the break, minutes; a multiple of the interval.")
    paid: bool = Field(default=False, description="True: the break is paid time.")


class Starts(Strict):
    """The clock times at which a shift may start."""

    first: ClockTime = Field(description='Earliest start, clock time "HH:MM".')
    last: ClockTime = Field(description='Latest start, clock time "HH:MM".')
    every_min: int = Field(default=30, gt=0, description="Minutes between possible starts.")


class Shift(Strict):
    """A kind of shift; each possible start is one shift of the catalogue."""

    length_h: float = Field(gt=0, le=24, description="Hours from start to end, breaks included.")
    starts: Starts = Field(description="When the shift may start.")
    breaks: tuple[Break, ...] = Field(default=(), description="Breaks inside the shift.")
    days: tuple[Weekday, ...] = Field(
        default=(), description="Weekdays it may be worked on, monday to sunday; left out: every day."
    )

    @property
    def begins(self) -> range:
        """Its possible starts, minutes after midnight."""
        return range(self.starts.first, self.starts.last + 1, self.starts.every_min)

    @model_validator(mode="after")
    def _makes_sense(self) -> Shift:
        if self.starts.last < self.starts.first:
            raise PydanticCustomError(
                "starts",
                "the last start {last} lies before the first start {first}; swap them (a shift ends on its own day)",
                {"first": clock_text(self.starts.first), "last": clock_text(self.starts.last), "at": "starts.last"},
            )
        for number, pause in enumerate(self.breaks):
            if pause.after_h * 60 + pause.length_min > self.length_h * 60:
                raise PydanticCustomError(
                    "break",
                    "a break ends {over} min after the shift; move or shorten it",
                    {
                        "over": f"{pause.after_h * 60 + pause.length_min - self.length_h * 60:g}",
                        "at": f"breaks.{number}",
                    },
                )
        return self


class Roster(Strict):
    """The people on the payroll of a pool and their weekly limits."""

    heads: int = Field(ge=0, description="People on the payroll, full or part time, heads.")
    contract_h_per_week: float = Field(gt=0, le=168, description="Paid hours a week in the contract, hours per head.")
    days_per_week: int = Field(default=5, ge=1, le=7, description="Most working days of one person in a week, days.")
    min_rest_h: float = Field(
        default=11.0, ge=0, le=24, description="Least rest between two shifts of a person, hours."
    )
    overtime_h_per_week_max: float = Field(default=0.0, ge=0, description="Most overtime of one person a week, hours.")
    overtime_premium: Ratio = Field(default=0.0, description="Extra pay of an overtime hour over the wage (ratio).")
    time_off_h_per_week_max: float = Field(
        default=0.0, ge=0, description="Most voluntary unpaid time off of one person a week, hours."
    )
    hires_max: int = Field(default=0, ge=0, description="Most people who could be added to this pool, heads.")
    cost_per_hire: Money = Field(default=0.0, description="Recruiting and training cost of one hire, currency.")
    hire_amortization_weeks: float = Field(default=52.0, gt=0, description="Weeks over which a hire's cost is spread.")


class Chat(Strict):
    """How an agent's speed changes with the number of chats handled at once."""

    total_speed: tuple[float, ...] = Field(
        min_length=1,
        description="Total completion speed with 1, 2, ... K chats at once, relative to one chat alone (starts with 1, "
        "increases, never faster than proportional). Its length is the cap of chats per agent.",
    )

    @model_validator(mode="after")
    def _concave(self) -> Chat:
        speed = self.total_speed
        steps = [b - a for a, b in zip(speed, speed[1:], strict=False)]
        if speed[0] != 1 or any(s < 0 for s in steps) or any(v > k + 1 for k, v in enumerate(speed)):
            raise PydanticCustomError(
                "total_speed",
                "total_speed {speed} must start with 1, never fall, and stay at or below 1, 2, 3, ...",
                {"speed": str(list(speed)), "at": "total_speed"},
            )
        return self


class DayPart(Strict):
    """Some hours of every day in which a pool has least people and a cost of its own, and may be closed."""

    starts: ClockTime = Field(description='Clock time "HH:MM" the part begins at.')
    ends: ClockTime = Field(description='Clock time "HH:MM" the part ends at.')
    people_min: int = Field(default=0, ge=0, description="Least people scheduled while the pool is open, heads.")
    fixed_cost: Money = Field(
        default=0.0, description="Cost of being open in this part over the horizon, currency: supervision, rent."
    )
    may_close: bool = Field(
        default=False, description="True: plans may close the pool in this part; its overflow links take its contacts."
    )

    @model_validator(mode="after")
    def _lasts(self) -> DayPart:
        if self.ends <= self.starts:
            raise PydanticCustomError(
                "day_part",
                "ends at {ends}, not after it starts at {starts}; swap them",
                {"ends": clock_text(self.ends), "starts": clock_text(self.starts), "at": "ends"},
            )
        return self


class Tier(Strict):
    """The price of contacts above a volume."""

    above: float = Field(default=0.0, ge=0, description="Contacts of the horizon above which the price holds.")
    price: Money = Field(description="Price of each such contact, currency.")


class Contract(Strict):
    """What a vendor is paid for contacts, on top of hours and of `cost_per_contact`."""

    committed_contacts: float = Field(
        default=0.0, ge=0, description="Contacts of the horizon that are paid whether they come or not."
    )
    max_contacts: float | None = Field(default=None, gt=0, description="Most contacts of the horizon it takes.")
    tiers: tuple[Tier, ...] = Field(min_length=1, description="Prices by volume, from above: 0, never falling.")

    @model_validator(mode="after")
    def _convex(self) -> Contract:
        tiers = self.tiers
        if tiers[0].above != 0:
            raise PydanticCustomError(
                "first_tier",
                "the first tier starts above {above} contacts; it must start above 0",
                {"above": f"{tiers[0].above:g}", "at": "tiers.0.above"},
            )
        for k, (low, high) in enumerate(zip(tiers, tiers[1:], strict=False), start=1):
            if high.above <= low.above:
                raise PydanticCustomError(
                    "tier_order",
                    "tiers must rise: {high} contacts come after {low}",
                    {"low": f"{low.above:g}", "high": f"{high.above:g}", "at": f"tiers.{k}.above"},
                )
            if high.price < low.price:
                raise PydanticCustomError(
                    "tier_price",
                    "the price falls from {low} to {high}; a discount for volume cannot be planned, state the mean "
                    "price instead",
                    {"low": f"{low.price:g}", "high": f"{high.price:g}", "at": f"tiers.{k}.price"},
                )
        if self.max_contacts is not None and self.committed_contacts > self.max_contacts:
            raise PydanticCustomError(
                "commitment",
                "{committed} committed contacts are more than the {most} it takes; lower one or raise the other",
                {
                    "committed": f"{self.committed_contacts:g}",
                    "most": f"{self.max_contacts:g}",
                    "at": "committed_contacts",
                },
            )
        return self

    @property
    def lines(self) -> list[tuple[float, float]]:
        """Lines (slope, offset) whose highest is the payment for a volume: the commitment, then one per tier."""
        found, paid = [], 0.0
        ends = [*(tier.above for tier in self.tiers[1:]), float("inf")]
        committed = 0.0
        for tier, end in zip(self.tiers, ends, strict=True):
            found.append((tier.price, paid - tier.price * tier.above))
            committed += tier.price * max(0.0, min(self.committed_contacts, end) - tier.above)
            paid += tier.price * (end - tier.above) if end < float("inf") else 0.0
        return [(0.0, committed), *found]


class Pool(Strict):
    """A group of agents, a vendor or an automaton that serves one channel under one discipline."""

    title: str = Field(default="", description="Name shown to people; the key where empty.")
    kind: PoolKind = Field(description="human, ai_assisted, automated or vendor.")
    channel: str = Field(description="The channel this pool serves (a key of channels).")
    discipline: Discipline = Field(description="live_voice, live_chat, deferred or automated.")
    platform: str = Field(
        default="main", description="Routing platform the pool lives on; no overflow leads to another."
    )
    reasons: tuple[str, ...] | None = Field(default=None, description="Reasons it may serve; left out: all.")
    segments: tuple[str, ...] | None = Field(default=None, description="Segments it may serve; left out: all.")
    wage_per_h: Money = Field(default=0.0, description="Fully loaded cost of one paid hour, currency per hour.")
    cost_per_contact: Money = Field(
        default=0.0, description="Telephony, license, AI or vendor cost of one contact, currency."
    )
    fixed_cost: Money = Field(default=0.0, description="Cost of the pool for the horizon whatever its load, currency.")
    shrinkage: StatedRatio = Field(
        default=Stated(value=0.0),
        description="Share of scheduled time not on task: absence, training, meetings (ratio 0..1, below 1). Shift "
        "breaks are not shrinkage. Staffed pools must state it.",
    )
    occupancy_max: Ratio = Field(
        default=0.87, gt=0, description="Cap on offered load / agents on task (ratio, above 0)."
    )
    chat: Chat | None = Field(default=None, description="Concurrency of a live_chat pool.")
    deadline_h: float | None = Field(
        default=None, gt=0, description="Deferred pools: answer within so many open hours."
    )
    max_contacts_per_interval: float | None = Field(
        default=None,
        gt=0,
        description="Automated or vendor pools: most contacts per interval (rate, sessions, contract).",
    )
    day_parts: dict[Key, DayPart] = Field(
        default_factory=dict, description="Parts of the day by key, for live pools of people."
    )
    contract: Contract | None = Field(default=None, description="Vendor pools: volumes and prices agreed upon.")
    shifts: tuple[str, ...] = Field(default=(), description="Kinds of shift its people may work (keys of shifts).")
    roster: Roster | None = Field(default=None, description="People on the payroll; left out: nobody is committed.")

    @model_validator(mode="after")
    def _consistent(self) -> Pool:
        if (self.discipline is Discipline.AUTOMATED) != (self.kind is PoolKind.AUTOMATED):
            raise PydanticCustomError("kind", "kind automated and discipline automated go together", {"at": "kind"})
        if (self.discipline is Discipline.LIVE_CHAT) != (self.chat is not None):
            raise PydanticCustomError("chat", "chat: belongs to live_chat pools, and they need it", {"at": "chat"})
        if (self.discipline is Discipline.DEFERRED) != (self.deadline_h is not None):
            raise PydanticCustomError(
                "deadline", "deadline_h: belongs to deferred pools, and they need it", {"at": "deadline_h"}
            )
        if self.contract is not None and self.kind is not PoolKind.VENDOR:
            raise PydanticCustomError("contract", "contract: belongs to pools of kind vendor", {"at": "contract"})
        people = [name for name in ("wage_per_h", "shifts", "roster") if getattr(self, name)]
        if not self.staffed and people:
            raise PydanticCustomError(
                "no_people",
                "{name}: belongs to pools of people, and nobody works in an automated one; use cost_per_contact and "
                "fixed_cost for what it costs",
                {"name": people[0], "at": people[0]},
            )
        if self.staffed and not self.shifts:
            raise PydanticCustomError("shifts", "a pool of people needs at least one kind of shift", {"at": "shifts"})
        if self.staffed and "shrinkage" not in self.model_fields_set:
            raise PydanticCustomError(
                "shrinkage", "shrinkage must be stated for a pool of people (there is no default)", {"at": "shrinkage"}
            )
        if self.shrinkage.bounds[1] >= 1:
            raise PydanticCustomError("shrinkage", "shrinkage must stay below 1", {"at": "shrinkage"})
        return self

    @property
    def staffed(self) -> bool:
        """True for pools of people."""
        return self.discipline is not Discipline.AUTOMATED


class Steer(Strict):
    """A named offer that invites customers of one channel into another."""

    title: str = Field(default="", description="Name shown to people; the key where empty.")
    from_channel: str = Field(description="Channel in which the customer arrives.")
    to_channel: str = Field(description="Channel that is offered.")
    offered_at: str = Field(description="Where the offer is made: menu, web page, app, agent, ... (free text).")
    reasons: tuple[str, ...] | None = Field(default=None, description="Reasons it is offered to; left out: all.")
    segments: tuple[str, ...] | None = Field(default=None, description="Segments it is offered to; left out: all.")
    acceptance: StatedRatio = Field(description="Share of those offered who accept (ratio 0..1), with its range.")
    cost_per_offer: Money = Field(default=0.0, description="Cost of one offer, accepted or not, currency.")


class Overflow(Strict):
    """A link over which contacts of one pool may be served by another of its channel, interval by interval."""

    from_pool: str = Field(description="Pool that sends contacts over.")
    to_pool: str = Field(description="Pool of people that takes them, on the same platform, one discipline with it.")
