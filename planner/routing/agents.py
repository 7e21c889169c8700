"""An index of agents by reason, for systems that route by agent: who resolves most per minute, where that is reliable.

Off by default: skills of people are measured with error, and a table that ranks noise is unfair and useless.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.errors import PlanError

if TYPE_CHECKING:
    from planner.history.history import History

RELIABLE = 0.7
"""Least reliability: the share of the variance between agents' means that is about agents and not about luck."""

_NEEDED = ("agent_id", "entry_reason", "contacts", "resolved", "handle_s")


def agent_index(table: pd.DataFrame, least: float = RELIABLE) -> pd.DataFrame:
    """Rank agents per reason by resolutions per hour of handling.

    The index is p·μ (de Véricourt & Zhou 2005): p the share of contacts resolved, shrunk to the reason's mean by its
    reliability, μ contacts per hour. Reliability of p per reason (Spearman-Brown): var_between / (var_between +
    mean p(1 − p)/n), var_between by the method of moments.

    Parameters
    ----------
    table
        `agent_id, entry_reason, contacts, resolved` (numbers), `handle_s` (mean), one row per agent and reason.
    least
        Least reliability of a reason.

    Returns
    -------
    DataFrame
        `entry_reason, agent_id, contacts, resolution` (shrunk), `per_hour, index, reliability`; best first per reason;
        reasons below the bar are left out.

    Raises
    ------
    PlanError
        A column is missing, a number is out of range, or no reason is reliable enough; the message says how far it is.
    """
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise PlanError(f"agent index: columns {', '.join(missing)} are missing")
    bad = table[(table["contacts"] <= 0) | (table["resolved"] > table["contacts"]) | (table["handle_s"] <= 0)]
    if len(bad):
        raise PlanError(
            f"agent index: row {bad.index[0]} has no contacts, more resolved than contacts, or no handle time"
        )
    parts: list[pd.DataFrame] = []
    short: list[pd.DataFrame] = []
    for _, rows in table.groupby("entry_reason", sort=True):
        found = _of_reason(rows)
        reliability = float(found["reliability"].iloc[0])
        (parts if reliability >= least else short).append(found)
    if not parts:
        said = ", ".join(f"{f['entry_reason'].iloc[0]} {f['reliability'].iloc[0]:.2f}" for f in short)
        raise PlanError(f"agent index: no reason reaches reliability {least:g} ({said}); differences may be luck")
    return pd.concat(parts, ignore_index=True)


def agents_seen(history: History) -> pd.DataFrame:
    """Count served contacts by agent and entry reason: the table `agent_index` takes.

    Raises
    ------
    PlanError
        The history does not say who served, whether it was resolved, or how long it took.
    """
    contacts = history.contacts
    served = contacts.filter(
        contacts.agent_id.notnull() & contacts.entry_reason.notnull() & contacts.resolved.notnull(),
        contacts.handle_s > 0,
    )
    grouped = served.group_by(["agent_id", "entry_reason"]).aggregate(
        contacts=served.count(), resolved=served.resolved.cast("int64").sum(), handle_s=served.handle_s.mean()
    )
    found = grouped.order_by(["entry_reason", "agent_id"]).execute()
    if found.empty:
        raise PlanError(
            "agent index: no served contact of the history has agent, entry reason, outcome and handle time"
        )
    return found


def with_values(index: pd.DataFrame, values: Mapping[str, float], patience_s: Mapping[str, float]) -> pd.DataFrame:
    """Add what an hour of an agent is worth per reason, to say whom to give which contact.

    `value` money per resolved contact; `value_per_hour` c·p·μ (the cμ rule, Cox & Smith 1961); `value_over_patience`
    c·p·μ/θ with θ = 1/patience, for queues that lose contacts (Atar, Giat & Shimkin 2010). NaN where a reason has none.
    """
    value = index["entry_reason"].map(values).astype(float)
    per_hour = value * index["index"]
    patience_h = index["entry_reason"].map(patience_s).astype(float) / 3600
    return index.assign(value=value, value_per_hour=per_hour, value_over_patience=per_hour * patience_h)


def _of_reason(rows: pd.DataFrame) -> pd.DataFrame:
    n, p = rows["contacts"].to_numpy(float), (rows["resolved"] / rows["contacts"]).to_numpy(float)
    mean = float((n * p).sum() / n.sum())
    noise = mean * (1 - mean) / n
    between = max(0.0, float(np.var(p, ddof=1) - noise.mean())) if len(rows) > 1 else 0.0
    own = between / (between + noise) if between > 0 else np.zeros(len(rows))
    reliability = between / (between + float(noise.mean())) if between > 0 else 0.0
    resolution, per_hour = mean + own * (p - mean), 3600 / rows["handle_s"].to_numpy(float)
    found = rows[["entry_reason", "agent_id", "contacts"]].assign(
        resolution=resolution, per_hour=per_hour, index=resolution * per_hour, reliability=reliability
    )
    return found.sort_values(["index", "agent_id"], ascending=[False, True])
