"""The few columns of contacts that stitching needs, and those contacts that have another one of their customer near."""

from __future__ import annotations

import ibis

from planner.history.columns import PERSON, ROW
from planner.history.engine import hash64, keep_coded, kept_table
from planner.history.history import History
from planner.history.staged import CHANNEL_CODES, NO_REASON, REASON_CODES

DAY_S = 86_400.0
_NEVER_S = 2**62


def narrow_contacts(history: History) -> ibis.Table:
    """Contacts in few and small columns, lazily.

    `row_id, person_key, started_at`, `entry` (reason as known when routed), `topic` (reason, or else entry reason),
    `filed` (entry reason, or else reason), `channel, abandoned, transferred, served_s`, and the known ids: `issue` (a
    number), `handed`, `from_channel` (the channel that `escalated_from` names).
    """
    known = kept_table(history.connection, "narrow")
    if known is not None:
        return known
    contacts = history.contacts
    channels = history.quality.kept_channels
    rows = contacts.select(
        ROW,
        PERSON,
        "started_at",
        "channel",
        entry=contacts.entry_reason,
        topic=ibis.coalesce(contacts.reason, contacts.entry_reason, ibis.literal(NO_REASON)),
        filed=ibis.coalesce(contacts.entry_reason, contacts.reason),
        abandoned=contacts.abandoned.fill_null(False),
        transferred=contacts.transferred.fill_null(False),
        served_s=contacts.wait_s.fill_null(0.0) + contacts.handle_s.fill_null(0.0),
        issue=ibis.ifelse(contacts.issue_id.isnull(), ibis.null("uint64"), hash64(contacts.issue_id)),
        handed=contacts.escalated_from.notnull(),
        from_channel=ibis.ifelse(contacts.escalated_from.isin(channels), contacts.escalated_from, ibis.null("string")),
    )
    codes = {"entry": REASON_CODES, "topic": REASON_CODES, "filed": REASON_CODES, "from_channel": CHANNEL_CODES}
    return keep_coded(history.connection, "narrow", rows, codes, view=True)


def known_ids(history: History) -> tuple[bool, bool]:
    """Whether any contact carries an `issue_id`, and whether any carries an `escalated_from`."""
    empty = history.quality.empty_columns
    return "issue_id" not in empty, "escalated_from" not in empty


def near_contacts(history: History, reach_days: float) -> ibis.Table:
    """Contacts whose customer has another one within a reach, or that carry a known id.

    All that can be linked within the reach is among them, and only they are ever sorted further: of two contacts less
    than the reach apart, all the customer's contacts between them are here as well. Columns as in `narrow_contacts`,
    but `transferred, served_s`; and `at` (start in seconds), `handing_until` (when a transferred contact ended, NULL
    for others), `partition` (the customer; contacts of nobody stand alone), `next_gap_s` (seconds to the customer's
    next contact) and `gap_s` (seconds to the nearer one of both neighbors). Where any contact has a known id, also
    `anonymous` and `pinned` (has a known id, or another contact names it); where none has, the known ids are no columns
    either.
    """
    rows = narrow_contacts(history)
    issues, handed = known_ids(history)
    plain = not issues and not handed
    if plain:
        known = rows.filter(rows[PERSON].notnull())
        rows = known.drop("issue", "handed", "from_channel").rename(partition=PERSON)
    else:
        rows = _pinned(history, rows)
    order = ibis.window(group_by="partition", order_by=["started_at", ROW])
    seen = rows.mutate(was=rows.started_at.lag().over(order), next=rows.started_at.lead().over(order))
    at = seen.started_at.epoch_seconds().cast("int64")
    before, after = at - seen.was.epoch_seconds(), seen.next.epoch_seconds() - at
    gap = ibis.least(before.fill_null(_NEVER_S), after.fill_null(_NEVER_S)).cast("int64")
    until = ibis.ifelse(seen.transferred, at + seen.served_s, ibis.null("float64"))
    seen = seen.mutate(at=at, gap_s=gap, next_gap_s=after.cast("float64"), handing_until=until)
    seen = seen.drop("was", "next", "transferred", "served_s")
    close = seen.gap_s <= reach_days * DAY_S
    return seen.filter(close if plain else close | seen.pinned)


def _pinned(history: History, rows: ibis.Table) -> ibis.Table:
    """Contacts that may be linked: of known customers, with a known id, or named by another contact."""
    named = handed_from(history).select(named_row="parent").distinct()
    marked = rows.left_join(named, rows[ROW] == named.named_row)
    pinned = marked.issue.notnull() | marked.handed | marked.named_row.notnull()
    marked = marked.mutate(pinned=pinned).drop("named_row")
    marked = marked.filter(marked.pinned | marked[PERSON].notnull())
    alone = hash64(marked[ROW].cast("string"))
    return marked.mutate(partition=ibis.coalesce(marked[PERSON], alone), anonymous=marked[PERSON].isnull()).drop(PERSON)


def handed_from(history: History) -> ibis.Table:
    """Contacts that name an earlier one by its `contact_id`: `child, parent, parent_at` (row ids, seconds)."""
    known = kept_table(history.connection, "handed_from")
    if known is not None:
        return known
    contacts = history.contacts
    at = contacts.started_at.epoch_seconds().cast("int64")
    handed = contacts.filter(contacts.escalated_from.notnull())
    handed = handed.select(child=handed[ROW], name=handed.escalated_from, child_at=handed.started_at.epoch_seconds())
    origin = contacts.select("contact_id", parent=contacts[ROW], parent_at=at)
    both = origin.inner_join(handed, origin.contact_id == handed.name)
    both = both.filter((both.parent != both.child) & (both.parent_at <= both.child_at))
    return history.connection.create_table("handed_from", both.select("child", "parent", "parent_at"), temp=True)
