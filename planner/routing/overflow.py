"""Planned overflow: in an interval, a stated share of a pool's contacts goes to another pool instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from planner.routing.facts import ANY

SHARES = ("from_pool", "to_pool", "interval", "share", "bucket_from", "bucket_to", "contacts")
TYPES = ("from_pool", "to_pool", "entry_reason", "segment", "priority")


@dataclass(frozen=True)
class Overflow:
    """Who is sent over, and when.

    `shares` columns: `from_pool, to_pool, interval` (local start), `share` of the contacts that the rules give to
    `from_pool` in the interval, the half-open range `bucket_from, bucket_to` of the stable bucket `overflow_bucket`
    that it stands for, and `contacts`, the mean number sent. `types` columns: `from_pool, to_pool, entry_reason,
    segment` ("*": any) of the contacts that may be sent, and the `priority` they have in `to_pool`. A contact is sent
    once: what a pool gets by overflow stays there.
    """

    shares: pd.DataFrame
    types: pd.DataFrame

    @cached_property
    def _ranges(self) -> dict[tuple[str, str], list[tuple[float, float, str]]]:
        found: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
        for row in self.shares.to_dict("records"):
            part = (float(row["bucket_from"]), float(row["bucket_to"]), str(row["to_pool"]))
            found.setdefault((str(row["from_pool"]), str(row["interval"])), []).append(part)
        return found

    @cached_property
    def _priority(self) -> dict[tuple[str, str, str, str], int]:
        keys = self.types[["from_pool", "to_pool", "entry_reason", "segment"]].itertuples(index=False, name=None)
        return dict(zip(keys, self.types["priority"].astype(int), strict=True))

    def priority(self, from_pool: str, to_pool: str, reason: Any, segment: Any) -> int | None:
        """Priority in `to_pool` of contacts of a type; None where they may not be sent there."""
        for part in (segment, ANY):
            if (from_pool, to_pool, reason, part) in self._priority:
                return self._priority[from_pool, to_pool, reason, part]
        return None

    def sent(self, pool: str, facts: Mapping[str, Any]) -> tuple[str, int] | None:
        """Pool and priority of a contact that overflow takes from `pool`; None where it stays.

        `facts` hold `entry_reason, segment, interval, overflow_bucket`; without an interval every contact stays.
        """
        for low, high, to_pool in self._ranges.get((pool, str(facts.get("interval"))), []):
            if low <= facts["overflow_bucket"] < high:
                priority = self.priority(pool, to_pool, facts.get("entry_reason"), facts.get("segment"))
                return None if priority is None else (to_pool, priority)
        return None
