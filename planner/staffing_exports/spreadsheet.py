"""Layouts for suites that let the user say which column is what, and for pasting into a grid."""

from __future__ import annotations

import pandas as pd

from planner.runs.tables import csv_text


def long_table(table: pd.DataFrame) -> str:
    """Write one line per pool and interval: `queue, date, start, end, contacts, aht_s, required, on_task, scheduled`.

    For suites whose import asks which column is what. Date YYYY-MM-DD, times HH:MM, local; `required` and `on_task` are
    agents on task (before shrinkage), `scheduled` people paid (after it): give a suite that adds its own shrinkage the
    first, any other the last.
    """
    out = pd.DataFrame(
        {
            "queue": table["pool"],
            "date": table["start"].dt.strftime("%Y-%m-%d"),
            "start": table["start"].dt.strftime("%H:%M"),
            "end": table["end"].dt.strftime("%H:%M"),
            "contacts": table["offered"].round(2),
            "aht_s": table["aht_s"].round(1),
        }
    )
    for name in ("required", "on_task", "scheduled"):
        out[name] = table[name].round(2)
    return csv_text(out)


def wide_table(table: pd.DataFrame) -> str:
    """Write one line per pool and day, a column per interval with the agents required on task: `queue, date, 09:00, …`.

    The grid that planners paste into a suite's requirement or adjustment screen; empty where a pool has no interval.
    """
    out = table.assign(date=table["start"].dt.strftime("%Y-%m-%d"), time=table["start"].dt.strftime("%H:%M"))
    grid = out.pivot_table(index=["pool", "date"], columns="time", values="required", aggfunc="sum").round(2)
    return csv_text(grid.rename_axis(index=["queue", "date"]).reset_index())
