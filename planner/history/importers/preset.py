"""What a preset is: a mapping, the source's documented fields, and how its records become one row per contact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from planner.history.importers.reading import FILE, KIND, LINE, Record


@dataclass(frozen=True)
class Chain:
    """How the legs of one contact are put together.

    The first leg gives start, entry reason and wait; `total` columns are summed; `last` columns are those of the last
    leg, empty or not; `last_known` those of the last leg that has them; everything else comes from the first leg that
    has it. Legs that are `aside` (a survey flow after the call) never give the outcome.
    """

    key: str
    order: str
    total: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    last_known: tuple[str, ...] = ()
    aside: Callable[[Record], bool] = lambda leg: False


@dataclass(frozen=True)
class Preset:
    """One source of contacts.

    Attributes
    ----------
    mapping
        Content of a mapping file over the rows that `rows` gives, units and value maps included.
    fields
        Patterns of the documented fields; a record's other fields are reported as new and ignored.
    rows
        Records of all files to flat rows (legs, or contacts); columns may be added, never guessed.
    key, newest
        Rows with the same key are one, delivered again: the one with the largest `newest` is kept.
    chain
        How legs become contacts; None: a row is a contact.
    finish
        Last step on a contact: what only the whole of it tells.
    zone
        Time zone of stamps without one, where the source documents it.
    formats
        Formats of text stamps beyond ISO 8601, tried in order.
    """

    name: str
    title: str
    mapping: dict[str, Any]
    fields: tuple[str, ...]
    rows: Callable[[Iterable[Record]], Iterable[Record]]
    key: str
    newest: str | None = None
    chain: Chain | None = None
    finish: Callable[[Record], Record] = lambda contact: contact
    zone: str | None = None
    formats: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def unknown(self, name: str) -> bool:
        """Whether a field is none that the source documents."""
        return name not in (FILE, LINE, KIND) and not any(fnmatchcase(name, pattern) for pattern in self.fields)


def newest_only(rows: list[Record], key: str, newest: str | None) -> tuple[list[Record], int]:
    """Keep one row per key, the newest (of equals the last one), in order of first arrival; and count the others."""
    kept: dict[Any, Record] = {}
    lost = 0
    for row in rows:
        name = row.get(key)
        if name is None:
            kept[object()] = row
        elif name not in kept:
            kept[name] = row
        else:
            lost += 1
            if newest is None or str(row.get(newest) or "") >= str(kept[name].get(newest) or ""):
                kept[name] = row
    return list(kept.values()), lost


def contacts_of(rows: list[Record], chain: Chain) -> list[Record]:
    """Put legs together; adds `legs`, their number."""
    groups: dict[Any, list[Record]] = {}
    for row in rows:
        groups.setdefault(row.get(chain.key) or object(), []).append(row)
    return [_joined(sorted(legs, key=lambda leg: str(leg.get(chain.order) or "")), chain) for legs in groups.values()]


def _joined(legs: list[Record], chain: Chain) -> Record:
    if len(legs) == 1:  # by far the most contacts
        return legs[0] | {name: as_number(legs[0].get(name)) for name in chain.total} | {"legs": 1}
    main = [leg for leg in legs if not chain.aside(leg)] or legs
    out: Record = {}
    for leg in (*main, *(leg for leg in legs if leg not in main)):
        for name, value in leg.items():
            if value is not None and out.get(name) is None:
                out[name] = value
    for name in chain.total:
        parts = [seconds for leg in main if (seconds := as_number(leg.get(name))) is not None]
        out[name] = sum(parts) if parts else None
    for name in chain.last:
        out[name] = main[-1].get(name)
    for name in chain.last_known:
        known = [leg[name] for leg in main if leg.get(name) is not None]
        out[name] = known[-1] if known else out.get(name)
    out["legs"] = len(main)
    return out


def as_number(value: Any) -> float | None:
    """Number of a JSON value or a text, HH:MM:SS in seconds; None where there is none."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str) and ":" in value:
        parts = value.split(":")
        try:
            return float(sum(float(part) * 60**k for k, part in enumerate(reversed(parts))))
        except ValueError:
            return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def total(*values: Any) -> float | None:
    """Sum of those values that are numbers; None where none is."""
    numbers = [number for value in values if (number := as_number(value)) is not None]
    return sum(numbers) if numbers else None
