"""The files a scenario names: do they exist, and are the tables among them in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from planner.errors import Issue
from planner.scenario.demand_csv import Series, read_demand_rows
from planner.scenario.document import Document, dotted
from planner.scenario.layers import FILE_PLACES
from planner.scenario.scenario import Scenario
from planner.scenario.today_csv import read_routing_rows, read_staffing_rows

_GENERATED = (("history", "contacts"), ("history", "staffing"))


@dataclass
class Inputs:
    """What the named files hold: their paths, problems, and the contacts' natural channels where a table says them.

    `natural` holds (reason or None for all, channel, segment or None for all); None where only a history knows.
    """

    files: dict[str, Path] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    natural: set[Series] | None = None


def read_inputs(scenario: Scenario, document: Document, shown: str, *, tables: bool = True) -> Inputs:
    """Look for every file the scenario names and check its CSV tables.

    Without `tables` their contents wait: names and times they are checked against are wrong themselves.

    Contacts and staffing of a synthetic history may be missing: they are generated from its truth file.
    """
    inputs = Inputs()
    for place in FILE_PLACES:
        name = _named(scenario, *place)
        if name is None:
            continue
        label = str(Path(shown).parent / name)
        if _exists(scenario, name):
            inputs.files[label] = scenario.resolve(name)
            if tables:
                _read_table(scenario, place, label, inputs)
        elif place not in _GENERATED or scenario.history is None or scenario.history.truth is None:
            mark = document.mark(place)
            message = f"no such file: {name} (looked for {label}); correct the name or put the file there"
            inputs.issues.append(Issue(mark.file, mark.line, mark.column, dotted(place), message))
    for objective in scenario.frontier.objectives:
        # A module of the user's own is an input like a table; one that is not here must be installed.
        name = objective.function.partition(":")[0].replace(".", "/") + ".py"
        if objective.function and scenario.resolve(name).is_file():
            inputs.files[str(Path(shown).parent / name)] = scenario.resolve(name)
    return inputs


def _named(scenario: Scenario, section: str, key: str) -> str | None:
    name = getattr(getattr(scenario, section), key, None)
    if name is None or name == "history" or "://" in name:
        return None
    return str(name)


def _exists(scenario: Scenario, name: str) -> bool:
    path = scenario.resolve(name)
    try:
        if path.exists():
            return True
        return any(sign in name for sign in "*?[") and any(scenario.folder.glob(name))
    except (OSError, ValueError, NotImplementedError):
        return False


def _read_table(scenario: Scenario, place: tuple[str, str], label: str, inputs: Inputs) -> None:
    path = scenario.resolve(_named(scenario, *place) or "")
    if place == ("demand", "source"):
        demand = read_demand_rows(scenario, path, label)
        inputs.issues += demand.issues
        inputs.natural = demand.natural() if not demand.issues else None
    elif place == ("today", "staffing"):
        inputs.issues += read_staffing_rows(scenario, path, label).issues
    elif place == ("today", "routing"):
        inputs.issues += read_routing_rows(scenario, path, label).issues
