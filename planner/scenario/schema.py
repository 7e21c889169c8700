"""The JSON Schema of scenario files, for editors and `planner schema`."""

from __future__ import annotations

import json
from typing import Any

from planner.scenario.opening_hours import CLOSED
from planner.scenario.scenario import Scenario

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, with the loader's own key `extends` and numbers for stated ranges."""
    schema = Scenario.model_json_schema()
    definitions = schema["$defs"]
    definitions["Stated"] = _with_number(definitions["Stated"])
    definitions["Objective"] = _or_plain("string", definitions["Objective"])
    definitions["DayHours"] = _or_plain("string", definitions["DayHours"], const=CLOSED)
    properties = {"extends": _EXTENDS, **schema.pop("properties")}
    for section in properties.values():
        _allow_empty_entries(section)
    required = schema.pop("required")
    # A file that extends another states only what differs.
    return {
        "$schema": _DIALECT,
        "title": "Scenario of a contact center plan",
        **{key: value for key, value in schema.items() if key not in ("title", "$defs")},
        "properties": properties,
        "anyOf": [{"required": ["extends"]}, {"required": required}],
        "$defs": definitions,
    }


def schema_text() -> str:
    """The JSON Schema as the text of `scenario.schema.json`."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"


_EXTENDS: dict[str, Any] = {
    "type": "string",
    "title": "Extends",
    "description": "Scenario file this one builds on, relative to this file; values here replace those there.",
}


def _with_number(stated: dict[str, Any]) -> dict[str, Any]:
    """A stated value may be a single number, or a mapping (in an overlay of its range only)."""
    return _or_plain("number", stated)


def _or_plain(kind: str, model: dict[str, Any], **limits: Any) -> dict[str, Any]:
    """Allow a plain value, within limits, beside the mapping it is short for."""
    return {
        "title": model["title"],
        "description": model["description"],
        "anyOf": [{"type": kind, **limits}, {key: value for key, value in model.items() if key != "description"}],
    }


def _allow_empty_entries(section: dict[str, Any]) -> None:
    """An entry without keys (`billing:` and nothing after it) stands for an empty mapping."""
    inner = section.get("additionalProperties")
    if isinstance(inner, dict) and "$ref" in inner:
        section["additionalProperties"] = {"anyOf": [inner, {"type": "null"}]}
