"""The facts a rule may ask about: only what is known when a contact is routed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

ANY = "*"
"""A label condition that every contact meets."""

LABELS: Mapping[str, str] = {
    "entry_reason": "what the contact is about as known on entry (menu, page, intent), never the wrap-up code",
    "channel": "channel the contact comes in",
    "segment": "customer segment; only of identified customers",
    "day_part": "part of the day at the center, `closed` outside opening hours",
    "queue_state": "state of the platform: `normal`, `busy` or `outage`",
    "closed_pool": "pool that is closed or out of service",
    "must_human": "`yes` where the customer may not be served by an automaton (asked for it, law, protection)",
}
"""Facts that are compared with names -> what they mean."""

RANGES: Mapping[str, tuple[str, str]] = {
    "value": ("value_from", "value_to"),
    "offer_bucket": ("offer_from", "offer_to"),
    "pool_bucket": ("pool_from", "pool_to"),
    "rollout_bucket": ("rollout_from", "rollout_to"),
}
"""Facts that are compared with half-open ranges -> the two columns of the range."""

BUCKETS = ("offer_bucket", "pool_bucket", "rollout_bucket", "overflow_bucket")
OPEN = {
    "value": (-math.inf, math.inf),
    "offer_bucket": (0.0, 1.0),
    "pool_bucket": (0.0, 1.0),
    "rollout_bucket": (0.0, 1.0),
}
"""Range that every contact meets, by fact; a contact of unknown value meets no narrower one."""

PERSONAL = ("segment", "value")
"""Facts that exist for identified customers only."""

CLOSED, OUTAGE, YES = "closed", "outage", "yes"
CONDITIONS = (*LABELS, *(column for pair in RANGES.values() for column in pair))


def bucket(contact_id: str, salt: str) -> float:
    """Stable number in [0, 1) of a contact: the first 52 bits of SHA-256 over salt and contact id."""
    digest = hashlib.sha256(f"{salt}|{contact_id}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 12) / float(1 << 52)


def with_buckets(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Add the stable buckets to a contact that has only its id."""
    facts = dict(contact)
    for name in BUCKETS:
        if missing(facts.get(name)):
            facts[name] = bucket(str(facts.get("contact_id", "")), name)
    return facts


def facts_of(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts rules may see: labels as text, buckets filled in, nothing personal of unidentified customers.

    A contact is unidentified where it says `identified` is false, or where it has a `customer_id` that is missing.
    """
    facts = with_buckets(contact)
    for name in LABELS:
        facts[name] = label(facts.get(name))
    if not identified(contact):
        facts.update(dict.fromkeys(PERSONAL))
    return facts


def identified(contact: Mapping[str, Any]) -> bool:
    """Tell if segment and value of a contact are known while it is routed."""
    said = contact.get("identified")
    if not missing(said):
        return bool(said)
    return "customer_id" not in contact or not missing(contact["customer_id"])


def label(value: Any) -> str | None:
    """Return a fact as text; flags become yes and no, gaps None."""
    if missing(value):
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return YES if value else "no"
    return str(value)


def missing(value: Any) -> bool:
    """Tell if a single value is a gap (None, NaN, NA, NaT)."""
    if value is None or isinstance(value, str):
        return value is None
    try:
        return bool(value != value)  # noqa: PLR0124
    except TypeError:  # the missing value of pandas has no truth
        return True
