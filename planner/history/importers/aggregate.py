"""Aggregates per interval as a first-class input: demand, stated handle times, and scores with their standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.columns import AGGREGATE, SCALES
from planner.history.importers.preset import as_number
from planner.history.importers.reading import FILE, LINE, Trouble, read_records
from planner.history.importers.stamps import read_stamps

_KEYS = ["reason", "channel", "segment"]


@dataclass(frozen=True)
class Aggregate:
    """Counts per interval and what they say of each reason, channel and segment.

    Attributes
    ----------
    rows
        `interval_start, reason, channel, segment, volume, aht_s, csat_mean, csat_n`, one row per interval and names.
    outcomes
        `reason, channel, segment, contacts, aht_s, csat, csat_sd, csat_n`: means weighted by volume and by answers.
        csat_sd is the standard error of csat: with k intervals of n_i answers and means m_i,
        sqrt(sum n_i (m_i - m)^2 / ((k - 1) sum n_i)), NaN where k < 2. It holds if answers are independent.
    """

    rows: pd.DataFrame
    outcomes: pd.DataFrame
    troubles: tuple[Trouble, ...]
    notes: tuple[str, ...]


def read_aggregate(files: Sequence[str | Path], *, scale: tuple[float, float] | None = None) -> Aggregate:
    """Read `interval_start, reason, channel, segment, volume, aht_s, csat_mean, csat_n`.

    `interval_start` is the center's wall clock. Rows without a stamp, channel or volume are left out and named; rows of
    the same interval and names are added up.

    Raises
    ------
    HistoryError
        If a required column is missing or nothing can be used.
    """
    found = read_records([Path(file) for file in files])
    shown = ", ".join(str(file) for file in files)
    present = {name for row in found.rows for name in row}
    absent = [name for name in ("interval_start", "channel", "volume") if name not in present]
    if absent:
        message = f"an aggregate needs {', '.join(absent)}; its columns are {', '.join(AGGREGATE)}"
        raise HistoryError([Issue(shown, 1, None, absent[0], message)])
    troubles, notes = list(found.troubles), list(found.notes)
    stamps = read_stamps([row.get("interval_start") for row in found.rows], None, (), "interval_start")
    frame = pd.DataFrame({name: [row.get(name) for row in found.rows] for name in AGGREGATE})
    for name in ("volume", "aht_s", "csat_mean", "csat_n"):
        frame[name] = [as_number(value) for value in frame[name]]
    frame["interval_start"] = pd.to_datetime(
        pd.Series([None if text is None else text.removesuffix("Z") for text in stamps.texts], dtype="string")
    )
    notes += stamps.notes
    bad = frame["interval_start"].isna() | frame["channel"].isna() | frame["volume"].isna() | (frame["volume"] < 0)
    for k in np.flatnonzero(bad):
        row = found.rows[k]
        message = "no readable interval_start, channel or volume; the row is left out"
        troubles.append(Trouble(str(row[FILE]), int(row[LINE]), "", message))
    frame = frame[~bad]
    if frame.empty:
        raise HistoryError(
            [Issue(shown, None, None, "", "no row can be used: each needs an interval_start and volume")]
        )
    frame = _checked_scores(frame, scale or SCALES["csat"], notes)
    for name in _KEYS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "all")
    summed = _summed(frame, ["interval_start", *_KEYS])
    return Aggregate(summed, _outcomes(summed), tuple(troubles), tuple(notes))


def _checked_scores(frame: pd.DataFrame, scale: tuple[float, float], notes: list[str]) -> pd.DataFrame:
    given = frame["csat_mean"].dropna()
    off = (given < scale[0]) | (given > scale[1])
    if off.any():
        notes.append(
            f"csat_mean runs from {given.min():g} to {given.max():g}, not within {scale[0]:g} to {scale[1]:g}, so "
            f"scores are left out: declare the scale, --scale csat={given.min():g}:{given.max():g}"
        )
        return frame.assign(csat_mean=np.nan, csat_n=np.nan)
    without = frame["csat_mean"].notna() & ~(frame["csat_n"] > 0)
    if without.any():
        notes.append(f"{int(without.sum()):,} means have no csat_n, so nobody knows their weight: left out")
    return frame.assign(csat_mean=frame["csat_mean"].where(~without), csat_n=frame["csat_n"].where(~without))


def _summed(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    timed = frame["volume"].where(frame["aht_s"].notna(), 0.0)
    sums = frame.assign(timed=timed, work=timed * frame["aht_s"].fillna(0), s1=frame["csat_mean"] * frame["csat_n"])
    out = sums.groupby(keys, as_index=False)[["volume", "timed", "work", "s1", "csat_n"]].sum(min_count=1)
    out["aht_s"] = out["work"] / out["timed"].where(out["timed"] > 0)
    out["csat_mean"] = out["s1"] / out["csat_n"].where(out["csat_n"] > 0)
    return out[[*keys, "volume", "aht_s", "csat_mean", "csat_n"]]


def _outcomes(rows: pd.DataFrame) -> pd.DataFrame:
    whole = _summed(rows, _KEYS).rename(columns={"volume": "contacts", "csat_mean": "csat"})
    given = rows[rows["csat_n"] > 0].merge(whole[[*_KEYS, "csat"]], on=_KEYS)
    given["squares"] = given["csat_n"] * (given["csat_mean"] - given["csat"]) ** 2
    spread = given.groupby(_KEYS, as_index=False).agg(
        k=("csat_n", "size"), n=("csat_n", "sum"), squares=("squares", "sum")
    )
    spread["csat_sd"] = np.sqrt(spread["squares"] / ((spread["k"] - 1).where(spread["k"] > 1) * spread["n"]))
    out = whole.merge(spread[[*_KEYS, "csat_sd"]], on=_KEYS, how="left")
    out = out.astype({name: float for name in ("contacts", "aht_s", "csat", "csat_sd", "csat_n")})  # nobody answered
    return out[[*_KEYS, "contacts", "aht_s", "csat", "csat_sd", "csat_n"]]
