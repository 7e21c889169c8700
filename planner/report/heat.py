"""Maps of people and service per pool and interval, for Today and the named plans; no drawing here.

starts, pools     labels of columns and rows; pools with people only
people, needed    {plan: [[per interval] per pool]}: scheduled, and agents on task the load needs at the occupancy cap
service           {plan: [[percent answered in time per interval] per pool]}, null where nobody comes or waits unknown
source            {plan: where its `service` comes from, in words}

`written_short` says them in less room, for a page that is mailed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from planner.frontier.frontier import Frontier
from planner.report.part_words import HEAT
from planner.report.text import label_of

_NOBODY = 0.05
_SOURCES = ("simulated", "carry_over", "service")


def heat_maps(frontier: Frontier, plans: list[str]) -> dict[str, Any]:
    """Collect the maps; without staffing all of them are empty."""
    staffing = frontier.tables.get("staffing")
    if staffing is None or staffing.empty:
        return {"starts": [], "pools": [], "people": {}, "needed": {}, "service": {}, "source": {}}
    own = staffing[staffing["plan"].isin(plans)]
    largest = own.groupby("pool", sort=False)["scheduled"].max()
    pools = [str(pool) for pool in largest[largest > 0].index]  # automated pools have nobody to schedule
    stamps = pd.to_datetime(own["interval"])
    starts = sorted(stamps.unique())
    own = own.assign(interval=stamps)

    def maps(frame: pd.DataFrame, column: str, digits: int, gap: float) -> dict[str, list[list[float | int | None]]]:
        wide = frame.pivot_table(
            index=["plan", "pool"], columns="interval", values=column, aggfunc="sum", observed=True
        )
        wide = wide.reindex(columns=starts)
        found = {
            (str(plan), str(pool)): row for (plan, pool), row in zip(wide.index, wide.to_numpy(float), strict=True)
        }
        empty = np.full(len(starts), gap)
        return {plan: [_row(found.get((plan, pool), empty), digits, gap) for pool in pools] for plan in plans}

    needed = maps(own, "required", 0, 0.0) if "required" in own else {}
    sources, served = _service(frontier, plans)
    return {
        "starts": [pd.Timestamp(start).strftime("%Y-%m-%dT%H:%M") for start in starts],
        "pools": [label_of(frontier.meta, "pools", pool) for pool in pools],
        "people": maps(own, "scheduled", 1, 0.0),
        "needed": needed,
        "service": maps(served, "percent", 0, np.nan) if sources else {},
        "source": {plan: HEAT[source] for plan, source in sources.items()},
    }


def written_short(maps: dict[str, Any]) -> dict[str, Any]:
    """Write the rows of whole numbers as text, which takes two thirds of the room: a page may be mailed.

    A row becomes the width of its numbers and the numbers in base 36, one after another; "-" where there is none. A
    row with fractions stays as it is.
    """
    rows = ("people", "needed", "service")
    return maps | {kind: {plan: list(map(_text, part)) for plan, part in maps[kind].items()} for kind in rows}


def _text(row: list[float | int | None]) -> str | list[float | int | None]:
    if any(isinstance(value, float) or (value is not None and value < 0) for value in row):
        return row
    told = ["" if value is None else np.base_repr(value, 36).lower() for value in row]
    width = max([1, *map(len, told)])
    return f"{width}" + "".join(text.rjust(width, "0" if text else "-") for text in told)


def _service(frontier: Frontier, plans: list[str]) -> tuple[dict[str, str], pd.DataFrame]:
    """The best figures of answers in time the run holds, by plan and pool: simulated, with carry-over, by formulas."""
    found: list[pd.DataFrame] = []
    best: dict[str, str] = {}
    known = pd.MultiIndex.from_arrays([[], []])
    for name in _SOURCES:
        table = frontier.tables.get(name)
        if table is None or table.empty or table["interval"].nunique() < 2:
            continue
        own = table[table["plan"].isin(plans) & (table["offered"] >= _NOBODY) & table["service_level"].notna()]
        keys = pd.MultiIndex.from_frame(own[["plan", "pool"]])
        own, keys = own[~keys.isin(known)], keys[~keys.isin(known)]
        if len(own):
            best = {str(plan): name for plan in own["plan"].unique()} | best
            known = known.append(keys.unique())
            found.append(own.assign(interval=pd.to_datetime(own["interval"]), percent=100.0 * own["service_level"]))
    return best, pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _row(values: np.ndarray, digits: int, gap: float) -> list[float | int | None]:
    rounded = np.where(np.isfinite(values), values, gap).round(digits)
    return [None if np.isnan(v) else int(v) if float(v).is_integer() else float(v) for v in rounded]
