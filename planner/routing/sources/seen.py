"""Rules as history shows them: the pool that served most contacts of an entry reason, segment and channel."""

from __future__ import annotations

import pandas as pd

from planner.errors import PlanError
from planner.routing.facts import ANY
from planner.routing.ruleset import RuleSet
from planner.routing.table import ACTIONS


def rules_seen(shares: pd.DataFrame, plan: str = "seen") -> RuleSet:
    """Infer rules from who served whom.

    Parameters
    ----------
    shares
        `reason` (known on entry), `segment, channel, pool, share, contacts`, as `planner.history.routing_shares` gives.

    Returns
    -------
    RuleSet
        A row per reason × segment × channel with its most frequent pool, whose share stands in `why`; then a row per
        channel and the default row, each with the most frequent pool of all.

    Raises
    ------
    PlanError
        History names no pool.
    """
    known = shares[shares["pool"].notna() & shares["channel"].notna()]
    if known.empty:
        raise PlanError("history names no pool, so nobody can tell which rules it followed")
    rows = []
    full = known[known["reason"].notna() & known["segment"].notna()]
    order = full.sort_values(["share", "pool"], ascending=[False, True], kind="stable")
    for (channel, reason, segment), part in order.groupby(["channel", "reason", "segment"], sort=True):
        best = part.iloc[0]
        why = f"{best['share']:.0%} of {int(best['contacts']):,} contacts went there"
        rows.append(_row(reason, channel, segment, str(best["pool"]), why))
    weight = known.assign(n=known["share"] * known["contacts"])
    for channel, part in weight.groupby("channel", sort=True):
        rows.append(_row(ANY, channel, ANY, _most(part), "reason or segment unknown: the channel's most frequent pool"))
    rows.append(_row(ANY, ANY, ANY, _most(weight), "default: everything else"))
    frame = pd.DataFrame(rows)
    frame.insert(0, "rule", range(1, len(frame) + 1))
    return RuleSet(plan, frame)


def _most(part: pd.DataFrame) -> str:
    total = part.groupby("pool")["n"].sum()
    return str(total.sort_index().idxmax())


def _row(reason: object, channel: object, segment: object, pool: str, why: str) -> dict[str, object]:
    ranges = {"offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0}
    actions: dict[str, object] = dict.fromkeys(ACTIONS)
    facts = {"entry_reason": reason, "channel": channel, "segment": segment}
    return {**facts, **ranges, **actions, "pool": pool, "priority": 0, "why": why}
