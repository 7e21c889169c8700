"""The door of scenario files: layers read, values validated, names and files checked, all problems raised at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from planner.errors import Issue, ScenarioError
from planner.scenario.check import Finding, check_scenario
from planner.scenario.document import Document, dotted, yaml_text
from planner.scenario.inputs import Inputs, read_inputs
from planner.scenario.layers import Applied, read_layers
from planner.scenario.messages import validate, validate_rest
from planner.scenario.references import check_references
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario and how it came about.

    Attributes
    ----------
    scenario
        The scenario.
    applied
        Each replaced value, in order: extended files, then the variant, then `--set`.
    files
        Every input file: name as shown to people (relative where it was given so) -> path.
    warnings
        What deserves a second look but does not stand in the way.
    resolved_text
        YAML of the resolved scenario, without `extends` and `variants`; loads as the same scenario from its folder.
    """

    scenario: Scenario
    applied: tuple[Applied, ...]
    files: Mapping[str, Path]
    warnings: tuple[Issue, ...]
    resolved_text: str


def load_scenario(path: str | Path, overrides: Iterable[str] = (), *, variant: str | None = None) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path
        The YAML file.
    overrides
        Texts "dotted.path=value" as given to `--set`; the value is YAML.
    variant
        Name of one of the file's `variants`.

    Raises
    ------
    ScenarioError
        With all problems of the file and of those it names.

    Notes
    -----
    Priority: `extends` parent < file < variant < overrides.
    """
    return load_scenario_record(path, overrides, variant).scenario


def load_scenario_record(path: str | Path, overrides: Iterable[str] = (), variant: str | None = None) -> LoadedScenario:
    """Read a scenario file and record what was replaced and which files were read; see `load_scenario`."""
    file = Path(path)
    layered = read_layers(file, str(path), overrides, variant)
    document = layered.document
    scenario, issues = validate(document.data, document)
    unknown_names = check_references(document)
    checked, intact = (scenario, True) if scenario is not None else validate_rest(document.data)
    inputs = Inputs()
    issues += layered.issues + unknown_names
    if checked is not None:
        checked._folder = file.parent
        inputs = read_inputs(checked, document, str(path), tables=intact)
        findings = check_scenario(checked, inputs.natural, whole=intact and not unknown_names)
        issues += [_issue(finding, document) for finding in findings] + inputs.issues
    errors = sorted({issue for issue in issues if issue.severity == "error"}, key=_order)
    if scenario is None or errors:
        raise ScenarioError(errors)
    text = yaml_text({key: value for key, value in document.data.items() if key != "variants"})
    files = {**layered.files, **inputs.files}
    return LoadedScenario(scenario, tuple(layered.applied), files, tuple(issues), text)


def _issue(finding: Finding, document: Document) -> Issue:
    place, written = finding.place, finding.place in document.values
    mark = document.mark(place, key=finding.about_key) if written else document.parent_mark(place[:-1])
    return Issue(mark.file, mark.line, mark.column, dotted(place), finding.message, finding.severity)


def _order(issue: Issue) -> tuple[str, int, int, str]:
    return issue.file, issue.line or sys.maxsize, issue.column or 0, issue.message
