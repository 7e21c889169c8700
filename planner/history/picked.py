"""Which customers checks look at: some by their hash, the same ones whatever the order of rows, journeys uncut."""

from __future__ import annotations

from planner.history.history import History

MOST_ROWS = 100_000
"""About as many rows are looked at; tests of association need no more."""
BUCKETS = 65_536
"""Customers are dealt out to as many by their hash."""

_MOSTLY_ANONYMOUS = 0.5


def first_buckets(history: History, most_rows: int) -> int | None:
    """Number of buckets whose customers have about `most_rows` contacts.

    None where customers do not do: there are no more contacts than that, or most of them have no known customer.
    """
    rows, known = history.quality.rows_kept, 1.0 - history.quality.share_anonymous
    if rows <= most_rows or known <= _MOSTLY_ANONYMOUS:
        return None
    return max(min(int(most_rows / rows / known * BUCKETS), BUCKETS - 1), 1)


def picked_name(most_rows: int) -> str:
    """Name of the numbers of the picked contacts, where they are kept."""
    return f"picked_{most_rows}"
