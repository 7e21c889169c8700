"""What differs in the tables two scenarios name: demand by reason and channel, weekdays, Today's people and routing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from planner.scenario.demand_csv import read_demand_rows
from planner.scenario.difference import Difference
from planner.scenario.difference_words import relative
from planner.scenario.scenario import Scenario
from planner.scenario.today_csv import read_routing_rows, read_staffing_rows

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_SAME = 5e-4
"""Changes below this share are rounding."""
_MOST = 12
"""Series named one by one; more are counted."""


def table_differences(old: Scenario, new: Scenario) -> list[Difference]:
    """Return what differs in the tables of demand, Today's staffing and Today's routing; both scenarios are valid."""
    return [*_demand(old, new), *_staffing(old, new), *_routing(old, new)]


def _demand(old: Scenario, new: Scenario) -> list[Difference]:
    sources = [one.demand.source for one in (old, new)]
    if "history" in sources:
        words = f"demand: from {sources[0]} → from {sources[1]}"
        return [] if sources[0] == sources[1] else [Difference("demand.source", words, *sources)]
    series, days = zip(*(_contacts(one) for one in (old, new)), strict=True)
    found = [
        Difference(
            "demand.source", f"channel {channel} closed on {_DAYS[day]}: no contacts come (before {before:,.0f})"
        )
        for (channel, day), before in days[0].items()
        if before > 0 and day in {d for _, d in days[1]} | _weekdays(new) and not days[1].get((channel, day))
    ]
    totals = [math.fsum(one.values()) for one in series]
    changes = {key: (series[0].get(key, 0.0), series[1].get(key, 0.0)) for key in {**series[0], **series[1]}}
    changes = {key: pair for key, pair in changes.items() if _differ(*pair)}
    if not changes:
        return found
    if (
        len(changes) == len({**series[0], **series[1]})
        and len({round(b / a, 4) if a else 0 for a, b in changes.values()}) == 1
    ):
        return [*found, _contacts_words("demand, every reason and channel alike", *totals)]
    found.append(_contacts_words("demand in all", *totals))
    named = [_contacts_words(f"demand of {_series_name(key)}", *pair) for key, pair in list(changes.items())[:_MOST]]
    more = len(changes) - len(named)
    rest = [Difference("demand.source", f"demand of {more} more series differs")] if more else []
    return [*found, *named, *rest]


def _contacts(scenario: Scenario) -> tuple[dict[Any, float], dict[tuple[str, int], float]]:
    """Contacts per (reason, channel, segment) and per (channel, weekday)."""
    rows = read_demand_rows(scenario, scenario.resolve(scenario.demand.source), scenario.demand.source).rows
    several = len(scenario.segments) > 1
    series: dict[Any, float] = defaultdict(float)
    days: dict[tuple[str, int], float] = defaultdict(float)
    first, per_day = scenario.horizon.start.weekday(), scenario.horizon.intervals_per_day
    for interval, reason, channel, segment, contacts in rows:
        series[reason, channel, segment if several else None] += contacts
        days[channel, (first + interval // per_day) % 7] += contacts
    return series, days


def _weekdays(scenario: Scenario) -> set[int]:
    first = scenario.horizon.start.weekday()
    return {(first + day) % 7 for day in range(scenario.horizon.days)}


def _series_name(key: tuple[str | None, str, str | None]) -> str:
    reason, channel, segment = key
    return " ".join(filter(None, [reason, f"in {channel}" if reason else channel, f"({segment})" if segment else ""]))


def _contacts_words(what: str, old: float, new: float) -> Difference:
    if not old:
        return Difference("demand.source", f"{what} new: {new:,.0f} contacts", 0.0, new)
    if not new:
        return Difference("demand.source", f"{what} gone (before {old:,.0f} contacts)", old, 0.0)
    change = relative(old, new) if _differ(old, new) else "unchanged"
    return Difference("demand.source", f"{what} {change} ({old:,.0f} → {new:,.0f} contacts)", old, new)


def _differ(old: float, new: float) -> bool:
    return abs(new - old) > _SAME * max(abs(old), abs(new))


def _staffing(old: Scenario, new: Scenario) -> list[Difference]:
    means: list[dict[str, float]] = []
    for one in (old, new):
        name = one.today.staffing
        if not name or name == "history":
            means.append({})
            continue
        people: dict[str, list[float]] = defaultdict(list)
        for (pool, *_), count in read_staffing_rows(one, one.resolve(name), name).scheduled.items():
            people[pool].append(count)
        means.append({pool: math.fsum(counts) / len(counts) for pool, counts in people.items()})
    return [
        Difference("today.staffing", f"people of {pool} today {relative(a, b)} ({a:.2f} → {b:.2f} on average)", a, b)
        for pool, a, b in _both(means[0], means[1])
    ]


def _routing(old: Scenario, new: Scenario) -> list[Difference]:
    shares: list[Mapping[Any, float]] = []
    for one in (old, new):
        name = one.today.routing
        shares.append(read_routing_rows(one, one.resolve(name), name).shares if name and name != "history" else {})
    keys = [key for key in {**shares[0], **shares[1]} if _differ(shares[0].get(key, 0.0), shares[1].get(key, 0.0))]
    if not keys or not all(shares):
        return []
    who = ", ".join(f"{reason} in {channel} to {pool}" for reason, _, channel, pool in keys[:3])
    return [
        Difference(
            "today.routing", f"today's routing: {len(keys)} shares differ ({who}{', …' if len(keys) > 3 else ''})"
        )
    ]


def _both(old: Mapping[str, float], new: Mapping[str, float]) -> list[tuple[str, float, float]]:
    return [(key, old[key], new[key]) for key in old if key in new and old[key] and _differ(old[key], new[key])]
