"""Verint Strategic Planner, work-queue volumes."""

from __future__ import annotations

import csv
import io

import pandas as pd


def work_queue_file(table: pd.DataFrame) -> str:
    """Write the volume import file of Verint Strategic Planner: one line per work queue and day.

    Layout (Verint online library, "Format of the Import File"): values separated by commas, no headers; work queue
    name, M-D-YYYY, volume, AHT (s). It takes no requirement: the suite computes its own. Days without contacts are left
    out, for they have no handle time.
    """
    days = table.assign(day=table["start"].dt.normalize())
    sums = days.groupby(["pool", "day"], as_index=False).agg(offered=("offered", "sum"), aht_s=("aht_s", "mean"))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in sums[sums["offered"] > 0].to_dict("records"):
        day = row["day"]
        aht = 0.0 if pd.isna(row["aht_s"]) else row["aht_s"]
        writer.writerow([row["pool"], f"{day.month}-{day.day}-{day.year}", f"{row['offered']:.0f}", f"{aht:.0f}"])
    return text.getvalue()
