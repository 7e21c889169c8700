"""Who reaches whom: pools no contact can reach, and contacts no pool may serve."""

from __future__ import annotations

from collections.abc import Iterator

from planner.scenario.demand_csv import Series
from planner.scenario.document import Place
from planner.scenario.scenario import Scenario

Arrival = tuple[str, str, str]
"""Reason, segment and channel of contacts."""


def check_pools_reached(scenario: Scenario, natural: set[Series] | None) -> Iterator[tuple[Place, str]]:
    """Every pool can be reached: contacts it may serve arrive in, are steered to or escalate into its channel."""
    arrivals = reachable(scenario, natural_arrivals(scenario, natural))
    channels = {channel for *_, channel in arrivals}
    for key, pool in scenario.pools.items():
        if pool.channel not in scenario.channels or not _served_types(scenario, key, scenario.types):
            if pool.channel in scenario.channels and pool.reasons != () and pool.segments != ():
                message = "no contact can reach this pool: its reasons and segments leave none it may serve"
                yield ("pools", key), f"{message} (must_human reasons never meet an automaton); widen them"
        elif pool.channel not in channels:
            message = f"no contact can reach this pool: none arrives in {pool.channel}, and no steer or escalation"
            yield ("pools", key), f"{message} leads there; add a steer, or take the pool away"
        elif not any(scenario.eligible(key, reason, s) for reason, s, c in arrivals if c == pool.channel):
            message = f"no contact can reach this pool: of its reasons and segments none comes to {pool.channel}"
            yield ("pools", key), f"{message}; widen them, or add a steer"


def check_reasons_served(scenario: Scenario, natural: set[Series] | None) -> Iterator[tuple[Place, str]]:
    """Every contact has an eligible pool where it arrives."""
    unserved = {
        (reason, segment)
        for reason, segment in scenario.types
        if not any(_eligible(scenario, pool, reason, segment) for pool in scenario.pools)
    }
    for reason in scenario.reasons:
        segments = [segment for one, segment in unserved if one == reason]
        if segments:
            yield ("reasons", reason), _no_pool(scenario, reason, sorted(segments), "")
    served = {pool.channel for pool in scenario.pools.values()}
    for channel in scenario.channels:
        if channel not in served:
            message = "no pool serves this channel; add a pool with this channel, or take the channel away"
            yield ("channels", channel), message
    if natural is None:
        return
    for reason in scenario.reasons:
        for channel in (one for one in scenario.channels if one in served):
            segments = [
                segment
                for one, segment, where in natural_arrivals(scenario, natural)
                if one == reason and where == channel and (reason, segment) not in unserved
                if not any(_eligible(scenario, p, reason, segment, channel) for p in scenario.pools)
            ]
            if segments:
                yield ("reasons", reason), _no_pool(scenario, reason, sorted(segments), f" in {channel}")


def natural_arrivals(scenario: Scenario, natural: set[Series] | None) -> set[Arrival]:
    """Types and channels in which contacts arrive by themselves; all of them where nothing says which."""
    every: set[Series] = {(None, channel, None) for channel in scenario.channels}
    return {
        (reason, segment, channel)
        for one, channel, part in (every if natural is None else natural)
        for reason, segment in scenario.types
        if one in (None, reason) and part in (None, segment)
    }


def reachable(scenario: Scenario, arrivals: set[Arrival]) -> set[Arrival]:
    """Where contacts can get to: one steer from where they arrive, then escalations; anywhere with a history.

    Contacts that come back may do so in any channel, and only a history knows in which.
    """
    if scenario.history is not None:
        arrivals = arrivals | {(reason, segment, c) for reason, segment, _ in arrivals for c in scenario.channels}
    found = set(arrivals)
    for steer in scenario.steers.values():
        for reason, segment, channel in arrivals:
            offered = steer.reasons is None or reason in steer.reasons
            offered = offered and (steer.segments is None or segment in steer.segments)
            if offered and channel == steer.from_channel:
                found.add((reason, segment, steer.to_channel))
    for _ in scenario.escalations:
        for escalation in scenario.escalations:
            found |= {(r, s, escalation.to_channel) for r, s, channel in found if channel == escalation.from_channel}
    return found


def _no_pool(scenario: Scenario, reason: str, segments: list[str], where: str) -> str:
    whose = "" if len(segments) == len(scenario.segments) else f" for segment {', '.join(segments)}"
    human = " (must_human: automated pools do not count)" if scenario.reasons[reason].must_human else ""
    return f"no pool may serve this reason{whose}{where}{human}; add it to the reasons and segments of a pool"


def _served_types(scenario: Scenario, pool: str, types: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(reason, segment) for reason, segment in types if _eligible(scenario, pool, reason, segment)]


def _eligible(scenario: Scenario, pool: str, reason: str, segment: str, channel: str | None = None) -> bool:
    return scenario.eligible(pool, reason, segment) and channel in (None, scenario.pools[pool].channel)
