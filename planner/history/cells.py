"""One GROUP BY from contacts to cells: all that the estimators ever see of a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.engine import count_if, exact_sum
from planner.history.history import History
from planner.history.journeys import stitch_issues
from planner.history.mapping import did_you_mean
from planner.history.outcomes import outcome_value

LABELS = ("entry_reason", "reason", "channel", "segment", "pool", "disposition", "stage", "later_kind")
FLAGS = ("abandoned", "anonymous", "censored")
COUNTS = ("cnt", "ans", "s1", "s2", "n_wait", "sum_wait_s", "n_handle", "sum_handle_s", "sum_handle2")
UNKNOWN = -1
"""Band or bin of a contact whose value is missing."""

_COVARIATE_BINS = (5, 3)
_HOUR_BANDS = 8
_WAIT_QUANTILES = (0.2, 0.4, 0.6, 0.8, 0.95)
_MOST_DISPOSITIONS = 40


@dataclass(frozen=True)
class ContactCells:
    """Sums over contacts that agree in every key.

    Attributes
    ----------
    frame
        One row per cell, sorted by its keys. Keys: `entry_reason, reason, channel, segment, pool, disposition, stage`
        (None where missing), `later_kind` (none | redial | return | escalation), `abandoned, anonymous, censored`
        (true/false), `hour_band, wait_band, bin_<covariate>` (integers from 0, -1 where missing). Sums: `cnt` contacts,
        `ans` those with an outcome, `s1, s2` sum of the outcome and of its square, `n_wait, sum_wait_s` (abandoned
        contacts too: see their key), `n_handle, sum_handle_s, sum_handle2`, `n_<covariate>, sum_<covariate>`.
    hour_cuts, wait_cuts, covariate_cuts
        Upper ends of all bands but the last: minutes after midnight; seconds per channel; per covariate in its unit.
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

    @property
    def keys(self) -> list[str]:
        """Names of the key columns."""
        return [*LABELS, *FLAGS, "hour_band", "wait_band", *(f"bin_{name}" for name in self.covariates)]

    @property
    def sums(self) -> list[str]:
        """Names of the columns that add up."""
        extra = [f"{part}_{name}" for name in self.covariates for part in ("n", "sum")]
        return [*COUNTS, *extra]

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

    Cut points come first: eight bands of the time of day with equally many contacts, wait bands at the .2, .4, .6,
    .8 and .95 quantiles of each channel, five bins of the first covariate and three of the second.

    Parameters
    ----------
    outcome
        See `outcomes.outcome_value`.
    covariates
        Numeric columns known before the channel was chosen, strongest first; two are used, others are noted.
    window_days
        Window of the journeys, days.
    min_cell
        Fewest contacts of a cell in anything shown (`ContactCells.shareable`).
    """
    used, notes = _usable(history, covariates)
    stitched = stitch_issues(history, window_days)
    contacts = history.contacts
    hour_cuts, covariate_cuts = _cuts(contacts, used)
    wait_cuts = _wait_cuts(contacts)
    disposition, more = _disposition(contacts)
    banded = _banded(stitched, hour_cuts, wait_cuts, covariate_cuts)
    rows = banded.mutate(
        y=outcome_value(history, banded, outcome),
        disposition=banded.disposition if disposition else ibis.null("string"),
        later_kind=banded.later_kind.fill_null("none"),
        abandoned=banded.abandoned.fill_null(False),
    )
    bins = [f"bin_{name}" for name in used]
    frame = _grouped(rows, [*LABELS, *FLAGS, "hour_band", "wait_band", *bins], used)
    if not frame["ans"].sum():
        notes.append(f"no contact has a known {outcome}: nothing can be estimated from this history")
    return ContactCells(
        frame, outcome, used, window_days, min_cell, hour_cuts, wait_cuts, covariate_cuts, (*notes, *more)
    )


def _usable(history: History, covariates: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    unknown = [name for name in covariates if name not in (*history.covariates, "value")]
    if unknown:
        known = (*history.covariates, "value")
        issues = [
            Issue(
                history.quality.source,
                None,
                None,
                f"covariates.{name}",
                f"no numeric column {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}",
            )
            for name in unknown
        ]
        raise HistoryError(issues)
    used, extra = tuple(covariates[: len(_COVARIATE_BINS)]), covariates[len(_COVARIATE_BINS) :]
    return used, [f"covariates beyond the second are ignored: {', '.join(extra)}"] if extra else []


def _cuts(contacts: ibis.Table, covariates: tuple[str, ...]) -> tuple[tuple[float, ...], dict[str, tuple[float, ...]]]:
    """Cut points of the time of day and of the covariates, in one query; equal cuts are one cut."""
    measures = {"minute": _minute(contacts).cast("float64").quantile(_shares(_HOUR_BANDS))}
    for name, bins in zip(covariates, _COVARIATE_BINS, strict=False):
        measures[f"cut_{name}"] = contacts[name].quantile(_shares(bins))
    row = contacts.aggregate(**measures).execute().iloc[0]
    return _distinct(row["minute"]), {name: _distinct(row[f"cut_{name}"]) for name in covariates}


def _wait_cuts(contacts: ibis.Table) -> dict[str, tuple[float, ...]]:
    grouped = contacts.group_by("channel").aggregate(cuts=contacts.wait_s.quantile(list(_WAIT_QUANTILES)))
    frame = grouped.order_by("channel").execute()
    return {str(row["channel"]): _distinct(row["cuts"]) for row in frame.to_dict("records")}


def _shares(bands: int) -> list[float]:
    return [k / bands for k in range(1, bands)]


def _distinct(cuts: object) -> tuple[float, ...]:
    if cuts is None or not isinstance(cuts, Sequence) and not hasattr(cuts, "__iter__"):
        return ()
    return tuple(sorted({float(cut) for cut in cuts if pd.notna(cut)}))


def _minute(table: ibis.Table) -> ibis.Value:
    return table.started_at.hour().cast("int64") * 60 + table.started_at.minute().cast("int64")


def _disposition(contacts: ibis.Table) -> tuple[bool, list[str]]:
    """Closing codes are a key only where they are few: free text would make a cell of every contact."""
    many = int(contacts.disposition.nunique().execute() or 0)
    if many <= _MOST_DISPOSITIONS:
        return True, []
    return False, [f"{many} different dispositions are too many for cells: they are not used"]


def _banded(
    rows: ibis.Table,
    hour_cuts: tuple[float, ...],
    wait_cuts: dict[str, tuple[float, ...]],
    covariate_cuts: dict[str, tuple[float, ...]],
) -> ibis.Table:
    width = len(_WAIT_QUANTILES)
    padded = [(channel, *cuts, *[float("inf")] * (width - len(cuts))) for channel, cuts in wait_cuts.items()]
    names = [f"wait_cut_{k}" for k in range(width)]
    limits = ibis.memtable(pd.DataFrame(padded, columns=["cut_channel", *names]))
    joined = rows.left_join(limits, rows.channel == limits.cut_channel)
    banded = joined.mutate(
        hour_band=_band(_minute(joined), [ibis.literal(cut) for cut in hour_cuts]),
        wait_band=_band(joined.wait_s, [joined[name] for name in names]),
        **{
            f"bin_{name}": _band(joined[name], [ibis.literal(cut) for cut in cuts])
            for name, cuts in covariate_cuts.items()
        },
    )
    return banded.drop("cut_channel", *names)


def _band(value: ibis.Value, cuts: list[ibis.Value]) -> ibis.Value:
    """Number of cut points below the value, or -1 where it is missing."""
    band = ibis.literal(0)
    for cut in cuts:
        band = band + (value > cut).cast("int64")
    return ibis.ifelse(value.isnull(), ibis.literal(UNKNOWN), band).cast("int64")


def _grouped(rows: ibis.Table, keys: list[str], covariates: tuple[str, ...]) -> pd.DataFrame:
    measures = {
        "cnt": rows.count(),
        "ans": rows.y.count(),
        "s1": exact_sum(rows.y),
        "s2": exact_sum(rows.y * rows.y),
        "n_wait": rows.wait_s.count(),
        "sum_wait_s": exact_sum(rows.wait_s),
        "n_handle": count_if(rows.handle_s.notnull()),
        "sum_handle_s": exact_sum(rows.handle_s),
        "sum_handle2": exact_sum(rows.handle_s * rows.handle_s),
    }
    for name in covariates:
        measures |= {f"n_{name}": rows[name].count(), f"sum_{name}": exact_sum(rows[name])}
    frame = rows.group_by(keys).aggregate(**measures).order_by(keys).execute()
    for name in LABELS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame.reset_index(drop=True)
