"""Checks of opening hours by weekday and date, and of the shifts that fit into them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from planner.scenario.document import Place
from planner.scenario.fields import suggest
from planner.scenario.horizon import Horizon
from planner.scenario.opening_hours import WEEKDAYS
from planner.scenario.quantities import clock_text
from planner.scenario.scenario import Scenario


def check_hours_of_days(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    """Find hours of no day, of days beyond the horizon, beyond those of every day or off the grid; and no hours."""
    horizon = scenario.horizon
    found = False
    for key, own in horizon.hours.items():
        here: Place = ("horizon", "hours", key)
        message = "" if key in WEEKDAYS else _bad_date(horizon, key)
        if message:
            found = True
            yield here, message
        for field, clock in (("opens", own.opens), ("closes", own.closes)) if not own.closed else ():
            if not horizon.opens <= clock <= horizon.closes or (clock - horizon.opens) % horizon.interval_min:
                found = True
                hours = f"{clock_text(horizon.opens)} to {clock_text(horizon.closes)}"
                message = f"{clock_text(clock)} is not the edge of an interval of {horizon.interval_min} min from"
                yield (*here, field), f"{message} {hours}; write one, or let every day open longer"
    if not found and not any(horizon.opened()):
        yield ("horizon", "hours"), "the center is closed on every day; there is nothing to plan"


def _bad_date(horizon: Horizon, key: str) -> str:
    """Say what is wrong with a key that is no weekday; empty: it is a date of the horizon."""
    try:
        date = dt.date.fromisoformat(key)
    except ValueError:
        near = suggest(key, WEEKDAYS)
        return f"'{key}' is neither a weekday nor a date{near}; write monday to sunday, or YYYY-MM-DD"
    last = horizon.start + dt.timedelta(days=horizon.days - 1)
    if key != date.isoformat():
        return f"write the date as {date.isoformat()}"
    if not horizon.start <= date <= last:
        return f"{key} is not in the horizon, {horizon.start.isoformat()} to {last.isoformat()}; take it away"
    return ""


def fits(scenario: Scenario, kind: str, begin: int, day: int) -> bool:
    """Tell whether a day of the horizon has a start of a kind of shift: on its weekdays, within its hours."""
    shift, horizon = scenario.shifts[kind], scenario.horizon
    opens, closes = horizon.day_hours(day)
    weekday = WEEKDAYS[(horizon.start + dt.timedelta(days=day)).weekday()]
    return opens <= begin and begin + shift.length_h * 60 <= closes and (not shift.days or weekday in shift.days)


def check_days_of_shifts(scenario: Scenario) -> Iterator[tuple[Place, str, str]]:
    """Find weekdays named twice, kinds of shift that fit no day, and pools left without any: place, words, severity."""
    days = range(scenario.horizon.days)
    usable = {
        kind: any(fits(scenario, kind, begin, day) for begin in shift.begins for day in days)
        for kind, shift in scenario.shifts.items()
    }
    for kind, shift in scenario.shifts.items():
        for number, day in enumerate(shift.days):
            if day in shift.days[:number]:
                yield ("shifts", kind, "days", number), f"'{day}' is listed twice; take one away", "error"
        if not usable[kind]:
            message = "fits into the hours of no day of the horizon it may be worked on; no plan will have it"
            yield ("shifts", kind), message, "warning"
    for key, pool in scenario.pools.items():
        if pool.staffed and not any(usable.get(kind, True) for kind in pool.shifts):
            message = "none of its shifts fits into the hours of a day; name another, or let the center open longer"
            yield ("pools", key, "shifts"), message, "error"
