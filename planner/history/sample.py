"""A deterministic part of a history as rows: for checks that need pairs of values, never for estimates."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pandas as pd

from planner.history.history import History

MOST_ROWS = 100_000
"""About as many rows are looked at; tests of association need no more."""

_BUCKETS = 65_536
_MOSTLY_ANONYMOUS = 0.5


def sample_rows(
    history: History, table: ibis.Table, columns: Sequence[str], most_rows: int = MOST_ROWS
) -> pd.DataFrame:
    """Fetch about `most_rows` rows of a table of this history: all there are, or whole customers.

    Customers are picked by their salted hash, or, where most of them are unknown, contacts by the second they started
    in; so the same rows come whatever their order in the file, and journeys are not cut. Sorted by `contact_id`.
    """
    table = sampled(history, table, most_rows)
    return table.order_by("contact_id").select(list(dict.fromkeys(columns))).execute()


def sampled(history: History, table: ibis.Table, most_rows: int = MOST_ROWS) -> ibis.Table:
    """Keep about `most_rows` rows of a table of this history, as in `sample_rows`, on the engine."""
    rows = history.quality.rows_kept
    return table.filter(_picked(history, table, most_rows / rows)) if rows > most_rows else table


def _picked(history: History, table: ibis.Table, share: float) -> ibis.Value:
    known = 1.0 - history.quality.share_anonymous
    if known > _MOSTLY_ANONYMOUS:
        cut = min(int(share / known * _BUCKETS), _BUCKETS - 1)
        return (table.customer_id.substr(0, 4) < f"{max(cut, 1):04x}").fill_null(False)
    second = table.started_at.epoch_seconds().cast("int64")
    # Steps of a minute or an hour are spread evenly too, as the modulus is prime.
    return ((second % 1_000_003) * 7_919) % _BUCKETS < max(int(share * _BUCKETS), 1)
