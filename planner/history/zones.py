"""Clock times: from the stamps of a source to wall-clock times in the center's time zone."""

from __future__ import annotations

from dataclasses import dataclass

import ibis

from planner.errors import HistoryError, Issue
from planner.history.engine import count_if, instant, wall_clock
from planner.history.mapping import ColumnRule, Mapping, check_zone
from planner.history.source import Source
from planner.history.values import OFFSET, instant_stamp, naive_stamp, stamp_text, text

_UTC = ("UTC", "Etc/UTC", "GMT", "Z", "+00:00")


@dataclass(frozen=True)
class Clock:
    """Start of each contact on the center's wall clock, how it was found, and what is doubtful about it."""

    started_at: ibis.Value
    raw_text: ibis.Value
    zone: str | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_clock(source: Source, mapping: Mapping, rule: ColumnRule, timezone: str | None) -> Clock:
    """Turn stamps into wall-clock times of the center.

    Stamps that carry a zone or an offset are instants and are converted to `timezone`; stamps without one are clock
    times of the mapping's zone, or of the center itself.

    Raises
    ------
    HistoryError
        If stamps with and without zone are mixed, or carry another zone than the declared one.
    """
    _check_declared(source, timezone)
    table = source.table
    shown = stamp_text(table, rule)
    if shown is not None and rule.format is None:
        return _from_text(source, mapping, rule, shown, timezone)
    kind = table[rule.source].type() if rule.source is not None else None
    raw = shown if shown is not None else text(table[rule.source])
    if kind is not None and (getattr(kind, "timezone", None) or kind.is_numeric()):
        return _from_instants(source, mapping, rule, raw, timezone)
    return _from_naive(naive_stamp(table, rule), raw, mapping.timezone, timezone)


def _check_declared(source: Source, timezone: str | None) -> None:
    if timezone is not None:
        try:
            check_zone(timezone)
        except ValueError as err:
            raise HistoryError([Issue(str(source.path), None, None, "timezone", str(err))]) from err


def _from_naive(stamp: ibis.Value, raw: ibis.Value, written: str | None, center: str | None) -> Clock:
    zone = center or written
    if written is not None and center is not None and written != center:
        note = f"started_at: clock times of {written} converted to {center}"
        return Clock(wall_clock(center, instant(written, stamp)), raw, center, (note,))
    if zone is None:
        note = "started_at carries no time zone and none is declared: taken as the center's own clock"
        return Clock(stamp, raw, None, (note,))
    return Clock(stamp, raw, zone)


def _from_instants(source: Source, mapping: Mapping, rule: ColumnRule, raw: ibis.Value, center: str | None) -> Clock:
    named = source.zones.get(rule.source or "", "UTC")
    if named not in _UTC and center is not None and named != center and mapping.timezone != named:
        message = (
            f"stamps carry the time zone {named}, but the center's is declared as {center}; declare the right one, "
            f"or write `timezone: {named}` in a mapping file to have them converted"
        )
        raise HistoryError([Issue(str(source.path), None, None, "started_at", message)])
    zone = center or mapping.timezone or (named if named not in _UTC else None)
    return _converted(instant_stamp(source.table, rule), raw, zone)


def _converted(moment: ibis.Value, raw: ibis.Value, zone: str | None) -> Clock:
    if zone is None:
        warning = (
            "started_at carries a time zone, but the center's is not declared: hours of the day are those of UTC; "
            "declare it (timezone: Europe/Zurich)"
        )
        return Clock(wall_clock("UTC", moment), raw, "UTC", (), (warning,))
    return Clock(wall_clock(zone, moment), raw, zone, (f"started_at: instants converted to {zone}",))


def _from_text(source: Source, mapping: Mapping, rule: ColumnRule, shown: ibis.Value, center: str | None) -> Clock:
    carries = shown.re_search(OFFSET)
    moment, written = instant_stamp(source.table, rule), naive_stamp(source.table, rule)
    zone = center or mapping.timezone
    local = wall_clock(zone or "UTC", moment)
    at_utc = written == wall_clock("UTC", moment)
    counted = source.table.aggregate(
        zoned=count_if(carries),
        naive=count_if(~carries & written.notnull()),
        foreign=count_if(carries & (written != local) & ~at_utc),
        example=ibis.ifelse(carries, shown, ibis.null("string")).min(),
        bare=ibis.ifelse(~carries & written.notnull(), shown, ibis.null("string")).min(),
    ).execute()
    row = counted.iloc[0]
    zoned, naive, foreign = int(row["zoned"]), int(row["naive"]), int(row["foreign"])
    place = (str(source.path), None, None, rule.source or "started_at")
    if zoned and naive:
        message = (
            f"{zoned} stamps carry a time zone (such as {row['example']}) and {naive} do not (such as {row['bare']}); "
            "export them all with, or all without"
        )
        raise HistoryError([Issue(*place, message)])
    if zoned and zone is not None and mapping.timezone is None and foreign == zoned:
        message = (
            f"stamps such as {row['example']} carry an offset that {zone} never has at that time; declare the right "
            "timezone, or write the stamps' own as `timezone:` in a mapping file to have them converted"
        )
        raise HistoryError([Issue(*place, message)])
    return _converted(moment, shown, zone) if zoned else _from_naive(written, shown, mapping.timezone, center)
