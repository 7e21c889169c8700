"""The one table every export is a projection of: rules with their conditions and actions spelled out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.routing.facts import ANY, LABELS, OPEN, RANGES, missing

ACTIONS = ("pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s")
"""What every rule says: None in the last three where there is no offer or no overflow."""

MORE_ACTIONS = ("skill", "level", "concurrency_cap", "blending_reserve")
"""What a rule may say on top, where the columns exist: skill asked for (name) and its least level (1-5), contacts an
agent of the pool handles at once, idle agents to keep before deferred work starts."""

EDGE_DECIMALS = 4
BUCKET_EDGES = ("offer_from", "offer_to", "pool_from", "pool_to")

NUMBERS = ("priority", "overflow_after_s", "level", "concurrency_cap", "blending_reserve")


@dataclass(frozen=True)
class Rule:
    """One rule.

    `labels` fact -> names of which one must be borne; `ranges` fact -> half-open [low, high) it must lie in; facts
    that are not named do not matter. `actions` action -> name, number or None.
    """

    number: int
    labels: Mapping[str, tuple[str, ...]]
    ranges: Mapping[str, tuple[float, float]]
    actions: Mapping[str, Any]
    why: str = ""

    @property
    def always(self) -> bool:
        """True for a rule that every contact meets."""
        return not self.labels and not self.ranges

    def meets(self, facts: Mapping[str, Any]) -> bool:
        """Tell if a contact meets all conditions; a missing fact meets none."""
        for name, wanted in self.labels.items():
            if facts.get(name) not in wanted:
                return False
        for name, (low, high) in self.ranges.items():
            value = facts.get(name)
            if missing(value) or not low <= float(value) < high:  # type: ignore[arg-type]
                return False
        return True


def spelled_out(rows: pd.DataFrame) -> tuple[Rule, ...]:
    """Read the rows of a rule set; columns left out are conditions that all meet and actions that none takes."""
    actions = [name for name in (*ACTIONS, *MORE_ACTIONS) if name in rows or name in ACTIONS]
    return tuple(_rule(row, actions) for row in rows.to_dict("records"))


def _rule(row: Mapping[Any, Any], actions: Sequence[str]) -> Rule:
    labels = {name: names(row[name]) for name in LABELS if name in row and not _any(row[name])}
    ranges = {}
    for name, (low, high) in RANGES.items():
        found = (_end(row.get(low), OPEN[name][0]), _end(row.get(high), OPEN[name][1]))
        if found[0] > OPEN[name][0] or found[1] < OPEN[name][1]:
            ranges[name] = found
    why = "" if missing(row.get("why")) else str(row["why"])
    return Rule(int(row["rule"]), labels, ranges, {name: _action(name, row.get(name)) for name in actions}, why)


def names(cell: Any) -> tuple[str, ...]:
    """Names of a label cell: one text, or several as a tuple or list."""
    return (cell,) if isinstance(cell, str) else tuple(str(one) for one in cell)


def _any(cell: Any) -> bool:
    return (not isinstance(cell, (tuple, list))) and (missing(cell) or cell == ANY)


def _end(value: Any, default: float) -> float:
    return default if missing(value) else float(value)


def _action(name: str, value: Any) -> Any:
    if missing(value):
        return None
    if name not in NUMBERS:
        return str(value)
    number = float(value)
    return int(number) if name != "overflow_after_s" and math.isfinite(number) and number == int(number) else number


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Round edges of buckets to whole 10,000ths, which every target can hold; rows that then hold nobody go."""
    rows = rows.copy()
    for name in BUCKET_EDGES:
        rows[name] = rows[name].astype(float).round(EDGE_DECIMALS)
    empty = (rows["offer_from"] >= rows["offer_to"]) | (rows["pool_from"] >= rows["pool_to"])
    return rows[~empty].reset_index(drop=True)
