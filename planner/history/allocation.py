"""Contacts without a reason, shared out by the mix of comparable contacts that have one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

_ENOUGH = 20.0
_LEVELS = (("hour_band", "minute"), ("entry_reason",), ("channel",))


def allocate_missing(
    frame: pd.DataFrame,
    sums: Sequence[str],
    *,
    column: str = "reason",
    count: str = "cnt",
    levels: Sequence[Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Share out the rows without a value of `column`, so that every total stays what it was.

    Each of them is split by the mix seen in its own interval, entry reason and channel; where fewer than 20 contacts
    show that mix, by entry reason and channel, then channel, then all. Every column of `sums` is split in the same
    proportions (counts become fractions: whole counts would send every single contact to the most frequent value).
    Rows stay without a value only where nobody has one.

    Parameters
    ----------
    frame
        Cells: key columns, and the columns of `sums`.
    sums
        Columns that add up.
    column
        Column to fill in.
    count
        The one of `sums` that counts contacts.
    levels
        Keys of the mix, finest first; left out: hour band or minute, entry reason, channel, as far as they are there.
    """
    keys = [name for name in frame.columns if name not in sums]
    missing = frame[frame[column].isna()].copy()
    known = frame[frame[column].notna()]
    if missing.empty or not known[count].sum() > 0:
        return frame.reset_index(drop=True)
    missing["_row"] = range(len(missing))
    parts = []
    for level in _levels(frame) if levels is None else [list(level) for level in levels]:
        taken, missing = _split(missing, known, level, column, count)
        parts.append(taken)
    shared = pd.concat([part for part in parts if len(part)], ignore_index=True)
    shared = _scaled(shared, list(sums))
    whole = pd.concat([known, shared[[*keys, *sums]]], ignore_index=True)
    return whole.groupby(keys, dropna=False, as_index=False, sort=True)[list(sums)].sum()[list(frame.columns)]


def _levels(frame: pd.DataFrame) -> list[list[str]]:
    steps = [[name for name in names if name in frame.columns] for names in _LEVELS]
    return [[name for step in steps[k:] for name in step] for k in range(len(steps) + 1)]


def _split(
    missing: pd.DataFrame, known: pd.DataFrame, level: list[str], column: str, count: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that this level's mix can share out, one per value with its `_share`, and the rows left for the next."""
    mix = known.groupby([*level, column], dropna=False, as_index=False)[count].sum()
    mix = mix[mix[count] > 0].rename(columns={column: "_value", count: "_known"})
    mix["_total"] = mix.groupby(level, dropna=False)["_known"].transform("sum") if level else mix["_known"].sum()
    # The last level takes whatever mix there is.
    mix = mix[mix["_total"] >= (_ENOUGH if level else 0.0)]
    mix["_share"] = mix["_known"] / mix["_total"]
    mix = mix.drop(columns=["_known", "_total"])
    joined = missing.merge(mix, on=level, how="inner") if level else missing.merge(mix, how="cross")
    joined[column] = joined.pop("_value")
    return joined, missing[~missing["_row"].isin(joined["_row"])]


def _scaled(shared: pd.DataFrame, sums: list[str]) -> pd.DataFrame:
    """Scale the sums by the shares; the largest share takes the rounding, so that each row adds up again."""
    shared = shared.sort_values(["_row", "_share"], kind="stable").reset_index(drop=True)
    whole = shared[sums].astype(float)
    scaled = whole.mul(shared["_share"], axis=0)
    last = ~shared["_row"].duplicated(keep="last")
    others = scaled.where(~last, 0.0).groupby(shared["_row"]).transform("sum")
    shared[sums] = scaled.where(~last, whole - others)
    return shared
