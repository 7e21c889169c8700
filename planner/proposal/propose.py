"""From the past to a first scenario: what history tells, and a mark at everything it cannot."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from planner.errors import HistoryError, Issue
from planner.history import History, load_history, mean_week_staffing, patience, redial_shares, shrinkage_seen
from planner.history.columns import SCALES
from planner.history.engine import count_if
from planner.history.importers.aggregate import Aggregate, read_aggregate
from planner.history.week_counts import Counts, counts_of_aggregate, counts_of_history
from planner.proposal.pools import PoolSeen, pools_of
from planner.proposal.seen import Seen
from planner.proposal.tables import demand_table, routing_table, staffing_table
from planner.proposal.text import PART_H, scenario_text
from planner.scenario.opening_hours import CLOSED, WEEKDAYS
from planner.scenario.quantities import DAY_MIN, clock_text
from planner.scenario.scenario import Horizon

_MOST_REASONS = 30
_FEW = 0.005
"""Opening hours hold all but this share of the contacts at either end of the day."""
_WEEKEND = 0.01
_DAYS_SEEN, _ENOUGH = 3, 400
"""Days of a weekday, and contacts on them, from which on its own hours are looked at."""
_SHORTER_MIN = 120
"""By which they are shorter than those of every day, at least."""
_MOST_VALUES = 5


@dataclass(frozen=True)
class Proposal:
    """A scenario as text, the tables it names, and what nobody but the center can say.

    Attributes
    ----------
    text
        The YAML file; what could not be found is marked `# TODO`.
    tables
        File name relative to the scenario -> table.
    todo
        The marks, in words.
    heard
        What was read and kept, what was not, and doubts about it, in words.
    """

    text: str
    tables: dict[str, pd.DataFrame]
    todo: tuple[str, ...]
    heard: tuple[str, ...] = ()


def propose_from_history(
    contacts: str | Path,
    folder: Path,
    *,
    mapping: str | Path | None = None,
    staffing: str | Path | None = None,
    timezone: str | None = None,
) -> Proposal:
    """Propose a scenario from contacts, or from counts per interval.

    Parameters
    ----------
    contacts
        History as `load_history` reads it, or a CSV `interval_start, reason, channel, segment, volume, aht_s,
        csat_mean, csat_n`.
    folder
        Folder the scenario will stand in: files are named relative to it.

    Raises
    ------
    HistoryError
        If the file cannot be read as contacts or counts.
    """
    path = Path(contacts)
    if mapping is None and _is_aggregate(path):
        aggregate = read_aggregate([path])
        return _from_counts(counts_of_aggregate(aggregate), None, aggregate, {}, timezone)
    history = load_history(path, mapping, staffing=staffing, timezone=timezone)
    named = {"contacts": path, "mapping": mapping, "staffing": staffing}
    files = {name: _relative(Path(file), folder) for name, file in named.items() if file is not None}
    return _from_counts(counts_of_history(history), history, None, files, timezone or history.quality.timezone)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _is_aggregate(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", ".txt", ".tsv") or not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline().decode("utf-8", "replace")
    return "interval_start" in first and "volume" in first and "contact_id" not in first


def _from_counts(
    counts: Counts, history: History | None, aggregate: Aggregate | None, files: dict[str, str], timezone: str | None
) -> Proposal:
    if counts.table["contacts"].sum() <= 0:
        raise HistoryError([Issue(files.get("contacts", "counts"), None, None, "", "no contacts to propose from")])
    horizon = _horizon(counts, timezone or "UTC")
    measured = shrinkage_seen(history) if history is not None else pd.DataFrame(columns=["pool", "shrinkage", "n"])
    pools = pools_of(counts, dict(zip(measured["pool"], measured["shrinkage"], strict=True)))
    seen = Seen(
        counts=counts,
        horizon=horizon,
        reasons=_names(counts, "reason", "contact", _MOST_REASONS),
        segments=_names(counts, "segment", "all"),
        channels=_names(counts, "channel", "voice"),
        pools=pools,
        files=files,
        answers=_answers(history),
        scale=_scale(history),
        identified=history is not None and history.quality.share_anonymous < 1,
        patience=_patience(history),
        redial={} if history is None else _redials(history),
        outcomes=None if aggregate is None else aggregate.outcomes,
        timezone_known=timezone is not None,
        answered={} if history is None else _answered(history),
        waited=frozenset() if history is None else frozenset(patience(history)["channel"].astype(str)),
    )
    tables = {"data/today_routing.csv": routing_table(seen, history)}
    staffed = mean_week_staffing(history, horizon) if history is not None and history.staffing is not None else None
    table, how = staffing_table(seen, staffed)
    tables["data/today_staffing.csv"] = table
    if history is None:
        tables["data/demand.csv"] = demand_table(seen)
    seen = replace(seen, pools=_with_heads(pools, table, horizon), staffing_from=how)
    text, todo = scenario_text(seen)
    return Proposal(text, tables, todo, _heard(history, aggregate))


def _heard(history: History | None, aggregate: Aggregate | None) -> tuple[str, ...]:
    """What was read and kept; what was left out, does not fit the mapping, or is doubtful."""
    if history is None:
        return () if aggregate is None else (*map(str, aggregate.troubles), *aggregate.notes)
    quality = history.quality
    out = [f"{quality.rows_read:,} rows read, {quality.rows_kept:,} contacts kept"]
    for name, rows in quality.unmapped.groupby("column", sort=False):
        shown = ", ".join(f"{row['value']!r} ({row['rows']:,})" for row in rows.head(_MOST_VALUES).to_dict("records"))
        more = f" and {len(rows) - _MOST_VALUES:,} more" if len(rows) > _MOST_VALUES else ""
        share = rows["rows"].sum() / max(quality.rows_read, 1)
        out.append(f"{name}: {share:.0%} of the rows have values the mapping does not list: {shown}{more}")
    return (*out, *quality.notes, *quality.warnings)


def _horizon(counts: Counts, timezone: str) -> Horizon:
    """The week after the past, on the days and hours in which nearly all contacts come."""
    by_minute = counts.table.groupby("minute")["contacts"].sum().sort_index()
    opens, closes = _hours_of(by_minute)
    round_the_clock = opens == 0 and closes == DAY_MIN
    if round_the_clock:  # a day begins where it is quietest, so that shifts cover nights
        by_hour = by_minute.groupby(by_minute.index // 60).sum().reindex(range(24), fill_value=0.0)
        opens = int(by_hour.to_numpy().argmin()) * 60
        closes = opens + DAY_MIN
    weekday = counts.table.groupby("weekday")["contacts"].sum().reindex(range(7), fill_value=0.0)
    days = 5 if weekday[[5, 6]].sum() < _WEEKEND * weekday.sum() else 7
    start = counts.last + pd.Timedelta(days=7 - counts.last.weekday())
    hours: dict[str, Any] = {"opens": clock_text(opens), "closes": clock_text(closes)}
    if not round_the_clock:
        hours["hours"] = _own_hours(counts, opens, closes, days)
    return Horizon.model_validate(
        {"start": start.date(), "days": days, **hours, "interval_min": 30, "timezone": timezone}
    )


def _hours_of(by_minute: pd.Series) -> tuple[int, int]:
    """Whole hours that hold nearly all contacts, given by minute of the day in order: when they begin and end."""
    share = (by_minute.cumsum() / by_minute.sum()).to_numpy()
    opens = int(by_minute.index[int(np.searchsorted(share, _FEW, side="right"))]) // 60 * 60
    last = int(by_minute.index[int(np.searchsorted(share, 1 - _FEW))])
    return opens, min(-(-(last + 30) // 60) * 60, DAY_MIN)


def _own_hours(counts: Counts, opens: int, closes: int, days: int) -> dict[str, Any]:
    """Hours of weekdays, Monday first, that are clearly shorter: closed where next to nobody comes.

    No shorter than a short shift, which the proposal has; days seen too seldom have the hours of the others.
    """
    found: dict[str, Any] = {}
    usual = counts.table["contacts"].sum() / days
    for day in range(days):
        own = counts.table[counts.table["weekday"] == day].groupby("minute")["contacts"].sum().sort_index()
        if counts.days[day] < _DAYS_SEEN:
            continue
        if own.sum() < _WEEKEND * usual:
            found[WEEKDAYS[day]] = CLOSED
        elif own.sum() >= _ENOUGH:
            begins, ends = _hours_of(own)
            begins, ends = max(begins, opens), min(ends, closes)
            if PART_H * 60 <= ends - begins <= closes - opens - _SHORTER_MIN:
                found[WEEKDAYS[day]] = {"opens": clock_text(begins), "closes": clock_text(ends)}
    return found


def _names(counts: Counts, column: str, only: str, most: int = 1_000) -> pd.Series:
    """Contacts per week by name, the most frequent first; where no name is known, one name for all."""
    known = counts.table[counts.table[column] != ""]
    if known.empty:
        return pd.Series({only: counts.table["contacts"].sum() / counts.weeks})
    summed = known.groupby(column)["contacts"].sum().sort_values(ascending=False, kind="stable") / counts.weeks
    return summed.head(most)


def _answers(history: History | None) -> dict[str, dict[str, int]]:
    """Survey answers by score and channel."""
    if history is None:
        return {}
    rows = history.contacts
    sums = {name: rows[name].count() for name in SCALES}
    frame = rows.group_by("channel").aggregate(**sums).execute().set_index("channel")
    return {
        name: {str(key): int(n) for key, n in frame[name].items() if n > 0} for name in SCALES if frame[name].sum() > 0
    }


def _scale(history: History | None) -> dict[str, tuple[float, float]]:
    return {**SCALES, **({} if history is None else dict(history.quality.declared.scales))}


def _patience(history: History | None) -> dict[str, tuple[float, float, float, int]]:
    """Channel -> mean patience, its 95 % interval (s) and the abandonments behind it; see `planner.history.patience`.

    With d abandonments and total waiting T of an exponential patience, 2T/mean is chi-squared with 2d degrees of
    freedom (Epstein and Sobel 1953), so the interval is 2T / chi2(.975, 2d) to 2T / chi2(.025, 2d).
    """
    out: dict[str, tuple[float, float, float, int]] = {}
    if history is None:
        return out
    frame = patience(history)
    for row in frame[frame["entry_reason"].isna()].to_dict("records"):
        left, waited = int(row["n_abandoned"]), float(row["total_wait_s"])
        if left > 0 and waited > 0:
            low, high = (2 * waited / chi2.ppf(level, 2 * left) for level in (0.975, 0.025))
            out[str(row["channel"])] = (waited / left, float(low), float(high), left)
    return out


def _answered(history: History) -> dict[tuple[str, int], float]:
    """Channel and seconds -> share of the contacts with a measured wait that were answered within so long."""
    rows = history.contacts.filter(history.contacts.wait_s.notnull())
    sums = {str(s): count_if((rows.wait_s <= s) & ~rows.abandoned.fill_null(False)) for s in (20, 60)}
    frame = rows.group_by("channel").aggregate(n=rows.count(), **sums).execute()
    return {(str(row["channel"]), s): row[str(s)] / row["n"] for row in frame.to_dict("records") for s in (20, 60)}


def _redials(history: History) -> dict[str, tuple[float, int]]:
    frame = redial_shares(history)
    rows = frame.dropna(subset=["redial"]).to_dict("records")
    return {str(row["channel"]): (float(row["redial"]), int(row["n_abandoned"])) for row in rows}


def _with_heads(pools: tuple[PoolSeen, ...], staffing: pd.DataFrame, horizon: Horizon) -> tuple[PoolSeen, ...]:
    """Heads from the paid hours of Today's week."""
    hours = staffing.groupby("pool")["scheduled"].sum() * horizon.interval_min / 60
    week = hours * min(7.0 / horizon.days, 1.0) if horizon.days > 7 else hours
    return tuple(replace(pool, hours_per_week=float(week.get(pool.key, 0.0))) for pool in pools)
