"""Demand where only counts exist: one weekly profile from interval counts, without reasons or customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.quantiles import interval_quantiles
from planner.demand.service_days import service_days
from planner.scenario.horizon import Horizon

Floats = NDArray[np.float64]


def profile_from_counts(frame: pd.DataFrame, horizon: Horizon) -> pd.DataFrame:
    """Return the mean week of a series of counts on the intervals of a horizon.

    Parameters
    ----------
    frame
        Columns `interval_start` (local clock time) and `volume` (contacts), any interval not longer than the
        horizon's; intervals without a row on a day that has others count as 0, and nobody comes while the center is
        closed.

    Returns
    -------
    pandas.DataFrame
        `interval_start` (of the horizon), `mean`, `p10`, `p50`, `p90` (contacts per interval), `days` (past days of
        that weekday). The spread is that of single intervals from week to week (negative binomial).

    Raises
    ------
    ValueError
        No rows, or negative counts.
    """
    if frame.empty or (frame["volume"] < 0).any():
        raise ValueError(f"{len(frame)} rows of counts, lowest {frame['volume'].min()}; counts must be there and >= 0")
    cube, weekday = _past_days(frame, horizon)
    mean, cv = _weekday_means(cube, weekday)
    per_day = horizon.intervals_per_day
    starts = horizon.starts()
    asked = np.asarray([start.weekday() for start in starts[::per_day]])
    value = np.where(horizon.opened(), mean[asked].ravel(), 0.0)
    p10, p50, p90 = interval_quantiles(value, np.full(len(value), cv))
    count = np.bincount(weekday, minlength=7)[asked]
    return pd.DataFrame(
        {"interval_start": starts, "mean": value, "p10": p10, "p50": p50, "p90": p90, "days": np.repeat(count, per_day)}
    )


def _past_days(frame: pd.DataFrame, horizon: Horizon) -> tuple[Floats, NDArray[np.int32]]:
    """Contacts of past days by interval while the center is open, shape (day, interval), and the days' weekdays."""
    at = pd.to_datetime(frame["interval_start"])
    clock = np.asarray(at.dt.hour * 60 + at.dt.minute, dtype=np.int64)
    midnight = np.asarray(at.dt.normalize().to_numpy().astype("datetime64[D]"), dtype=np.int64)
    opened, minute, whole = service_days(horizon.closes, midnight, clock)
    inside = whole & (minute >= horizon.opens) & (minute < horizon.closes)
    dates = pd.DatetimeIndex(np.unique(opened[whole]).astype("datetime64[D]"))
    slots = (minute - horizon.opens) // horizon.interval_min
    cube = np.zeros((len(dates), horizon.intervals_per_day))
    rows = dates.get_indexer(pd.DatetimeIndex(opened.astype("datetime64[D]")))
    np.add.at(cube, (rows[inside], slots[inside]), frame["volume"].to_numpy(float)[inside])
    return cube, dates.day_of_week.to_numpy()


def _weekday_means(cube: Floats, weekday: NDArray[np.int32]) -> tuple[Floats, float]:
    """Mean of each weekday, shape (7, interval), and how far single intervals vary beyond chance (ratio).

    A weekday without a past day has the mean of all days.
    """
    mean = np.full((7, cube.shape[1]), np.nan)
    excess, squares = 0.0, 0.0
    for day in range(7):
        own = cube[weekday == day]
        if len(own):
            mean[day] = own.mean(axis=0)
        if len(own) > 1:
            excess += float((own.var(axis=0, ddof=1) - mean[day]).sum())
            squares += float((mean[day] ** 2).sum())
    mean = np.where(np.isnan(mean), cube.mean(axis=0), mean)
    return mean, float(np.sqrt(max(excess / squares, 0.0))) if squares > 0 else 0.0
