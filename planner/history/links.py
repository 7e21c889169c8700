"""Which earlier contact a contact belongs to: known ids first, then the customer's own contacts within the window."""

from __future__ import annotations

from itertools import pairwise

import ibis
import pandas as pd

from planner.history.columns import ROW
from planner.history.history import History

_BACKGROUND_DAYS = 30.0
_FARTHEST_DAYS = 90.0
_BIN_EDGES = (0.0, 1.0, 3.0, 7.0, 14.0, 28.0)
_FEWEST_PAIRS = 10
_BUSIEST = 60
"""Customer ids with more contacts than this are shared lines or test accounts; they say nothing about chance."""
HAND_OVER_S = 600.0
"""A contact that starts so soon after a transferred one ended is the same matter, handed over."""
_NO_REASON = "(none)"
_CARRIED = (ROW, "at", "until", "topic", "entry", "abandoned", "handing", "issue_id")
_MOST_ROUNDS = 30
_DAY_S = 86_400.0


def parent_links(history: History, window_days: float) -> ibis.Table:
    """Contacts that continue an earlier one: `child, parent` (row ids), at most one parent per child."""
    rows = _narrow(history)
    found = [_by_issue(rows), _by_escalation(rows, window_days), _by_customer(history, rows, window_days)]
    links = ibis.union(*[link.mutate(rank=ibis.literal(k)) for k, link in enumerate(found)])
    # A known id wins over the customer's order of contacts; within a rank the latest contact is the parent.
    best = ibis.window(group_by="child", order_by=["rank", ibis.desc("parent_at"), ibis.desc("parent")])
    ranked = links.mutate(place=ibis.row_number().over(best))
    return ranked.filter(ranked.place == 0).select("child", "parent")


def root_of(connection: ibis.BaseBackend, links: ibis.Table, name: str) -> ibis.Table:
    """Follow links to the first contact of each issue: `child, root`, by doubling the steps in every round."""
    current = connection.create_table(f"{name}_links_0", links.rename(root="parent"), temp=True)
    for attempt in range(1, _MOST_ROUNDS):
        above = current.view()
        joined = current.left_join(above, current.root == above.child)
        jumped = joined.select(
            child=current.child, root=ibis.coalesce(above.root, current.root), moved=above.root.notnull()
        )
        table = connection.create_table(f"{name}_links_{attempt}", jumped, temp=True)
        moved = table.moved.any().execute()
        connection.drop_table(f"{name}_links_{attempt - 1}")
        current = table.drop("moved")
        if not moved or pd.isna(moved):
            break
    return current


def _narrow(history: History) -> ibis.Table:
    contacts = history.contacts
    return contacts.select(
        ROW,
        "contact_id",
        "customer_id",
        "issue_id",
        "escalated_from",
        "channel",
        "started_at",
        at=contacts.started_at.epoch_seconds().cast("float64"),
        entry=contacts.entry_reason,
        topic=ibis.coalesce(contacts.reason, contacts.entry_reason, ibis.literal(_NO_REASON)),
        abandoned=contacts.abandoned.fill_null(False),
        handing=contacts.transferred.fill_null(False),
        until=contacts.started_at.epoch_seconds() + contacts.wait_s.fill_null(0.0) + contacts.handle_s.fill_null(0.0),
    )


def _by_issue(rows: ibis.Table) -> ibis.Table:
    known = rows.filter(rows.issue_id.notnull())
    order = ibis.window(group_by="issue_id", order_by=["started_at", ROW])
    linked = known.mutate(parent=known[ROW].lag().over(order), parent_at=known["at"].lag().over(order))
    return linked.filter(linked.parent.notnull()).select("parent", "parent_at", child=linked[ROW])


def _by_escalation(rows: ibis.Table, window_days: float) -> ibis.Table:
    """`escalated_from` names a contact, or the channel of the customer's previous contact there."""
    handed = rows.filter(rows.escalated_from.notnull())
    origin = rows.view()
    by_id = handed.inner_join(origin, handed.escalated_from == origin.contact_id)
    by_id = by_id.filter((origin[ROW] != handed[ROW]) & (origin["at"] <= handed["at"]))
    named = by_id.select(child=handed[ROW], parent=origin[ROW], parent_at=origin["at"])
    order = ibis.window(group_by="customer_id", order_by=["started_at", ROW])
    people = rows.filter(rows.customer_id.notnull())
    seen = people.mutate(
        parent=people[ROW].lag().over(order),
        parent_at=people["at"].lag().over(order),
        parent_channel=people.channel.lag().over(order),
    )
    fresh = (seen["at"] - seen.parent_at) <= window_days * _DAY_S
    same = seen.filter(seen.escalated_from.notnull() & (seen.parent_channel == seen.escalated_from) & fresh)
    by_channel = same.select(child=same[ROW], parent=same.parent, parent_at=same.parent_at)
    return ibis.union(named, by_channel).select("parent", "parent_at", "child")


def _by_customer(history: History, rows: ibis.Table, window_days: float) -> ibis.Table:
    people = rows.filter(rows.customer_id.notnull())
    # Two different known ids are two issues, whatever the reasons say.
    person = ibis.window(group_by="customer_id", order_by=["started_at", ROW])
    topic = ibis.window(group_by=["customer_id", "topic"], order_by=["started_at", ROW])
    seen = people.mutate(
        **{f"was_{name}": people[name].lag().over(person) for name in _CARRIED},
        same_row=people[ROW].lag().over(topic),
        same_at=people["at"].lag().over(topic),
        same_issue=people.issue_id.lag().over(topic),
    )
    gap = seen["at"] - seen.was_at
    pairs = ibis.memtable(linked_reasons(history, window_days)[["topic_a", "topic_b", "from_s", "to_s"]])
    joined = seen.left_join(
        pairs,
        [seen.was_topic == pairs.topic_a, seen.topic == pairs.topic_b, gap >= pairs.from_s, gap < pairs.to_s],
    )
    redial = joined.was_abandoned & ((joined.was_entry == joined.entry) | joined.was_entry.isnull())
    handed = joined.was_handing & (joined["at"] - joined.was_until <= HAND_OVER_S)
    fresh = joined["at"] - joined.was_at <= window_days * _DAY_S
    other = fresh & (redial.fill_null(False) | handed.fill_null(False) | joined.topic_a.notnull())
    other = other & ~_differ(joined.issue_id, joined.was_issue_id)
    same = (joined["at"] - joined.same_at <= window_days * _DAY_S) & (joined.topic != _NO_REASON)
    same = same & ~_differ(joined.issue_id, joined.same_issue)
    use_other = other.fill_null(False) & (~same.fill_null(False) | (joined.was_at >= joined.same_at))
    linked = joined.filter(other.fill_null(False) | same.fill_null(False))
    return linked.select(
        parent=ibis.ifelse(use_other, linked[f"was_{ROW}"], linked.same_row),
        parent_at=ibis.ifelse(use_other, linked.was_at, linked.same_at),
        child=linked[ROW],
    )


def _differ(one: ibis.Value, other: ibis.Value) -> ibis.Value:
    return (one != other).fill_null(False)


def linked_reasons(history: History, window_days: float) -> pd.DataFrame:
    """Pairs of reasons that follow each other more often than chance: `topic_a, topic_b, from_s, to_s, near, p`.

    For reason a, a later reason b of the same customer and a bin g of the gap between them,

        p(a, b, g) = 1 - (bg + 1.3 sqrt(bg)) / near,

    where `near` counts the pairs with their gap in the bin and `bg` is what chance alone would give there: the pairs
    30 to 90 days apart, per unit of exposure. In data of T days a gap of g days can be seen from T - g starting days,
    so the exposure of a bin is the integral of T - g over it (the reference formula takes T as unlimited). All pairs
    of a customer count, not only neighbors. Linked where p > .5 and at least 10 pairs were seen; with fewer than 37
    days of data nothing is linked across reasons.
    """
    quality = history.quality
    days = quality.weeks * 7
    if days < _BACKGROUND_DAYS + 7 or quality.share_anonymous >= 1:
        return pd.DataFrame(columns=["topic_a", "topic_b", "from_s", "to_s", "near", "p"]).astype(
            {"topic_a": "string", "topic_b": "string", "from_s": float, "to_s": float, "near": float, "p": float}
        )
    far = min(days, _FARTHEST_DAYS)
    edges = [edge for edge in _BIN_EDGES if edge < window_days] + [window_days]
    frame = _pair_counts(history, edges, far)
    exposure = {k: _exposure(lower, upper, days) for k, (lower, upper) in enumerate(pairwise(edges))}
    background = frame[frame["gap_bin"] == -1].set_index(["topic_a", "topic_b"])["pairs"]
    near = frame[frame["gap_bin"] >= 0].copy()
    keys = pd.MultiIndex.from_frame(near[["topic_a", "topic_b"]])
    chance = background.reindex(keys).fillna(0.0).to_numpy() / _exposure(_BACKGROUND_DAYS, far, days)
    expected = chance * near["gap_bin"].map(exposure).to_numpy(float)
    near["p"] = 1 - (expected + 1.3 * expected**0.5) / near["pairs"]
    near["from_s"] = near["gap_bin"].map(dict(enumerate(edges[:-1]))) * _DAY_S
    near["to_s"] = near["gap_bin"].map(dict(enumerate(edges[1:]))) * _DAY_S
    near = near.rename(columns={"pairs": "near"})
    kept = near[(near["p"] > 0.5) & (near["near"] >= _FEWEST_PAIRS)]
    return kept[["topic_a", "topic_b", "from_s", "to_s", "near", "p"]].reset_index(drop=True)


def _pair_counts(history: History, edges: list[float], far: float) -> pd.DataFrame:
    rows = _narrow(history).select(ROW, "customer_id", "at", "topic")
    rows = rows.filter(rows.customer_id.notnull())
    sizes = rows.group_by("customer_id").aggregate(times=rows.count())
    usual = sizes.filter((sizes.times > 1) & (sizes.times <= _BUSIEST)).select("customer_id")
    rows = rows.semi_join(usual, "customer_id")
    later = rows.view()
    pairs = rows.inner_join(later, [rows.customer_id == later.customer_id, rows[ROW] != later[ROW]])
    pairs = pairs.select(topic_a=rows.topic, topic_b=later.topic, gap=(later["at"] - rows["at"]) / _DAY_S)
    pairs = pairs.filter((pairs.gap > 0) & (pairs.gap <= far))
    bins = [(pairs.gap < upper, k) for k, upper in enumerate(edges[1:])]
    binned = pairs.mutate(
        gap_bin=ibis.cases(*bins, (pairs.gap > _BACKGROUND_DAYS, -1), else_=ibis.null("int64")).cast("int64")
    )
    binned = binned.filter(binned.gap_bin.notnull())
    grouped = binned.group_by(["topic_a", "topic_b", "gap_bin"]).aggregate(pairs=binned.count())
    frame = grouped.order_by(["topic_a", "topic_b", "gap_bin"]).execute()
    different = (frame["topic_a"] != frame["topic_b"]) | (frame["topic_a"] == _NO_REASON)
    return frame[different].reset_index(drop=True)


def _exposure(lower: float, upper: float, days: float) -> float:
    """Starting days from which a gap between two bounds can be seen, integrated over the gap."""
    return (upper - lower) * (days - (lower + upper) / 2)
