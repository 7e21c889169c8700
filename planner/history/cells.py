"""GROUP BYs from contacts to cells: all that the estimators ever see of a history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import ibis
import pandas as pd

from planner.history.banded import FIRST_MONDAY, banded_rows
from planner.history.bands import find_bands
from planner.history.covariates import covariate_columns
from planner.history.engine import drop_kept, exact_sum
from planner.history.fetched import labeled_frame
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.measures import COVARIATE_SUMS, Measures, look_at_numbers
from planner.history.outcomes import outcome_named, outcome_value

LABELS = ("entry_reason", "reason", "channel", "segment", "pool", "disposition", "stage", "later_kind")
FLAGS = ("abandoned", "anonymous", "censored")
COUNTS = ("cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "n_handle", "sum_handle_s", "sum_handle2")
WAIT_LABELS = ("reason", "channel", "segment", "pool", "disposition", "stage", "later")
_WAIT_COUNTS = ("cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "sum_ln_wait")
WEEK_LABELS = ("reason", "channel", "week")

_MOST_DISPOSITIONS = 40
_MOST_WAIT_CELLS = 2_000_000
_WAIT_BANDS = 6
_MOST_BANDED = 30_000_000
"""Above it contacts are joined and banded with each table of cells: narrow copies of all would fill a disk."""


@dataclass(frozen=True)
class ContactCells:
    """Sums over contacts that agree in every key: three tables, none of which grows with the number of contacts.

    Attributes
    ----------
    frame
        One row per cell, sorted by its keys. Keys: `entry_reason, reason, channel, segment, pool, disposition, stage`
        (None where missing), `later_kind` (none | redial | return | escalation), `abandoned, anonymous, censored`
        (true/false), `wait_band, bin_<covariate>` (integers from 0, -1 where missing). Sums: `cnt` contacts,
        `ans` those with an outcome, `s1, s2` sum of the outcome and of its square, `n_wait, sum_wait_s` (abandoned
        contacts too: see their key), `n_handle, sum_handle_s, sum_handle2`, `n_<covariate>, sum_<covariate>`, of the
        covariate's normal score `z_<covariate>`, and of the contacts with an outcome `n_ans_<covariate>,
        z_ans_<covariate>`.
    covariates
        Columns known before the channel was chosen; the first two are binned, further ones together as `bin_others`.
    hour_cuts, wait_cuts, covariate_cuts
        Upper ends of all bands but the last: minutes after midnight; seconds per channel; per binned covariate in its
        unit (`others`: in units of the outcome).
    waits
        Served contacts by hour of the day, for the wait curve. Keys: `reason, channel, segment, pool, disposition,
        stage` (None where missing or left out as too many), `later` (no | yes | escalated | censored | unknown),
        `wait_band, hour_band`. Sums: `cnt, ans, s1, s2, n_wait, sum_wait_s, sum_ln_wait` (of ln(1 + seconds)) and
        those of covariates.
    weeks
        For drift. Keys: `reason, channel, week` (Monday). Sums: `cnt, ans, s1, s2` and, where history has a column
        `invited`, its sum.
    """

    frame: pd.DataFrame
    outcome: str
    covariates: tuple[str, ...]
    window_days: float
    min_cell: int
    hour_cuts: tuple[float, ...]
    wait_cuts: dict[str, tuple[float, ...]]
    covariate_cuts: dict[str, tuple[float, ...]]
    notes: tuple[str, ...] = ()
    waits: pd.DataFrame = field(default_factory=pd.DataFrame)
    weeks: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def bins(self) -> list[str]:
        """Names of the bin columns, strongest covariate first."""
        return [f"bin_{name}" for name in self.covariate_cuts]

    @property
    def keys(self) -> list[str]:
        """Names of the key columns."""
        return [*LABELS, *FLAGS, "wait_band", *self.bins]

    @property
    def sums(self) -> list[str]:
        """Names of the columns that add up."""
        extra = [f"{part}_{name}" for name in self.covariates for part in COVARIATE_SUMS]
        return [*COUNTS, *(name for name in extra if name in self.frame)]

    def summed(self, by: Sequence[str]) -> pd.DataFrame:
        """Sum the cells over everything but `by`."""
        return self.frame.groupby(list(by), dropna=False, as_index=False)[self.sums].sum()

    def shareable(self, by: Sequence[str]) -> pd.DataFrame:
        """Sum the cells by `by`, leaving out what rests on fewer than `min_cell` contacts: fit to be shown."""
        coarse = self.summed(by)
        return coarse[coarse["cnt"] >= self.min_cell].reset_index(drop=True)


def contact_cells(
    history: History, *, outcome: str, covariates: Sequence[str] = (), window_days: float = 7.0, min_cell: int = 5
) -> ContactCells:
    """Count contacts into cells, in the engine.

    Cut points come first (`bands.find_bands`): bands of the time of day with equally many contacts, wait bands at the
    .2, .4, .6, .8 and .95 quantiles of each channel, bins of the covariates.

    Parameters
    ----------
    outcome
        See `outcomes.outcome_value`.
    covariates
        Numeric columns known before the channel was chosen, strongest first.
    window_days
        Window of the journeys, days.
    min_cell
        Fewest contacts of a cell in anything shown (`ContactCells.shareable`).
    """
    used = covariate_columns(history, covariates)
    stitched = stitch_issues(history, window_days)
    stitched = stitched.mutate(y=outcome_value(history, stitched, outcome))
    contacts = history.contacts
    known = [name for name in (outcome,) if name in contacts.columns and contacts[name].type().is_numeric()]
    numbers = look_at_numbers(contacts, list(dict.fromkeys(("wait_s", "handle_s", *used, *known))))
    count, notes = numbers.rows, _notes(numbers.dispositions)
    bands = find_bands(stitched if len(used) > 2 else contacts, count, used)
    if notes:
        stitched = stitched.mutate(disposition=ibis.null("string"))
    rows = banded_rows(history, stitched, bands, used, copied=count <= _MOST_BANDED)
    cells = ContactCells(
        pd.DataFrame(), outcome, used, window_days, min_cell, bands.hours, bands.waits, bands.bins, tuple(notes)
    )
    highest = max(abs(end) for end in outcome_named(history, outcome).scale)
    measures = Measures(
        used, tuple(bands.knots), numbers, highest if math.isfinite(highest) else numbers.largest[outcome]
    )
    frame = _main_cells(rows, cells.keys, measures)
    if not frame["ans"].sum():
        notes.append(f"no contact has a known {outcome}: nothing can be estimated from this history")
    found = ContactCells(
        _whole(frame), outcome, used, window_days, min_cell, bands.hours, bands.waits, bands.bins, tuple(notes),
        waits=_whole(_wait_cells(rows, frame, measures, len(bands.hours) + 1)), weeks=_week_cells(rows, measures),
    )  # fmt: skip
    drop_kept(history.connection, rows.get_name())
    return found


def _notes(dispositions: int) -> list[str]:
    """Closing codes are a key only where they are few: free text would make a cell of every contact."""
    if dispositions <= _MOST_DISPOSITIONS:
        return []
    return [f"{dispositions} different dispositions are too many for cells: they are not used"]


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Bands in the integers that pandas counts with."""
    return frame.astype({name: "int64" for name, kind in frame.dtypes.items() if kind == "int16"})


def _main_cells(rows: ibis.Table, keys: list[str], measures: Measures) -> pd.DataFrame:
    sums = {**measures.moments(rows), **measures.waits(rows), **measures.handle_times(rows)}
    sums |= measures.of_covariates(rows)
    return measures.completed(labeled_frame(rows.group_by(keys).aggregate(**sums), keys), [*keys, *COUNTS])


def _wait_cells(rows: ibis.Table, frame: pd.DataFrame, measures: Measures, hours: int) -> pd.DataFrame:
    """Served contacts with a wait, by hour; keys are left out, the least important first, while cells are too many."""
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
    labels = list(WAIT_LABELS)
    for name in ("disposition", "segment", "stage", "pool"):
        seen = [label for label in labels if label != "later"]
        kinds = 2 * len(frame[seen].drop_duplicates()) * _WAIT_BANDS * hours
        if kinds <= _MOST_WAIT_CELLS:
            break
        labels.remove(name)
    logarithms = exact_sum((served.wait_s + 1).ln(), measures.numbers.largest["wait_s"])
    sums = {**measures.moments(served), **measures.waits(served), "sum_ln_wait": logarithms}
    sums |= measures.of_covariates(served)
    keys = [*labels, "wait_band", "hour_band"]
    cells = labeled_frame(served.group_by(keys).aggregate(**sums), keys)
    for name in WAIT_LABELS:
        if name not in labels:
            cells[name] = None
    return measures.completed(cells, [*WAIT_LABELS, "wait_band", "hour_band", *_WAIT_COUNTS])


def _week_cells(rows: ibis.Table, measures: Measures) -> pd.DataFrame:
    rows = rows.mutate(reason=ibis.coalesce(rows.reason, rows.entry_reason))
    sums = measures.moments(rows)
    if "invited" in rows.columns:
        sums["invited"] = exact_sum(rows.invited)
    keys = list(WEEK_LABELS)
    frame = labeled_frame(rows.group_by(keys).aggregate(**sums), keys)
    monday = (frame["week"].to_numpy("int64") * 7 + FIRST_MONDAY).astype("datetime64[D]")
    return frame.assign(week=monday.astype("datetime64[us]"))
