"""A deterministic part of a history as rows: for checks that need pairs of values, never for estimates."""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.operations as ops

from planner.history.columns import PERSON, ROW
from planner.history.engine import drop_kept, keep_coded, kept_table
from planner.history.history import History
from planner.history.journeys import stitch_issues, stitched_rows
from planner.history.staged import LABEL_CODES

MOST_ROWS = 100_000
"""About as many rows are looked at; tests of association need no more."""

_BUCKETS = 65_536
_MOSTLY_ANONYMOUS = 0.5


def sampled_contacts(history: History, window_days: float, most_rows: int = MOST_ROWS) -> ibis.Table:
    """About `most_rows` stitched contacts of this history: all there are, or whole customers.

    Customers are picked by the hash that the engine partitions by, or, where most of them are unknown, contacts by the
    second they started in; so the same rows come whatever their order in the file, and journeys are not cut. Kept on
    the engine, as several checks look at the same sample.
    """
    name = f"sample_{window_days:g}_{most_rows}".replace(".", "_").replace("+", "")
    # Parts of a history, or one with further columns, share its engine but not its sample.
    whole = isinstance(history.contacts.op(), ops.DatabaseTable)
    known = kept_table(history.connection, name) if whole else None
    if known is not None:
        return known
    stitched_rows(history, window_days)
    if not whole:
        return stitch_issues(replace(history, contacts=sampled(history, most_rows)), window_days)
    # The contacts first: with so few of them the engine walks through all links once, instead of sorting them in. And
    # of these first who they are: nothing but the customers of all contacts is then looked at.
    contacts = history.contacts
    if history.quality.rows_kept > most_rows:
        picked = keep_coded(history.connection, "picked", sampled(history, most_rows).select(ROW), {})
        contacts = contacts.semi_join(picked, ROW)
    few = keep_coded(history.connection, "few_contacts", contacts, LABEL_CODES)
    rows = stitch_issues(replace(history, contacts=few), window_days)
    codes = {**LABEL_CODES, "stage": "stage_code", "later_kind": "kind_code"}
    kept = keep_coded(history.connection, name, rows, codes)
    drop_kept(history.connection, "few_contacts", "picked")
    return kept


def sampled(history: History, most_rows: int = MOST_ROWS) -> ibis.Table:
    """Keep about `most_rows` contacts of this history, as in `sampled_contacts`."""
    rows, contacts = history.quality.rows_kept, history.contacts
    return contacts.filter(_picked(history, contacts, most_rows / rows)) if rows > most_rows else contacts


def _picked(history: History, table: ibis.Table, share: float) -> ibis.Value:
    known = 1.0 - history.quality.share_anonymous
    if known > _MOSTLY_ANONYMOUS:
        cut = min(int(share / known * _BUCKETS), _BUCKETS - 1)
        # Hashes of some engines are signed.
        return ((table[PERSON] % _BUCKETS).cast("int64").abs() < max(cut, 1)).fill_null(False)
    second = table.started_at.epoch_seconds().cast("int64")
    # Steps of a minute or an hour are spread evenly too, as the modulus is prime.
    return ((second % 1_000_003) * 7_919) % _BUCKETS < max(int(share * _BUCKETS), 1)
