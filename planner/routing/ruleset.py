"""The rule set of a plan: ordered, first hit wins, closed by a default row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.routing.overflow import ANY, Overflow

CONDITIONS = ("entry_reason", "channel", "segment", "offer_from", "offer_to", "pool_from", "pool_to")
BUCKETS = ("offer_bucket", "pool_bucket", "overflow_bucket")
ACTIONS = ("pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s")


def bucket(contact_id: str, salt: str) -> float:
    """Stable number in [0, 1) of a contact: the first 52 bits of SHA-256 over salt and contact id."""
    digest = hashlib.sha256(f"{salt}|{contact_id}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 12) / float(1 << 52)


@dataclass(frozen=True)
class RuleSet:
    """Ordered rules; conditions use only what is known when a contact is routed.

    `rows` columns: `rule` (1, 2, ...), the conditions `entry_reason, channel, segment` ("*" = any) and the half-open
    bucket ranges `offer_from, offer_to, pool_from, pool_to` in [0, 1], the actions `pool, priority` (0 is served
    first), `channel_offer` (None: no offer), `overflow_pool, overflow_after_s` (None: no overflow), and `why`.
    A share of 60/40 is a range of a stable hash bucket of the contact (`offer_bucket`, `pool_bucket`), so the same
    contact always gets the same answer. Rows stand in order; the last one matches every contact.

    `overflow` then sends a share of the contacts of a pool to another, by interval (None: nobody is sent); this is
    planned load, while `overflow_pool` after `overflow_after_s` seconds is for contacts that already wait.
    """

    plan: str
    rows: pd.DataFrame
    overflow: Overflow | None = None

    def decide(self, contact: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the actions of the first matching rule, with the pool and priority of overflow where it applies.

        `contact` holds `entry_reason, channel, segment` and either `contact_id` or the buckets `offer_bucket,
        pool_bucket, overflow_bucket`; and `interval`, the local start of the interval it comes in, without which no
        overflow applies. A missing reason or segment matches only "*" rows.
        """
        facts = with_buckets(contact)
        for row in self.rows.to_dict("records"):
            if _matches(row, facts):
                answer = {name: None if pd.isna(row[name]) else row[name] for name in ACTIONS}
                sent = None if self.overflow is None else self.overflow.sent(row["pool"], facts)
                if sent is not None:
                    answer["pool"], answer["priority"] = sent
                return {"rule": int(row["rule"])} | answer
        raise AssertionError(f"rule set of {self.plan} has no default row")


def with_buckets(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Add the stable buckets to a contact that has only its id."""
    facts = dict(contact)
    for name in BUCKETS:
        if facts.get(name) is None:
            facts[name] = bucket(str(facts.get("contact_id", "")), name)
    return facts


def _matches(row: Mapping[Any, Any], facts: Mapping[str, Any]) -> bool:
    labels = all(row[name] in (ANY, facts.get(name)) for name in ("entry_reason", "channel", "segment"))
    return (
        labels
        and row["offer_from"] <= facts["offer_bucket"] < row["offer_to"]
        and row["pool_from"] <= facts["pool_bucket"] < row["pool_to"]
    )
