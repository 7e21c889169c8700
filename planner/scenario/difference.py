"""What differs between two scenarios, in planner's words: one sentence per change, in the order of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.scenario.difference_words import amount, named, owned, plural
from planner.scenario.document import Place, dotted
from planner.scenario.fields import is_open_mapping
from planner.scenario.outcome_difference import outcome_changes
from planner.scenario.scenario import Scenario

_ASIDE = ("version", "variants")
_FILES = (("demand", "source"), ("today", "staffing"), ("today", "routing"))
"""Named tables: what they hold is compared, not what they are called."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: its place in the file, the sentence, and the two values (None: not there)."""

    place: str
    words: str
    old: Any = None
    new: Any = None


def scenario_differences(old: Scenario, new: Scenario) -> list[Difference]:
    """Return what differs in the values of two scenarios; the tables they name are compared by `table_differences`."""
    before, after = (scenario.model_dump(mode="json", exclude=set(_ASIDE)) for scenario in (old, new))
    found: list[Difference] = []
    for key in before:
        if key == "experience":
            stated = [one["experience"].pop("outcomes") for one in (before, after)]
            found += [Difference("experience.outcomes", *change) for change in outcome_changes(stated[0], stated[1])]
        found += _changes((key,), before[key], after[key])
    return found


def _changes(place: Place, old: Any, new: Any) -> Iterator[Difference]:
    if old == new or place in _FILES:
        return
    if _is_stated(old) and _is_stated(new):
        yield from _stated(place, old, new)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        if is_open_mapping(place):
            yield from _entries(place, old, new)
        for key in old:
            if key in new:
                yield from _changes((*place, key), old[key], new[key])
    elif (
        isinstance(old, Sequence)
        and isinstance(new, Sequence)
        and any(isinstance(one, Mapping) for one in (*old, *new))
    ):
        if not isinstance(old, str) and not isinstance(new, str):
            yield from _rows(place, old, new)
    elif isinstance(old or new, Mapping) and not (old and new):
        yield Difference(dotted(place), f"{owned(place)} {'added' if new else 'removed'}", old, new)
    else:
        yield Difference(dotted(place), f"{owned(place)}{amount(place, old, new)}", old, new)


def _is_stated(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"value", "low", "high", "source"}


def _stated(place: Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    if old["value"] != new["value"]:
        words = f"{owned(place)}{amount(place, old['value'], new['value'])}"
        yield Difference(dotted(place), words, old["value"], new["value"])
    ranges = [[one["low"], one["high"]] for one in (old, new)]
    if ranges[0] != ranges[1]:
        shown = [amount(place, None, None, bounds=bounds) for bounds in ranges]
        yield Difference(dotted(place), f"range of {owned(place)}: {shown[0]} → {shown[1]}", *ranges)
    if old["source"] != new["source"]:
        words = f"source of {owned(place)}: {old['source'] or 'none'} → {new['source'] or 'none'}"
        yield Difference(dotted((*place, "source")), words, old["source"], new["source"])


def _entries(place: Place, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Entries that came and went, each kind in one sentence."""
    for keys, verb in (([k for k in new if k not in old], "added"), ([k for k in old if k not in new], "removed")):
        if keys:
            words = f"{plural(len(keys), place)} {verb}: {', '.join(keys)}"
            yield Difference(dotted(place), words, *((None, keys) if verb == "added" else (keys, None)))


def _rows(place: Place, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Rows of a list that came and went; their order does not count."""
    seen = [{json.dumps(row, sort_keys=True): row for row in rows} for rows in (old, new)]
    for mine, other, verb in ((seen[1], seen[0], "added"), (seen[0], seen[1], "removed")):
        for text, row in mine.items():
            if text not in other:
                words = f"{named(place)} {verb}: {_row_words(row)}"
                yield Difference(dotted(place), words, *((None, row) if verb == "added" else (row, None)))


def _row_words(row: Any) -> str:
    if not isinstance(row, Mapping):
        return str(row)
    return ", ".join(f"{key} {value}" for key, value in row.items() if value not in (None, "", [], {}))
