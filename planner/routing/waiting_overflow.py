"""Overflow after a wait, for routers that cannot send shares by interval: who waits long is helped elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from planner.errors import PlanError
from planner.routing.facts import ANY
from planner.routing.overflow import Overflow
from planner.routing.ruleset import RuleSet
from planner.routing.table import names


def with_waiting_overflow(rules: RuleSet, after_s: float) -> RuleSet:
    """Turn a plan's overflow by interval into overflow after a wait.

    Contacts that wait `after_s` seconds in a pool from which the plan sends others over may be served by the pool it
    sends most of them to: those types only that may be sent there. Most routers can carry that out, and shares of an
    interval hardly any; it is another policy, so simulate it. Rows whose contacts may not all be sent are split.

    Raises
    ------
    PlanError
        The plan sends nobody over, the wait is not above 0, or a rule has an overflow of its own.
    """
    if rules.overflow is None or rules.overflow.shares.empty:
        raise PlanError(f"plan {rules.plan} sends no contacts over, so there is no overflow to carry out after a wait")
    if not after_s > 0:
        raise PlanError(f"overflow after {after_s:g} s: must be above 0 s; at once is a split of contacts")
    own = [rule.number for rule in rules.table if rule.actions["overflow_pool"] is not None]
    if own:
        raise PlanError(f"rule {own[0]} has an overflow of its own, so the plan's cannot be added")
    ways = _ways(rules.overflow)
    rows = [row for one in rules.rows.to_dict("records") for row in _rows(one, ways, rules.overflow.types, after_s)]
    number = max(rule.number for rule in rules.table)
    seen: set[int] = set()
    for row in rows:
        if int(row["rule"]) in seen:
            number += 1
            row["rule"] = number
        seen.add(int(row["rule"]))
    frame = pd.DataFrame(rows, columns=rules.rows.columns).astype(object)
    return replace(rules, rows=frame.where(frame.notna(), None), overflow=None)


def _ways(overflow: Overflow) -> dict[str, str]:
    """Pool -> pool that most of its contacts are sent to."""
    sent = overflow.shares.groupby(["from_pool", "to_pool"], sort=True)["contacts"].sum().reset_index()
    best = sent.sort_values(["contacts", "to_pool"], ascending=[False, True]).drop_duplicates("from_pool")
    return dict(zip(best["from_pool"].astype(str), best["to_pool"].astype(str), strict=True))


def _rows(
    row: Mapping[Any, Any], ways: Mapping[str, str], types: pd.DataFrame, after_s: float
) -> Iterator[dict[Any, Any]]:
    """A row with overflow for every type that may be sent, then the row itself for all others."""
    pool = str(row["pool"])
    if pool not in ways:
        yield dict(row)
        return
    able = types[(types["from_pool"] == pool) & (types["to_pool"] == ways[pool])]
    helped = {"overflow_pool": ways[pool], "overflow_after_s": float(after_s)}
    for segment, part in able.groupby("segment", sort=False):
        reasons = _common(row["entry_reason"], tuple(part["entry_reason"].astype(str)))
        segments = _common(row["segment"], ANY if segment == ANY else (str(segment),))
        if reasons and segments:
            yield {**row, "entry_reason": _cell(reasons), "segment": _cell(segments), **helped}
            if reasons == _asked(row["entry_reason"]) and segments == _asked(row["segment"]):
                return
    yield dict(row)


def _asked(cell: Any) -> tuple[str, ...] | str:
    return ANY if isinstance(cell, str) and cell == ANY else names(cell)


def _common(cell: Any, other: tuple[str, ...] | str) -> tuple[str, ...] | str:
    """Names that both ask for; any where both ask for any."""
    asked = _asked(cell)
    if asked == ANY or other == ANY:
        return other if asked == ANY else asked
    return tuple(name for name in asked if name in other)


def _cell(found: tuple[str, ...] | str) -> Any:
    return found[0] if isinstance(found, tuple) and len(found) == 1 else found
