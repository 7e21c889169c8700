"""Which earlier contact a contact belongs to: known ids first, then the customer's own contacts within the window."""

from __future__ import annotations

from itertools import pairwise

import ibis
import numpy as np
import pandas as pd

from planner.history.columns import PERSON, ROW
from planner.history.engine import keep_coded, kept_table
from planner.history.engines import local_engine_of
from planner.history.history import History
from planner.history.lot_pairs import pairs_in_lots
from planner.history.lots import SAMPLED_CONTACTS, Lots
from planner.history.narrow import DAY_S, handed_from, narrow_contacts, near_contacts
from planner.history.staged import CHANNEL_CODES, NO_REASON, REASON_CODES

_BACKGROUND_DAYS = 30.0
_FARTHEST_DAYS = 90.0
_BIN_EDGES = (0.0, 1.0, 3.0, 7.0, 14.0, 28.0)
_PAIRS = "pair_counts"
_FEWEST_PAIRS = 10
_BUSIEST = 60
"""Customer ids with more contacts than this are shared lines or test accounts; they say nothing about chance."""
HAND_OVER_S = 600.0
"""A contact that starts so soon after a transferred one ended is the same matter, handed over."""
_CARRIED = (ROW, "at", "filed", "abandoned", "handing_until", "issue")
"""What is looked up of the contact just before, and of the last one with the same reason."""
_KEPT = (ROW, "partition", "started_at", "at", "channel", "filed", "abandoned", "handing_until", "issue", "handed",
         "from_channel", "anonymous", "pinned", "gap_s", "next_gap_s", "place", f"was_{ROW}", "was_at",
         "was_channel")  # fmt: skip
_LINKING = ("parent", "place", "partition", "issue", "from_channel", "anonymous", "pinned")
_CODES = {"channel": CHANNEL_CODES, "filed": REASON_CODES}
_MOST_ROUNDS = 40
_PLACE = 2**40
"""More than the rows of any history: position * _PLACE + row id keeps both in one number."""


def issue_keys(history: History, window_days: float, name: str) -> ibis.Table:
    """Near contacts with `issue_key`, the `row_id` of the first contact of their issue, and `alone`.

    A contact whose parent is its customer's contact just before it goes on with that one's run: within a run the key
    is found in the same pass. Only where a parent lies further back, or with another customer, runs have to be joined.
    `alone` marks contacts that no other one was linked with.
    """
    connection = history.connection
    linked = _within(history, window_days)
    person = ibis.window(group_by="partition", order_by=["started_at", ROW])
    upto = ibis.window(group_by="partition", order_by=["started_at", ROW], preceding=(None, 0))
    follows = (linked.parent == linked[f"was_{ROW}"]).fill_null(False)
    head = ibis.ifelse(follows, ibis.null("int64"), linked.place * _PLACE + linked[ROW])
    runs = linked.mutate(
        run=head.max().over(upto) % _PLACE,
        jump=ibis.ifelse(follows, ibis.null("int64"), linked.parent),
        alone=~follows & ~follows.lead().over(person).fill_null(False),
    )
    runs = runs.drop([name for name in runs.columns if name.startswith("was_") or name in _LINKING])
    runs = keep_coded(connection, f"{name}_runs", runs, _CODES)
    jumps = runs.filter(runs.jump.notnull()).select(child=ROW, parent_row="jump")
    target = runs.select(row=ROW, parent="run")
    jumps = target.inner_join(jumps, target.row == jumps.parent_row).select("child", "parent")
    roots = root_of(connection, jumps.filter(jumps.child != jumps.parent), name)
    if roots is None:
        return runs.mutate(issue_key=runs.run).drop("run", "jump")
    moved = ibis.union(roots, roots.select(child="root", root="root").distinct())
    moved = moved.group_by("child").aggregate(
        root=moved.root.min(where=moved.root != moved.child).fill_null(moved.root.min())
    )
    joined = runs.left_join(moved, runs.run == moved.child)
    return joined.mutate(
        issue_key=ibis.coalesce(joined.root, joined.run), alone=joined.alone & joined.root.isnull()
    ).drop("child", "root", "run", "jump")


def root_of(connection: ibis.BaseBackend, links: ibis.Table, name: str) -> ibis.Table | None:
    """Follow links `child, parent` to where they begin: `child, root`, by doubling the steps in every round."""
    current = connection.create_table(f"{name}_links_0", links.rename(root="parent"), temp=True)
    if not int(current.count().execute()):
        return None
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


def _within(history: History, window_days: float) -> ibis.Table:
    """Near contacts with the parent they have within the window, known ids first.

    A parent is the latest contact that may be one. So where the latest within twice the window lies beyond the window,
    there is none inside: one pass serves both.
    """
    half = kept_table(history.connection, window_name("linked", window_days / 2))
    linked = linked_contacts(history, window_days) if half is None else half
    reach_s = max(window_days, 1.0) * DAY_S
    close = linked.gap_s <= reach_s
    near = linked.filter(close | linked.pinned if "pinned" in linked.columns else close)
    fresh = (near.parent_gap_s <= window_days * DAY_S).fill_null(False)
    near = near.mutate(parent=ibis.ifelse(fresh, near.parent, ibis.null("int64")))
    near = near.drop("parent_gap_s", "parent_filed", "is_return", "gap_s")
    return _by_known_ids(history, near, window_days) if "pinned" in near.columns else near


def linked_contacts(history: History, window_days: float) -> ibis.Table:
    """Near contacts with their parent among the customer's own contacts within twice the window.

    Columns of `narrow.near_contacts` but `entry` and `topic`; `parent` (row id, NULL without one), `parent_gap_s`,
    `parent_filed` (of any contact without a parent), `is_return` (neither redial nor escalation); `place` (position
    among the customer's), `was_row_id`, and where there are known ids `was_at, was_channel` of the customer's contact
    just before.
    """
    known = kept_table(history.connection, window_name("linked", window_days))
    if known is not None:
        return known
    reach = 2 * max(window_days, 1.0)
    codes = {**_CODES, "from_channel": CHANNEL_CODES, "entry": REASON_CODES, "topic": REASON_CODES}
    near = keep_coded(history.connection, "near", near_contacts(history, reach), codes)
    person = ibis.window(group_by="partition", order_by=["started_at", ROW])
    topic = ibis.window(group_by=["partition", "topic"], order_by=["started_at", ROW])
    pairs = _linked_pairs(history, window_days)
    carried = [column for column in _CARRIED if column in near.columns]
    before = [
        *carried,
        "entry",
        *([] if pairs is None else ["topic"]),
        *(["channel"] if "pinned" in near.columns else []),
    ]
    seen = near.mutate(
        place=ibis.row_number().over(person),
        **{f"was_{column}": near[column].lag().over(person) for column in before},
        **{f"same_{column}": near[column].lag().over(topic) for column in carried},
    )
    own = _own_parent(seen if pairs is None else _with_pairs(seen, pairs), 2 * window_days)
    codes = {**_CODES, "from_channel": CHANNEL_CODES, "was_channel": CHANNEL_CODES,
                            "parent_filed": REASON_CODES}  # fmt: skip
    kept = keep_coded(history.connection, window_name("linked", window_days), own, codes)
    history.connection.drop_table("near")
    return kept


def window_name(prefix: str, window_days: float) -> str:
    """Name of a table that depends on the window."""
    return f"{prefix}_{window_days:g}".replace(".", "_").replace("+", "").replace("-", "_")


def _linked_pairs(history: History, window_days: float) -> ibis.Table | None:
    """Pairs of reasons linked beyond chance, on the engine; None without any."""
    pairs = linked_reasons(history, 2 * window_days, cut_days=window_days)[["topic_a", "topic_b", "from_s", "to_s"]]
    if not len(pairs):
        return None
    codes = {"topic_a": REASON_CODES, "topic_b": REASON_CODES}
    plain = history.connection.create_table("pairs", pairs.reset_index(drop=True), temp=True, overwrite=True)
    return keep_coded(history.connection, "coded_pairs", plain, codes)


def _with_pairs(seen: ibis.Table, pairs: ibis.Table) -> ibis.Table:
    """Mark contacts whose reason follows that of the one before more often than chance: `next_of_pair`."""
    gap = seen["at"] - seen.was_at
    joined = seen.left_join(
        pairs, [seen.was_topic == pairs.topic_a, seen.topic == pairs.topic_b, gap >= pairs.from_s, gap < pairs.to_s]
    )
    marked = joined.mutate(next_of_pair=joined.topic_a.notnull())
    return marked.drop("topic_a", "topic_b", "from_s", "to_s")


def _own_parent(joined: ibis.Table, reach_days: float) -> ibis.Table:
    """Parent among the customer's own contacts: the one before it, or the last one with the same reason."""
    redial = joined.was_abandoned & ((joined.was_entry == joined.entry) | joined.was_entry.isnull())
    handed = joined["at"] - joined.was_handing_until <= HAND_OVER_S
    fresh = joined["at"] - joined.was_at <= reach_days * DAY_S
    follows = redial.fill_null(False) | handed.fill_null(False)
    other = fresh & (follows | joined.next_of_pair if "next_of_pair" in joined.columns else follows)
    same = (joined["at"] - joined.same_at <= reach_days * DAY_S) & (joined.topic != NO_REASON)
    if "issue" in joined.columns:
        # Two different known ids are two issues, whatever the reasons say.
        other, same = other & ~_differ(joined.issue, joined.was_issue), same & ~_differ(joined.issue, joined.same_issue)
    other, same = other.fill_null(False), same.fill_null(False)
    joined = joined.mutate(use_other=other & (~same | (joined.was_at >= joined.same_at)), use_same=same)
    picked = {
        column: ibis.ifelse(joined.use_other, joined[f"was_{column}"], joined[f"same_{column}"])
        for column in (ROW, "at", "filed", "abandoned", "handing_until")
    }
    linked = joined.use_other | joined.use_same
    handed_over = (joined["at"] - picked["handing_until"] <= HAND_OVER_S).fill_null(False)
    if "handed" in joined.columns:
        handed_over = handed_over | joined.handed
    return joined.select(
        *[name for name in joined.columns if name in _KEPT],
        parent=ibis.ifelse(linked, picked[ROW], ibis.null("int64")),
        parent_gap_s=ibis.ifelse(linked, joined["at"] - picked["at"], ibis.null("int64")),
        parent_filed=picked["filed"],
        is_return=linked & ~handed_over & ~picked["abandoned"].fill_null(False),
    )


def _by_known_ids(history: History, near: ibis.Table, window_days: float) -> ibis.Table:
    """Let known ids win: the same `issue_id`, then `escalated_from`; within a rank the latest contact is the parent."""
    known = near.filter(near.issue.notnull())
    order = ibis.window(group_by="issue", order_by=["started_at", ROW])
    lagged = known.select(child=ROW, parent=known[ROW].lag().over(order), parent_at=known["at"].lag().over(order))
    by_issue = lagged.filter(lagged.parent.notnull()).mutate(rank=ibis.literal(0))
    by_id = handed_from(history).mutate(rank=ibis.literal(1))
    fresh = near["at"] - near.was_at <= window_days * DAY_S
    there = near.filter(near.handed & (near.was_channel == near.from_channel) & fresh & ~near.anonymous)
    by_channel = there.select(child=ROW, parent=f"was_{ROW}", parent_at="was_at", rank=ibis.literal(1))
    names = ["child", "parent", "parent_at", "rank"]
    links = ibis.union(*[_typed(link.select(names)) for link in (by_issue, by_id, by_channel)])
    best = ibis.window(group_by="child", order_by=["rank", ibis.desc("parent_at"), ibis.desc("parent")])
    ranked = links.mutate(nth=ibis.row_number().over(best))
    first = ranked.filter(ranked.nth == 0).select(named_child="child", named_parent="parent")
    joined = near.left_join(first, near[ROW] == first.named_child)
    return joined.mutate(parent=ibis.coalesce(joined.named_parent, joined.parent)).drop("named_child", "named_parent")


def _typed(links: ibis.Table) -> ibis.Table:
    return links.select(**{name: links[name].cast("int64") for name in links.columns})


def _differ(one: ibis.Value, other: ibis.Value) -> ibis.Value:
    return (one != other).fill_null(False)


def linked_reasons(
    history: History, window_days: float, *, cut_days: float | None = None, lots: Lots | None = None
) -> pd.DataFrame:
    """Pairs of reasons that follow each other more often than chance: `topic_a, topic_b, from_s, to_s, near, p`.

    For reason a, a later reason b of the same customer and a bin g of the gap between them,

        p(a, b, g) = 1 - (bg + 1.3 sqrt(bg)) / near,

    where `near` counts the pairs with their gap in the bin and `bg` is what chance alone would give there: the pairs
    30 to 90 days apart, per unit of exposure. In data of T days a gap of g days can be seen from T - g starting days,
    so the exposure of a bin is the integral of T - g over it (the reference formula takes T as unlimited). All pairs
    of a customer count, not only neighbors; from two million contacts on, those of a sample of customers with about a
    million contacts, chosen by the hash of the customer (`near` counts that sample). Linked where p > .5 and at least
    10 pairs were seen; with fewer than 37 days of data nothing is linked across reasons. `cut_days` is a further edge,
    `lots` are contacts fetched already.
    """
    quality = history.quality
    days = quality.weeks * 7
    if days < _BACKGROUND_DAYS + 7 or quality.share_anonymous >= 1:
        return pd.DataFrame(columns=["topic_a", "topic_b", "from_s", "to_s", "near", "p"]).astype(
            {"topic_a": "string", "topic_b": "string", "from_s": float, "to_s": float, "near": float, "p": float}
        )
    far = min(days, _FARTHEST_DAYS)
    edges = sorted({*(edge for edge in (*_BIN_EDGES, cut_days or 0.0) if edge < window_days), window_days})
    frame = _pair_counts(history, edges, far, lots)
    exposure = {k: _exposure(lower, upper, days) for k, (lower, upper) in enumerate(pairwise(edges))}
    background = frame[frame["gap_bin"] == -1].set_index(["topic_a", "topic_b"])["pairs"]
    near = frame[frame["gap_bin"] >= 0].copy()
    keys = pd.MultiIndex.from_frame(near[["topic_a", "topic_b"]])
    chance = background.reindex(keys).fillna(0.0).to_numpy() / _exposure(_BACKGROUND_DAYS, far, days)
    expected = chance * near["gap_bin"].map(exposure).to_numpy(float)
    near["p"] = 1 - (expected + 1.3 * expected**0.5) / near["pairs"]
    near["from_s"] = near["gap_bin"].map(dict(enumerate(edges[:-1]))) * DAY_S
    near["to_s"] = near["gap_bin"].map(dict(enumerate(edges[1:]))) * DAY_S
    near = near.rename(columns={"pairs": "near"})
    kept = near[(near["p"] > 0.5) & (near["near"] >= _FEWEST_PAIRS)]
    return kept[["topic_a", "topic_b", "from_s", "to_s", "near", "p"]].reset_index(drop=True)


def _pair_counts(history: History, edges: list[float], far: float, lots: Lots | None) -> pd.DataFrame:
    """Pairs of different reasons by the bin of their gap (-1: background): `topic_a, topic_b, gap_bin, pairs`."""
    known = kept_table(history.connection, _PAIRS)
    counts = known.execute() if known is not None else None
    if counts is None or not set(edges[1:]) <= set(counts["upper"]):
        # Fine enough for the window asked for and for its double.
        uppers = sorted({*_BIN_EDGES[1:], *edges[1:], 2 * edges[-1], _BACKGROUND_DAYS, far})
        # All pairs of some customers, chosen by their hash, rather than some pairs of all: shares keep their meaning.
        if local_engine_of(history.connection) is not None:
            own = Lots(history) if lots is None else lots
            counts = pairs_in_lots(own, uppers, _BUSIEST)
            if lots is None:
                own.close()
        else:
            counts = _counted_pairs(history, uppers, far, history.quality.rows_kept // SAMPLED_CONTACTS)
        history.connection.create_table(_PAIRS, counts, temp=True, overwrite=True)
    upper = counts["upper"].to_numpy(float)
    near, beyond = counts[upper <= edges[-1]], counts[upper > _BACKGROUND_DAYS]
    near = near.assign(gap_bin=np.searchsorted(edges[1:], near["upper"].to_numpy(float)))
    binned = pd.concat([near, beyond.assign(gap_bin=-1)], ignore_index=True)
    frame = binned.groupby(["topic_a", "topic_b", "gap_bin"], as_index=False)["pairs"].sum()
    different = (frame["topic_a"] != frame["topic_b"]) | (frame["topic_a"] == NO_REASON)
    return frame[different].reset_index(drop=True)


def _counted_pairs(history: History, uppers: list[float], far: float, classes: int) -> pd.DataFrame:
    narrow = narrow_contacts(history)
    at = narrow.started_at.epoch_seconds().cast("int64")
    rows = narrow.filter(narrow[PERSON].notnull()).select(PERSON, "topic", at=at)
    if classes > 1:
        rows = rows.filter(rows[PERSON] % classes == 0)
    rows = keep_coded(history.connection, "paired", rows, {"topic": REASON_CODES})
    sizes = rows.group_by(PERSON).aggregate(times=rows.count())
    usual = sizes.filter((sizes.times > 1) & (sizes.times <= _BUSIEST)).select(PERSON)
    rows = rows.semi_join(usual, PERSON)
    later = rows.view()
    pairs = rows.inner_join(later, [rows[PERSON] == later[PERSON], rows["at"] < later["at"]])
    pairs = pairs.select(
        topic_a=rows.topic, topic_b=later.topic, gap=(later["at"] - rows["at"]).cast("float64") / DAY_S
    )
    pairs = pairs.filter(pairs.gap <= far)
    upper = ibis.cases(*[(pairs.gap < edge, edge) for edge in uppers[:-1]], else_=uppers[-1])
    binned = pairs.mutate(upper=upper)
    grouped = binned.group_by(["topic_a", "topic_b", "upper"]).aggregate(pairs=binned.count())
    return grouped.order_by(["topic_a", "topic_b", "upper"]).execute()


def _exposure(lower: float, upper: float, days: float) -> float:
    """Starting days from which a gap between two bounds can be seen, integrated over the gap."""
    return (upper - lower) * (days - (lower + upper) / 2)
