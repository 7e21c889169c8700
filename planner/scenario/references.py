"""Names that must be declared elsewhere in the file: checked on the plain values, so also where others are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner.errors import Issue
from planner.scenario.document import Document, Place, dotted
from planner.scenario.fields import suggest
from planner.scenario.initiatives import SELECTORS

REFERENCES: tuple[tuple[Place, str], ...] = (
    (("pools", "*", "channel"), "channels"),
    (("pools", "*", "reasons", "*"), "reasons"),
    (("pools", "*", "segments", "*"), "segments"),
    (("pools", "*", "shifts", "*"), "shifts"),
    (("steers", "*", "from_channel"), "channels"),
    (("steers", "*", "to_channel"), "channels"),
    (("steers", "*", "reasons", "*"), "reasons"),
    (("steers", "*", "segments", "*"), "segments"),
    (("overflow", "*", "from_pool"), "pools"),
    (("overflow", "*", "to_pool"), "pools"),
    (("escalations", "*", "from_channel"), "channels"),
    (("escalations", "*", "to_channel"), "channels"),
    (("experience", "outcomes", "*", "reason"), "reasons"),
    (("experience", "outcomes", "*", "channel"), "channels"),
    (("experience", "outcomes", "*", "segment"), "segments"),
    (("experience", "outcomes", "*", "pool"), "pools"),
    (("experience", "wait_loss", "*", "channel"), "channels"),
    *((("initiatives", "*", "effects", "*", name, "*"), name) for name in SELECTORS),
    (("initiatives", "*", "requires", "*"), "initiatives"),
    (("initiatives", "*", "excludes", "*"), "initiatives"),
    (("promises", "*", "pools", "*"), "pools"),
    (("limits", "seats", "*", "pools", "*"), "pools"),
)
"""Where names stand (`*` is any key or index), and the section that declares them."""


def check_references(document: Document) -> list[Issue]:
    """Find names that nothing declares, and names given twice in one list."""
    issues = []
    for pattern, section in REFERENCES:
        declared = document.data.get(section)
        known = list(declared) if isinstance(declared, dict) else []
        seen: set[tuple[Place, str]] = set()
        for place, name in _matches(document.data, pattern, ()):
            mark = document.mark(place)
            if name not in known:
                message = f"unknown {section[:-1]} '{name}'" + suggest(name, known)
                issues.append(Issue(mark.file, mark.line, mark.column, dotted(place), message))
            elif pattern[-1] == "*" and (place[:-1], name) in seen:
                message = f"'{name}' is listed twice; take one away"
                issues.append(Issue(mark.file, mark.line, mark.column, dotted(place), message))
            seen.add((place[:-1], name))
    return issues


def _matches(data: Any, pattern: Place, place: Place) -> Iterator[tuple[Place, str]]:
    if not pattern:
        if isinstance(data, str):
            yield place, data
        return
    head, rest = pattern[0], pattern[1:]
    if isinstance(data, dict):
        for key in list(data) if head == "*" else [head]:
            if key in data:
                yield from _matches(data[key], rest, (*place, key))
    elif isinstance(data, list) and head == "*":
        for index, item in enumerate(data):
            yield from _matches(item, rest, (*place, index))
