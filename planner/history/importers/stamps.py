"""Stamps of any spelling become ISO text: instants in UTC where the zone is known, else the clock time as written."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from planner.errors import HistoryError, Issue

COMMON = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y",
)
"""Spellings tried where the source documents none, beside ISO 8601 and seconds or milliseconds since 1970."""

_MILLISECONDS = 1e11
"""Numbers above are milliseconds since 1970: as seconds they would lie after the year 5000."""


@dataclass
class Stamps:
    """Stamps as text (None where unread or set aside), in UTC or as written, with what was done and left out."""

    texts: list[str | None]
    in_utc: bool
    aside: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_stamps(
    values: Sequence[object], zone: str | None, formats: Sequence[str], place: str, declared: bool = False
) -> Stamps:
    """Read stamps of one column.

    Parameters
    ----------
    values
        Texts or numbers, as the file has them.
    zone
        IANA zone of stamps without one; None: unknown.
    formats
        `strptime` formats of the source, tried before the common ones; the one that reads most stamps is taken.
    declared
        True: `formats` alone, as the user says so.

    Raises
    ------
    HistoryError
        If day and month cannot be told apart.
    """
    moments: list[dt.datetime | None] = [_iso(value) for value in values]
    left = [k for k, value in enumerate(values) if moments[k] is None and value not in (None, "")]
    chosen = _format([str(values[k]) for k in left], formats, () if declared else COMMON, place)
    for k in left:
        moments[k] = _parsed(str(values[k]), chosen) if chosen else None
    aside = [(k, f"{values[k]!s:.40} is not a date and time") for k in left if moments[k] is None]
    found = [moment for moment in moments if moment is not None]
    zoned = sum(moment.tzinfo is not None for moment in found)
    out = Stamps([None] * len(moments), in_utc=zone is not None or zoned * 2 >= len(found) > 0, aside=aside)
    if zone is None and 0 < zoned < len(found):
        said = "no time zone where most have one" if out.in_utc else "a time zone where most have none"
        out.notes.append(f"{place}: stamps with and without time zone are mixed; the fewer are set aside, row by row")
        for k, moment in enumerate(moments):
            if moment is not None and (moment.tzinfo is not None) != out.in_utc:
                aside.append((k, f"{values[k]!s:.40} has {said}; declare --source-timezone, or export them alike"))
                moments[k] = None
    _write(out, moments, zone, place)
    return out


def _write(out: Stamps, moments: Sequence[dt.datetime | None], zone: str | None, place: str) -> None:
    tz, twice, never = ZoneInfo(zone) if zone else None, 0, 0
    for k, moment in enumerate(moments):
        if moment is None:
            continue
        if moment.tzinfo is None and tz is not None:
            local = moment.replace(tzinfo=tz)
            back = local.astimezone(dt.UTC).astimezone(tz)
            never += back.replace(tzinfo=None) != moment
            twice += local.utcoffset() != local.replace(fold=1).utcoffset() and back.replace(tzinfo=None) == moment
            moment = local
        text = moment.astimezone(dt.UTC) if moment.tzinfo is not None else moment
        shown = text.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
        out.texts[k] = shown + "Z" if out.in_utc else shown
    if twice:
        out.notes.append(
            f"{place}: {twice:,} stamps fall into the hour that {zone} has twice in autumn; the first is taken"
        )
    if never:
        out.notes.append(
            f"{place}: {never:,} stamps fall into the hour that {zone} skips in spring; is the zone right?"
        )


def _iso(value: object) -> dt.datetime | None:
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        pass
    else:
        if not 1e8 < number < 1e14:
            return None
        return dt.datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, dt.UTC)
    text = text.removesuffix(" UTC") + ("Z" if text.endswith(" UTC") else "")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _format(texts: list[str], own: Sequence[str], common: Sequence[str], place: str) -> str | None:
    """The format that reads most texts; of equals the source's own comes first, and among others none may be a tie."""
    if not texts:
        return None
    read = Counter({form: sum(_parsed(text, form) is not None for text in texts) for form in (*own, *common)})
    best = max(read.values(), default=0)
    if best == 0:
        return None
    mine = next((form for form in own if read[form] == best), None)
    tied = [form for form in common if read[form] == best]
    if mine is None and len(tied) > 1 and any(_parsed(t, tied[0]) != _parsed(t, tied[1]) for t in texts):
        message = (
            f"stamps such as {texts[0]} may be day or month first ({tied[0]} or {tied[1]}): say which in a mapping "
            f'file, `columns: {{started_at: {{from: {place}, format: "{tied[0]}"}}}}`'
        )
        raise HistoryError([Issue("", None, None, place, message)])
    return mine or tied[0]


def _parsed(text: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text.strip(), form)
    except ValueError:
        return None
