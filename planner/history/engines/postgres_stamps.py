"""Date and time from text on PostgreSQL, which fails at text that is none instead of giving NULL."""

from __future__ import annotations

import re

from planner.errors import HistoryError, Issue

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_NO_SUCH_DAY = r"(?!.{4}-02-3|.{4}-(04|06|09|11)-31)"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_ZONE = r"( ?(Z|z|UTC|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?))?"
_PIECES = {"Y": "([0-9]{4})", "y": "([0-9]{2})", "f": "([0-9]{1,6})"}
_PIECES |= dict.fromkeys("mdHMS", "([0-9]{1,2})")
_WHOLE = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M"}


def readable_stamp(text: str, *, zoned: bool) -> str:
    """SQL that reads an ISO stamp from a text (SQL too), NULL where it is none."""
    pattern = f"^{_NO_SUCH_DAY}{_DAY}([ T]{_CLOCK}{_ZONE if zoned else ''})?$"
    year = f"CAST(substr({text}, 1, 4) AS INTEGER)"
    leap = f"({year} % 4 = 0 AND ({year} % 100 <> 0 OR {year} % 400 = 0))"
    wrong = f"{year} = 0 OR (substr({text}, 6, 5) = '02-29' AND NOT {leap})"
    kind = "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    return f"CASE WHEN {text} ~ '{pattern}' THEN CASE WHEN {wrong} THEN NULL ELSE CAST({text} AS {kind}) END END"


def stamp_pattern(layout: str) -> tuple[str, dict[str, int]]:
    """Regular expression of a stamp in the spelling of `strptime`, and at which group each directive stands.

    Raises
    ------
    HistoryError
        If a directive is not one of %Y %y %m %d %H %M %S %f %F %T %R.
    """
    for short, long in _WHOLE.items():
        layout = layout.replace(f"%{short}", long)
    pattern = ""
    places: dict[str, int] = {}
    for piece in re.findall(r"%.|[^%]+|%$", layout):
        if not piece.startswith("%") or piece == "%%":
            pattern += re.escape(piece.replace("%%", "%")).replace("'", "''")
            continue
        if piece[1:] not in _PIECES or piece[1:] in places:
            message = (
                f"the stamp format {layout!r} has {piece!r}, which cannot be read on PostgreSQL (allowed once "
                "each: %Y %y %m %d %H %M %S %f); name a column of type timestamp, or make a view that has one"
            )
            raise HistoryError([Issue("", None, None, "started_at", message)])
        pattern += _PIECES[piece[1:]]
        places[piece[1:]] = len(places) + 1
    return f"^{pattern}$", places


def written_stamp(text: str, pattern: str, places: dict[str, int]) -> str:
    """SQL that spells a stamp the ISO way, from the groups of a pattern."""

    def part(name: str, width: int, missing: str) -> str:
        if name not in places:
            return f"'{missing}'"
        found = f"(regexp_match({text}, '{pattern}'))[{places[name]}]"
        return f"lpad({found}, {width}, '0')" if name != "f" else f"rpad({found}, 6, '0')"

    year = part("Y", 4, "1900")
    if "y" in places:
        short = part("y", 2, "")
        year = f"(CASE WHEN {short} >= '69' THEN '19' ELSE '20' END || {short})"
    day = " || '-' || ".join([year, part("m", 2, "01"), part("d", 2, "01")])
    clock = " || ':' || ".join([part("H", 2, "00"), part("M", 2, "00"), part("S", 2, "00")])
    return f"({day} || ' ' || {clock} || '.' || {part('f', 6, '0')})"
