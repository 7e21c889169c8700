"""The committed JSON Schema is the models' own, describes every field, and accepts what the loader accepts."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel
from scenario_center import Center

from planner.scenario import Scenario, scenario_schema, schema_text
from planner.scenario.document import read_document

SCENARIOS = Path(__file__).parents[4] / "scenarios"


def _models(model: type[BaseModel] = Scenario) -> set[type[BaseModel]]:
    names = json.dumps(scenario_schema()["$defs"])
    found = {model}
    todo = list(BaseModel.__subclasses__())
    while todo:
        one = todo.pop()
        todo += one.__subclasses__()
        if one.__module__.startswith("planner.scenario.") and f'"{one.__name__}"' in names:
            found.add(one)
    return found


def test_committed_schema_is_current() -> None:
    committed = (SCENARIOS / "scenario.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "write schema_text() to scenarios/scenario.schema.json"


def test_schema_is_valid_and_strict() -> None:
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["title"]
    assert schema["additionalProperties"] is False


def test_every_field_has_a_description() -> None:
    models = _models()
    assert len(models) >= 20
    bare = [f"{m.__name__}.{name}" for m in models for name, field in m.model_fields.items() if not field.description]
    assert bare == []


@pytest.mark.parametrize(
    ("old", "new", "valid"),
    [
        ("days: 1", "days: 1", True),
        ("days: 1", "days: 99", False),
        ("  occupancy_max", "  ocupancy_max", False),
        ("kind: human", "kind: humann", False),
        ("name: small", "extends: other.yaml", True),
        ("name: small", "title: No name", False),
    ],
)
def test_editors_say_what_the_loader_says(center: Center, old: str, new: str, valid: bool) -> None:
    data = read_document(center.write((old, new)), "small.yaml").data
    plain = json.loads(json.dumps(data, default=str))
    assert jsonschema.Draft202012Validator(scenario_schema()).is_valid(plain) is valid
