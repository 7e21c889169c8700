"""Contacts stitched into issues: which contact comes back to which, and at what stage of its issue it stands.

Links are found on the engine from the customer's own order of contacts; the rows never leave it.
"""

from __future__ import annotations

import ibis
import numpy as np
from numpy.typing import NDArray

from planner.history.coded_batches import coded_batches
from planner.history.columns import PERSON, ROW
from planner.history.engine import declare_codes, declared_codes, keep_coded, kept_table, kept_tables
from planner.history.engines import held_name
from planner.history.history import History
from planner.history.links import HAND_OVER_S, issue_keys
from planner.history.lot_links import LATER_KINDS, STAGES, STITCHED_CODES, in_lots, stitch_lots
from planner.history.narrow import DAY_S
from planner.history.staged import KIND_CODES, STAGE_CODES

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

_KINDS = {label: k for k, label in enumerate(STAGES)}


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
    to the customer's next contact about anything, known at least where it comes within the window or within a day),
    `censored` (the window is not over at the end of the data) and `anonymous`. Contacts whose `censored` is true must
    be left out of shares, whether or not something followed yet.

    A contact that tries again after abandoning is `redialed` as long as nothing of its issue was handled; later it
    keeps the stage of the abandoned one.
    """
    if not window_days > 0:
        raise ValueError(f"window_days must be positive, not {window_days}")
    contacts = history.contacts
    rows = stitched_rows(history, window_days).rename(near_row=ROW)
    joined = contacts.left_join(rows, contacts[ROW] == rows.near_row)
    return joined.select(
        *contacts.columns,
        stage=joined.stage.fill_null("first"),
        attempt=joined.attempt.fill_null(1),
        issue_key=joined.issue_key.fill_null(joined[ROW]),
        later=joined.later_gap_s.notnull(),
        **{name: joined[name] for name in ("later_reason", "later_channel", "later_kind", "later_gap_s", "next_gap_s")},
        censored=_censored(history, joined.started_at.epoch_seconds(), window_days),
        anonymous=_anonymous(history, joined),
    )


def watched(history: History, window_days: float) -> ibis.Table:
    """Contacts with `censored` and `anonymous` as in `stitch_issues`, for which nothing need be stitched."""
    rows = history.contacts
    censored = _censored(history, rows.started_at.epoch_seconds(), window_days)
    return rows.mutate(censored=censored, anonymous=_anonymous(history, rows))


def stitched_codes(history: History, window_days: float) -> dict[str, tuple[NDArray[np.int8], tuple[str, ...]]]:
    """`stage` and `later_kind` ("none" where nothing follows) by `row_id`, as numbers of labels in alphabetical order.

    For engines inside this process: there a look-up by row is many times cheaper than a join.
    """
    stages, kinds = tuple(sorted(STAGES)), tuple(sorted(("none", *LATER_KINDS)))
    stage = np.full(history.quality.rows_read, stages.index("first"), dtype=np.int8)
    kind = np.full(history.quality.rows_read, kinds.index("none"), dtype=np.int8)
    rows = stitched_rows(history, window_days)
    held = kept_table(history.connection, held_name(rows.get_name()))
    if held is not None:
        # Made here: their labels are places among all there are, from 1, 0 where nothing follows.
        for part in coded_batches(history.connection, held.select(ROW, "stage", "later_kind")):
            row, later = part.numbers(ROW), part.numbers("later_kind")
            stage[row], kind[row] = part.numbers("stage") - 1, np.where(later > 0, later, kinds.index("none") + 1) - 1
        return {"stage": (stage, stages), "later_kind": (kind, kinds)}
    for part in coded_batches(history.connection, rows.select(ROW, "stage", "later_kind")):
        row = part.numbers(ROW)
        stage[row] = part.codes("stage", stages)
        later = part.codes("later_kind", kinds)
        kind[row] = np.where(later < 0, kinds.index("none"), later)
    return {"stage": (stage, stages), "later_kind": (kind, kinds)}


def stitched_rows(history: History, window_days: float) -> ibis.Table:
    """What stitching found, for those contacts alone that have another one near (`narrow.near_contacts`).

    Columns `row_id, stage, attempt, issue_key, later_reason, later_channel, later_kind, later_gap_s, next_gap_s`, and
    of the contact itself `filed` (reason as known when routed) and `channel`. Every other contact is the first and only
    one of its issue.
    """
    name = f"stitched_{window_days:g}".replace(".", "_").replace("+", "")
    known = kept_table(history.connection, name)
    if known is not None:
        return known
    declared = declared_codes(history.connection)
    for kind, labels in ((STAGE_CODES, STAGES), (KIND_CODES, ("none", *LATER_KINDS))):
        if kind not in declared:
            declare_codes(history.connection, kind, labels)
    if in_lots(history):
        return stitch_lots(history, window_days, name)
    rows = issue_keys(history, window_days, name)
    alone = rows.filter(rows.alone).select(ROW, "channel", "filed", "next_gap_s")
    followed = _followed(_staged(_ordered(rows.filter(~rows.alone).drop("alone"))))
    nothing = {column: ibis.null(kind) for column, kind in followed.schema().items() if column not in alone.columns}
    nothing |= {"stage": ibis.literal("first"), "attempt": ibis.literal(1, "int32"), "issue_key": alone[ROW]}
    both = ibis.union(followed, alone.mutate(**nothing).select(*followed.columns))
    kept = keep_coded(history.connection, name, both, STITCHED_CODES)
    for made in kept_tables(history.connection):
        if made.startswith((f"{name}_runs", f"{name}_links_")):
            history.connection.drop_table(made)
    return kept


def _anonymous(history: History, rows: ibis.Table) -> ibis.Value:
    """Say who is unknown; where everybody is known, no customer need be looked at."""
    return rows[PERSON].isnull() if history.quality.share_anonymous > 0 else ibis.literal(False)


def _censored(history: History, moment: ibis.Value, window_days: float) -> ibis.Value:
    return moment + window_days * DAY_S > ibis.literal(history.end).epoch_seconds()


def _ordered(rows: ibis.Table) -> ibis.Table:
    """Neighbors of each contact within its issue."""
    issue = ibis.window(group_by="issue_key", order_by=["started_at", ROW])
    before = ibis.window(group_by="issue_key", order_by=["started_at", ROW], preceding=(None, 1))
    if "handed" in rows.columns:
        rows = rows.mutate(later_handed=rows.handed.lead().over(issue))
    return rows.mutate(
        attempt=(ibis.row_number().over(issue) + 1).cast("int32"),
        was_abandoned=rows.abandoned.lag().over(issue),
        was_handing_until=rows.handing_until.lag().over(issue),
        handled_before=(~rows.abandoned).cast("int64").sum().over(before).fill_null(0),
        later_reason=rows.filed.lead().over(issue),
        later_channel=rows.channel.lead().over(issue),
        later_at=rows["at"].lead().over(issue),
    )


def _staged(rows: ibis.Table) -> ibis.Table:
    """Stage of each contact: what an abandoned contact was, its next try still is."""
    named = [(rows.handed, _KINDS["escalated"])] if "handed" in rows.columns else []
    own = ibis.cases(
        (rows.attempt == 1, _KINDS["first"]),
        *named,
        (rows.was_abandoned, ibis.null("int64")),
        ((rows["at"] - rows.was_handing_until <= HAND_OVER_S).fill_null(False), _KINDS["escalated"]),
        else_=_KINDS["returned"],
    ).cast("int64")
    rows = rows.mutate(step=own + 10 * rows.attempt)
    # The last step that was not a redial.
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


def _followed(rows: ibis.Table) -> ibis.Table:
    """What comes after each contact."""
    later = rows.later_at.notnull()
    handed = ~rows.abandoned & (rows.later_at - rows.handing_until <= HAND_OVER_S)
    if "later_handed" in rows.columns:
        handed = rows.later_handed | handed
    return rows.select(
        ROW,
        "stage",
        "attempt",
        "issue_key",
        "later_reason",
        "later_channel",
        "next_gap_s",
        "filed",
        "channel",
        later_kind=ibis.cases(
            (~later, ibis.null("string")),
            (handed.fill_null(False), "escalation"),
            (rows.abandoned, "redial"),
            else_="return",
        ),
        later_gap_s=(rows.later_at - rows["at"]).cast("float64"),
    )
