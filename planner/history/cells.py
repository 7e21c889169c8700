"""GROUP BYs from contacts to cells: all that the estimators ever see of a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import ibis
import pandas as pd

from planner.history.bands import banded, find_bands
from planner.history.covariates import covariate_columns
from planner.history.engine import count_if, exact_sum
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.outcomes import outcome_value

LABELS = ("entry_reason", "reason", "channel", "segment", "pool", "disposition", "stage", "later_kind")
FLAGS = ("abandoned", "anonymous", "censored")
COUNTS = ("cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "n_handle", "sum_handle_s", "sum_handle2")
WAIT_LABELS = ("reason", "channel", "segment", "pool", "disposition", "stage", "later")
COVARIATE_SUMS = ("n", "sum", "z", "n_ans", "z_ans")
WEEK_LABELS = ("reason", "channel", "week")

_MOST_DISPOSITIONS = 40
_MOST_WAIT_CELLS = 2_000_000
_WAIT_BANDS = 6


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
    many, notes = _disposition(history.contacts)
    count = int(history.contacts.count().execute())
    bands = find_bands(stitched if len(used) > 2 else history.contacts, count, used)
    rows = banded(stitched, bands).mutate(
        disposition=ibis.null("string") if many else stitched.disposition,
        later_kind=stitched.later_kind.fill_null("none"),
        abandoned=stitched.abandoned.fill_null(False),
    )
    cells = ContactCells(
        pd.DataFrame(), outcome, used, window_days, min_cell, bands.hours, bands.waits, bands.bins, tuple(notes)
    )
    frame = _grouped(rows, cells.keys, _main_measures(rows, used), LABELS)
    if not frame["ans"].sum():
        notes.append(f"no contact has a known {outcome}: nothing can be estimated from this history")
    return ContactCells(
        frame, outcome, used, window_days, min_cell, bands.hours, bands.waits, bands.bins, tuple(notes),
        waits=_wait_cells(rows, frame, used, len(bands.hours) + 1), weeks=_week_cells(rows),
    )  # fmt: skip


def _disposition(contacts: ibis.Table) -> tuple[bool, list[str]]:
    """Closing codes are a key only where they are few: free text would make a cell of every contact."""
    many = int(contacts.disposition.nunique().execute() or 0)
    if many <= _MOST_DISPOSITIONS:
        return False, []
    return True, [f"{many} different dispositions are too many for cells: they are not used"]


def _main_measures(rows: ibis.Table, covariates: tuple[str, ...]) -> dict[str, ibis.Value]:
    return {
        "cnt": rows.count(),
        "ans": rows.y.count(),
        "s1": exact_sum(rows.y),
        "s2": exact_sum(rows.y * rows.y),
        "n_wait": rows.wait_s.count(),
        "sum_wait_s": exact_sum(rows.wait_s),
        "n_handle": count_if(rows.handle_s.notnull()),
        "sum_handle_s": exact_sum(rows.handle_s),
        "sum_handle2": exact_sum(rows.handle_s * rows.handle_s),
        **_covariate_measures(rows, covariates),
    }


def _covariate_measures(rows: ibis.Table, covariates: tuple[str, ...]) -> dict[str, ibis.Value]:
    found: dict[str, ibis.Value] = {}
    for name in covariates:
        found |= {f"n_{name}": rows[name].count(), f"sum_{name}": exact_sum(rows[name])}
        if f"score_{name}" in rows.columns:
            score = rows[f"score_{name}"]
            answered = ibis.ifelse(rows.y.notnull(), score, ibis.null("float64"))
            found |= {f"z_{name}": exact_sum(score), f"n_ans_{name}": answered.count()}
            found[f"z_ans_{name}"] = exact_sum(answered)
    return found


def _wait_cells(rows: ibis.Table, frame: pd.DataFrame, covariates: tuple[str, ...], hours: int) -> pd.DataFrame:
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
    measures = {
        "cnt": served.count(),
        "ans": served.y.count(),
        "s1": exact_sum(served.y),
        "s2": exact_sum(served.y * served.y),
        "n_wait": served.wait_s.count(),
        "sum_wait_s": exact_sum(served.wait_s),
        "sum_ln_wait": exact_sum((served.wait_s + 1).ln()),
        **_covariate_measures(served, covariates),
    }
    cells = _grouped(served, [*labels, "wait_band", "hour_band"], measures, labels)
    for name in WAIT_LABELS:
        if name not in labels:
            cells[name] = None
    return cells[[*WAIT_LABELS, "wait_band", "hour_band", *measures]]


def _week_cells(rows: ibis.Table) -> pd.DataFrame:
    rows = rows.mutate(reason=ibis.coalesce(rows.reason, rows.entry_reason), week=rows.started_at.truncate("W"))
    measures = {
        "cnt": rows.count(),
        "ans": rows.y.count(),
        "s1": exact_sum(rows.y),
        "s2": exact_sum(rows.y * rows.y),
    }
    if "invited" in rows.columns:
        measures["invited"] = exact_sum(rows.invited)
    return _grouped(rows, list(WEEK_LABELS), measures, ("reason", "channel"))


def _grouped(rows: ibis.Table, keys: list[str], measures: dict[str, ibis.Value], labels: Sequence[str]) -> pd.DataFrame:
    frame = rows.group_by(keys).aggregate(**measures).order_by(keys).execute()
    for name in labels:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame.reset_index(drop=True)
