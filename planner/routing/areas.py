"""What first-hit rules do to contacts of which reason, segment and channel are known: the share each rule decides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from planner.routing.facts import OPEN
from planner.routing.table import Rule

BUCKETS = ("offer_bucket", "pool_bucket", "rollout_bucket")


def areas(rules: Sequence[Rule], facts: Mapping[str, Any]) -> list[tuple[Rule, float]]:
    """Return the rules that decide contacts with these facts, with the share of contacts each decides.

    The unit cube of (offer, pool, rollout bucket) is cut at the edges of all rules that could match; each piece has one
    first rule. Facts that are not given are missing, as in ordinary hours. The shares sum to 1.

    Raises
    ------
    ValueError
        No rule matches some of the contacts.
    """
    found: dict[int, tuple[Rule, float]] = {}
    for rule, part in _pieces(rules, facts):
        known = found.get(rule.number, (rule, 0.0))
        found[rule.number] = (rule, known[1] + part)
    return list(found.values())


def _pieces(rules: Sequence[Rule], facts: Mapping[str, Any]) -> Iterator[tuple[Rule, float]]:
    able = [rule for rule in rules if _could(rule, facts)]
    edges = [sorted({0.0, 1.0, *(end for rule in able for end in rule.ranges.get(name, ()))}) for name in BUCKETS]
    for piece in product(*(list(pairwise(ends)) for ends in edges)):
        here = {name: (low + high) / 2 for name, (low, high) in zip(BUCKETS, piece, strict=True)}
        first = next((rule for rule in able if _holds(rule, here)), None)
        if first is None:
            raise ValueError(f"no rule decides contacts with {dict(facts)}")
        yield first, math.prod(high - low for low, high in piece)


def _could(rule: Rule, facts: Mapping[str, Any]) -> bool:
    if any(facts.get(name) not in wanted for name, wanted in rule.labels.items()):
        return False
    low, high = rule.ranges.get("value", OPEN["value"])
    return "value" not in rule.ranges or low <= facts.get("value", float("nan")) < high


def _holds(rule: Rule, here: Mapping[str, float]) -> bool:
    return all(low <= here[name] < high for name, (low, high) in rule.ranges.items() if name in here)
