"""The door of scenario files: layers read, values validated, names and files checked, all problems raised at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from planner.errors import Issue, ScenarioError
from planner.scenario.document import yaml_text
from planner.scenario.layers import Applied, read_layers
from planner.scenario.messages import validate
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
    issues += check_references(document)
    if scenario is None or issues:
        raise ScenarioError(issues)
    scenario._folder = file.parent
    text = yaml_text({key: value for key, value in document.data.items() if key != "variants"})
    return LoadedScenario(scenario, tuple(layered.applied), layered.files, (), text)
