"""Contacts stitched into issues: which contact comes back to which, and at what stage of its issue it stands.

Links are found on the engine from the customer's own order of contacts; the rows never leave it.
"""

from __future__ import annotations

import ibis

from planner.history.columns import ROW
from planner.history.history import History
from planner.history.links import HAND_OVER_S, parent_links, root_of

STITCHED = (
    "stage",
    "attempt",
    "issue_key",
    "later",
    "later_reason",
    "later_channel",
    "later_kind",
    "later_gap_s",
    "next_gap_s",
    "censored",
    "anonymous",
)
"""Columns that stitching adds to a contact."""

_KINDS = {"first": 0, "redialed": 1, "returned": 2, "escalated": 3}


def stitch_issues(history: History, window_days: float) -> ibis.Table:
    """Add to each contact where it stands in its issue.

    A contact belongs to the issue of an earlier one if (in this order) both carry the same `issue_id`;
    `escalated_from` names it (by contact or by channel); or the same customer was there within `window_days` with the
    same reason, with an abandoned contact of the same entry reason, transferred minutes ago, or with a reason that this
    one follows more often than chance would have it (`links.linked_reasons`). Customers nobody identified are linked
    by ids alone.

    Columns added: `stage` (first | redialed | returned | escalated), `attempt` (1, 2, ...), `issue_key` (`row_id` of
    the issue's first contact), `later` (another contact of the issue follows), `later_reason` (as known when routed),
    `later_channel`, `later_kind` (redial | return | escalation), `later_gap_s` (seconds to it), `next_gap_s` (seconds
    to the customer's next contact about anything), `censored` (the window is not over at the end of the data) and
    `anonymous`. Contacts whose `censored` is true must be left out of shares, whether or not something followed yet.

    A contact that tries again after abandoning is `redialed` as long as nothing of its issue was handled; later it
    keeps the stage of the abandoned one.
    """
    if not window_days > 0:
        raise ValueError(f"window_days must be positive, not {window_days}")
    name = f"stitched_{window_days:g}".replace(".", "_").replace("+", "")
    connection = history.connection
    known = connection.raw_sql(f"SELECT 1 FROM duckdb_tables() WHERE table_name = '{name}'").fetchall()
    stitched = connection.table(name) if known else _stitch(history, window_days, name)
    return history.contacts.inner_join(stitched, ROW)


def _stitch(history: History, window_days: float, name: str) -> ibis.Table:
    connection, contacts = history.connection, history.contacts
    links = root_of(connection, parent_links(history, window_days), name)
    rows = contacts.left_join(links, contacts[ROW] == links.child).select(
        ROW,
        "started_at",
        "channel",
        entry=ibis.coalesce(contacts.entry_reason, contacts.reason),
        customer_id=contacts.customer_id,
        abandoned=contacts.abandoned.fill_null(False),
        transferred=contacts.transferred.fill_null(False),
        handed=contacts.escalated_from.notnull(),
        served_s=contacts.wait_s.fill_null(0.0) + contacts.handle_s.fill_null(0.0),
        issue_key=ibis.coalesce(links.root, contacts[ROW]),
    )
    return connection.create_table(name, _followed(_staged(_ordered(rows)), history, window_days), temp=True)


def _ordered(rows: ibis.Table) -> ibis.Table:
    """Neighbors of each contact within its issue, and the customer's next contact of any kind."""
    issue = ibis.window(group_by="issue_key", order_by=["started_at", ROW])
    before = ibis.window(group_by="issue_key", order_by=["started_at", ROW], preceding=(None, 1))
    person = ibis.window(group_by="customer_id", order_by=["started_at", ROW])
    return rows.mutate(
        attempt=ibis.row_number().over(issue) + 1,
        was_abandoned=rows.abandoned.lag().over(issue),
        was_transferred=rows.transferred.lag().over(issue),
        was_until=(rows.started_at.epoch_seconds() + rows.served_s).lag().over(issue),
        handled_before=(~rows.abandoned).cast("int64").sum().over(before).fill_null(0),
        later_reason=rows.entry.lead().over(issue),
        later_channel=rows.channel.lead().over(issue),
        later_at=rows.started_at.lead().over(issue),
        next_at=rows.started_at.lead().over(person),
    )


def _staged(rows: ibis.Table) -> ibis.Table:
    """Stage of each contact, and the kind of step that led to it (`step % 10`; NULL for a redial)."""
    since = rows.started_at.epoch_seconds() - rows.was_until
    escalated = rows.handed | (rows.was_transferred & (since <= HAND_OVER_S))
    own = ibis.cases(
        (rows.attempt == 1, _KINDS["first"]),
        (rows.handed, _KINDS["escalated"]),
        (rows.was_abandoned, ibis.null("int64")),
        (escalated.fill_null(False), _KINDS["escalated"]),
        else_=_KINDS["returned"],
    ).cast("int64")
    rows = rows.mutate(step=own + 10 * rows.attempt)
    # The last step that was not a redial: what an abandoned contact was, its next try still is.
    upto = ibis.window(group_by="issue_key", order_by=["started_at", ROW], preceding=(None, 0))
    rows = rows.mutate(kind=rows.step.max().over(upto) % 10)
    return rows.mutate(
        stage=ibis.cases(
            (rows.attempt == 1, "first"),
            (rows.kind == _KINDS["escalated"], "escalated"),
            (rows.handled_before == 0, "redialed"),
            else_="returned",
        )
    )


def _followed(rows: ibis.Table, history: History, window_days: float) -> ibis.Table:
    """What comes after each contact, and whether the data are long enough to tell."""
    issue = ibis.window(group_by="issue_key", order_by=["started_at", ROW])
    rows = rows.mutate(later_step=(rows.step % 10).lead().over(issue))
    end = ibis.literal(history.end)
    moment = rows.started_at.epoch_seconds()
    later = rows.later_at.notnull()
    next_gap = (rows.next_at.epoch_seconds() - moment).cast("float64")
    return rows.select(
        ROW,
        "stage",
        "attempt",
        "issue_key",
        later=later,
        later_reason=rows.later_reason,
        later_channel=rows.later_channel,
        later_kind=ibis.cases(
            (~later, ibis.null("string")),
            (rows.later_step == _KINDS["escalated"], "escalation"),
            (rows.abandoned, "redial"),
            else_="return",
        ),
        later_gap_s=(rows.later_at.epoch_seconds() - moment).cast("float64"),
        next_gap_s=ibis.ifelse(rows.customer_id.isnull(), ibis.null("float64"), next_gap),
        censored=moment + window_days * 86_400.0 > end.epoch_seconds(),
        anonymous=rows.customer_id.isnull(),
    )
