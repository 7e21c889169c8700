"""Cross-field checks of a scenario: one function each, gathered in two explicit tuples."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from planner.scenario.center import Discipline
from planner.scenario.day_parts import check_parts_of_days
from planner.scenario.demand_csv import Series
from planner.scenario.document import Place
from planner.scenario.fields import suggest
from planner.scenario.hours_check import check_days_of_shifts, check_hours_of_days
from planner.scenario.initiatives import check_initiative_effects, check_initiative_relations
from planner.scenario.links import check_overflow_links
from planner.scenario.quantities import clock_text
from planner.scenario.reach import check_pools_reached, check_reasons_served
from planner.scenario.scenario import Measure, Period, Scenario


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at a place of the scenario; `about_key` where the key, not the value, is meant."""

    place: Place
    message: str
    severity: str = "error"
    about_key: bool = False


def check_scenario(scenario: Scenario, natural: set[Series] | None = None, *, whole: bool = True) -> list[Finding]:
    """Make all checks across fields.

    Parameters
    ----------
    scenario
        The scenario; names nothing declares are left to `check_references`.
    natural
        (reason, channel, segment) in which contacts arrive by themselves, None within for all; None where only
        a history knows.
    whole
        False: parts of the file are missing because they are wrong, so only checks of single parts are made.
    """
    found = [finding for check in CHECKS for finding in check(scenario)]
    if whole:
        for place, message in (*check_pools_reached(scenario, natural), *check_reasons_served(scenario, natural)):
            found.append(Finding(place, message, about_key=True))
        found += [finding for check in WHOLE_CHECKS for finding in check(scenario)]
    return found


def check_timezone(scenario: Scenario) -> Iterator[Finding]:
    """Time zones are IANA names this machine knows."""
    places: list[tuple[Place, str | None]] = [(("horizon", "timezone"), scenario.horizon.timezone)]
    if scenario.history is not None:
        places.append((("history", "timezone"), scenario.history.timezone))
    for place, zone in places:
        if zone is not None and not _known_zone(zone):
            near = suggest(zone, sorted(zoneinfo.available_timezones()))
            hint = near if "did you mean" in near else ""
            yield Finding(place, f"unknown time zone '{zone}'{hint}; write an IANA name such as Europe/Zurich")


def _known_zone(zone: str) -> bool:
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def check_shift_grid(scenario: Scenario) -> Iterator[Finding]:
    """Starts, lengths and breaks of shifts lie on the interval grid."""
    horizon = scenario.horizon
    step = horizon.interval_min
    for key, shift in scenario.shifts.items():
        lengths: list[tuple[Place, float, str]] = [
            (("length_h",), shift.length_h * 60, "length"),
            (("starts", "first"), shift.starts.first - horizon.opens, "time from opening to the first start"),
            (("starts", "last"), shift.starts.last - horizon.opens, "time from opening to the last start"),
        ]
        if shift.starts.last > shift.starts.first:  # of one start, the step means nothing
            lengths.append((("starts", "every_min"), shift.starts.every_min, "step between starts"))
        for number, pause in enumerate(shift.breaks):
            lengths.append((("breaks", number, "after_h"), pause.after_h * 60, "time from the start to the break"))
            lengths.append((("breaks", number, "length_min"), pause.length_min, "length of the break"))
        for place, minutes, what in lengths:
            if abs(minutes / step - round(minutes / step)) > 1e-9:
                message = f"{what} is {minutes:g} min, not a multiple of the interval of {step} min; write a multiple"
                yield Finding(("shifts", key, *place), message)


def check_shift_hours(scenario: Scenario) -> Iterator[Finding]:
    """Shifts start after opening and end by closing time."""
    opens, closes = scenario.horizon.opens, scenario.horizon.closes
    for key, shift in scenario.shifts.items():
        if shift.starts.first < opens:
            message = f"starts at {clock_text(shift.starts.first)}, before opening at {clock_text(opens)}; start later"
            yield Finding(("shifts", key, "starts", "first"), message)
        end = shift.starts.last + shift.length_h * 60
        if end > closes:
            message = (
                f"a start at {clock_text(shift.starts.last)} ends {end - closes:g} min after closing at "
                f"{clock_text(closes)}; write at most {clock_text(max(int(closes - shift.length_h * 60), 0))}"
            )
            yield Finding(("shifts", key, "starts", "last"), message)


def check_hours(scenario: Scenario) -> Iterator[Finding]:
    """Hours of weekdays and dates lie in the horizon, within those of every day, and shifts fit into them."""
    for place, message in check_hours_of_days(scenario):
        yield Finding(place, message, about_key=len(place) == 3)
    for place, message, severity in check_days_of_shifts(scenario):
        yield Finding(place, message, severity, about_key=place[0] == "shifts" and len(place) == 2)


def check_steer_channels(scenario: Scenario) -> Iterator[Finding]:
    """A steer leads into another channel."""
    for key, steer in scenario.steers.items():
        if steer.from_channel == steer.to_channel:
            message = f"a steer from {steer.from_channel} to itself moves nobody; name another channel"
            yield Finding(("steers", key, "to_channel"), message)


def check_empty_selections(scenario: Scenario) -> Iterator[Finding]:
    """Lists of reasons and segments that select nothing are left out instead."""
    for section in ("pools", "steers"):
        for key, entry in getattr(scenario, section).items():
            for name in ("reasons", "segments"):
                if getattr(entry, name) == ():
                    message = f"the empty list selects nothing; name {name}, or leave the key out for all"
                    yield Finding((section, key, name), message)


def check_scores(scenario: Scenario) -> Iterator[Finding]:
    """Scores lie on the scale, and lost <= given up <= resolved in the metric's own sense."""
    experience = scenario.experience
    low, high = experience.scale
    if not low < high:
        yield Finding(("experience", "scale"), f"the scale runs from {low:g} to {high:g}; write [lowest, highest]")
        return
    stated: list[tuple[Place, float | None]] = [
        (("experience", name, part), getattr(getattr(experience, name), part))
        for name in ("score_given_up", "score_abandoned")
        for part in ("value", "low", "high")
    ]
    stated += [(("experience", "outcomes", i, "score"), row.score) for i, row in enumerate(experience.outcomes)]
    stated += [(("segments", key, "cx_min"), segment.cx_min) for key, segment in scenario.segments.items()]
    for place, score in stated:
        if score is not None and not low <= score <= high:
            yield Finding(place, f"score {score:g} is outside the scale {low:g}..{high:g}; write a score on the scale")
    sign = 1 if experience.higher_is_better else -1
    given_up, abandoned = experience.score_given_up.value, experience.score_abandoned.value
    better = "higher" if sign > 0 else "lower"
    if sign * abandoned > sign * given_up:
        message = f"lost customers ({abandoned:g}) must not score better than given-up ones ({given_up:g}); {better} is"
        yield Finding(("experience", "score_abandoned"), f"{message} better here, change one of them")
    for index, row in enumerate(experience.outcomes):
        if row.score is not None and sign * row.score < sign * given_up:
            message = f"helped customers ({row.score:g}) must not score worse than given-up ones ({given_up:g})"
            yield Finding(("experience", "outcomes", index, "score"), f"{message}; change one of them")


def check_returns(scenario: Scenario) -> Iterator[Finding]:
    """No more contacts return than are left by the unresolved who give up."""
    experience = scenario.experience
    most = 1 - experience.give_up_share.value
    for index, row in enumerate(experience.outcomes):
        if row.p_return is not None and row.p_return > most + 1e-9:
            message = (
                f"{row.p_return:.0%} return, but with a give_up_share of {experience.give_up_share.value:.0%} at most "
                f"{most:.0%} can; lower one of them"
            )
            yield Finding(("experience", "outcomes", index, "p_return"), message)


def check_retained_value(scenario: Scenario) -> Iterator[Finding]:
    """Retained value rests on a margin and on an effect whose range leaves out zero."""
    chosen = [i for i, one in enumerate(scenario.frontier.objectives) if one.name == "retained_value"]
    linked = {key: segment for key, segment in scenario.segments.items() if segment.retention is not None}
    for key, segment in linked.items():
        if segment.value_per_year is None:
            message = "retained value needs the yearly margin of a customer; write value_per_year beside it"
            yield Finding(("segments", key, "retention"), message)
    if chosen and not any(s.retention is not None and s.retention.has_weight for s in linked.values()):
        message = (
            "retained_value rests on no segment: write segments.*.retention with customers, yearly and a per_point "
            "whose range leaves out zero, or leave the objective out"
        )
        yield Finding(("frontier", "objectives", chosen[0]), message)


def check_deadlines(scenario: Scenario) -> Iterator[Finding]:
    """A deadline of deferred work lies within the open hours of the horizon."""
    horizon = scenario.horizon
    hours = sum(horizon.opened()) * horizon.interval_min / 60
    for key, pool in scenario.pools.items():
        if pool.deadline_h is not None and pool.deadline_h > hours:
            message = f"deadline of {pool.deadline_h:g} open hours is longer than the horizon of {hours:g}; shorten it"
            yield Finding(("pools", key, "deadline_h"), message)


def check_share_step(scenario: Scenario) -> Iterator[Finding]:
    """Steps of steers divide the whole."""
    step = scenario.frontier.share_step
    if step is not None and (step <= 0 or abs(1 / step - round(1 / step)) > 1e-9):
        message = f"share_step {step:g} does not divide 1; write e.g. 0.5, 0.25, 0.2 or 0.1"
        yield Finding(("frontier", "share_step"), message)


def check_promises(scenario: Scenario) -> Iterator[Finding]:
    """A promise measures what its pools have: waits for live pools, deadlines for deferred ones."""
    for key, promise in scenario.promises.items():
        deferred = promise.measure is Measure.DEADLINE_KEPT
        for index, name in enumerate(promise.pools):
            pool = scenario.pools.get(name)
            if pool is None:
                continue
            fits = pool.discipline is Discipline.DEFERRED if deferred else pool.discipline in _LIVE
            if not fits:
                wanted = "deferred" if deferred else "live_voice or live_chat"
                message = f"{promise.measure} needs {wanted} pools; pool '{name}' is {pool.discipline}; take it away"
                yield Finding(("promises", key, "pools", index), message)
        days = scenario.horizon.days
        if promise.period is Period.WEEK and days > 7 and days % 7:
            message = f"{days} days are no whole weeks; plan {days // 7 * 7} days, or promise it for the month"
            yield Finding(("promises", key, "period"), message)


_LIVE = (Discipline.LIVE_VOICE, Discipline.LIVE_CHAT)


def check_overflow(scenario: Scenario) -> Iterator[Finding]:
    """A link of overflow joins two live pools of people that share channel, discipline, platform and contacts."""
    for place, message in check_overflow_links(scenario):
        yield Finding(place, message)


def check_initiatives(scenario: Scenario) -> Iterator[Finding]:
    """Initiatives can be in a plan, change something, and are few enough to look at every portfolio."""
    for place, message in (
        *check_initiative_relations(scenario.initiatives),
        *check_initiative_effects(scenario.initiatives, scenario.experience.scale),
    ):
        yield Finding(place, message, about_key=len(place) < 3)


def check_day_parts(scenario: Scenario) -> Iterator[Finding]:
    """Day parts lie on the grid, do not overlap, and somebody takes the contacts of what may close."""
    for place, message in check_parts_of_days(scenario):
        yield Finding(place, message, about_key=len(place) in (1, 4))


def check_demand_source(scenario: Scenario) -> Iterator[Finding]:
    """Demand comes from a history that exists, or from a file."""
    if scenario.demand.source == "history" and scenario.history is None:
        message = "demand comes from the history, but there is none; name a CSV file in demand.source, or add history"
        yield Finding(("demand", "source"), message)


def check_today_sources(scenario: Scenario) -> Iterator[Finding]:
    """Warn where nothing says how the center runs now: estimates do without, plans do not."""
    history, today = scenario.history, scenario.today
    if today.staffing == "history" and (history is None or history.staffing is None):
        message = "nothing says who works today, so no plan can be made; name a CSV file here, or history.staffing"
        yield Finding(("today", "staffing"), message, "warning")
    if today.routing == "history" and history is None:
        message = "nothing says who serves what today, so no plan can be made; name a CSV file here"
        yield Finding(("today", "routing"), message, "warning")


CHECKS: tuple[Callable[[Scenario], Iterator[Finding]], ...] = (
    check_timezone,
    check_shift_grid,
    check_shift_hours,
    check_hours,
    check_steer_channels,
    check_empty_selections,
    check_scores,
    check_returns,
    check_retained_value,
    check_deadlines,
    check_share_step,
    check_promises,
    check_overflow,
    check_initiatives,
    check_day_parts,
)
"""Checks of single parts: made even where other parts are wrong."""

WHOLE_CHECKS: tuple[Callable[[Scenario], Iterator[Finding]], ...] = (check_demand_source, check_today_sources)
"""Checks that need every part of the file, beside those of who reaches whom."""
