"""Pairs of contacts of one customer, counted by their topics and gap in this process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.history.lot_kernels import pair_keys
from planner.history.lots import Lot, Lots
from planner.history.narrow import DAY_S


def pairs_in_lots(lots: Lots, uppers: Sequence[float], classes: int, busiest: int) -> pd.DataFrame:
    """Count pairs: `topic_a, topic_b` (the earlier and the later one), `upper` (end of the bin, days), `pairs`.

    Parameters
    ----------
    uppers
        Upper ends of the bins of the gap, days, rising; pairs beyond the last are not counted.
    classes, busiest
        Only customers whose hash is a multiple of `classes` (if that is above 1), with at most `busiest` contacts.
    """
    lot = next(iter(lots)) if lots.count == 1 else lots.drawn(classes, 0)
    sizes = np.diff(lot.begins)
    wanted = (sizes > 1) & (sizes <= busiest)
    if classes > 1:
        wanted &= lot.customer % np.uint64(classes) == 0
    ends = np.array(uppers, dtype=np.float64)
    keys = pair_keys(lot.order, lot.begins, wanted, lot.at, lot.topic, ends, DAY_S, len(lot.reasons))
    return _table(lot, keys, ends)


def _table(lot: Lot, keys: np.ndarray, uppers: np.ndarray) -> pd.DataFrame:
    found, counts = np.unique(keys, return_counts=True)
    both, which = np.divmod(found, len(uppers))
    labels = np.array(lot.reasons, dtype=object)
    one, other = np.divmod(both, max(len(labels), 1))
    frame = pd.DataFrame({"topic_a": labels[one], "topic_b": labels[other], "upper": uppers[which], "pairs": counts})
    # A table without rows does not say by itself that its labels are text.
    return frame if len(frame) else frame.astype({"topic_a": "string", "topic_b": "string"})
