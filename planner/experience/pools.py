"""Which pools of a channel would serve whom, by today's shares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.sums import group_numbers, summed


def complete_pool_mix(customers: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return pool shares per type and channel: `label, segment, channel, pool, share`, for every type and channel.

    `customers` are cells with `contacts`, `label` is the kind of reason that routing looks at. Types a channel never
    saw get the shares of the reason there, or the channel's own.
    """
    seen = customers[customers["contacts"] > 0]
    frame = summed(seen, [label, "segment", "channel", "pool"], ["contacts"])
    kind, kinds = group_numbers(frame, [label, "segment"])
    reason, reasons = group_numbers(kinds, [label])
    channel, channels = group_numbers(frame, ["channel"])
    pool, pools = group_numbers(frame, ["pool"])
    own = np.zeros((len(kinds), len(channels), len(pools)))
    own[kind, channel, pool] = frame["contacts"]
    by_reason = np.zeros((len(reasons), *own.shape[1:]))
    np.add.at(by_reason, reason, own)
    near = by_reason[reason]
    near = np.where(near.any(axis=2, keepdims=True), near, own.sum(axis=0))
    mix = np.where(own.any(axis=2, keepdims=True), own, near)
    share = mix / mix.sum(axis=2, keepdims=True)
    k, c, p = np.nonzero(share)
    parts = [kinds.iloc[k], channels.iloc[c], pools.iloc[p]]
    return pd.concat([part.reset_index(drop=True) for part in parts], axis=1).assign(share=share[k, c, p])
