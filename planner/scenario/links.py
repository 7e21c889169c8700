"""Links of overflow between pools: which of them could never carry a contact."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scenario.center import Discipline, Pool
from planner.scenario.document import Place
from planner.scenario.scenario import Scenario

LIVE = (Discipline.LIVE_VOICE, Discipline.LIVE_CHAT)


def check_overflow_links(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    """Find links that nobody could use, each at the pool to change; names nothing declares are left to others."""
    seen: set[tuple[str, str]] = set()
    for index, link in enumerate(scenario.overflow):
        sends, takes = scenario.pools.get(link.from_pool), scenario.pools.get(link.to_pool)
        if sends is None or takes is None:
            continue
        here: Place = ("overflow", index)
        pair = (link.from_pool, link.to_pool)
        if pair in seen:
            yield (*here, "to_pool"), f"the link from {pair[0]} to {pair[1]} is listed twice; take one away"
        elif pair[0] == pair[1]:
            yield (*here, "to_pool"), f"a link from {pair[0]} to itself moves nobody; name another pool"
        else:
            yield from _unlike(here, pair, sends, takes)
            if not _shared(scenario, pair):
                message = (
                    f"no reason and segment may be served by both {pair[0]} and {pair[1]}, so nobody could be sent"
                )
                yield (*here, "to_pool"), f"{message} over; widen the reasons or segments of one, or take the link away"
        seen.add(pair)


def _unlike(here: Place, pair: tuple[str, str], sends: Pool, takes: Pool) -> Iterator[tuple[Place, str]]:
    """What two pools do not have in common."""
    for name, pool in zip(("from_pool", "to_pool"), (sends, takes), strict=True):
        if pool.discipline not in LIVE:
            message = f"pool '{pair[name == 'to_pool']}' is {pool.discipline}; overflow needs live_voice or live_chat"
            yield (*here, name), f"{message} pools"
            return
    for what, one, other, why in (
        ("channel", sends.channel, takes.channel, "a contact is not moved to another channel by overflow; use a steer"),
        ("discipline", sends.discipline, takes.discipline, "name a pool that serves the same way"),
        ("platform", sends.platform, takes.platform, "contacts are never sent across platforms; take the link away"),
    ):
        if one != other:
            yield (*here, "to_pool"), f"{pair[1]} has {what} {other} and {pair[0]} has {one}; {why}"
            return


def _shared(scenario: Scenario, pair: tuple[str, str]) -> bool:
    return any(all(scenario.eligible(pool, reason, segment) for pool in pair) for reason, segment in scenario.types)
