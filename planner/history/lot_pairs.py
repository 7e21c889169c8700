"""Pairs of contacts of one customer, counted by their topics and gap in this process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.history.lot_kernels import pair_keys
from planner.history.lots import Lot, Lots
from planner.history.narrow import DAY_S

_MOST_COUNTED = 1 << 22
"""Up to so many kinds of pairs, counting them is cheaper than sorting the pairs."""


def pairs_in_lots(lots: Lots, uppers: Sequence[float], busiest: int) -> pd.DataFrame:
    """Count pairs: `topic_a, topic_b` (the earlier and the later one), `upper` (end of the bin, days), `pairs`.

    Parameters
    ----------
    uppers
        Upper ends of the bins of the gap, days, rising; pairs beyond the last are not counted.
    busiest
        Only customers with at most so many contacts, whose hash is a multiple of `lots.classes`.
    """
    ends = np.array(uppers, dtype=np.float64)

    def keys_of(lot: Lot) -> NDArray[np.int64]:
        sizes = np.diff(lot.begins)
        wanted = (sizes > 1) & (sizes <= busiest)
        return np.asarray(
            pair_keys(lot.begins, wanted, lot.at, lot.topic, ends, DAY_S, len(lot.reasons)), dtype=np.int64
        )

    found = list(lots.each(lambda lot: (lot.reasons, keys_of(lot)), lots.classes))
    return _table(found[0][0], np.concatenate([keys for _, keys in found]), ends)


def _table(reasons: list[str], keys: NDArray[np.int64], uppers: NDArray[np.float64]) -> pd.DataFrame:
    places = len(reasons) ** 2 * len(uppers)
    if places <= _MOST_COUNTED:
        counts = np.bincount(keys, minlength=places)
        found = np.flatnonzero(counts)
        counts = counts[found]
    else:
        found, counts = np.unique(keys, return_counts=True)
    both, which = np.divmod(found, len(uppers))
    labels = np.array(reasons, dtype=object)
    one, other = np.divmod(both, max(len(labels), 1))
    frame = pd.DataFrame({"topic_a": labels[one], "topic_b": labels[other], "upper": uppers[which], "pairs": counts})
    # A table without rows does not say by itself that its labels are text.
    return frame if len(frame) else frame.astype({"topic_a": "string", "topic_b": "string"})
