"""What the rules of a plan do to contacts of which only reason, segment and channel are known, as shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from planner.routing.facts import ANY

Lane = tuple[str, int, str | None, float]
"""Pool, priority, overflow pool and the seconds after which it may help."""


@dataclass
class Shares:
    """Shares of contacts by channel offered, and by lane; both sum to 1 (no offer is the key None)."""

    offers: dict[str | None, float] = field(default_factory=dict)
    lanes: dict[Lane, float] = field(default_factory=dict)


def rule_shares(rules: pd.DataFrame, reason: str, segment: str, channel: str) -> Shares:
    """Apply first-hit rules to every (offer bucket, pool bucket) of a unit square.

    The square is cut at the edges of all rules that could match; each piece has one first rule.
    """
    known = (rules["entry_reason"].isin([reason, ANY]) & rules["channel"].isin([channel, ANY])) & rules["segment"].isin(
        [segment, ANY]
    )
    rows = rules[known].to_dict("records")
    shares = Shares()
    offers = np.unique([0.0, 1.0] + [float(r[n]) for r in rows for n in ("offer_from", "offer_to")])
    pools = np.unique([0.0, 1.0] + [float(r[n]) for r in rows for n in ("pool_from", "pool_to")])
    for a, b in zip(offers, offers[1:], strict=False):
        for c, d in zip(pools, pools[1:], strict=False):
            row = next(r for r in rows if _covers(r, (a + b) / 2, (c + d) / 2))
            offer = None if pd.isna(row["channel_offer"]) else str(row["channel_offer"])
            shares.offers[offer] = shares.offers.get(offer, 0.0) + (b - a) * (d - c)
            lane = _lane(row)
            shares.lanes[lane] = shares.lanes.get(lane, 0.0) + (b - a) * (d - c)
    return shares


def _covers(row: Mapping[object, object], offer: float, pool: float) -> bool:
    return bool(row["offer_from"] <= offer < row["offer_to"] and row["pool_from"] <= pool < row["pool_to"])  # type: ignore[operator]


def _lane(row: Mapping[object, object]) -> Lane:
    overflow = row["overflow_pool"]
    if pd.isna(overflow):  # type: ignore[call-overload]
        return str(row["pool"]), int(str(row["priority"])), None, 0.0
    return str(row["pool"]), int(str(row["priority"])), str(overflow), float(str(row["overflow_after_s"]))
