"""The command line as a process: start-up cost, closed pipes, colors, encodings, both ways to start it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HELP_BAR_S = 0.7
SLACK = float(os.environ.get("PLANNER_TIME_SLACK", "1"))
"""Factor on time bars for busy machines."""


def run(*arguments: str, cwd: Path, code: str | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m planner`, or a line of Python, with this checkout first on the path."""
    start = ["-c", code] if code else ["-m", "planner", *arguments]
    surroundings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return subprocess.run(
        [sys.executable, *start],
        cwd=cwd,
        env=surroundings | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        check=False,
        timeout=120,
    )


def is_quick(*arguments: str, cwd: Path, bar_s: float, tries: int) -> bool:
    """Tell if the best of so many tries, each of which must succeed, meets a bar; no more than it takes."""
    for _ in range(tries):
        began = time.perf_counter()
        assert run(*arguments, cwd=cwd).returncode == 0
        if time.perf_counter() - began <= bar_s * SLACK:
            return True
    return False


def test_help_is_quick(tmp_path: Path) -> None:
    assert is_quick("--help", cwd=tmp_path, bar_s=HELP_BAR_S, tries=5)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], []])
def test_help_imports_neither_numpy_nor_pandas(tmp_path: Path, arguments: list[str]) -> None:
    code = (
        "import sys\nfrom planner.cli import main\n"
        f"main({arguments!r})\n"
        "heavy = {'numpy', 'pandas', 'ruamel', 'pyarrow', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    result = run(cwd=tmp_path, code=code)
    assert result.returncode == 0, result.stderr.decode()


@pytest.mark.parametrize("name", ["minimal", "retail_bank", "thin_data"])
def test_validate_is_quick(tmp_path: Path, name: str) -> None:
    scenario = str(ROOT / "scenarios" / f"{name}.yaml")
    assert is_quick("validate", scenario, cwd=tmp_path, bar_s=1.5, tries=3)


def test_closed_pipe_is_no_complaint(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom planner.cli import console, entry\nimport planner.cli.starters as s\n"
        "s.schema_text = lambda: 'x' * 5_000_000\n"
        "sys.argv = ['planner', 'schema']\nentry()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10) == b"x" * 10
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


def test_pipes_get_no_color_and_no_progress(tmp_path: Path) -> None:
    for env in ({}, {"NO_COLOR": "1"}):
        result = run("doctor", cwd=tmp_path, **env)
        assert result.returncode == 0
        assert b"\x1b" not in result.stdout + result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_no_color_is_kept_in_a_terminal(tmp_path: Path) -> None:
    import pty

    for env, colored in (({"TERM": "xterm-256color"}, True), ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False)):
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "planner", "--help"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(leader)
        assert process.wait(timeout=60) == 0
        assert (b"\x1b[3" in shown or b"\x1b[1;3" in shown) is colored


def test_output_is_utf8_whatever_the_terminal_says(tmp_path: Path) -> None:
    result = run("doctor", cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert result.returncode == 0
    assert "─" in result.stdout.decode("utf-8")


def test_usage_error_exits_2_without_traceback(tmp_path: Path) -> None:
    result = run("run", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"Traceback" not in result.stderr


def test_script_is_declared() -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert declared["project"]["scripts"] == {"planner": "planner.cli:entry"}
