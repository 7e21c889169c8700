"""Three GROUP BYs from contacts to tables of cells, on the engine."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pandas as pd

from planner.history.banded import FIRST_MONDAY, banded_rows
from planner.history.bands import Bands
from planner.history.engine import drop_kept, exact_sum
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.measures import Measures, sums_of
from planner.history.outcomes import outcome_value

LABELS = ("entry_reason", "reason", "channel", "segment", "pool", "disposition", "stage", "later_kind")
FLAGS = ("abandoned", "anonymous", "censored")
WAIT_LABELS = ("reason", "channel", "segment", "pool", "disposition", "stage", "later")
WEEK_LABELS = ("reason", "channel", "week")

MOST_WAIT_CELLS = 2_000_000
_WAIT_BANDS = 6
_MOST_BANDED = 30_000_000
"""Above it contacts are joined and banded with each table of cells: narrow copies of all would fill a disk."""


@dataclass(frozen=True)
class Counting:
    """What is counted of which contacts; without `dispositions` closing codes count as missing."""

    history: History
    outcome: str
    window_days: float
    bands: Bands
    measures: Measures
    dispositions: bool

    @property
    def keys(self) -> list[str]:
        """Keys of the main cells."""
        return [*LABELS, *FLAGS, "wait_band", *(f"bin_{name}" for name in self.bands.bins)]


@dataclass(frozen=True)
class CellTables:
    """The tables of `cells.ContactCells` as counted, sums that need no counting left out; texts are categories."""

    main: pd.DataFrame
    waits: pd.DataFrame
    weeks: pd.DataFrame


def counted_tables(asked: Counting) -> CellTables:
    """Count on the engine."""
    stitched = stitch_issues(asked.history, asked.window_days)
    stitched = stitched.mutate(y=outcome_value(asked.history, stitched, asked.outcome))
    if not asked.dispositions:
        stitched = stitched.mutate(disposition=ibis.null("string"))
    measures = asked.measures
    copied = measures.numbers.rows <= _MOST_BANDED
    rows = banded_rows(asked.history, stitched, asked.bands, measures.covariates, copied=copied)
    sums = (*measures.moments(), *measures.waits(), *measures.handle_times(), *measures.of_covariates())
    main = _coded(labeled_frame(rows.group_by(asked.keys).aggregate(**sums_of(rows, sums)), asked.keys))
    labels = wait_labels(main, len(asked.bands.hours) + 1)
    found = CellTables(main, _wait_cells(rows, labels, measures), _week_cells(rows, measures))
    drop_kept(asked.history.connection, rows.get_name())
    return found


def wait_labels(main: pd.DataFrame, hours: int) -> list[str]:
    """Labels that wait cells are kept apart by: the least important are left out while there are too many cells."""
    labels = list(WAIT_LABELS)
    for name in ("disposition", "segment", "stage", "pool"):
        seen = [label for label in labels if label != "later"]
        if 2 * len(main[seen].drop_duplicates()) * _WAIT_BANDS * hours <= MOST_WAIT_CELLS:
            break
        labels.remove(name)
    return labels


def _wait_cells(rows: ibis.Table, labels: list[str], measures: Measures) -> pd.DataFrame:
    """Served contacts with a wait, by hour."""
    served = rows.filter(~rows.abandoned & (rows.wait_band >= 0))
    served = served.mutate(
        reason=ibis.coalesce(served.reason, served.entry_reason),
        later=ibis.cases(
            (served.anonymous, "unknown"),
            (served.censored, "censored"),
            (served.later_kind == "none", "no"),
            (served.later_kind == "escalation", "escalated"),
            else_="yes",
        ),
    )
    keys = [*labels, "wait_band", "hour_band"]
    sums = (*measures.moments(), *measures.waits(), *measures.log_waits(), *measures.of_covariates())
    return with_left_out(_coded(labeled_frame(served.group_by(keys).aggregate(**sums_of(served, sums)), keys)))


def with_left_out(waits: pd.DataFrame) -> pd.DataFrame:
    """Wait cells with the labels they are not kept apart by, as missing."""
    nothing = pd.Categorical([None] * len(waits))
    return waits.assign(**{name: nothing for name in WAIT_LABELS if name not in waits})


def _week_cells(rows: ibis.Table, measures: Measures) -> pd.DataFrame:
    rows = rows.mutate(reason=ibis.coalesce(rows.reason, rows.entry_reason))
    sums = sums_of(rows, measures.moments())
    if "invited" in rows.columns:
        sums["invited"] = exact_sum(rows.invited)
    keys = list(WEEK_LABELS)
    return with_mondays(_coded(labeled_frame(rows.group_by(keys).aggregate(**sums), keys)))


def _coded(frame: pd.DataFrame) -> pd.DataFrame:
    """Labels as categories in alphabetical order."""
    return frame.astype({name: "category" for name in (*LABELS, "later") if name in frame})


def with_mondays(weeks: pd.DataFrame) -> pd.DataFrame:
    """Week cells with the date of their Monday in the place of its number."""
    monday = (weeks["week"].to_numpy("int64") * 7 + FIRST_MONDAY).astype("datetime64[D]")
    return weeks.assign(week=monday.astype("datetime64[us]"))
