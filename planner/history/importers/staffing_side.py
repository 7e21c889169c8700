"""The staffing side: WFM schedules and agent-status exports become people scheduled and on task per interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from planner.errors import HistoryError, Issue
from planner.history.columns import STAFFING
from planner.history.importers.preset import as_number
from planner.history.importers.reading import FILE, LINE, Record, Trouble, read_records
from planner.history.importers.stamps import read_stamps

_NAMES: dict[str, tuple[str, ...]] = {
    "agent": ("agent", "agent_id", "agent_name", "employee", "employee_id", "user", "user_id", "username"),
    "pool": ("pool", "queue", "team", "skill", "group", "management_unit", "business_unit"),
    "date": ("date", "day", "shift_date"),
    "start": ("start", "start_time", "shift_start", "started_at", "begin", "timestamp", "start_date", "starttime"),
    "end": ("end", "end_time", "shift_end", "ended_at", "finish", "end_date", "endtime"),
    "duration": ("duration", "duration_s", "seconds", "agent_state_time", "state_time", "duration_seconds"),
    "status": ("status", "state", "agent_status", "agent_state", "presence", "routing_status"),
    "activity": ("activity", "activity_code", "activity_type", "code"),
}
_AWAY = ("break", "lunch", "meal", "day off", "off", "unpaid")
"""Words of schedule activities that are no paid presence: shift breaks are not shrinkage."""
_WORKING = frozenset(
    ["available", "ready", "idle", "on queue", "interacting", "busy", "on call", "talking", "talk", "acw", "wrap"]
    + ["wrapup", "wrap up", "hold", "after call work", "after contact work", "connected", "inbound", "on contact"]
    + ["communicating", "waiting", "working", "not responding"]
)
_KNOWN_AWAY = frozenset(
    [
        "break",
        "lunch",
        "meal",
        "meeting",
        "training",
        "coaching",
        "offline",
        "away",
        "logout",
        "logged out",
        "not ready",
    ]
    + ["unavailable", "admin", "absent", "sick", "login", "out of office", "project", "off queue"]
)


@dataclass(frozen=True)
class Staffing:
    """`interval_start, pool, scheduled, on_task` (people; NaN where nothing tells), and how it came about."""

    table: pd.DataFrame
    counts: dict[str, int]
    troubles: tuple[Trouble, ...]
    notes: tuple[str, ...]


def import_staffing(
    files: Sequence[str | Path],
    *,
    interval_min: int = 30,
    timezone: str | None = None,
    source_timezone: str | None = None,
    on_task: Sequence[str] = (),
) -> Staffing:
    """Read schedules (agent, start, end), status logs (agent, status, start, end or duration) and tables by interval.

    What a file is, its columns tell. A person counts in an interval with the share of it he or she was there; rows of a
    person that overlap count once. Clock times of the result are the center's (`timezone`); the hour that a zone has
    twice in autumn is the mean of both.

    Parameters
    ----------
    on_task
        Statuses that count as on task, on top of the usual ones.

    Raises
    ------
    HistoryError
        If a file has neither layout.
    """
    troubles: list[Trouble] = []
    notes: list[str] = []
    counts: dict[str, int] = {}
    parts: list[pd.DataFrame] = []
    for file in files:
        found = read_records([Path(file)])
        troubles += found.troubles
        notes += found.notes
        names = _columns(found.rows)
        reader = _Reader(str(file), found.rows, names, interval_min, timezone, source_timezone, troubles, notes)
        column = reader.column(on_task)
        counts[f"{Path(file).name}: rows read as {column.what}"] = len(found.rows)
        parts.append(column.table)
    whole = pd.concat(parts, ignore_index=True)
    table = whole.groupby(["interval_start", "pool"], as_index=False)[["scheduled", "on_task"]].sum(min_count=1)
    return Staffing(_with_nobody(table)[list(STAFFING)], counts, tuple(troubles), tuple(dict.fromkeys(notes)))


def _with_nobody(table: pd.DataFrame) -> pd.DataFrame:
    """Where a pool has a column at all, an interval of a day without people is nobody, not unknown."""
    for name in ("scheduled", "on_task"):
        told = table.groupby("pool")[name].transform("count") > 0
        table[name] = table[name].where(table[name].notna() | ~told, 0.0)
    return table


@dataclass(frozen=True)
class _Part:
    what: str
    table: pd.DataFrame


@dataclass(frozen=True)
class _Reader:
    """One file of the staffing side."""

    file: str
    rows: list[Record]
    names: dict[str, str]
    interval_min: int
    zone: str | None
    source_zone: str | None
    troubles: list[Trouble]
    notes: list[str]

    def column(self, on_task: Sequence[str]) -> _Part:
        """Read the file as what its columns say it is."""
        if {"interval_start", "pool"} <= self.names.keys():
            return _Part("intervals", self._intervals())
        if "status" in self.names and "start" in self.names:
            return _Part("agent statuses", self._presence("on_task", self._working(on_task)))
        if {"agent", "start", "end"} <= self.names.keys():
            return _Part("schedule", self._presence("scheduled", self._scheduled()))
        message = (
            "neither a schedule (agent, start, end [, date, pool, activity]), nor agent statuses (agent, status, "
            f"start, end or duration), nor intervals ({', '.join(STAFFING)})"
        )
        raise HistoryError([Issue(self.file, 1, None, "", message)])

    def _intervals(self) -> pd.DataFrame:
        starts = self._stamps([row.get(self.names["interval_start"]) for row in self.rows], "interval_start")
        frame = pd.DataFrame({"interval_start": self._local(starts), "pool": self._pools()})
        for name in ("scheduled", "on_task"):
            source = self.names.get(name, name)
            frame[name] = pd.Series([as_number(row.get(source)) for row in self.rows], dtype=float)
        return frame.dropna(subset=["interval_start", "pool"])

    def _working(self, on_task: Sequence[str]) -> list[bool]:
        more = {_word(one) for one in on_task}
        words = [_word(row.get(self.names["status"])) for row in self.rows]
        unknown = sorted({word for word in words if word and word not in _WORKING | _KNOWN_AWAY | more})
        if unknown:
            self.notes.append(
                f"statuses that count as not on task, for nobody said otherwise: {', '.join(unknown)} (--on-task NAME)"
            )
        return [word in _WORKING or word in more for word in words]

    def _scheduled(self) -> list[bool]:
        column = self.names.get("activity")
        return [column is None or _word(row.get(column)) not in _AWAY for row in self.rows]

    def _presence(self, name: str, counted: list[bool]) -> pd.DataFrame:
        starts, ends = self._spans()
        pools = self._pools()
        agents = [str(row.get(self.names.get("agent", ""), k)) for k, row in enumerate(self.rows)]
        spans: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for k, here in enumerate(counted):
            if here and starts[k] is not None and ends[k] is not None:
                if ends[k] <= starts[k]:  # type: ignore[operator]
                    self._trouble(k, "the end lies before the start; the row is left out")
                    continue
                spans.setdefault((agents[k], pools[k]), []).append((starts[k], ends[k]))  # type: ignore[arg-type]
        step = self.interval_min * 60.0
        filled: dict[tuple[str, int], float] = {}
        for (_, pool), several in spans.items():
            for start, end in _merged(several):
                for slot in range(int(start // step), int(np.ceil(end / step))):
                    share = (min(end, (slot + 1) * step) - max(start, slot * step)) / step
                    filled[pool, slot] = filled.get((pool, slot), 0.0) + share
        frame = pd.DataFrame([(pool, slot * step, people) for (pool, slot), people in sorted(filled.items())])
        if frame.empty:
            raise HistoryError([Issue(self.file, None, None, "", "nobody is ever there; check statuses and times")])
        frame.columns = pd.Index(["pool", "at", name])
        frame["interval_start"] = self._local([float(at) for at in frame["at"]])
        mean = frame.groupby(["interval_start", "pool"], as_index=False)[name].mean()
        return mean.assign(**{other: np.nan for other in ("scheduled", "on_task") if other != name})

    def _spans(self) -> tuple[list[float | None], list[float | None]]:
        dates = [str(row.get(self.names["date"]) or "") for row in self.rows] if "date" in self.names else None
        starts = self._stamps(self._dated("start", dates), "start")
        if "end" in self.names:
            ends = self._stamps(self._dated("end", dates), "end")
            if dates is not None:  # a night shift ends on the next day
                day = 86_400.0
                pairs = zip(starts, ends, strict=True)
                ends = [e + day if s is not None and e is not None and e <= s else e for s, e in pairs]
            return starts, ends
        if "duration" not in self.names:
            return starts, self._until_next(starts)
        lengths = [as_number(row.get(self.names["duration"])) for row in self.rows]
        return starts, [None if s is None or d is None else s + d for s, d in zip(starts, lengths, strict=True)]

    def _until_next(self, starts: list[float | None]) -> list[float | None]:
        """A status lasts until the same agent's next one; the last one of each agent is unknown."""
        column = self.names.get("agent", "")
        ends: list[float | None] = [None] * len(starts)
        last: dict[str, int] = {}
        for k in sorted((k for k, start in enumerate(starts) if start is not None), key=lambda k: starts[k] or 0.0):
            agent = str(self.rows[k].get(column))
            if agent in last:
                ends[last[agent]] = starts[k]
            last[agent] = k
        return ends

    def _dated(self, name: str, dates: list[str] | None) -> list[object]:
        values = [row.get(self.names[name]) for row in self.rows]
        if dates is None:
            return values
        joined = [f"{d} {v}" if len(str(v or "")) <= 8 else v for d, v in zip(dates, values, strict=True)]
        return list(joined)

    def _stamps(self, values: Sequence[object], place: str) -> list[float | None]:
        """Seconds since 1970, of UTC where the zone is known, else of the wall clock."""
        read = read_stamps(values, self.source_zone or self.zone, (), place)
        self.notes.extend(read.notes)
        for k, why in read.aside:
            self._trouble(k, why)
        return [
            None
            if text is None
            else dt.datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=dt.UTC).timestamp()
            for text in read.texts
        ]

    def _local(self, seconds: Sequence[float | None]) -> list[dt.datetime | None]:
        """Wall-clock times; where no zone is known the seconds are those of the wall clock already."""
        zone = ZoneInfo(self.zone) if self.zone else dt.UTC
        return [None if at is None else dt.datetime.fromtimestamp(at, zone).replace(tzinfo=None) for at in seconds]

    def _pools(self) -> list[str]:
        column = self.names.get("pool")
        if column is None:
            self.notes.append(f"{Path(self.file).name} names no pool, queue or team: everybody stands in pool agents")
            return ["agents"] * len(self.rows)
        return [str(row.get(column) or "agents") for row in self.rows]

    def _trouble(self, k: int, why: str) -> None:
        row = self.rows[k]
        self.troubles.append(Trouble(str(row.get(FILE, "")), int(row.get(LINE) or 0), "", why))


def _columns(rows: list[Record]) -> dict[str, str]:
    present = {_word(name).replace(" ", "_"): name for row in rows[:1] for name in row}
    names = {key: next((present[a] for a in several if a in present), "") for key, several in _NAMES.items()}
    names |= {name: present[name] for name in STAFFING if name in present}
    return {key: name for key, name in names.items() if name}


def _word(text: object) -> str:
    return " ".join(str(text or "").lower().replace("_", " ").replace("-", " ").split())


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
