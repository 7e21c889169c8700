"""Rows per customer and month at risk, with what the customer had been through before the month began."""

from __future__ import annotations

import numpy as np
import pandas as pd

_MONTH = pd.Timedelta(days=30)
_WINDOW = pd.Timedelta(days=90)


def customer_months(
    contacts: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    end: pd.Timestamp,
    prior_scores: float = 4.0,
    notice_days: float = 0.0,
) -> pd.DataFrame:
    """Lay out customers by months of thirty days; nothing in a row was known only after its month began.

    Parameters
    ----------
    contacts
        `customer_id, started_at, unresolved` (0/1), `extra` (0/1: not the first contact of its issue), `score` (NaN
        where unanswered).
    customers
        `customer_id, since` and `left_at` (decided to leave; NaT: stayed); further columns are kept as they are.
    end
        End of observation.
    prior_scores
        Answers worth of the mean of all *earlier* answers that a customer's mean is pulled to.
    notice_days
        Days after a decision in which a customer can still be seen; above 0 it gives the column `unresolved_after`,
        the placebo: experience in that many days after the month.

    Returns
    -------
    DataFrame `customer_id, month` (from 0, calendar), `churned` (in this month), `unresolved_90d, extra_90d` (counts
    in the 90 days before the month), `score_gap` (points below the mean, shrunk; 0 without answers), `tenure_months`,
    and the customers' own columns. Months that are not over by `end` are left out.
    """
    start = customers["since"].min()
    ends = start + _MONTH * np.arange(1, int((end - start - pd.Timedelta(days=notice_days)) / _MONTH) + 1)
    contacts = contacts[contacts["customer_id"].isin(customers["customer_id"])]
    blocks = [_month(k, stop, contacts, customers, prior_scores, notice_days) for k, stop in enumerate(ends)]
    return pd.concat(blocks, ignore_index=True).sort_values(["customer_id", "month"], ignore_index=True)


def _month(
    k: int,
    stop: pd.Timestamp,
    contacts: pd.DataFrame,
    customers: pd.DataFrame,
    prior_scores: float,
    notice_days: float,
) -> pd.DataFrame:
    begin = stop - _MONTH
    rows = customers[(customers["since"] <= begin) & ~(customers["left_at"] < begin)].copy()
    rows["month"] = k
    rows["churned"] = (rows["left_at"] < stop).astype(int)
    rows["tenure_months"] = (begin - rows["since"]).dt.total_seconds() / _MONTH.total_seconds()
    before = contacts[contacts["started_at"] < begin]
    recent = before[before["started_at"] >= begin - _WINDOW]
    for name in ("unresolved", "extra"):
        rows[f"{name}_90d"] = _counted(recent, name, rows)
    answered = before[before["score"].notna()]
    mean = float(answered["score"].mean()) if len(answered) else 0.0
    sums = answered.groupby("customer_id")["score"].agg(["sum", "count"]).reindex(rows["customer_id"]).fillna(0.0)
    own = (sums["sum"] + prior_scores * mean) / (sums["count"] + prior_scores)
    rows["score_gap"] = mean - own.to_numpy(float)
    if notice_days > 0:
        after = contacts[contacts["started_at"].between(stop, stop + pd.Timedelta(days=notice_days), inclusive="left")]
        rows["unresolved_after"] = _counted(after, "unresolved", rows)
    return rows.drop(columns=["since", "left_at"])


def _counted(contacts: pd.DataFrame, name: str, rows: pd.DataFrame) -> np.ndarray:
    counts = contacts.groupby("customer_id")[name].sum().reindex(rows["customer_id"]).fillna(0.0)
    return counts.to_numpy(float)
