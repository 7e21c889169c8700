"""Replay of many contacts through the rules of a plan, all at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.routing.overflow import Overflow
from planner.routing.ruleset import ACTIONS, ANY, RuleSet, bucket

_LABELS = ("entry_reason", "channel", "segment")
_RANGES = {"offer_bucket": ("offer_from", "offer_to"), "pool_bucket": ("pool_from", "pool_to")}


def replay(rules: RuleSet, contacts: pd.DataFrame) -> pd.DataFrame:
    """Decide every contact by the first rule that matches it; equal to `RuleSet.decide` row by row.

    Parameters
    ----------
    contacts
        Columns `entry_reason, channel, segment` (each may be missing or hold gaps: a gap matches only "*"),
        `contact_id` or the buckets `offer_bucket, pool_bucket, overflow_bucket`, and `interval` (local start), without
        which no overflow applies.

    Returns
    -------
    DataFrame
        Index of `contacts`; `rule, pool, priority, channel_offer, overflow_pool, overflow_after_s`.
    """
    rows = rules.rows
    labels = {name: _coded(contacts, rows, name) for name in _LABELS}
    buckets = {name: _buckets(contacts, name) for name in ("offer_bucket", "pool_bucket")}
    winner = np.full(len(contacts), -1)
    open_ = np.arange(len(contacts))
    for position in range(len(rows)):
        hit = np.ones(len(open_), dtype=bool)
        for codes, wanted in labels.values():
            if wanted[position] is not None:
                hit &= codes[open_] == wanted[position]
        for name, (low, high) in (
            ("offer_bucket", ("offer_from", "offer_to")),
            ("pool_bucket", ("pool_from", "pool_to")),
        ):
            value = buckets[name][open_]
            hit &= (value >= float(rows[low].iloc[position])) & (value < float(rows[high].iloc[position]))
        winner[open_[hit]] = position
        open_ = open_[~hit]
    if len(open_):
        raise AssertionError(f"rule set of {rules.plan} has no default row")
    answer = _actions(rows, winner, contacts.index)
    if rules.overflow is not None and "interval" in contacts:
        _send_over(rules.overflow, contacts, answer)
    return answer


def _send_over(overflow: Overflow, contacts: pd.DataFrame, answer: pd.DataFrame) -> None:
    """Write pool and priority of the contacts that overflow sends to another pool."""
    pool, priority = (answer[name].to_numpy(object, copy=True) for name in ("pool", "priority"))
    leaves = np.flatnonzero(np.isin(pool.astype(str), overflow.shares["from_pool"].unique()))
    when = contacts["interval"].astype(str).to_numpy()[leaves]
    value = _buckets(contacts.iloc[leaves], "overflow_bucket")
    labels = [contacts[n].to_numpy(object) if n in contacts else [None] * len(contacts) for n in _LABELS]
    source_of = pool[leaves].astype(str)
    for (source, target), rows in overflow.shares.groupby(["from_pool", "to_pool"], sort=False):
        at = pd.Index(rows["interval"]).get_indexer(when)
        low, high = (np.append(rows[name].to_numpy(float), 0.0)[at] for name in ("bucket_from", "bucket_to"))
        for k in leaves[(source_of == source) & (at >= 0) & (value >= low) & (value < high)]:
            rank = overflow.priority(str(source), str(target), labels[0][k], labels[2][k])
            if rank is not None:
                pool[k], priority[k] = str(target), rank
    answer["pool"], answer["priority"] = pool, priority


def _coded(contacts: pd.DataFrame, rows: pd.DataFrame, name: str) -> tuple[NDArray[np.int64], list[int | None]]:
    """Number the labels of one condition: a code per contact (-1 = gap) and the wanted code per rule (None = any)."""
    if name in contacts:
        codes, known = pd.factorize(contacts[name], use_na_sentinel=True)
    else:
        codes, known = np.full(len(contacts), -1), pd.Index([])
    number = {label: code for code, label in enumerate(known)}
    # -2: wanted by a rule but borne by no contact.
    return codes, [None if label == ANY else number.get(label, -2) for label in rows[name]]


def _buckets(contacts: pd.DataFrame, name: str) -> NDArray[np.float64]:
    values = contacts[name].to_numpy(float) if name in contacts else np.full(len(contacts), np.nan)
    gaps = np.flatnonzero(np.isnan(values))
    if len(gaps):
        ids = contacts["contact_id"].astype(str).to_numpy()[gaps] if "contact_id" in contacts else [""] * len(gaps)
        values = values.copy()
        values[gaps] = [bucket(contact_id, name) for contact_id in ids]
    return values


def _actions(rows: pd.DataFrame, winner: NDArray[np.int64], index: pd.Index) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {"rule": pd.Series(rows["rule"].to_numpy()[winner].astype(int), index=index)}
    for name in ACTIONS:
        values = rows[name].astype(object).where(rows[name].notna(), None).to_numpy()
        columns[name] = pd.Series(values[winner], index=index, dtype=object)
    return pd.DataFrame(columns, index=index)
