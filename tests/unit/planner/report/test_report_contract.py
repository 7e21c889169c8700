"""What the page gives its script keeps to the written contract, for every kind of frontier."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sample import numbers_of, odd_frontiers, sample_frontier

import planner.report
from planner.frontier.frontier import Frontier
from planner.report.page import render_page, served_page
from planner.report.payload import SCRIPT_KEYS

HOME = Path(planner.report.__file__).parent
SCHEMA = json.loads((HOME / "page.schema.json").read_text(encoding="utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)


def inlined(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    return found


def faults(data: Any) -> list[str]:
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:120]}" for e in VALID.iter_errors(data)]


def frontiers() -> Iterator[tuple[str, Frontier]]:
    yield "ordinary", sample_frontier(40, days=1)
    yield from odd_frontiers().items()
    bare = sample_frontier(3, days=1)
    yield "with nothing else", replace(bare, tables={"plans": bare.table}, explanations={})


def test_the_schema_is_sound_and_lists_what_the_script_gets() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == set(SCHEMA["required"]) == set(SCRIPT_KEYS)
    script = "".join(path.read_text(encoding="utf-8") for path in (HOME / "templates").glob("*.js"))
    assert set(re.findall(r"\bdata\.(\w+)", script)) <= set(SCRIPT_KEYS) | {"pin"}


def test_pages_of_every_kind_of_frontier_keep_the_contract() -> None:
    for name, frontier in frontiers():
        assert faults(data := inlined(render_page(frontier))) == [], name
        assert {len(column) for column in data["plans"].values()} - {0} == {len(frontier.table)}, name
        heat = data["details"]["heat"]
        for kind in ("people", "needed", "service"):
            for plan, rows in heat[kind].items():
                assert plan in data["plans"]["id"]
                assert len(rows) == len(heat["pools"])
                assert {len(numbers_of(row)) for row in rows} == {len(heat["starts"])}, (name, kind)
    assert faults(inlined(served_page(sample_frontier(5, days=1), "run-1", ["xlsx"])[0])) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [(("plans", "cx", 1), "3.8"), (("bound", 0, "points", 0), [1.0]), (("details", "heat", "source"), "simulated"),
     (("details", "kept", "p001", 0), [0.8, 1]), (("units", "money"), 0.5), (("more",), 1), (("objectives",), [{}])],
)  # fmt: skip
def test_what_breaks_the_contract_is_found(place: tuple[Any, ...], value: Any) -> None:
    good = inlined(render_page(sample_frontier(12, days=1)))
    for key in SCRIPT_KEYS:
        assert faults({name: good[name] for name in good if name != key}) != []
    broken = copy.deepcopy(good)
    spot = broken
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    assert faults(good) == []
    assert faults(broken) != []
