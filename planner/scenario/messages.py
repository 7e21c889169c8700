"""Validation of plain values by the models, with every problem in words and at its position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from planner.errors import Issue
from planner.scenario.document import Document, Place, dotted
from planner.scenario.fields import annotation_at, fields_at, is_open_mapping, open_sections, suggest
from planner.scenario.quantities import percent_hint
from planner.scenario.scenario import Scenario

_ENTRY = {
    "segments": "segment",
    "reasons": "reason",
    "channels": "channel",
    "pools": "pool",
    "shifts": "shift",
    "steers": "steer",
    "promises": "promise",
    "outcomes": "outcome",
    "escalations": "escalation",
    "initiatives": "initiative",
    "effects": "effect",
    "day_parts": "day part",
}
_BOUNDS = {
    "greater_than": ("gt", "above {}"),
    "greater_than_equal": ("ge", "at least {}"),
    "less_than": ("lt", "below {}"),
    "less_than_equal": ("le", "at most {}"),
}
_KINDS = {
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list, e.g. [a, b]",
    "list_type": "a list, e.g. [a, b]",
    "model_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
}


def validate(data: Mapping[str, Any], document: Document) -> tuple[Scenario | None, list[Issue]]:
    """Build the scenario, or else all issues of its values."""
    scenario, errors = _attempt(data)
    # A list whose only item is wrong counts as too short as well, which tells its owner nothing.
    wrong = [error["loc"] for error in errors]
    inside = {place[:depth] for place in wrong for depth in range(len(place))}
    errors = [error for error in errors if error["type"] != "too_short" or error["loc"] not in inside]
    return scenario, [_issue(error, document) for error in errors]


def validate_rest(data: Mapping[str, Any]) -> tuple[Scenario | None, bool]:
    """Build a scenario of what is valid: wrong values, and at need their owners, are taken away first.

    For checks that can still be made where some values are wrong; None where nothing can be built. The second
    value is True where nothing but unknown keys had to go.
    """
    rest = json.loads(_json(data))
    only_keys = True
    for _ in range(8):
        scenario, errors = _attempt(rest)
        if scenario is not None:
            return scenario, only_keys
        only_keys = only_keys and all(error["type"] == "extra_forbidden" for error in errors)
        places = {_present(rest, _place(error)[0]) for error in errors}
        if () in places:
            break
        for place in sorted(places, key=lambda one: [str(part).zfill(6) for part in one], reverse=True):
            _take_away(rest, place)
    return None, False


def _attempt(data: Mapping[str, Any]) -> tuple[Scenario | None, list[Any]]:
    try:
        return Scenario.model_validate_json(_json(data), strict=True), []
    except ValidationError as err:
        return None, list(err.errors(include_url=False))


def _json(data: Mapping[str, Any]) -> str:
    whole = {**data}
    for section in open_sections():
        entries = whole.get(section)
        if isinstance(entries, dict):
            whole[section] = {key: {} if entry is None else entry for key, entry in entries.items()}
    return json.dumps(whole, default=str)


def _place(error: Mapping[str, Any]) -> tuple[Place, bool]:
    """Place an error is about, and whether it is about the key."""
    place = tuple(error["loc"])
    if place and place[-1] == "[key]":
        return place[:-1], True
    at = error.get("ctx", {}).get("at")
    if at:
        place += tuple(int(part) if part.isdigit() else part for part in str(at).split("."))
    return place, error["type"] == "extra_forbidden"


def _issue(error: Mapping[str, Any], document: Document) -> Issue:
    place, about_key = _place(error)
    if error["type"] == "missing" or place not in document.values:
        mark = document.parent_mark(place[:-1])
    else:
        mark = document.mark(place, key=about_key)
    return Issue(mark.file, mark.line, mark.column, dotted(place), _message(error, place))


def _message(error: Mapping[str, Any], place: Place) -> str:
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    fields = fields_at(place[:-1])
    field = fields.get(str(place[-1])) if place else None
    allowed = f" ({field.description})" if field is not None and field.description else ""
    if kind == "extra_forbidden":
        return f"unknown key '{place[-1]}'" + suggest(place[-1], fields)
    if kind == "missing":
        if field is None:
            return f"the list is too short: item {place[-1]} is missing; add it"
        return f"key '{place[-1]}' is missing{_owner(place[:-1])}; add it{allowed}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        limit = context[name]
        hint = percent_hint(found) if name == "le" and limit == 1 else ""
        return f"found {_shown(found)}; must be {words.format(f'{limit:g}')}{hint}{allowed}"
    if kind == "enum":
        choices = [str(one.value) for one in annotation_at(place)]
        return f"found {_shown(found)}{suggest(found, choices)} (one of: {', '.join(choices)})"
    if kind == "string_type" and isinstance(found, (int, float)):
        return f'found {_shown(found)}; write it in quotes: "{found}"{allowed}'
    if kind in _KINDS:
        return f"found {_shown(found)}; write {_KINDS[kind]}{_text_hint(found, kind)}{allowed}"
    if kind.startswith("date"):
        return f"found {_shown(found)}; write a date that exists as YYYY-MM-DD, e.g. 2026-01-05"
    if kind == "too_short":
        what = "an entry" if is_open_mapping(place) else "an item"
        return (
            f"found {context.get('actual_length', 0)} of at least {context.get('min_length', 1)}; add {what}{allowed}"
        )
    if kind in ("string_pattern_mismatch", "string_too_short", "string_too_long"):
        return f"found {_shown(found)}; not allowed{allowed}"
    if "at" in context or kind in _OWN:
        return str(error["msg"])
    return f"found {_shown(found)}: {error['msg']}{allowed}"


_OWN = (
    "clock",
    "day_hours",
    "key",
    "number_or_range",
    "out_of_range",
    "ratio_not_percent",
    "range",
    "wait_loss",
    "total_speed",
    "no_effect",
)


def _text_hint(found: Any, kind: str) -> str:
    """What to write where a number was given as text."""
    if not isinstance(found, str) or not kind.startswith(("int", "float")):
        return ""
    plain = found.strip().replace(",", ".", 1)
    if plain.replace(".", "", 1).lstrip("+-").isdigit():
        return f" without quotes and with a decimal point: {plain}"
    return percent_hint(found)


def _owner(place: Place) -> str:
    if len(place) >= 2 and isinstance(place[-1], str) and str(place[-2]) in _ENTRY:
        return f" from {_ENTRY[str(place[-2])]} '{place[-1]}'"
    return f" from {dotted(place)}" if place else ""


def _shown(found: Any) -> str:
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, str):
        return f"the text {found[:60]!r}"
    if isinstance(found, dict):
        return "a mapping"
    return "a list" if isinstance(found, (list, tuple)) else f"{found:g}" if isinstance(found, float) else str(found)


def _present(data: Any, place: Place) -> Place:
    """Longest part of a place that exists; its owner where nothing of the last part exists."""
    for depth, part in enumerate(place):
        inside = isinstance(data, dict) and part in data
        inside = inside or (isinstance(data, list) and isinstance(part, int) and part < len(data))
        if not inside:
            return place[:depth]
        data = data[part]
    return place


def _take_away(data: Any, place: Place) -> None:
    for part in place[:-1]:
        data = data[part] if not isinstance(data, dict) or part in data else {}
    if isinstance(data, list) and isinstance(place[-1], int) and place[-1] < len(data):
        data.pop(place[-1])
    elif isinstance(data, dict):
        data.pop(place[-1], None)
