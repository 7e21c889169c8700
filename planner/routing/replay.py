"""Replay of many contacts through the rules of a plan, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PlanError
from planner.routing.columns import Columns, columns_of, first_hit
from planner.routing.overflow import Overflow
from planner.routing.ruleset import RuleSet

CHUNK = 200_000
"""Contacts tested at once: bounds memory to rules × contacts bits of truth."""


def replay(rules: RuleSet, contacts: pd.DataFrame) -> pd.DataFrame:
    """Decide every contact by the first rule that matches it; equal to `RuleSet.decide` row by row.

    Parameters
    ----------
    contacts
        `entry_reason, channel, segment` (missing: matches only "*") and the other facts of `decide` where they are
        known, `contact_id` or the bucket columns, and `interval` (local start) where overflow shall apply.

    Returns
    -------
    DataFrame
        Index of `contacts`; `rule, pool, priority, channel_offer, overflow_pool, overflow_after_s` and what the rules
        say on top.

    Raises
    ------
    PlanError
        A contact matches no rule, because the last one is not a default row.
    """
    parts = [_replayed(rules, contacts.iloc[k : k + CHUNK]) for k in range(0, max(len(contacts), 1), CHUNK)]
    return parts[0] if len(parts) == 1 else pd.concat(parts)


def _replayed(rules: RuleSet, contacts: pd.DataFrame) -> pd.DataFrame:
    columns = columns_of(contacts)
    winner = first_hit(rules.table, columns)
    if (winner < 0).any():
        raise PlanError(f"rules of plan {rules.plan!r} have no default row; the last row must match every contact")
    answers = [{"rule": rule.number} | dict(rule.actions) for rule in rules.table]
    answer = answered(answers, winner, ("rule", *rules.actions), contacts.index)
    answer["rule"] = answer["rule"].astype(int)
    if rules.overflow is not None and "interval" in columns.codes:
        _send_over(rules.overflow, columns, answer)
    return answer


def answered(
    answers: Sequence[dict[str, Any]], winner: NDArray[np.int64], names: Sequence[str], index: pd.Index
) -> pd.DataFrame:
    """Lay out the answer each contact got, as objects, so that gaps stay None."""
    columns = {}
    for name in names:
        values = np.empty(len(answers), dtype=object)
        values[:] = [one[name] for one in answers]
        columns[name] = pd.Series(values[winner], index=index, dtype=object)
    return pd.DataFrame(columns, index=index)


def _send_over(overflow: Overflow, columns: Columns, answer: pd.DataFrame) -> None:
    """Write pool and priority of the contacts that overflow sends to another pool."""
    pool, priority = (answer[name].to_numpy(object, copy=True) for name in ("pool", "priority"))
    source_of = pool.astype(str)
    value = columns.number("overflow_bucket")
    labels = {fact: _labels(columns, fact) for fact in ("interval", "entry_reason", "segment")}
    for (source, target), rows in overflow.shares.groupby(["from_pool", "to_pool"], sort=False):
        here = np.flatnonzero(source_of == source)
        at = pd.Index(rows["interval"]).get_indexer(labels["interval"][here])
        low, high = (np.append(rows[name].to_numpy(float), 0.0)[at] for name in ("bucket_from", "bucket_to"))
        for k in here[(at >= 0) & (value[here] >= low) & (value[here] < high)]:
            rank = overflow.priority(str(source), str(target), labels["entry_reason"][k], labels["segment"][k])
            if rank is not None:
                pool[k], priority[k] = str(target), rank
    answer["pool"], answer["priority"] = pool, priority


def _labels(columns: Columns, fact: str) -> NDArray[np.object_]:
    back = np.empty(len(columns.known.get(fact, {})) + 1, dtype=object)
    for name, code in columns.known.get(fact, {}).items():
        back[code] = name
    return back[columns.codes[fact]] if fact in columns.codes else np.full(columns.size, None, dtype=object)
