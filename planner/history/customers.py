"""One row per identified customer: contacts by what became of them, counted in the engine."""

from __future__ import annotations

import pandas as pd

from planner.history.engine import count_if
from planner.history.history import History
from planner.history.journeys import stitch_issues

COUNTS = ("contacts", "unresolved", "later_contacts", "abandoned_contacts")
"""Counts per customer that every history gives."""


def customer_sums(history: History, *, window_days: float) -> pd.DataFrame:
    """Count the contacts of each identified customer, sorted by customer.

    Columns: `customer_id`, `contacts`, `unresolved` (coded not resolved), `later_contacts` (not the first of their
    issue), `abandoned_contacts`; `value` and every covariate of the history by its largest value (a customer's
    own attributes are the same on every row).
    """
    rows = stitch_issues(history, window_days)
    rows = rows.filter(rows.customer_id.notnull())
    own = {name: rows[name].max() for name in ("value", *history.covariates)}
    return (
        rows.group_by("customer_id")
        .aggregate(
            contacts=rows.count(),
            unresolved=count_if(~rows.resolved),
            later_contacts=count_if(rows.attempt > 1),
            abandoned_contacts=count_if(rows.abandoned),
            **own,
        )
        .order_by("customer_id")
        .execute()
    )
