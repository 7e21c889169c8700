"""The layouts by name, and writing one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.routing.export_cells import write_whole
from planner.staffing_exports import calabrio, spreadsheet, verint
from planner.staffing_exports.requirements import requirements_of

WFM_FORMATS: dict[str, Callable[[pd.DataFrame], str]] = {
    "wfm-calabrio": calabrio.forecast_file,
    "wfm-verint": verint.work_queue_file,
    "wfm-long": spreadsheet.long_table,
    "wfm-wide": spreadsheet.wide_table,
}
"""Format name -> function from the table of `requirements_of` to the text of the file."""


def export_requirements(frontier: Frontier, plan: str, form: str, path: str | os.PathLike[str]) -> Path:
    """Write the requirements of a plan in a layout of `WFM_FORMATS`.

    Raises
    ------
    PlanError
        If the plan or the format does not exist.
    """
    if form not in WFM_FORMATS:
        raise PlanError(f"format {form!r} does not exist; known are {', '.join(WFM_FORMATS)}")
    return write_whole(path, WFM_FORMATS[form](requirements_of(frontier, plan)).encode("utf-8"))
