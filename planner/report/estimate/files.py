"""A folder with everything an estimate says: the page, and every table as Parquet and CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from planner.experience.study import Study
from planner.report.estimate.content import page_of
from planner.report.estimate.page import write_page
from planner.runs.atomic import write_json
from planner.runs.tables import plain, write_table

REPORT = "report.html"


def study_tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return the tables by file name; empty ones too, so that scripts always find them."""
    model, journeys = study.model, study.journeys
    return {
        "table": model.table,
        "reasons": model.reasons,
        "moves": study.moves,
        "moves_by_reason": study.moves_by_reason,
        "wait_curve": model.wait_curve,
        "outcomes": model.outcomes,
        "resolution": journeys.resolution,
        "first_channels": journeys.first_channels,
        "chain_states": journeys.chain_states,
        "issue_lengths": journeys.issue_lengths,
        "overlap": study.overlap,
        "pilots": study.pilots,
        "answers_needed": study.answers,
        "row_check": study.row_check,
        "attempt_effects": study.attempts,
        "pool_effects": study.pools,
        "guards": study.guards,
    }


def write_study(study: Study, folder: Path) -> Path:
    """Write page, tables and notes into a folder and return the page's path.

    CSV cells that a spreadsheet could take for a formula are made inert; Parquet holds the labels as they are.
    The page comes last: a folder with a page is complete.
    """
    page = page_of(study)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in study_tables(study).items():
        for suffix in ("parquet", "csv"):
            write_table(folder / f"{name}.{suffix}", table)
    summary = {
        "outcome": study.model.outcome,
        "higher_is_better": study.higher_is_better,
        "quality": plain(study.model.quality),
        "history": plain(study.quality.to_dict()),
        "notes": list(study.model.notes),
    }
    write_json(folder / "estimate.json", plain(summary))
    return write_page(page, folder / REPORT)
