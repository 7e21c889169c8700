"""What the rules of a plan do to contacts of which only reason, segment and channel are known, as shares."""

from __future__ import annotations

from dataclasses import dataclass, field

from planner.routing import RuleSet
from planner.routing.areas import areas

Lane = tuple[str, int, str | None, float]
"""Pool, priority, overflow pool and the seconds after which it may help."""


@dataclass
class Shares:
    """Shares of contacts by channel offered, and by lane; both sum to 1 (no offer is the key None)."""

    offers: dict[str | None, float] = field(default_factory=dict)
    lanes: dict[Lane, float] = field(default_factory=dict)


def rule_shares(rules: RuleSet, reason: str, segment: str, channel: str) -> Shares:
    """Apply first-hit rules to the contacts of a type in a channel, in ordinary hours."""
    shares = Shares()
    for rule, part in areas(rules.table, {"entry_reason": reason, "segment": segment, "channel": channel}):
        said = rule.actions
        shares.offers[said["channel_offer"]] = shares.offers.get(said["channel_offer"], 0.0) + part
        lane = (said["pool"], said["priority"], said["overflow_pool"], float(said["overflow_after_s"] or 0.0))
        shares.lanes[lane] = shares.lanes.get(lane, 0.0) + part
    return shares
