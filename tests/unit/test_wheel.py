"""The wheel holds what an installation needs: every module and every file that code reads beside itself."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="the build tool is not installed")

ROOT = Path(__file__).resolve().parents[2]


def _beside(folder: str) -> set[str]:
    """Files git knows or would take up, below a folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_wheel_holds_every_file_of_the_packages_and_nothing_else(tmp_path: Path) -> None:
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / built.stdout.splitlines()[-1]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    scenarios = {f"planner/{name}" for name in _beside("scenarios")}
    assert held == _beside("planner") | _beside("solvers") | scenarios
    needed = {"planner/report/templates/report.html", "planner/report/templates/scatter.js", "planner/py.typed"}
    needed |= {"planner/scenarios/minimal.yaml", "planner/scenarios/scenario.schema.json"}
    assert needed <= held
