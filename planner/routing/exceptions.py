"""Rows in front of a plan's rules for what a plan does not plan: closed hours, outage, a closed pool, must-human."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from planner.routing.facts import ANY, CLOSED, LABELS, OUTAGE, RANGES, YES
from planner.routing.pools import PoolFacts
from planner.routing.ruleset import RuleSet

EXCEPTIONAL = ("day_part", "queue_state", "closed_pool", "must_human")
"""Facts of exceptional hours: missing in the hours a plan is made for."""


def with_exceptions(rules: RuleSet, facts: Mapping[str, PoolFacts], must_human: Sequence[str] = ()) -> RuleSet:
    """Put exceptional rows in front and add what pools know of themselves.

    Per channel: a contact whose customer must be served by people never meets an automaton; outside opening hours and
    in an outage an automaton takes contacts where there is one, else they wait in the channel's main pool and are
    offered deferred work (e-mail, callback) where the center has it; contacts of a pool that is closed go to the
    channel's next pool that may serve them, on the same platform. Numbers of the plan's own rules stay as they are.
    Pools that handle several contacts at once get their `concurrency_cap`.

    Parameters
    ----------
    must_human
        Entry reasons that no automaton may serve.
    """
    number = max(rule.number for rule in rules.table)
    rows = []
    for row in _exceptions(rules, facts, must_human):
        number += 1
        rows.append(_row(number, row))
    whole = pd.concat([pd.DataFrame(rows), rules.rows], ignore_index=True) if rows else rules.rows.copy()
    for fact in EXCEPTIONAL:
        if fact in whole:
            whole[fact] = [ANY if isinstance(c, float) or c is None else c for c in whole[fact]]
    caps = [facts[pool].concurrency if pool in facts else 1 for pool in whole["pool"]]
    if any(cap > 1 for cap in caps):
        whole["concurrency_cap"] = pd.Series([cap if cap > 1 else None for cap in caps], dtype=object)
    return replace(rules, rows=whole.astype(object).where(whole.notna(), None))


def without_exceptions(rules: RuleSet) -> RuleSet:
    """Leave the rules of ordinary hours."""
    asked = [fact for fact in EXCEPTIONAL if fact in rules.rows]
    usual = [all(cell == ANY or cell is None for cell in row) for row in rules.rows[asked].itertuples(index=False)]
    return replace(rules, rows=rules.rows[usual].drop(columns=asked).reset_index(drop=True)) if asked else rules


def _row(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = dict.fromkeys(LABELS, ANY)
    for low, high in (RANGES["offer_bucket"], RANGES["pool_bucket"]):
        whole[low], whole[high] = 0.0, 1.0
    actions = {"priority": 0, "channel_offer": None, "overflow_pool": None, "overflow_after_s": None}
    return {"rule": number} | whole | actions | dict(row)


def _exceptions(rules: RuleSet, facts: Mapping[str, PoolFacts], must_human: Sequence[str]) -> Iterator[dict[str, Any]]:
    used = list(dict.fromkeys(str(rule.actions["pool"]) for rule in rules.table))
    channels = list(dict.fromkeys(facts[pool].channel for pool in used if pool in facts))
    deferred = [f.channel for f in facts.values() if f.discipline == "deferred"]
    for channel in channels:
        mine = [pool for pool, f in facts.items() if f.channel == channel]
        people = _main([pool for pool in mine if not facts[pool].automated], rules, facts)
        robots = _main([pool for pool in mine if facts[pool].automated], rules, facts)
        offer = next((one for one in deferred if one != channel), None)
        if people and robots:
            yield {"channel": channel, "must_human": YES, "pool": people, "why": f"{channel}: only people may serve"}
        for fact, name in (("day_part", CLOSED), ("queue_state", OUTAGE)):
            words = f"{channel} {'outside opening hours' if name == CLOSED else 'in an outage'}"
            more = f", {offer} is offered" if offer else ""
            waits = {"pool": people, "channel_offer": offer, "why": f"{words}: contacts wait{more}"}
            if robots and people and must_human:
                yield {fact: name, "channel": channel, "entry_reason": tuple(must_human)} | waits
            if robots:
                yield {fact: name, "channel": channel, "pool": robots, "why": f"{words}: the automaton"}
            elif people:
                yield {fact: name, "channel": channel} | waits
    for pool in used:
        if pool in facts:
            yield from _closed(pool, rules, facts)


def _main(pools: Sequence[str], rules: RuleSet, facts: Mapping[str, PoolFacts]) -> str | None:
    """The pool that may serve everybody and is named by most rules; None where there is none."""
    named = [str(rule.actions["pool"]) for rule in rules.table]
    able = [pool for pool in pools if facts[pool].reasons is None and facts[pool].segments is None]
    return max(able, key=lambda pool: (named.count(pool), -able.index(pool)), default=None)


def _closed(pool: str, rules: RuleSet, facts: Mapping[str, PoolFacts]) -> Iterator[dict[str, Any]]:
    """Where contacts go while their pool is closed: a row per helper, for the reasons it may serve."""
    own = facts[pool]
    helpers = [
        other
        for other, f in facts.items()
        if other != pool and f.channel == own.channel and f.platform == own.platform and not f.automated
    ]
    helpers.sort(key=lambda other: facts[other].reasons is None and facts[other].segments is None)
    for other in helpers:
        f = facts[other]
        row: dict[str, Any] = {
            "closed_pool": pool,
            "channel": own.channel,
            "pool": other,
            "why": f"{pool} is closed: {other} helps",
        }
        if f.reasons is not None:
            row["entry_reason"] = f.reasons
        if f.segments is not None:
            row["segment"] = f.segments
        yield row
        if f.reasons is None and f.segments is None:
            return
