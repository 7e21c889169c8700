"""Parts of the day of pools: where they lie, and which of them plans may close together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from planner.scenario.center import DayPart
from planner.scenario.document import Place
from planner.scenario.horizon import Horizon
from planner.scenario.initiatives import MOST_PORTFOLIOS, portfolios
from planner.scenario.links import LIVE
from planner.scenario.quantities import clock_text
from planner.scenario.scenario import Scenario

Closing = tuple[str, str]
"""A pool and a part of its day."""


def intervals_of(horizon: Horizon, part: DayPart) -> range:
    """Intervals of a day that a part covers."""
    step = horizon.interval_min
    return range((part.starts - horizon.opens) // step, (part.ends - horizon.opens) // step)


def closings(scenario: Scenario) -> list[tuple[Closing, ...]]:
    """List which day parts can be closed together, the empty choice first; at most one more than there may be.

    Of every closed pool somebody linked, who may serve all it may, is open all the time.
    """
    one_by_one = [(p, k) for p, pool in scenario.pools.items() for k, part in pool.day_parts.items() if part.may_close]
    found: list[tuple[Closing, ...]] = [()]
    for chosen in found:
        after = one_by_one.index(chosen[-1]) + 1 if chosen else 0
        for closing in one_by_one[after:]:
            wider = (*chosen, closing)
            if all(_taken(scenario, one, wider) for one in wider):
                found.append(wider)
                if len(found) > MOST_PORTFOLIOS:
                    return found
    return found


def _taken(scenario: Scenario, closing: Closing, closed: tuple[Closing, ...]) -> bool:
    """Tell whether a linked pool that is open takes all contacts of a closed one at any time of its part."""
    pool, hours = closing[0], set(_hours(scenario, closing))
    return any(
        link.from_pool == pool
        and link.to_pool in scenario.pools
        and not any(other == link.to_pool and hours & set(_hours(scenario, (other, part))) for other, part in closed)
        and all(scenario.eligible(link.to_pool, *kind) for kind in scenario.types if scenario.eligible(pool, *kind))
        for link in scenario.overflow
    )


def _hours(scenario: Scenario, closing: Closing) -> range:
    return intervals_of(scenario.horizon, scenario.pools[closing[0]].day_parts[closing[1]])


def check_parts_of_days(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    """Find parts off the grid or the opening hours, overlapping ones, and pools that nobody could stand in for."""
    horizon, clean = scenario.horizon, True
    for key, pool in scenario.pools.items():
        for name, part in pool.day_parts.items():
            here: Place = ("pools", key, "day_parts", name)
            for field, clock in (("starts", part.starts), ("ends", part.ends)):
                if not horizon.opens <= clock <= horizon.closes or (clock - horizon.opens) % horizon.interval_min:
                    clean = False
                    hours = f"{clock_text(horizon.opens)} to {clock_text(horizon.closes)}"
                    message = f"{clock_text(clock)} is not the edge of an interval of {horizon.interval_min} min from"
                    yield (*here, field), f"{message} {hours}; write one"
            if pool.discipline not in LIVE:
                clean = False
                yield here, f"pool '{key}' is {pool.discipline}; day parts belong to live_voice or live_chat pools"
        for (one, first), (other, second) in combinations(pool.day_parts.items(), 2):
            if first.starts < second.ends and second.starts < first.ends:
                clean = False
                yield (
                    ("pools", key, "day_parts", other),
                    f"'{other}' overlaps '{one}'; let one end where the other starts",
                )
    if clean:
        yield from _closable(scenario)


def _closable(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    clean = True
    for key, pool in scenario.pools.items():
        for name, part in pool.day_parts.items():
            if part.may_close and not _taken(scenario, (key, name), ((key, name),)):
                clean = False
                message = (
                    f"nobody could stand in for '{key}': no overflow link leads to a pool that may serve all it may"
                )
                yield ("pools", key, "day_parts", name, "may_close"), f"{message}; add one, or take may_close away"
    if clean and len(closings(scenario)) * len(portfolios(scenario.initiatives)) > MOST_PORTFOLIOS:
        message = f"initiatives and day parts that may close make more than {MOST_PORTFOLIOS} choices, each planned by"
        yield ("pools",), f"{message} itself; let fewer parts close"
