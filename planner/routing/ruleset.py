"""The rule set of a plan: ordered, first hit wins, closed by a default row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from planner import notebook
from planner.errors import PlanError
from planner.routing.facts import facts_of
from planner.routing.overflow import Overflow
from planner.routing.table import ACTIONS, MORE_ACTIONS, Rule, spelled_out


@dataclass(frozen=True)
class RuleSet:
    """Ordered rules; conditions use only what is known when a contact is routed.

    `rows` columns: `rule` (1, 2, ...); conditions on labels `entry_reason, channel, segment` and, where wanted,
    `day_part, queue_state, closed_pool, must_human` ("*": any; a tuple: one of these names) and half-open ranges
    `offer_from, offer_to, pool_from, pool_to` of the buckets and `value_from, value_to` of the customer's value (gaps:
    any); the actions `pool, priority` (0 is served first), `channel_offer` (None: no offer), `overflow_pool,
    overflow_after_s` (None: no overflow), where wanted `skill, level, concurrency_cap, blending_reserve`; and `why`.
    A share of 60/40 is a range of a stable hash bucket of the contact (`offer_bucket`, `pool_bucket`), so the same
    contact always gets the same answer. Rows stand in order; the last one matches every contact.

    `overflow` then sends a share of the contacts of a pool to another, by interval (None: nobody is sent); this is
    planned load, while `overflow_pool` after `overflow_after_s` seconds is for contacts that already wait.
    """

    plan: str
    rows: pd.DataFrame
    overflow: Overflow | None = None

    @cached_property
    def table(self) -> tuple[Rule, ...]:
        """The rules spelled out, in order."""
        return spelled_out(self.rows)

    @property
    def actions(self) -> tuple[str, ...]:
        """Actions these rules take: the five of every rule set and those whose columns exist."""
        return (*ACTIONS, *(name for name in MORE_ACTIONS if name in self.rows))

    def _repr_html_(self) -> str:
        return notebook.shown(f"Rules of {self.plan}, first hit decides", notebook.table(self.rows))

    def decide(self, contact: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the actions of the first matching rule, with the pool and priority of overflow where it applies.

        `contact` holds `entry_reason, channel, segment` and either `contact_id` or the buckets `offer_bucket,
        pool_bucket, overflow_bucket`; `value` and the facts of exceptional hours where they are known; and `interval`,
        the local start of the interval it comes in, without which no overflow applies. A missing fact matches only
        rows that do not ask about it; segment and value of customers who are not identified (`identified` false, or
        `customer_id` missing) are not seen.

        Raises
        ------
        PlanError
            No rule matches, because the last one is not a default row.
        """
        facts = facts_of(contact)
        for rule in self.table:
            if rule.meets(facts):
                answer = dict(rule.actions)
                sent = None if self.overflow is None else self.overflow.sent(answer["pool"], facts)
                if sent is not None:
                    answer["pool"], answer["priority"] = sent
                return {"rule": rule.number} | answer
        raise PlanError(f"rules of plan {self.plan!r} have no default row; the last row must match every contact")
