"""The rule set of a plan: ordered, first hit wins, closed by a default row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

CONDITIONS = ("entry_reason", "channel", "segment", "offer_from", "offer_to", "pool_from", "pool_to")
ACTIONS = ("pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s")
ANY = "*"


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
    """

    plan: str
    rows: pd.DataFrame

    def decide(self, contact: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the actions of the first matching rule.

        `contact` holds `entry_reason, channel, segment` and either `contact_id` or both buckets
        `offer_bucket, pool_bucket`. A missing reason or segment matches only "*" rows.
        """
        facts = with_buckets(contact)
        for row in self.rows.to_dict("records"):
            if _matches(row, facts):
                return {"rule": int(row["rule"])} | {
                    name: None if pd.isna(row[name]) else row[name] for name in ACTIONS
                }
        raise AssertionError(f"rule set of {self.plan} has no default row")


def with_buckets(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Add the stable `offer_bucket` and `pool_bucket` to a contact that has only its id."""
    facts = dict(contact)
    for name in ("offer_bucket", "pool_bucket"):
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
