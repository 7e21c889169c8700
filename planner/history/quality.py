"""The quality report: what came in, what was kept, and what the gaps of a history cost."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from planner.history.canonical import FILTER, Plan
from planner.history.columns import COLUMNS, ROW, Kind
from planner.history.engine import count_if
from planner.history.mapping import Mapping
from planner.history.plausible import implausible, left_out, look_at_values, narrow_notes
from planner.history.polarity import polarity_doubts

_SCORES = tuple(column.name for column in COLUMNS if column.kind is Kind.SCORE)
_FEW_ANSWERS = 0.05


@dataclass(frozen=True)
class QualityReport:
    """What a history holds and lacks.

    Tables (pandas):

    channels
        `channel, rows_read, rows_kept, rows_quarantined, abandoned, share_anonymous, csat_rate, nps_rate, ces_rate`:
        offered totals reconciled per channel (rows read = kept + quarantined) and response rates (ratios).
    missing
        `column, share_missing, cost`: share of kept contacts without a value, and what that costs in words
        (empty where nothing is missing).
    unmapped
        `column, value, rows`: source values that the mapping's value maps do not list.

    `rows_quarantined` includes `rows_filtered`, the rows the mapping itself declares to be no contacts; `declared` is
    the mapping, from which later stages read scales, composites and what is known of covariates.
    """

    source: str
    layout: str
    rows_read: int
    rows_kept: int
    rows_quarantined: int
    rows_filtered: int
    channels: pd.DataFrame
    missing: pd.DataFrame
    unmapped: pd.DataFrame
    share_anonymous: float
    duplicates: int
    first: dt.datetime | None
    last: dt.datetime | None
    weeks: float
    timezone: str | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    declared: Mapping = Mapping()

    @property
    def empty_columns(self) -> tuple[str, ...]:
        """Canonical columns without a single value."""
        return tuple(self.missing.loc[self.missing["share_missing"] >= 1.0, "column"])

    def lines(self) -> list[str]:
        """Report in lines for people."""
        total = f"{self.rows_read:,} rows in = {self.rows_kept:,} kept + {self.rows_quarantined:,} quarantined"
        filtered = f" ({self.rows_filtered:,} of them no contacts by the mapping)" if self.rows_filtered else ""
        span = f"{self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M}" if self.first and self.last else "no rows"
        found = [
            f"{self.source}: {total}{filtered}",
            f"{span}, {self.weeks:.1f} weeks, time zone {self.timezone or 'not declared'}",
        ]
        for row in self.channels.to_dict("records"):
            found.append(
                f"  {row['channel']}: {row['rows_read']:,} = {row['rows_kept']:,} kept + "
                f"{row['rows_quarantined']:,} quarantined; {row['abandoned']:,} abandoned, "
                f"{row['share_anonymous']:.0%} without customer, {_rates(row)}"
            )
        for row in self.missing[self.missing["cost"] != ""].to_dict("records"):
            found.append(f"  {row['column']} missing in {row['share_missing']:.0%}: {row['cost']}")
        for row in self.unmapped.to_dict("records"):
            found.append(f"  {row['column']} {row['value']!r} is not mapped: {row['rows']:,} rows")
        return found + [f"  note: {note}" for note in self.notes] + [f"  warning: {text}" for text in self.warnings]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a run directory or a report."""
        plain = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "declared"
        }
        return {
            name: value.to_dict("records") if isinstance(value, pd.DataFrame) else _plain(value)
            for name, value in plain.items()
        }


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return list(value) if isinstance(value, tuple) else value


def _rates(row: dict[Any, Any]) -> str:
    rates = [f"{name} {row[f'{name}_rate']:.0%}" for name in _SCORES if row[f"{name}_rate"] > 0]
    return "answers: " + ", ".join(rates) if rates else "no survey answers"


def quarantine_table(staged: ibis.Table) -> pd.DataFrame:
    """Rows kept out, by problem: `problem, rows, example`; most frequent first."""
    bad = staged.filter(staged.problem.notnull())
    grouped = bad.group_by("problem").aggregate(
        rows=bad.count(), first_row=bad[ROW].min(), example=bad.example.argmin(bad[ROW])
    )
    frame = grouped.order_by(ibis.desc("rows"), "problem").execute()
    where = "row " + (frame["first_row"] + 1).astype("int64").astype(str)
    shown = frame["example"].fillna("").astype(str)
    frame["example"] = where.where(shown == "", where + ": " + shown) if len(frame) else shown
    return frame[["problem", "rows", "example"]]


def build_report(
    plan: Plan,
    staged: ibis.Table,
    quarantine: pd.DataFrame,
    *,
    unmapped: pd.DataFrame,
    zone: str | None,
    notes: list[str],
    warnings: list[str],
) -> QualityReport:
    """Count everything the report says, in two queries."""
    channels = _channels(staged)
    row = _totals(staged)
    looked = look_at_values(plan, staged)
    kept = staged.filter(staged.problem.isnull())
    rows, first, last = int(row["rows"]), _moment(row["first"]), _moment(row["last"])
    weeks = (last - first).total_seconds() / 604_800 if first and last else 0.0
    filtered = int(quarantine.loc[quarantine["problem"].str.startswith(FILTER), "rows"].sum())
    doubles = quarantine.loc[quarantine["problem"].str.startswith("contact_id is a duplicate"), "rows"]
    return QualityReport(
        source=plan.source.path.name,
        layout=str(plan.mapping.layout),
        rows_read=int(channels["rows_read"].sum()),
        rows_kept=rows,
        rows_quarantined=int(quarantine["rows"].sum()),
        rows_filtered=filtered,
        channels=channels,
        missing=_missing(plan, row, rows),
        unmapped=unmapped,
        share_anonymous=float(row["no_customer_id"]) / rows if rows else 1.0,
        duplicates=int(doubles.sum()),
        first=first,
        last=last,
        weeks=weeks,
        timezone=zone,
        notes=(*notes, *left_out(quarantine), *narrow_notes(plan, looked)),
        warnings=(
            *warnings,
            *_thin(channels, weeks),
            *implausible(plan, looked),
            *polarity_doubts(kept, plan.mapping, plan.absent),
        ),
        declared=plan.mapping,
    )


def _totals(staged: ibis.Table) -> pd.Series:
    """Counts over the kept rows: `rows, first, last, no_<column>, no_handle` (served contacts without handle time)."""
    kept = staged.filter(staged.problem.isnull())
    return (
        kept.aggregate(
            rows=kept.count(),
            first=kept.started_at.min(),
            last=kept.started_at.max(),
            **{f"no_{column.name}": count_if(kept[column.name].isnull()) for column in COLUMNS},
            no_handle=count_if(kept.handle_s.isnull() & ~kept.abandoned.fill_null(False)),
        )
        .execute()
        .iloc[0]
    )


def _moment(value: Any) -> dt.datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _channels(staged: ibis.Table) -> pd.DataFrame:
    good = staged.problem.isnull()
    named = staged.mutate(channel=staged.channel.fill_null("(none)"))
    counts = named.group_by("channel").aggregate(
        rows_read=named.count(),
        rows_kept=count_if(good),
        rows_quarantined=count_if(~good),
        abandoned=count_if(good & named.abandoned),
        anonymous=count_if(good & named.customer_id.isnull()),
        **{name: count_if(good & named[name].notnull()) for name in _SCORES},
    )
    frame = counts.order_by("channel").execute()
    kept = frame["rows_kept"].where(frame["rows_kept"] > 0)
    frame["share_anonymous"] = (frame.pop("anonymous") / kept).fillna(0.0)
    for name in _SCORES:
        frame[f"{name}_rate"] = (frame.pop(name) / kept).fillna(0.0)
    return frame


def _missing(plan: Plan, row: pd.Series, rows: int) -> pd.DataFrame:
    found = []
    for column in COLUMNS:
        absent = column.name in plan.absent
        count = rows if absent else int(row["no_handle" if column.name == "handle_s" else f"no_{column.name}"])
        share = count / rows if rows else 1.0
        # Most customers answer no survey: only a score that nobody gave is a gap of the file.
        worth_saying = share == 1.0 if column.kind is Kind.SCORE else share > 0
        found.append((column.name, share, _cost(column.name, column.without, share) if worth_saying else ""))
    return pd.DataFrame(found, columns=["column", "share_missing", "cost"])


def _cost(name: str, without: str, share: float) -> str:
    if share >= 1.0:
        return without
    partial = {
        "customer_id": "these contacts are never joined into issues and never count as resolved",
        "entry_reason": "these contacts are routed without a known reason",
        "reason": "these contacts are allocated by the mix of those that have one",
        "escalated_from": "",
        "issue_id": "",
        "value": "these customers carry no value",
        "pool": "these contacts count for their channel, not for a pool",
        "agent_id": "",
        "disposition": "",
    }
    return partial.get(name, "these contacts are left out where it is needed")


def _thin(channels: pd.DataFrame, weeks: float) -> tuple[str, ...]:
    found = []
    rates = channels[[f"{name}_rate" for name in _SCORES]].max(axis=1)
    thin = channels.loc[(rates > 0) & (rates < _FEW_ANSWERS), "channel"]
    if len(thin):
        found.append(f"fewer than {_FEW_ANSWERS:.0%} answered a survey in {', '.join(thin)}: expect wide intervals")
    silent = channels.loc[rates == 0, "channel"]
    if len(silent) and (rates > 0).any():
        found.append(f"no survey at all in {', '.join(silent)}")
    if 0 < weeks < 4:
        found.append(f"only {weeks:.1f} weeks of history: weekly patterns and returns are known poorly")
    return tuple(found)
