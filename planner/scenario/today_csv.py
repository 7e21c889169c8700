"""The two tables of Today: people scheduled per weekday and time, and who serves what."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from planner.errors import Issue
from planner.scenario.csv_rows import CsvTable, label, number, read_csv
from planner.scenario.quantities import DAY_MIN, clock_text
from planner.scenario.scenario import Scenario

STAFFING_HEADER = ("weekday", "time", "pool", "scheduled")
ROUTING_HEADER = ("reason", "segment", "channel", "pool", "share")
_WEEKDAYS = tuple(str(day) for day in range(7))
_SHARE_TOLERANCE = 2e-3


@dataclass(frozen=True)
class StaffingRows:
    """People scheduled by (pool, weekday with Monday 0, interval of the day), and the table's problems."""

    scheduled: dict[tuple[str, int, int], float]
    issues: list[Issue]


@dataclass(frozen=True)
class RoutingRows:
    """Shares by (reason, segment, channel, pool), and the table's problems."""

    shares: dict[tuple[str, str, str, str], float]
    issues: list[Issue]


def read_staffing_rows(scenario: Scenario, path: Path, file: str) -> StaffingRows:
    """Read and check Today's staffing; a pool of people the table leaves out is closed today.

    Nobody works while the center is closed on that weekday; rows of that time may be left out. Weekday and time are the
    calendar's; after midnight they are counted to the day the center opened on.
    """
    table = read_csv(path, file, "today.staffing", (STAFFING_HEADER,))
    column = {name: index for index, name in enumerate(table.header)}
    horizon = scenario.horizon
    clocks = [horizon.opens + index * horizon.interval_min for index in range(horizon.intervals_per_day)]
    slots = {clock_text(clock % DAY_MIN): index for index, clock in enumerate(clocks)}
    nights = [clock // DAY_MIN for clock in clocks]
    opened = [horizon.slots(horizon.weekday_hours(weekday)) for weekday in range(7)]
    staffed = [key for key, pool in scenario.pools.items() if pool.staffed]
    scheduled: dict[tuple[str, int, int], float] = {}
    seen: dict[tuple[str, int, int], int] = {}
    for row, values in table.rows:
        day = label(table, row, "weekday", values[column["weekday"]], _WEEKDAYS, "weekday (0 is Monday)")
        slot = _slot(table, row, values[column["time"]], slots)
        pool = label(table, row, "pool", values[column["pool"]], staffed, "pool of people")
        people = number(table, row, "scheduled", values[column["scheduled"]])
        if day is None or slot is None or pool is None:
            continue
        key = (pool, (int(day) - nights[slot]) % 7, slot)
        if key in seen:
            table.refuse(row, "time", f"the same weekday, time and pool as row {seen[key]}; keep one of them")
            continue
        seen[key] = row
        if people and not opened[key[1]][slot]:
            message = "people work while the center is closed on this weekday (horizon.hours); write 0, or leave it out"
            table.refuse(row, "scheduled", message)
        elif people is not None:
            scheduled[key] = people
    if not table.found:
        _check_gaps(scenario, table, seen, list(zip(slots, nights, strict=True)), opened)
    return StaffingRows(scheduled, table.issues())


def read_routing_rows(scenario: Scenario, path: Path, file: str) -> RoutingRows:
    """Read and check Today's routing: shares of each (reason, segment, channel) sum to 1."""
    table = read_csv(path, file, "today.routing", (ROUTING_HEADER,))
    column = {name: index for index, name in enumerate(table.header)}
    known = {
        "reason": list(scenario.reasons),
        "segment": list(scenario.segments),
        "channel": list(scenario.channels),
        "pool": list(scenario.pools),
    }
    shares: dict[tuple[str, str, str, str], float] = {}
    rows: dict[tuple[str, str, str, str], int] = {}
    for row, values in table.rows:
        names = [label(table, row, name, values[column[name]], known[name], name) for name in known]
        share = number(table, row, "share", values[column["share"]])
        reason, segment, channel, pool = names
        if reason is None or segment is None or channel is None or pool is None or share is None:
            continue
        key = (reason, segment, channel, pool)
        if key in rows:
            table.refuse(row, "pool", f"the same names as row {rows[key]}; keep one of them")
            continue
        rows[key] = row
        shares[key] = share
        _check_route(scenario, table, row, key, share)
    if not table.found:
        _check_sums(table, shares, rows)
    return RoutingRows(shares, table.issues())


def _slot(table: CsvTable, row: int, text: str, slots: dict[str, int]) -> int | None:
    padded = text.strip()[:5].zfill(5)
    if padded in slots and text.strip()[5:] in ("", ":00"):
        return slots[padded]
    known = list(slots)
    message = f"'{text.strip()[:40]}' starts no interval; write HH:MM from {known[0]} to {known[-1]}, like {known[0]}"
    table.refuse(row, "time", message)
    return None


def _check_gaps(
    scenario: Scenario,
    table: CsvTable,
    seen: dict[tuple[str, int, int], int],
    times: list[tuple[str, int]],
    opened: list[list[bool]],
) -> None:
    """Refuse a pool that leaves out open intervals; `times`: clock time and nights since opening of each."""
    first = scenario.horizon.start.weekday()
    days = sorted({(first + day) % 7 for day in range(scenario.horizon.days)})
    for pool in dict.fromkeys(key[0] for key in seen):
        wanted = [(day, slot) for day in days for slot in range(len(times)) if opened[day][slot]]
        missing = [(day, slot) for day, slot in wanted if (pool, day, slot) not in seen]
        if missing:
            last = max(row for key, row in seen.items() if key[0] == pool)
            named = ", ".join(f"weekday {(day + times[slot][1]) % 7} {times[slot][0]}" for day, slot in missing[:3])
            more = ", ..." if len(missing) > 3 else ""
            message = f"missing times of {pool}: {named}{more} ({len(missing)} in all); write 0 where nobody works"
            table.refuse(last, "time", message)


def _check_route(scenario: Scenario, table: CsvTable, row: int, key: tuple[str, str, str, str], share: float) -> None:
    reason, segment, channel, name = key
    pool = scenario.pools[name]
    if share > 1:
        table.refuse(row, "share", f"share {share:g} is not a ratio in 0..1; write {share / 100:g}, not {share:g}")
    if pool.channel not in scenario.channels:
        return
    if pool.channel != channel:
        table.refuse(
            row, "pool", f"pool '{name}' serves channel {pool.channel}, not {channel}; name a pool of {channel}"
        )
    elif share > 0 and not scenario.eligible(name, reason, segment):
        table.refuse(row, "pool", f"pool '{name}' may not serve {reason} / {segment}; see pools.{name} and must_human")


def _check_sums(
    table: CsvTable, shares: dict[tuple[str, str, str, str], float], rows: dict[tuple[str, str, str, str], int]
) -> None:
    totals: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    last: dict[tuple[str, str, str], int] = {}
    for key, share in shares.items():
        totals[key[:3]].append(share)
        last[key[:3]] = rows[key]
    for group, parts in totals.items():
        if abs(math.fsum(parts) - 1) > _SHARE_TOLERANCE:
            whose = " / ".join(group)
            table.refuse(last[group], "share", f"shares of {whose} sum to {math.fsum(parts):g}; they must sum to 1")
