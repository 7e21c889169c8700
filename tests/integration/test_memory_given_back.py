"""What estimates leave behind: the process that plans holds neither tables of the engine nor the room of the fits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toy_history import write_toy_history

ROOT = Path(__file__).resolve().parents[2]
CONTACTS = 20_000
SCRIPT = """
import json, sys
from planner import load_scenario
from planner.frontier.work import Work
from planner.pipeline import _known

def private():
    with open("/proc/self/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1e3

def main(file, apart):
    before = private()
    known = _known(load_scenario(file), Work(0, executor=object() if apart == "apart" else None))
    scores = known.problem.instance.network.flows.score.tolist()
    loaded = [name for name in ("ibis", "duckdb", "planner.experience.fit") if name in sys.modules]
    print(json.dumps([private() - before, scores, known.notes, loaded]))

main(*sys.argv[1:])
"""
"""Any executor will do: it is where plans are sought, and none is."""


def _left(file: Path, where: str) -> tuple[float, list[float], list[str], list[str]]:
    """Private memory more than before, MB; scores of flows; notes; modules of estimates that are loaded."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(file), where],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    grown, scores, notes, loaded = json.loads(done.stdout)
    return grown, scores, notes, loaded


@pytest.mark.skipif(sys.platform != "linux", reason="memory as Linux tells it")
def test_estimates_beside_workers_leave_little_behind_and_say_the_same(tmp_path: Path) -> None:
    file = write_toy_history(tmp_path, CONTACTS)
    here, apart = _left(file, "here"), _left(file, "apart")
    assert apart[1:3] == here[1:3]
    assert (apart[3], here[3]) == ([], ["ibis", "duckdb", "planner.experience.fit"])
    assert apart[0] < 0.8 * here[0], f"{apart[0]:.0f} MB stay, of {here[0]:.0f} MB where estimates are made"


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("planner.frontier.jobs", ("ibis", "duckdb", "planner.experience.fit")),
        ("planner.frontier.say_jobs", ("pandas", "pyarrow", "networkx", "ibis")),
        ("planner.pipeline", ("ibis", "duckdb", "numba", "pyomo", "planner.experience.fit")),
    ],
)
def test_processes_import_what_they_need(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {unwanted!r} if name in sys.modules])"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.check_output([sys.executable, "-c", code], env=env, text=True).strip() == "[]"
