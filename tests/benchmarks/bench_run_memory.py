"""The most memory a whole run with two workers takes, over all its processes at every moment; writes its md.

`PLANNER_REFERENCE_SCENARIO` names the reference scenario with its history beside it. A first run of two plans compiles
what is not compiled yet: a compiler leaves more behind in its process than planning takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_memory import Held, family_of, held_by

REPORT = Path(__file__).with_name("run_memory.md")
SCENARIO = Path(os.environ.get("PLANNER_REFERENCE_SCENARIO") or "nowhere")
BAR_MB, EVERY_S = 1000.0, 0.2
LITTLE = (
    "frontier.plans=2",
    "frontier.search_evaluations=4",
    "frontier.bound_plans=0",
    "frontier.bound_steps=1",
    "frontier.cost_points=2",
)
pytestmark = pytest.mark.skipif(
    not (SCENARIO.is_file() and sys.platform == "linux"), reason="set PLANNER_REFERENCE_SCENARIO"
)


def _started(folder: Path, told: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "planner", "run", str(SCENARIO), "--out", str(folder), "--workers", "2"]
    with told.open("wb") as errors:
        return subprocess.Popen([*command, "--progress-json", *more], stdout=subprocess.DEVNULL, stderr=errors)


def _stage(told: Path) -> str:
    stages = [line for line in told.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    return str(json.loads(stages[-1])["stage"]) if stages else "start"


def _watched(process: subprocess.Popen[bytes], told: Path) -> Iterator[tuple[str, Held, Held]]:
    """Stage, what the main process holds, and what all hold together, until the run ends."""
    while process.poll() is None:
        each = [held_by(pid) for pid in family_of(process.pid)]
        yield _stage(told), each[0], sum(each, Held())
        time.sleep(EVERY_S)


def test_peak_of_a_run(tmp_path: Path) -> None:
    sets = [part for one in LITTLE for part in ("--set", one)]
    assert _started(tmp_path / "first", tmp_path / "first.txt", *sets).wait() in (0, 5)
    peaks: dict[str, tuple[Held, Held]] = {}
    process = _started(tmp_path / "run", tmp_path / "told.txt")
    for stage, main, every in _watched(process, tmp_path / "told.txt"):
        before = peaks.get(stage, (Held(), Held()))
        peaks[stage] = max(before, (main, every), key=lambda pair: pair[1].pss)
    assert process.returncode in (0, 5)
    peak = max(every.pss for _, every in peaks.values())
    lines = [
        "# Memory of a run",
        "",
        "`planner run` on the reference scenario and its eight weeks of history, two workers: the moment of each stage",
        f"at which all processes together held most, looked at every {EVERY_S} s. PSS counts a page that several",
        "processes share once, RSS in each of them.",
        "",
        f"Most at any moment: {peak:,.0f} MB PSS (bar: {BAR_MB:,.0f} MB).",
        "",
        "| stage | all processes, PSS, MB | RSS, MB | of it the main process, PSS, MB |",
        "|---|---|---|---|",
        *(f"| {stage} | {a.pss:,.0f} | {a.rss:,.0f} | {m.pss:,.0f} |" for stage, (m, a) in peaks.items()),
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n" + "\n".join(lines))
    assert peak <= BAR_MB
