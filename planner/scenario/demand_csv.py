"""The demand table: contacts per interval by reason and channel, or the center's agreed forecast by queue."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from planner.errors import Issue
from planner.scenario.csv_rows import CsvTable, label, number, read_csv
from planner.scenario.scenario import Scenario

HEADERS = (
    ("interval_start", "reason", "channel", "contacts"),
    ("interval_start", "reason", "channel", "contacts", "segment"),
    ("interval_start", "queue", "contacts"),
)
Series = tuple[str | None, str, str | None]


@dataclass(frozen=True)
class DemandRows:
    """Valid rows (interval index, reason, channel, segment, contacts) of a demand table, and its problems.

    `reason` is None in a forecast by queue; `segment` is None where the table has no such column.
    """

    rows: list[tuple[int, str | None, str, str | None, float]]
    issues: list[Issue]

    def natural(self) -> set[Series]:
        """(reason, channel, segment) with contacts."""
        return {(reason, channel, segment) for _, reason, channel, segment, contacts in self.rows if contacts > 0}


def read_demand_rows(scenario: Scenario, path: Path, file: str) -> DemandRows:
    """Read and check a demand table against the scenario's horizon and names."""
    table = read_csv(path, file, "demand.source", HEADERS)
    if not table.rows:
        return DemandRows([], table.issues())
    clock = _Clock(scenario, table)
    column = {name: index for index, name in enumerate(table.header)}
    channel_column = "queue" if "queue" in column else "channel"
    reasons, channels, segments = list(scenario.reasons), list(scenario.channels), list(scenario.segments)
    names: dict[tuple[str, ...], Series | None] = {}
    seen: dict[tuple[Series, int], int] = {}
    rows = []
    for row, values in table.rows:
        written = tuple(values[column[name]] for name in ("reason", channel_column, "segment") if name in column)
        if written not in names or names[written] is None:
            reason = label(table, row, "reason", written[0], reasons, "reason") if "reason" in column else None
            channel = label(table, row, channel_column, values[column[channel_column]], channels, "channel")
            segment = label(table, row, "segment", written[-1], segments, "segment") if "segment" in column else None
            bad = channel is None or (reason is None and "reason" in column)
            bad = bad or (segment is None and "segment" in column)
            names[written] = None if bad or channel is None else (reason, channel, segment)
        series, interval = names[written], clock.interval(row, values[column["interval_start"]])
        contacts = number(table, row, "contacts", values[column["contacts"]])
        if series is None or interval is None:
            continue
        if (series, interval) in seen:
            first = seen[series, interval]
            table.refuse(row, "interval_start", f"the same interval and names as row {first}; keep one of them")
            continue
        seen[series, interval] = row
        if contacts and not clock.opened[interval]:
            message = "contacts come while the center is closed (horizon.hours); write 0, or leave the row out"
            table.refuse(row, "contacts", message)
        elif contacts is not None:
            rows.append((interval, series[0], series[1], series[2], contacts))
    if not clock.failed:
        _check_gaps(scenario, table, seen)
    if not table.found and not any(contacts for *_, contacts in rows):
        table.refuse(table.rows[-1][0], "contacts", "all contacts are 0; there is nothing to plan")
    return DemandRows(rows, table.issues())


class _Clock:
    """Finds the interval of a written stamp, each text once."""

    def __init__(self, scenario: Scenario, table: CsvTable) -> None:
        self.horizon = scenario.horizon
        self.table = table
        self.failed = False
        self.opened = self.horizon.opened()
        self._starts = {start: index for index, start in enumerate(self.horizon.starts())}
        self._known: dict[str, int | str] = {}

    def interval(self, row: int, text: str) -> int | None:
        """Index of the interval that starts there; None, and a problem, where none does."""
        if text not in self._known:
            self._known[text] = self._find(text.strip())
        found = self._known[text]
        if isinstance(found, int):
            return found
        self.failed = True
        self.table.refuse(row, "interval_start", found)
        return None

    def _find(self, text: str) -> int | str:
        first = f"{self.horizon.starts()[0]:%Y-%m-%d %H:%M}"
        try:
            stamp = dt.datetime.fromisoformat(text)
        except ValueError:
            return f"'{text[:40]}' is not a time; write local clock time like {first}"
        if stamp.tzinfo is not None:
            return f"'{text}' carries a time zone; write local clock time of {self.horizon.timezone} like {first}"
        if stamp in self._starts:
            return self._starts[stamp]
        last = f"{self.horizon.starts()[-1]:%Y-%m-%d %H:%M}"
        minutes = self.horizon.interval_min
        return f"'{text}' starts no interval of the horizon: they run from {first} to {last}, every {minutes} min"


def _check_gaps(scenario: Scenario, table: CsvTable, seen: dict[tuple[Series, int], int]) -> None:
    """Each series that occurs must have every open interval; series with the same gaps are named together."""
    rows: dict[Series, dict[int, int]] = defaultdict(dict)
    for (series, interval), row in seen.items():
        rows[series][interval] = row
    starts, opened = scenario.horizon.starts(), scenario.horizon.opened()
    gaps: dict[tuple[int, ...], list[Series]] = defaultdict(list)
    for series, present in rows.items():
        missing = tuple(index for index, open_ in enumerate(opened) if open_ and index not in present)
        if missing:
            gaps[missing].append(series)
    for missing, several in gaps.items():
        present = rows[several[0]]
        later = [interval for interval in present if interval > missing[0]]
        row = present[min(later)] if later else present[max(present)]
        named = ", ".join(f"{starts[index]:%Y-%m-%d %H:%M}" for index in missing[:3])
        more = f", ... ({len(missing)} in all)" if len(missing) > 3 else f" ({len(missing)} in all)"
        whose = " / ".join(part for part in several[0] if part is not None)
        whose += f" and {len(several) - 1} other series" if len(several) > 1 else ""
        message = f"missing intervals of {whose}: {named}{more}; write a row for each, 0 where nothing is expected"
        table.refuse(row, "interval_start", message)
