"""Offers into another channel that a past supports: where that channel already serves the same reasons.

No log tells who would accept an offer. What it tells is how many choose a channel by themselves, of any reason, and no
more are proposed to accept. Whether customers who move fare as the estimate says is for a pilot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from planner.proposal.seen import Seen

LEAST_CONTACTS = 100
"""Fewer contacts of a reason in a channel than this say too little to offer the channel for it."""
LEAST_OF_SEGMENT = 20
LEAST_CHOOSE = 0.05
"""A reason of which fewer choose the other channel unasked is not offered it."""
LEAST_ANSWERS = 30
MOST_ACCEPT = 0.3
MOST_OFFERS = 6
_WORTH_NAMING = 0.005
"""An offer that could move less than this share of all contacts is left out."""


@dataclass(frozen=True)
class Offer:
    """An offer that the past supports.

    Attributes
    ----------
    reasons
        Those that `to_channel` serves already, in every segment that has them in `from_channel`.
    left_out
        Reason of `from_channel` -> contacts that `to_channel` ever had of it: too few.
    served
        Contacts of `reasons` that `to_channel` had.
    choose
        Share of the contacts in both channels that came to `to_channel` by themselves, of the reason with the least.
    acceptance
        The same, but at most `MOST_ACCEPT`.
    movable_per_week
        Contacts that the offer could move, per week.
    """

    from_channel: str
    to_channel: str
    reasons: tuple[str, ...]
    left_out: dict[str, int]
    served: int
    choose: float
    acceptance: float
    movable_per_week: float


def offers_of(seen: Seen) -> tuple[Offer, ...]:
    """Propose offers, the one that could move most first; none where no other channel serves the same reason."""
    cells = _cells(seen)
    channels = [str(name) for name in seen.channels.index]
    pairs = [(a, c) for a in channels for c in channels if a != c and _scored(seen, a, c)]
    found = [offer for a, c in pairs if (offer := _offer(cells, a, c, seen.counts.weeks)) is not None]
    least = _WORTH_NAMING * cells.to_numpy().sum() / seen.counts.weeks
    worth = [offer for offer in found if offer.movable_per_week >= least]
    return tuple(sorted(worth, key=lambda offer: -offer.movable_per_week)[:MOST_OFFERS])


def _cells(seen: Seen) -> pd.DataFrame:
    """Contacts by (reason, segment) and channel."""
    table = seen.counts.table
    only = {"reason": len(seen.reasons) == 1, "segment": len(seen.segments) == 1}
    named = table.assign(
        **{
            name: table[name].replace("", names.index[0]) if only[name] else table[name]
            for name, names in (("reason", seen.reasons), ("segment", seen.segments))
        }
    )
    named = named[named["reason"].isin(seen.reasons.index) & named["segment"].isin(seen.segments.index)]
    summed = named.astype({"contacts": float}).groupby(["reason", "segment", "channel"])["contacts"].sum()
    return pd.DataFrame(summed.unstack("channel", fill_value=0))


def _scored(seen: Seen, a: str, c: str) -> bool:
    """Whether the score in `c` was counted, or is stated for both alike, so that no offer rests on one guess."""
    if seen.outcomes is not None:
        counted = seen.outcomes.groupby("channel")["csat_n"].sum()
        answers = {str(channel): float(n) for channel, n in counted.items()}
    else:
        answers = {channel: float(n) for channel, n in next(iter(seen.answers.values()), {}).items()}
    return answers.get(c, 0.0) >= LEAST_ANSWERS or not (answers.get(a, 0.0) or answers.get(c, 0.0))


def _offer(cells: pd.DataFrame, a: str, c: str, weeks: float) -> Offer | None:
    if a not in cells or c not in cells:
        return None
    here = cells[cells[a] > 0]
    known = here[c].groupby("reason").sum()
    least = here[c].groupby("reason").min()
    mine = here[a].groupby("reason").sum()
    chosen = known / (known + mine)
    good = known.index[(known >= LEAST_CONTACTS) & (least >= LEAST_OF_SEGMENT) & (chosen >= LEAST_CHOOSE)]
    if good.empty:
        return None
    choose = float(chosen[good].min())
    acceptance = math.floor(100 * min(choose, MOST_ACCEPT)) / 100
    return Offer(
        from_channel=a,
        to_channel=c,
        reasons=tuple(sorted(map(str, good))),
        left_out={str(reason): int(n) for reason, n in known.items() if reason not in set(good)},
        served=round(float(known[good].sum())),
        choose=choose,
        acceptance=acceptance,
        movable_per_week=float(mine[good].sum()) * acceptance / weeks,
    )
