"""Copies of the scenarios that come with the planner, ready to edit."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import console
from planner.errors import RunError
from planner.library import scenario_library
from planner.runs.atomic import explained, write_text

if TYPE_CHECKING:
    from planner.proposal import Proposal

SCHEMA_NAME = "scenario.schema.json"
_EXTENDS = re.compile(r"^extends:\s*[\"']?([^\"'#\s]+)", re.MULTILINE)


def copy_example(name: str, folder: Path, keep: bool = False) -> Path:
    """Copy a scenario, the files it names and the schema into `folder`; return the scenario's path.

    Parameters
    ----------
    name
        Name of a scenario that comes with the planner, without `.yaml`.
    keep
        False: never touch what is there, refuse instead. True: keep files that exist and add those that are missing.
    """
    library = scenario_library()
    origin = _find(name, library)
    scenario = folder / "scenario.yaml"
    targets = {path: folder / path.relative_to(library) for path in _files_of(origin, library)} | {origin: scenario}
    schema = folder / SCHEMA_NAME
    existing = [path for path in (*targets.values(), schema) if path.exists()]
    if existing and not keep:
        raise RunError(f"{existing[0]}: exists already, and nothing is overwritten; choose another folder")
    for source, target in targets.items():
        if not target.exists():
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    if not schema.exists():
        write_text(schema, schema_text())
    return scenario


def write_proposal(proposal: Proposal, folder: Path) -> Path:
    """Write a proposed scenario, its tables and the schema into `folder`, list what is to be done, return its path."""
    from planner.runs.tables import write_table

    scenario = folder / "scenario.yaml"
    targets = [scenario, *(folder / name for name in proposal.tables)]
    existing = [path for path in targets if path.exists()]
    if existing:
        raise RunError(f"{existing[0]}: exists already, and nothing is overwritten; choose another folder")
    for name, table in proposal.tables.items():
        write_table(folder / name, table)
    if not (folder / SCHEMA_NAME).exists():
        write_text(folder / SCHEMA_NAME, schema_text())
    write_text(scenario, proposal.text)
    for words in proposal.heard:
        console.say(words)
    if proposal.todo:
        console.say(f"To do ({len(proposal.todo)}): what only you can tell; look for # TODO in {scenario}")
        for words in proposal.todo:
            console.say(f"  - {words}")
    return scenario


def scenario_of_workbook(book: Path) -> Path:
    """Write the scenario of a workbook beside it, in a folder named after its content; return its path."""
    from planner.proposal import propose_from_workbook

    with explained(book, "read"):
        key = hashlib.sha256(book.read_bytes()).hexdigest()[:8]
    folder = book.with_name(f"{book.stem}-{key}")
    if not (folder / "scenario.yaml").exists():
        write_proposal(propose_from_workbook(book), folder)
        console.say(f"Scenario of {book.name}: {folder / 'scenario.yaml'}")
    return folder / "scenario.yaml"


def example_names() -> list[str]:
    """Return the names of the scenarios that come with the planner."""
    files = scenario_library().glob("*.yaml")
    return sorted(path.stem for path in files if not path.stem.endswith("_truth"))


def schema_text() -> str:
    """Return the JSON Schema of scenario files as text."""
    from planner.scenario.schema import scenario_schema

    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"


def _find(name: str, library: Path) -> Path:
    if name not in example_names():
        raise RunError(f"scenario {name!r} does not come with the planner; known are {', '.join(example_names())}")
    return library / f"{name}.yaml"


def _files_of(origin: Path, library: Path) -> list[Path]:
    """Files that belong to a scenario: those that bear its name, and its parents with theirs."""
    own = [p for p in sorted(library.rglob(f"{origin.stem}_*")) if p.is_file() and "generated" not in p.parts]
    found = [origin, *own]
    for parent in _EXTENDS.findall(origin.read_text(encoding="utf-8")):
        found += _files_of((origin.parent / parent).resolve(), library)
    return list(dict.fromkeys(found))
