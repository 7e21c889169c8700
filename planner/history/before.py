"""Covariates that history itself gives: what was known about a customer before this contact chose its channel."""

from __future__ import annotations

from dataclasses import replace

import ibis

from planner.history.columns import PERSON, ROW
from planner.history.engine import hash64
from planner.history.history import History
from planner.history.journeys import stitch_issues

HISTORY_COVARIATES: dict[str, str] = {
    "contacts_30d": "contacts of this customer in the 30 days before, about anything",
    "open_issue": "1 if the customer's previous contact, about another issue and within the window, left it open: not "
    "resolved, or where nobody says, abandoned or transferred; else 0",
    "digital_90d": "share of the customer's contacts in the 90 days before that came through digital channels (ratio); "
    "unknown without any",
    "tenure_days": "days since the customer's first contact in this history",
    "hour": "time of day at which the contact started, hours after midnight",
}
"""Covariate -> what it is, in words. All are NULL for anonymous customers, but for `hour`."""

_DAY_S = 86_400
_MONTH_S = 30 * _DAY_S
_QUARTER_S = 90 * _DAY_S
_DIGITAL = ("chat", "mail", "web", "app", "bot", "whatsapp", "portal", "online", "messag", "sms", "self", "digital")
_NOT_DIGITAL = ("voice", "phone", "post", "call", "letter", "fax")


def digital_channels(history: History) -> tuple[tuple[str, ...], str]:
    """Channels that count as digital, and how that was decided, in words.

    Those the mapping file declares under `digital_channels:`, else those whose names say so. Nothing where none or all
    of the channels are digital: then the share tells nothing about a customer.
    """
    seen = history.quality.channels
    channels = [str(name) for name in seen.loc[seen["rows_kept"] > 0, "channel"]]
    declared = history.quality.declared.digital_channels
    if declared is not None:
        found = tuple(name for name in channels if name in declared)
        strange = [name for name in declared if name not in channels]
        how = "declared" + (f" ({', '.join(strange)}: no such channel here)" if strange else "")
    else:
        found, how = tuple(name for name in channels if _sounds_digital(name)), "by their names"
    if not found or len(found) == len(channels):
        which = "every" if found else "no"
        return (), (
            f"digital_90d is left out: {which} channel is digital ({how}); where that is wrong, list them in the "
            "mapping file, e.g. `digital_channels: [chat, app]`"
        )
    return found, f"digital channels ({how}): {', '.join(found)}"


def _sounds_digital(channel: str) -> bool:
    lower = channel.lower()
    return any(word in lower for word in _DIGITAL) and not any(word in lower for word in _NOT_DIGITAL)


def with_history_covariates(history: History, stitched: ibis.Table, *, window_days: float = 7.0) -> ibis.Table:
    """Add what history says of each customer before each contact, by one window pass partitioned by customer.

    Columns as in `HISTORY_COVARIATES`, except those that the history already has under that name and, where channels
    cannot be told apart, `digital_90d`. Only contacts that started earlier count (never this one, nor one of the same
    second), so every value was known when the channel was chosen. The history is cut off on the left: `contacts_30d`,
    `digital_90d` and `tenure_days` see no further back than its first contact.
    """
    digital, _ = digital_channels(history)
    rows = stitched.mutate(
        at_s=stitched.started_at.epoch_seconds().cast("int64"),
        is_digital=stitched.channel.isin(list(digital)).cast("float64") if digital else ibis.null("float64"),
        left_open=_left_open(stitched),
        # The anonymous are no one person: each is a partition of its own.
        person=ibis.coalesce(stitched[PERSON], hash64(stitched[ROW].cast("string"))),
    )
    month = ibis.range_window(group_by="person", order_by="at_s", preceding=(_MONTH_S, 1))
    quarter = ibis.range_window(group_by="person", order_by="at_s", preceding=(_QUARTER_S, 1))
    order = ibis.window(group_by="person", order_by=["at_s", "contact_id"])
    ever = ibis.window(group_by="person")
    rows = rows.mutate(
        seen_30d=rows[ROW].count().over(month),
        seen_digital=rows.is_digital.mean().over(quarter),
        first_s=rows.at_s.min().over(ever),
        before_s=rows.at_s.lag().over(order),
        before_issue=rows.issue_key.lag().over(order),
        before_open=rows.left_open.lag().over(order),
    )
    near = (rows.at_s - rows.before_s <= window_days * _DAY_S) & (rows.before_issue != rows.issue_key)
    unknown = ibis.null("float64")
    minute = rows.started_at.hour().cast("float64") + rows.started_at.minute().cast("float64") / 60
    known = {
        "contacts_30d": rows.seen_30d.fill_null(0).cast("float64"),
        "open_issue": (near & rows.before_open).fill_null(False).cast("int64").cast("float64"),
        "digital_90d": rows.seen_digital,
        "tenure_days": (rows.at_s - rows.first_s).cast("float64") / _DAY_S,
    }
    added = {name: ibis.ifelse(rows[PERSON].isnull(), unknown, value) for name, value in known.items()}
    added["hour"] = minute
    wanted = [name for name in added if name not in stitched.columns and (digital or name != "digital_90d")]
    return rows.mutate(**{name: added[name] for name in wanted}).select(*stitched.columns, *wanted)


def _left_open(stitched: ibis.Table) -> ibis.Value:
    """Say whether a contact left its issue open, as far as was known when it ended."""
    lost = stitched.abandoned.fill_null(False) | stitched.transferred.fill_null(False)
    return ibis.ifelse(stitched.resolved.isnull(), lost, ~stitched.resolved)


def history_with_covariates(history: History, window_days: float = 7.0) -> History:
    """Return the same history with the covariates it gives itself as further columns, and notes on how far they go.

    The columns are computed once and kept on the engine; `covariates` names them after the declared ones.
    """
    table = with_history_covariates(history, stitch_issues(history, window_days), window_days=window_days)
    names = tuple(name for name in HISTORY_COVARIATES if name in table.columns and name not in history.covariates)
    kept = f"known_before_{window_days:g}".replace(".", "_").replace("+", "")
    stored = history.connection.create_table(kept, table.select(ROW, *names), temp=True, overwrite=True)
    quality = replace(history.quality, notes=(*history.quality.notes, *_limits(history)))
    contacts = history.contacts.inner_join(stored, ROW)
    return replace(history, contacts=contacts, covariates=(*history.covariates, *names), quality=quality)


def _limits(history: History) -> tuple[str, ...]:
    """How far the covariates of the history can be trusted, in words."""
    quality = history.quality
    days = quality.weeks * 7
    found = [digital_channels(history)[1]]
    if days > 0:
        short = min(30.0 / days, 1.0)
        found.append(
            f"the history begins {days:.0f} days before its end: tenure_days counts from the first contact in it, and "
            f"in the first {short:.0%} of that time contacts_30d sees less than 30 days back"
        )
    if quality.share_anonymous > 0:
        found.append(f"{quality.share_anonymous:.0%} of the contacts have no customer: only `hour` is known of them")
    return tuple(found)
