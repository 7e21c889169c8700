"""A deterministic part of a history as rows: for checks that need pairs of values, never for estimates."""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.operations as ops

from planner.history.columns import PERSON, ROW
from planner.history.engine import drop_kept, keep_coded, kept_table
from planner.history.history import History
from planner.history.journeys import stitch_issues, stitched_rows
from planner.history.picked import BUCKETS, MOST_ROWS, first_buckets, picked_name
from planner.history.staged import KIND_CODES, LABEL_CODES, STAGE_CODES


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
        contacts = contacts.semi_join(_picked_rows(history, most_rows), ROW)
    few = keep_coded(history.connection, "few_contacts", contacts, LABEL_CODES)
    rows = stitch_issues(replace(history, contacts=few), window_days)
    codes = {**LABEL_CODES, "stage": STAGE_CODES, "later_kind": KIND_CODES}
    kept = keep_coded(history.connection, name, rows, codes)
    drop_kept(history.connection, "few_contacts", picked_name(most_rows))
    return kept


def _picked_rows(history: History, most_rows: int) -> ibis.Table:
    """Numbers of the picked contacts: as stitching left them behind, or asked of the engine."""
    name = picked_name(most_rows)
    known = kept_table(history.connection, name)
    if known is not None:
        return known
    return keep_coded(history.connection, name, sampled(history, most_rows).select(ROW), {})


def sampled(history: History, most_rows: int = MOST_ROWS) -> ibis.Table:
    """Keep about `most_rows` contacts of this history, as in `sampled_contacts`."""
    rows, contacts = history.quality.rows_kept, history.contacts
    if rows <= most_rows:
        return contacts
    buckets = first_buckets(history, most_rows)
    if buckets is not None:
        # Hashes of some engines are signed.
        return contacts.filter(((contacts[PERSON] % BUCKETS).cast("int64").abs() < buckets).fill_null(False))
    second = contacts.started_at.epoch_seconds().cast("int64")
    # Steps of a minute or an hour are spread evenly too, as the modulus is prime.
    return contacts.filter(((second % 1_000_003) * 7_919) % BUCKETS < max(int(most_rows / rows * BUCKETS), 1))
