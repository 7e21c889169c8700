"""Runs that are killed or interrupted at every stage continue, and end in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = 4
ASIDE = {"manifest.json", "log.txt", "lock"}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

SCRIPT = '''
import os, sys, time, types
from pathlib import Path
from toy_frontier import make_frontier

def plan(scenario, *, seed, executor, time_limit_s, progress, checkpoint, earlier, adopted):
    """Stages that keep one piece each; holds before the piece of the stage named by HOLD_AT."""
    for stage in range(4):
        progress(f"stage {stage}", 0, 1, "")
        if os.environ.get("HOLD_AT") == str(stage):
            Path("holding").write_text("now")
            executor.submit(time.sleep, 600).result() if executor else time.sleep(600)
        if checkpoint.get(f"stage {stage}") is None:
            checkpoint.put(f"stage {stage}", bytes([stage, seed]))
    return make_frontier({"seed": seed})

module = types.ModuleType("planner.pipeline")
module.plan = plan
sys.modules["planner.pipeline"] = module
from planner.cli import entry
entry()
'''


def _start(folder: Path, *arguments: str, hold_at: int | None = None) -> subprocess.Popen[bytes]:
    script = folder / "run.py"
    script.write_text(SCRIPT, encoding="utf-8")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "unit" / "planner")])
    hold = {} if hold_at is None else {"HOLD_AT": str(hold_at)}
    scenario = str(ROOT / "scenarios" / "minimal.yaml")
    return subprocess.Popen(
        [sys.executable, str(script), "run", scenario, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path} | hold,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _finish(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = _start(folder, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode(), err.decode()


def _stop_at(folder: Path, stage: int, sign: signal.Signals, workers: int = 1) -> tuple[int, str]:
    process = _start(folder, "--workers", str(workers), hold_at=stage)
    deadline = time.monotonic() + 60
    while not (folder / "holding").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    time.sleep(0.2)
    (folder / "holding").unlink()
    os.killpg(process.pid, sign) if sign is signal.SIGKILL else process.send_signal(sign)
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


def _results(folder: Path) -> dict[str, bytes]:
    (run,) = (folder / "runs").iterdir()
    files = (p for p in run.rglob("*") if p.is_file() and p.name not in ASIDE)
    return {p.relative_to(run).as_posix(): p.read_bytes() for p in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Results of a run nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert _finish(folder, "--workers", "1")[0] == 0
    return _results(folder)


@pytest.mark.parametrize(
    ("sign", "stage"),
    [
        *((signal.SIGINT, stage) for stage in range(STAGES)),
        (signal.SIGTERM, 1),
        (signal.SIGKILL, 0),
        (signal.SIGKILL, STAGES - 1),
    ],
)
def test_stopped_in_any_stage_and_resumed(
    tmp_path: Path, whole: dict[str, bytes], sign: signal.Signals, stage: int
) -> None:
    code, err = _stop_at(tmp_path, stage, sign)
    if sign is signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 4
        assert f"{stage} finished pieces are kept" in err
        assert "Traceback" not in err
    if stage == 0:
        code, _, err = _finish(tmp_path, "--workers", "1")
        assert code == 2
        assert "--resume" in err
    code, out, err = _finish(tmp_path, "--workers", "1", "--resume")
    assert code == 0, err
    assert out.startswith("runs/minimal-")
    assert _results(tmp_path) == whole


@pytest.mark.slow
def test_interrupt_ends_the_workers_too(tmp_path: Path, whole: dict[str, bytes]) -> None:
    began = time.monotonic()
    code, err = _stop_at(tmp_path, 2, signal.SIGINT, workers=2)
    assert code == 4, err
    assert time.monotonic() - began < 60
    assert _finish(tmp_path, "--workers", "2", "--resume")[0] == 0
    assert _results(tmp_path) == whole


def test_second_run_of_the_same_inputs_waits_outside(tmp_path: Path) -> None:
    process = _start(tmp_path, "--workers", "1", hold_at=1)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "holding").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        code, _, err = _finish(tmp_path, "--workers", "1", "--resume")
        assert code == 2
        assert f"process {process.pid}" in err
    finally:
        process.kill()
        process.communicate()
