"""GROUP BYs from contacts to cells: all that the estimators ever see of a history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from planner.history.bands import find_bands
from planner.history.cell_tables import FLAGS, LABELS, WAIT_LABELS, Counting, counted_tables
from planner.history.covariates import covariate_columns
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.measures import COVARIATE_SUMS, Measures, look_at_numbers
from planner.history.outcomes import outcome_named, outcome_value
from planner.history.swept_cells import swept_tables

COUNTS = ("cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "n_handle", "sum_handle_s", "sum_handle2")
_WAIT_COUNTS = ("cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "sum_ln_wait")

_MOST_DISPOSITIONS = 40


@dataclass(frozen=True)
class ContactCells:
    """Sums over contacts that agree in every key: three tables, none of which grows with the number of contacts.

    Attributes
    ----------
    frame
        One row per cell, sorted by its keys; texts are categories in alphabetical order. Keys: `entry_reason, reason,
        channel, segment, pool, disposition, stage` (may be missing), `later_kind` (none | redial | return |
        escalation), `abandoned, anonymous, censored`
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
        stage` (missing, too, where left out as too many), `later` (no | yes | escalated | censored | unknown),
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
    """Count contacts into cells: in the engine, or beside it where it runs in this process.

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
    known = [name for name in (outcome, "invited") if name in contacts.columns and contacts[name].type().is_numeric()]
    numbers = look_at_numbers(contacts, list(dict.fromkeys(("wait_s", "handle_s", *used, *known))))
    notes = _notes(numbers.dispositions)
    bands = find_bands(stitched if len(used) > 2 else contacts, numbers.rows, used)
    highest = max(abs(end) for end in outcome_named(history, outcome).scale)
    measures = Measures(
        used, tuple(bands.knots), numbers, highest if math.isfinite(highest) else numbers.largest[outcome]
    )
    counting = Counting(history, outcome, window_days, bands, measures, dispositions=not notes)
    tables = swept_tables(counting) or counted_tables(counting)
    bins = [f"bin_{name}" for name in bands.bins]
    frame = measures.completed(tables.main, [*LABELS, *FLAGS, "wait_band", *bins, *COUNTS])
    waits = measures.completed(tables.waits, [*WAIT_LABELS, "wait_band", "hour_band", *_WAIT_COUNTS])
    if not frame["ans"].sum():
        notes.append(f"no contact has a known {outcome}: nothing can be estimated from this history")
    return ContactCells(
        _whole(frame), outcome, used, window_days, min_cell, bands.hours, bands.waits, bands.bins, tuple(notes),
        waits=_whole(waits), weeks=tables.weeks,
    )  # fmt: skip


def _notes(dispositions: int) -> list[str]:
    """Closing codes are a key only where they are few: free text would make a cell of every contact."""
    if dispositions <= _MOST_DISPOSITIONS:
        return []
    return [f"{dispositions} different dispositions are too many for cells: they are not used"]


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Bands in the integers that pandas counts with."""
    return frame.astype({name: "int64" for name, kind in frame.dtypes.items() if kind == "int16"})
