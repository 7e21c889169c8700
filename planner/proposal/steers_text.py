"""The proposed steers: offers into channels that already serve the same reasons."""

from __future__ import annotations

import math
import re

from planner.proposal.offers import LEAST_CONTACTS, MOST_ACCEPT, Offer, offers_of
from planner.proposal.page import Page, quoted
from planner.proposal.seen import Seen


def add_steers(seen: Seen, page: Page) -> None:
    """Add the offers the past supports, or how one would be written."""
    offers = offers_of(seen)
    if not offers:
        page.add(
            "",
            "# steers:                      # offers that move contacts; the past supports none: no other channel",
            f"#                              # served {LEAST_CONTACTS} contacts of the same reason",
            "#   offer_chat: {from_channel: voice, to_channel: chat, offered_at: phone menu,",
            "#     acceptance: {value: 0.3, low: 0.1, high: 0.5, source: a pilot}, cost_per_offer: 0.05}",
        )
        return
    page.add(
        "",
        "# PROPOSED offers, each into a channel that already serves the same reasons: delete those you cannot make.",
        "# No log tells who accepts; what stands here is the share that chooses the channel unasked, of the reason",
        f"# with the least, at most {MOST_ACCEPT:.0%}. A pilot tells more.",
        "steers:",
    )
    for offer in offers:
        _steer(offer, seen, page)


def _steer(offer: Offer, seen: Seen, page: Page) -> None:
    key = re.sub(r"\W+", "_", f"{offer.from_channel}_to_{offer.to_channel}")[:80]
    page.add(
        f"  {quoted(key)}:   # {offer.to_channel} served {offer.served:,} contacts of these reasons; of each at least "
        f"{offer.choose:.0%} chose it over {offer.from_channel}"
    )
    for reason, n in offer.left_out.items():
        page.add(f"    # without {quoted(reason)}: too few choose {offer.to_channel} ({n:,} contacts)")
    page.add(f"    from_channel: {quoted(offer.from_channel)}", f"    to_channel: {quoted(offer.to_channel)}")
    if len(offer.reasons) < len(seen.reasons):
        page.add(f"    reasons: [{', '.join(map(quoted, offer.reasons))}]")
    page.mark(
        f"    offered_at: {quoted(offer.from_channel)}",
        f"{key}: can you offer this, where, at what cost, and who accepts?",
    )
    low = math.floor(100 * offer.acceptance / 3) / 100
    page.add(
        f"    acceptance: {{value: {offer.acceptance:g}, low: {low:g}, high: {offer.acceptance:g}, "
        "source: proposed from the share that chooses it unasked}",
        "    cost_per_offer: 0.05",
    )
