"""A history cut in two by customers: one half chooses, the other looks again at what was chosen."""

from __future__ import annotations

from dataclasses import replace

import ibis

from planner.history.columns import ROW
from planner.history.engine import kept_table, sha256
from planner.history.history import History
from planner.history.journeys import stitch_issues

_MIDDLE = "8"
"""First hexadecimal digit of the second half."""


def customer_halves(history: History, *, window_days: float, seed: int) -> tuple[History, History]:
    """Cut a history into two halves with different customers.

    All contacts of a customer stay together; a contact nobody identified stands for itself. The half is the first bit
    of the SHA-256 of the seed and the customer's alphabetically first `contact_id`: hashed customer ids carry a salt
    of the project, so they would cut the same history differently elsewhere. The order of rows does not matter.

    Issues are stitched over the whole history before it is cut, so that both halves see the same issues; what was kept
    out, the end of the data and the quality report are those of the whole.
    """
    stitch_issues(history, window_days)
    connection, contacts = history.connection, history.contacts
    name = f"halves_{seed}"
    sides = kept_table(connection, name)
    if sides is None:
        sides = connection.create_table(name, _sides(contacts, seed), temp=True)
    first = contacts.semi_join(sides.filter(sides.first), ROW)
    second = contacts.semi_join(sides.filter(~sides.first), ROW)
    return replace(history, contacts=first), replace(history, contacts=second)


def _sides(contacts: ibis.Table, seed: int) -> ibis.Table:
    """Say for every row whether it belongs to the first half: `row_id, first`."""
    known = contacts.filter(contacts.customer_id.notnull())
    people = known.group_by("customer_id").aggregate(token=known.contact_id.min()).rename(person="customer_id")
    rows = contacts.select(ROW, "customer_id", "contact_id")
    joined = rows.left_join(people, rows.customer_id == people.person)
    token = ibis.literal(f"{seed}:") + ibis.coalesce(joined.token, joined.contact_id)
    return joined.select(ROW, first=sha256(token).substr(0, 1) < _MIDDLE)
