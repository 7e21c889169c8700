"""Issues found in this process: one sweep over the contacts of each customer, instead of sorting them in SQL.

Only for histories whose rows stand in this process anyway, and without known ids, which may link contacts of different
customers. The rules are those of `links` and `journeys`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from planner.history.columns import ROW
from planner.history.engine import kept_table
from planner.history.engines import local_engine_of
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.links import HAND_OVER_S, linked_reasons, window_name
from planner.history.lot_kernels import gaps, parents, stages
from planner.history.lots import Lot, Lots
from planner.history.narrow import DAY_S, known_ids
from planner.history.picked import BUCKETS, MOST_ROWS, first_buckets, picked_name
from planner.history.staged import CHANNEL_CODES, KIND_CODES, NO_REASON, REASON_CODES, STAGE_CODES

STAGES = ("first", "redialed", "returned", "escalated")
LATER_KINDS = ("redial", "return", "escalation")
STITCHED_CODES = {
    "stage": STAGE_CODES,
    "later_kind": KIND_CODES,
    "filed": REASON_CODES,
    "later_reason": REASON_CODES,
    "channel": CHANNEL_CODES,
    "later_channel": CHANNEL_CODES,
}
"""Label columns of stitched rows, and the types their labels are coded in."""
_Places = Mapping[str, Mapping[str, int]]
_RETURNED = "returned"
_READ_AS = {ROW: "BIGINT", "issue_key": "BIGINT", "later_gap_s": "DOUBLE"}
"""What is held in half the room: numbers of rows, and whole seconds."""


def in_lots(history: History) -> bool:
    """Whether issues of a history can be found here."""
    return local_engine_of(history.connection) is not None and not any(known_ids(history))


def stitch_lots(history: History, window_days: float, name: str) -> ibis.Table:
    """Keep what stitching finds, with the columns of `journeys.stitched_rows`, under a name."""
    half = kept_table(history.connection, window_name(_RETURNED, window_days / 2)) is not None
    # Reasons linked for half the window were looked for up to the whole of it.
    base = window_days / 2 if half else window_days
    lots = Lots(history)
    pairs = _linked(history, base, lots)
    engine = local_engine_of(history.connection)
    assert engine is not None
    known = {kind: engine.labels(history.connection, kind) for kind in set(STITCHED_CODES.values())}
    places = {kind: {label: k for k, label in enumerate(labels, 1)} for kind, labels in known.items()}
    codes = {column: kind for column, kind in STITCHED_CODES.items() if places[kind]}

    def found_in(lot: Lot) -> tuple[pd.DataFrame, pa.Table]:
        nearer, following = gaps(lot.begins, lot.seconds, lot.at)
        parent = _parents(lot, nearer, pairs, base)
        near = nearer <= max(window_days, 1.0) * DAY_S
        found = _stitched(lot, _within(lot, parent, near, window_days), near, following, places)
        return _returned(lot, parent, base), found

    returned: list[pd.DataFrame] = []

    def stitched() -> Iterator[pa.Table]:
        for counts, found in lots.each(found_in):
            returned.append(counts)
            yield found

    kept = engine.hold(history.connection, name, stitched(), codes, _READ_AS, copied=not lots.here)
    _keep_picked(history, lots)
    lots.close()
    _keep_returned(history, returned, base)
    return kept


def _keep_picked(history: History, lots: Lots) -> None:
    """Leave behind which contacts checks will look at: here that takes no further look at all customers."""
    buckets, engine = first_buckets(history, MOST_ROWS), local_engine_of(history.connection)
    name = picked_name(MOST_ROWS)
    if buckets is None or engine is None or not lots.here or kept_table(history.connection, name) is not None:
        return
    rows = pa.table({ROW: lots.of_first(buckets, BUCKETS)})
    engine.hold(history.connection, name, [rows], {}, {ROW: "BIGINT"}, copied=True)


def returned_in_lots(history: History, window_days: float) -> pd.DataFrame:
    """Returns within a window and its double, as `volumes.linked_returns`."""
    name = window_name(_RETURNED, window_days)
    known = kept_table(history.connection, name)
    if known is None:
        lots = Lots(history)
        pairs = _linked(history, window_days, lots)

        def counted_in(lot: Lot) -> pd.DataFrame:
            nearer, _ = gaps(lot.begins, lot.seconds, lot.at)
            return _returned(lot, _parents(lot, nearer, pairs, window_days), window_days)

        counts = list(lots.each(counted_in))
        lots.close()
        known = _keep_returned(history, counts, window_days)
    return labeled_frame(known, ["entry_reason"])


def _linked(history: History, window_days: float, lots: Lots) -> pd.DataFrame:
    return linked_reasons(history, 2 * window_days, cut_days=window_days, lots=lots)


def _parents(lot: Lot, nearer: NDArray[np.float64], pairs: pd.DataFrame, window_days: float) -> NDArray[np.int64]:
    """Entry of the parent within twice the window, -1 without one."""
    return parents(
        lot.begins, nearer <= 2 * max(window_days, 1.0) * DAY_S, lot.at, lot.topic, lot.entry,
        lot.abandoned, lot.until, lot.reason_code(NO_REASON), _followers(lot, pairs), 2 * window_days * DAY_S,
        HAND_OVER_S,
    )  # fmt: skip


def _followers(lot: Lot, pairs: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of linked topics in the codes of a lot, by the first of them."""
    one, other = ([lot.reason_code(str(label)) for label in pairs[name]] for name in ("topic_a", "topic_b"))
    first, second = np.array(one, dtype=np.int64), np.array(other, dtype=np.int64)
    there = np.flatnonzero((first >= 0) & (second >= 0))
    there = there[np.argsort(first[there], kind="stable")]
    begins = np.searchsorted(first[there], np.arange(len(lot.reasons) + 1))
    spans = np.ascontiguousarray(pairs[["from_s", "to_s"]].to_numpy(np.float64)[there])
    return begins.astype(np.int64), second[there], spans


def _within(lot: Lot, parent: NDArray[np.int64], near: NDArray[np.bool_], window_days: float) -> NDArray[np.int64]:
    """Keep the parents within a window, of and among the near contacts."""
    fresh = (parent >= 0) & near & near[parent] & (lot.at - lot.at[parent] <= window_days * DAY_S)
    return np.where(fresh, parent, -1)


def _stitched(
    lot: Lot, parent: NDArray[np.int64], near: NDArray[np.bool_], following: NDArray[np.float64], places: _Places
) -> pa.Table:
    stage, attempt, root, later, kind = stages(lot.begins, parent, lot.at, lot.abandoned, lot.until, HAND_OVER_S)
    rows = np.flatnonzero(near)
    then = later[rows]
    follows = then >= 0
    gap = pa.array(np.where(follows, lot.at[then] - lot.at[rows], 0.0).astype(np.int32), mask=~follows)
    return pa.table(
        {
            ROW: lot.row[rows],
            "stage": _labeled(stage[rows], STAGES, places[STAGE_CODES]),
            "attempt": attempt[rows],
            "issue_key": lot.row[root[rows]],
            "later_reason": _labeled(np.where(follows, lot.filed[then], -1), lot.reasons, places[REASON_CODES]),
            "later_channel": _labeled(np.where(follows, lot.channel[then], -1), lot.channels, places[CHANNEL_CODES]),
            "next_gap_s": pa.array(following[rows], from_pandas=True),
            "filed": _labeled(lot.filed[rows], lot.reasons, places[REASON_CODES]),
            "channel": _labeled(lot.channel[rows], lot.channels, places[CHANNEL_CODES]),
            "later_kind": _labeled(kind[rows], LATER_KINDS, places[KIND_CODES]),
            "later_gap_s": gap,
        }
    )


def _labeled(codes: NDArray[Any], labels: tuple[str, ...] | list[str], places: Mapping[str, int]) -> pa.Array:
    """Labels as places from 1, 0 where missing; as text where the engine has no code for them."""
    if places:
        kind = np.uint8 if len(places) < 256 else np.uint16
        return pa.array(np.array([*(places[label] for label in labels), 0], dtype=kind)[codes])
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(labels, type=pa.string()))


def _returned(lot: Lot, parent: NDArray[np.int64], window_days: float) -> pd.DataFrame:
    """Count returns by the reason of the contact that is returned to: `entry_reason, within, within_double`."""
    child = np.flatnonzero(parent >= 0)
    origin = parent[child]
    handed = lot.at[child] - lot.until[origin] <= HAND_OVER_S
    came = ~handed & ~lot.abandoned[origin]
    child, origin = child[came], origin[came]
    reason, soon = lot.filed[origin] + 1, lot.at[child] - lot.at[origin] <= window_days * DAY_S
    size = len(lot.reasons) + 1
    both = np.bincount(reason, minlength=size)
    labels = np.array([None, *lot.reasons], dtype=object)
    frame = pd.DataFrame({"entry_reason": labels, "within": np.bincount(reason[soon], minlength=size)})
    return frame.assign(within_double=both)[both > 0]


def _keep_returned(history: History, counts: list[pd.DataFrame], window_days: float) -> ibis.Table:
    name = window_name(_RETURNED, window_days)
    known = kept_table(history.connection, name)
    if known is not None:
        return known
    total = pd.concat(counts).groupby("entry_reason", dropna=False, as_index=False)[["within", "within_double"]].sum()
    total["entry_reason"] = total["entry_reason"].astype(object).where(total["entry_reason"].notna(), None)
    rows = pa.table(
        {
            "entry_reason": pa.array(total["entry_reason"].tolist(), type=pa.string()),
            "within": total["within"].to_numpy(np.int64),
            "within_double": total["within_double"].to_numpy(np.int64),
        }
    )
    engine = local_engine_of(history.connection)
    assert engine is not None
    return engine.hold(history.connection, name, [rows], {}, {}, copied=True)
