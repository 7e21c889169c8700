"""Calabrio WFM, forecast file with staffing."""

from __future__ import annotations

import csv
import io

import pandas as pd

_LONGEST_NAME = 50


def forecast_file(table: pd.DataFrame) -> str:
    """Write the forecast import file of Calabrio WFM, staffing included.

    Layout (Calabrio help, "Forecast file formats"): UTF-8, no column headers, sorted by skill; columns skill name (at
    most 50 characters), interval start and end `yyyyMMdd HH:mm`, volume, average task time (s), after-task work (s),
    agents. Handle times are not split here, so task time is the whole and after-task work 0. Agents are those required
    on task. Staffing cannot be imported for e-mail and back-office skills: leave the last column out for those.

    Raises
    ------
    ValueError
        If two pools share the first 50 characters of their name.
    """
    names = {pool: str(pool)[:_LONGEST_NAME] for pool in table["pool"].unique()}
    if len(set(names.values())) < len(names):
        raise ValueError(f"two pools share the first {_LONGEST_NAME} characters of their name; rename one")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in table.sort_values(["pool", "start"], kind="stable").to_dict("records"):
        aht = 0.0 if pd.isna(row["aht_s"]) else row["aht_s"]
        times = [f"{row[name]:%Y%m%d %H:%M}" for name in ("start", "end")]
        numbers = [f"{row['offered']:.2f}", f"{aht:.2f}", "0", f"{row['required']:.2f}"]
        writer.writerow([names[row["pool"]], *times, *numbers])
    return text.getvalue()
