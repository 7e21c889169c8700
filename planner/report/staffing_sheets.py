"""Sheets of chosen plans: people per day on one printed page, then every interval, shift and rule."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from planner.frontier.frontier import Frontier
from planner.report.sheets import Book, write_frame
from planner.report.strings import STAFFING_HEADS, WORKBOOK

_MOST_DAYS = 14  # columns that are read on paper; longer horizons go by weeks


def write_staffing(book: Book, frontier: Frontier, plans: Sequence[str]) -> None:
    """Write staffing, shifts and rules of each plan on sheets of their own, after one that sums up their days."""
    staffing = frontier.tables.get("staffing")
    if staffing is not None and len(staffing):
        sheet = book.sheet(WORKBOOK["by_day"])
        write_frame(book, sheet, hours_by_day(staffing, plans), table_name="by_day", whole=True)
        sheet.freeze_panes(1, 2)
    for key in ("staffing", "shifts", "rules"):
        frame = frontier.tables.get(key)
        if frame is None:
            continue
        for plan in plans:
            own = frame[frame["plan"] == plan].drop(columns="plan")
            if key == "staffing":
                own = _staffing_wide(own)
            if len(own):
                sheet = book.sheet(f"{WORKBOOK[key]} {plan}"[:31])
                write_frame(book, sheet, own, table_name=f"{key}_{plan}")
                sheet.freeze_panes(1, 0)


def hours_by_day(staffing: pd.DataFrame, plans: Sequence[str]) -> pd.DataFrame:
    """Return hours of people scheduled: a row per plan and pool, a column per day (or week) and one for all of them."""
    own = staffing[staffing["plan"].isin(plans) & (staffing["scheduled"] > 0)]
    starts = pd.to_datetime(own["interval"])
    known = pd.Series(pd.to_datetime(staffing["interval"].unique())).sort_values()
    step = known.diff().min().total_seconds() / 3600 if len(known) > 1 else 1.0
    days = starts.dt.normalize()
    if days.nunique() > _MOST_DAYS:
        days -= pd.to_timedelta(days.dt.day_of_week, unit="D")
    hours = (own["scheduled"] * step).groupby([own["plan"], own["pool"], days], sort=False).sum().unstack(fill_value=0)
    hours = hours.sort_index(axis=1).reindex(list(plans), level="plan")
    hours.columns = pd.Index([f"{day:%a %d %b}" for day in hours.columns])
    return hours.assign(**{WORKBOOK["hours"]: hours.sum(axis=1)}).round().reset_index()


def _staffing_wide(staffing: pd.DataFrame) -> pd.DataFrame:
    """Turn staffing around: one row per interval, two columns per pool that has people."""
    people = staffing.groupby("pool", sort=False)["scheduled"].max()
    wide = pd.DataFrame({"interval": staffing["interval"].drop_duplicates().to_numpy()}).set_index("interval")
    for pool in people[people > 0].index:
        own = staffing[staffing["pool"] == pool].set_index("interval")
        for column, words in STAFFING_HEADS.items():
            wide[words.format(pool=pool)] = own[column]
    wide.index = pd.Index(pd.to_datetime(wide.index), name="interval")
    return wide.reset_index()
