"""The wheel in an empty environment on every Python there is: `planner init DIR && planner run DIR/scenario.yaml`.

Interpreters are looked for as `python3.11`, `python3.12`, `python3.13` on PATH, or named in PLANNER_BENCH_PYTHONS
(paths, separated by colons). Needs a package index, or its mirror as pip is configured. Nothing of the repository is
on the path of what is run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("wheels.md")
WANTED = ("3.11", "3.12", "3.13")


def _interpreters() -> list[str]:
    named = os.environ.get("PLANNER_BENCH_PYTHONS")
    if named:
        return named.split(os.pathsep)
    return [found for version in WANTED if (found := shutil.which(f"python{version}"))]


def _run(*command: str | Path, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


def _tried(python: str, wheel: Path, folder: Path) -> str:
    folder.mkdir()
    version = _run(python, "-c", "import platform; print(platform.python_version())", cwd=folder)
    _run(python, "-m", "venv", folder / "env", cwd=folder)
    inside = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    began = time.monotonic()
    _run(inside / "python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    installed = time.monotonic() - began
    where = _run(inside / "python", "-c", "import planner; print(planner.__file__)", cwd=folder)
    assert Path(where).is_relative_to(folder / "env")
    began = time.monotonic()
    _run(inside / "planner", "--quiet", "init", "center", cwd=folder)
    run = _run(inside / "planner", "--quiet", "run", "center/scenario.yaml", cwd=folder)
    planned = time.monotonic() - began
    _run(inside / "planner", "report", run, "-o", "report.html", cwd=folder)
    plans = (folder / run / "plans.csv").read_text(encoding="utf-8").count("\n") - 1
    return f"| {version} | {installed:.0f} | {planned:.0f} | {plans} |"


def test_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    name = _run(sys.executable, "-c", build, tmp_path, cwd=ROOT).splitlines()[-1]
    found = _interpreters()
    assert found, "no interpreter found"
    rows = [_tried(python, tmp_path / name, tmp_path / f"e{k}") for k, python in enumerate(found)]
    size = (tmp_path / name).stat().st_size / 1e6
    head = [
        f"# {name} in empty environments",
        "",
        f"The wheel has {size:.1f} MB. Seconds of wall time; the first run",
        "",
    ]
    head[2] += " compiles the numerical kernels."
    text = "\n".join([*head, "| Python | install | init and run | plans |", "|---|---|---|---|", *rows, ""])
    print("\n" + text)
    RECORD.write_text(text, encoding="utf-8")
