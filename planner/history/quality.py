"""The quality report: what came in, what was kept, and what the gaps of a history cost."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from planner.history.canonical import FILTER, Plan, within_scales
from planner.history.columns import COLUMNS, ROW, Kind
from planner.history.mapping import Mapping
from planner.history.plausible import implausible, left_out, narrow_notes
from planner.history.polarity import polarity_doubts
from planner.history.profile import SCORES, over_channels, profile_rows

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

    @property
    def kept_channels(self) -> list[str]:
        """Channels of the contacts kept."""
        return [str(name) for name in self.channels.loc[self.channels["rows_kept"] > 0, "channel"]]

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
    rates = [f"{name} {row[f'{name}_rate']:.0%}" for name in SCORES if row[f"{name}_rate"] > 0]
    return "answers: " + ", ".join(rates) if rates else "no survey answers"


def quarantine_table(bad: ibis.Table | None) -> pd.DataFrame:
    """Rows kept out, by problem: `problem, rows, example`; most frequent first."""
    if bad is None:
        return pd.DataFrame({"problem": [], "rows": [], "example": []}, dtype=object).astype({"rows": "int64"})
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
    judged: ibis.Table,
    quarantine: pd.DataFrame,
    *,
    unmapped: pd.DataFrame,
    zone: str | None,
    notes: list[str],
    warnings: list[str],
) -> QualityReport:
    """Count everything the report says, in one query, and look whether scores run the right way, in another.

    Parameters
    ----------
    judged
        All rows, with a column `good` where some are not (`faults.judged`).
    """
    profile = profile_rows(plan, judged)
    channels, looked = _channels(profile), over_channels(profile)
    kept = within_scales(judged.filter(judged.good) if "good" in judged.columns else judged, plan.scales)
    rows, first, last = int(looked["rows_kept"]), _moment(looked["first"]), _moment(looked["last"])
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
        missing=_missing(plan, looked, rows),
        unmapped=unmapped,
        share_anonymous=(rows - int(looked.get("has_customer_id", 0))) / rows if rows else 1.0,
        duplicates=int(doubles.sum()),
        first=first,
        last=last,
        weeks=weeks,
        timezone=zone,
        notes=(*notes, *left_out(quarantine), *narrow_notes(plan, looked, _kept(channels))),
        warnings=(
            *warnings,
            *_thin(channels, weeks),
            *implausible(plan, looked),
            *polarity_doubts(kept, plan.mapping, plan.absent),
        ),
        declared=plan.mapping,
    )


def _moment(value: Any) -> dt.datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _kept(channels: pd.DataFrame) -> list[str]:
    return [str(name) for name in channels.loc[channels["rows_kept"] > 0, "channel"]]


def _channels(profile: pd.DataFrame) -> pd.DataFrame:
    frame = profile[["channel", "rows_read", "rows_kept"]].astype({"channel": "str"})
    frame["rows_quarantined"] = frame["rows_read"] - frame["rows_kept"]
    frame["abandoned"] = profile["abandoned"]
    kept = frame["rows_kept"].where(frame["rows_kept"] > 0)
    known = profile.get("has_customer_id", 0)
    frame["share_anonymous"] = ((frame["rows_kept"] - known) / kept).fillna(0.0)
    for name in SCORES:
        answers = profile.get(f"has_{name}", 0)
        frame[f"{name}_rate"] = (answers / kept).fillna(0.0)
    return frame


def _missing(plan: Plan, looked: pd.Series, rows: int) -> pd.DataFrame:
    found = []
    for column in COLUMNS:
        absent = column.name in plan.absent
        told = rows if column.required else 0 if absent else int(looked[f"has_{column.name}"])
        count = rows - told
        if column.name == "handle_s" and not absent:
            count = int(looked["unhandled"])
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
    rates = channels[[f"{name}_rate" for name in SCORES]].max(axis=1)
    thin = channels.loc[(rates > 0) & (rates < _FEW_ANSWERS), "channel"]
    if len(thin):
        found.append(f"fewer than {_FEW_ANSWERS:.0%} answered a survey in {', '.join(thin)}: expect wide intervals")
    silent = channels.loc[rates == 0, "channel"]
    if len(silent) and (rates > 0).any():
        found.append(f"no survey at all in {', '.join(silent)}")
    if 0 < weeks < 4:
        found.append(f"only {weeks:.1f} weeks of history: weekly patterns and returns are known poorly")
    return tuple(found)
