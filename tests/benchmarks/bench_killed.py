"""Runs killed with SIGKILL at random moments, then resumed: the result files must be those of a run nobody touched.

PLANNER_BENCH_KILLS (default 50) kills of the toy, PLANNER_BENCH_KILLS_REFERENCE (default 5) of the reference scenario.
Moments are uniform over the time an undisturbed run took, drawn from a fixed seed; a run that ends before its moment is
compared all the same, shortens the time that moments are drawn from, and is drawn again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ASIDE = {"manifest.json", "log.txt", "lock"}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@dataclass(frozen=True)
class Kill:
    """One killed run: after how many seconds, with how many pieces kept, and whether it ended in the same files."""

    after_s: float
    finished: bool
    pieces: int
    same: bool


def _command(scenario: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "planner", "--quiet", "run", str(scenario), "--out", "runs", "--workers", "1", *more]


def _start(folder: Path, scenario: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _command(scenario, *more),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _finish(folder: Path, scenario: Path, *more: str) -> None:
    process = _start(folder, scenario, *more)
    _, err = process.communicate()
    assert process.returncode == 0, err.decode()


def _hashes(folder: Path) -> dict[str, str]:
    (run,) = (folder / "runs").iterdir()
    files = (p for p in run.rglob("*") if p.is_file() and p.name not in ASIDE)
    return {p.relative_to(run).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _killed(folder: Path, scenario: Path, after_s: float, whole: Mapping[str, str]) -> Kill:
    folder.mkdir()
    process = _start(folder, scenario)
    try:
        process.communicate(timeout=after_s)
        finished = True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        finished = False
    pieces = len(list(folder.glob("runs/*/chunks/*")))
    _finish(folder, scenario, "--resume")
    same = _hashes(folder) == whole
    shutil.rmtree(folder)
    return Kill(after_s, finished, pieces, same)


def _study(folder: Path, scenario: Path, kills: int, seed: int) -> tuple[float, list[Kill]]:
    whole = folder / "whole"
    whole.mkdir()
    began = time.monotonic()
    _finish(whole, scenario)
    duration = time.monotonic() - began
    hashes = _hashes(whole)
    rng, shortest, found = np.random.default_rng(seed), duration, []
    while sum(not kill.finished for kill in found) < kills and len(found) < 3 * kills:
        began, moment = time.monotonic(), float(rng.uniform(0, shortest))
        found.append(_killed(folder / f"k{len(found)}", scenario, moment, hashes))
        if found[-1].finished:
            shortest = min(shortest, moment, time.monotonic() - began)
    return duration, found


def _table(title: str, duration: float, kills: list[Kill]) -> str:
    cut = [kill for kill in kills if not kill.finished]
    lines = [f"# {title}", "", f"An undisturbed run took {duration:.0f} s here; one worker; compared by SHA-256.", ""]
    lines += ["| moments | ended before | nothing kept yet | pieces kept, most | resumed to the same files |"]
    lines += ["|---|---|---|---|---|"]
    empty, most = sum(kill.pieces == 0 for kill in cut), max((kill.pieces for kill in cut), default=0)
    same = sum(kill.same for kill in kills)
    lines += [f"| {len(kills)} | {len(kills) - len(cut)} | {empty} | {most} | {same} of {len(kills)} |", ""]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "scenario", "setting", "kills"),
    [
        ("toy", "minimal", "PLANNER_BENCH_KILLS", 50),
        ("reference", "retail_bank", "PLANNER_BENCH_KILLS_REFERENCE", 5),
    ],
)
def test_killed_and_resumed(tmp_path: Path, name: str, scenario: str, setting: str, kills: int) -> None:
    kills = int(os.environ.get(setting, kills))
    if kills == 0:
        pytest.skip(f"{setting}=0")
    file = tmp_path / "center" / f"{scenario}.yaml"
    shutil.copytree(ROOT / "scenarios", file.parent, ignore=shutil.ignore_patterns("generated"))
    duration, found = _study(tmp_path, file, kills, seed=4)
    text = _table(f"Killed at random moments: the {name} scenario", duration, found)
    print("\n" + text)
    Path(__file__).with_name(f"killed_{name}.md").write_text(text, encoding="utf-8")
    assert all(kill.same for kill in found), [kill for kill in found if not kill.same]
