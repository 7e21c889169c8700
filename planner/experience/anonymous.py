"""What types nobody could follow do next: taken to be like the identified customers of their reason."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.cells import LATER_UNKNOWN, Cells

_LEAST_FOLLOWED = 0.1
"""Least share of a type's served contacts that must be followed for its own return share to count."""

_TYPE = ["reason", "segment"]
_PLACE = ["channel", "pool", "stage"]


def fill_unfollowed(outcomes: pd.DataFrame, cells: Cells) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give types of anonymous customers the return shares of the identified ones; returns the table and a note.

    A type (reason, segment) with fewer than a tenth of its served contacts followed takes, per channel, pool and
    stage, the mean over the followed types of its reason, weighted by their followed contacts; over all reasons where
    its reason has none. The few of a type who happened to be identified say little about the others, and the issues
    of anonymous contacts are counted by the same rule (`issues.with_issues`): else their repeats would be lost.
    """
    frame = cells.frame.drop(columns="reason").rename(columns={"entry_reason": "reason"})
    frame = frame.assign(followed=frame["contacts"].where(frame["later"] != LATER_UNKNOWN, 0.0))
    by_type = frame.groupby(_TYPE)[["followed", "contacts"]].sum()
    share = by_type["followed"] / by_type["contacts"].where(by_type["contacts"] > 0)
    known = pd.MultiIndex.from_frame(outcomes[_TYPE])
    unfollowed = share.reindex(known).to_numpy(float) < _LEAST_FOLLOWED
    weight = frame.groupby([*_TYPE, *_PLACE])["followed"].sum()
    weight = weight.reindex(pd.MultiIndex.from_frame(outcomes[[*_TYPE, *_PLACE]])).fillna(0.0)
    usable = ~unfollowed & outcomes["p_return"].notna().to_numpy()
    rows = outcomes.assign(weight=np.where(usable, weight.to_numpy(float), 0.0))
    value = pd.Series(np.nan, index=outcomes.index)
    for keys in (["reason", *_PLACE], _PLACE):
        value = value.fillna(_weighted_mean(rows, keys))
    take = unfollowed & value.notna().to_numpy()
    out = outcomes.assign(p_return=outcomes["p_return"].where(~take, value))
    names = [f"{r} / {s}" for r, s in outcomes.loc[take, _TYPE].drop_duplicates().itertuples(index=False)]
    if not names:
        return out, ()
    named = ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
    return out, (
        f"{named}: customers are anonymous; they are taken to return like the identified ones of their reason",
    )


def _weighted_mean(rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Mean return share of the rows that share `keys`, for each row; NaN where no weight stands behind it."""
    total = rows["p_return"].fillna(0.0) * rows["weight"]
    groups = [rows[key] for key in keys]
    weight = rows["weight"].groupby(groups).transform("sum")
    return total.groupby(groups).transform("sum") / weight.where(weight > 0)
