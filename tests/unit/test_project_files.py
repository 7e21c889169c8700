"""The files around the code agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from planner import __version__

ROOT = Path(__file__).resolve().parents[2]


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _pins() -> list[str]:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_are_names_and_versions_only() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line) for line in _pins())
    names = [_normal(line.split("==")[0]) for line in _pins()]
    assert len(names) == len(set(names))


def test_constraints_cover_what_core_and_tests_need() -> None:
    pinned = {_normal(line.split("==")[0]) for line in _pins()}
    project = _project()
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    needed = {_normal(re.split(r"[\[<>=;! ]", line)[0]) for line in wanted}
    assert needed <= pinned


def test_version_is_the_same_everywhere() -> None:
    assert _project()["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_packages_carry_the_scenarios_but_nothing_generated() -> None:
    """Generated histories are ignored by git and left out of wheel and sdist alike."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert "scenarios/data/generated/**" in build["exclude"]
    assert "scenarios/data/generated/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    wheel = build["targets"]["wheel"]
    assert wheel["only-include"] == ["planner", "solvers", "scenarios"]
    assert wheel["sources"] == {"scenarios": "planner/scenarios"}  # where planner.library looks first
    assert "scenarios" in build["targets"]["sdist"]["include"]


def test_license_is_the_whole_apache_license() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize(
    ("target", "first"),
    [
        ("demo", "READY"),
        ("test", "TOOLS"),
        ("lint", "TOOLS"),
        ("bench", "TOOLS"),
        ("docs", "TOOLS"),
        (r"\$\(TOOLS\)", "READY"),
    ],
)
def test_make_targets_build_the_environment_first(target: str, first: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}: \$\({first}\)$", makefile, re.MULTILINE)


def test_readme_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_readme_names_every_command_and_exit_code() -> None:
    from planner.cli.app import app
    from planner.cli.endings import Exit

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [str(c.name) for c in app.registered_commands if f"`planner {c.name}" not in text] == []
    assert [code for code in Exit if not re.search(rf"^\| {int(code)} \|", text, re.MULTILINE)] == []
