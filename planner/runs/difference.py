"""What the scenarios of two runs differ in: one source of words for the command line and the served pages."""

from __future__ import annotations

import json
from pathlib import Path

from planner.errors import RunError
from planner.scenario import Scenario
from planner.scenario.difference import Difference, scenario_differences
from planner.scenario.layers import read_layers
from planner.scenario.messages import validate

AGAINST = "{new} against {old}:"
SAME = "the same scenario (seed or settings differ)"


def run_differences(old: Path, new: Path) -> list[Difference]:
    """Return what differs between the scenarios of two runs: their values, and which input tables are others.

    Raises
    ------
    RunError
        A run does not hold its scenario.
    """
    found = scenario_differences(_scenario_of(old), _scenario_of(new))
    before, after = _tables_of(old), _tables_of(new)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            words = "other content" if name in before and name in after else "new" if name in after else "gone"
            found.append(Difference(name, f"table {name}: {words}"))
    return found


def _scenario_of(run: Path) -> Scenario:
    file = run / "scenario.yaml"
    if not file.is_file():
        raise RunError(f"{run}: holds no scenario.yaml, so its scenario cannot be compared")
    document = read_layers(file, str(file), (), None).document
    scenario, _ = validate(document.data, document)
    if scenario is None:
        raise RunError(f"{file}: is not a scenario of this version, so it cannot be compared")
    return scenario


def _tables_of(run: Path) -> dict[str, str]:
    """SHA-256 by name of the input files that are no scenario files."""
    file = run / "inputs.lock.json"
    inputs = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return {str(one["name"]): str(one["sha256"]) for one in inputs if not str(one["name"]).endswith((".yaml", ".yml"))}
