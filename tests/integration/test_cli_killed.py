"""Runs that are killed or interrupted at every stage continue, and end in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.cli import main

ROOT = Path(__file__).resolve().parents[2]
BESIDE = (Path(__file__).parent, ROOT / "tests" / "unit" / "planner")
sys.path[:0] = map(str, BESIDE)

from staged_plan import STAGES, plan  # noqa: E402

SCENARIO = ROOT / "scenarios" / "minimal.yaml"
LONGEST_S = 300.0  # until a run starts, on a busy machine; not a bar
ASIDE = {"manifest.json", "log.txt", "lock"}
Finish = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

SCRIPT = """
import sys, types
from staged_plan import plan

module = types.ModuleType("planner.pipeline")
module.plan = plan
sys.modules["planner.pipeline"] = module
from planner.cli import entry
entry()
"""


def _start(folder: Path, *arguments: str, hold_at: int | None = None) -> subprocess.Popen[bytes]:
    script = folder / "run.py"
    script.write_text(SCRIPT, encoding="utf-8")
    path = os.pathsep.join([str(ROOT), *map(str, BESIDE)])
    hold = {} if hold_at is None else {"HOLD_AT": str(hold_at)}
    return subprocess.Popen(
        [sys.executable, str(script), "run", str(SCENARIO), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path} | hold,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.fixture
def finish(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Finish:
    """Run the same command in this process, in a folder, to its end: exit code, output and errors."""
    monkeypatch.setattr("planner.pipeline.plan", plan)

    def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        code = main(["run", str(SCENARIO), *arguments])
        return code, *capsys.readouterr()

    return run


def _hold(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the run holds; it is ended where it never does."""
    deadline = time.monotonic() + LONGEST_S
    while not (folder / "holding").exists():
        if time.monotonic() > deadline or process.poll() is not None:
            process.kill()
            pytest.fail(f"the run never held: {process.communicate()}")
        time.sleep(0.02)


def _stop_at(folder: Path, stage: int, sign: signal.Signals, workers: int = 1) -> tuple[int, str]:
    process = _start(folder, "--workers", str(workers), hold_at=stage)
    _hold(folder, process)
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
    """Results of a run nobody disturbed, in a process of its own."""
    folder = tmp_path_factory.mktemp("whole")
    process = _start(folder, "--workers", "1")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
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
    tmp_path: Path, whole: dict[str, bytes], finish: Finish, sign: signal.Signals, stage: int
) -> None:
    code, err = _stop_at(tmp_path, stage, sign)
    if sign is signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 4
        assert f"{stage} finished pieces are kept" in err
        assert "Traceback" not in err
    if stage == 0:
        code, _, err = finish(tmp_path, "--workers", "1")
        assert code == 2
        assert "--resume" in err
    code, out, err = finish(tmp_path, "--workers", "1", "--resume")
    assert code == 0, err
    assert out.startswith("runs/minimal-")
    assert _results(tmp_path) == whole


@pytest.mark.slow
def test_interrupt_ends_the_workers_too(tmp_path: Path, whole: dict[str, bytes], finish: Finish) -> None:
    code, err = _stop_at(tmp_path, 2, signal.SIGINT, workers=2)  # ends within a minute of the signal
    assert code == 4, err
    assert finish(tmp_path, "--workers", "2", "--resume")[0] == 0
    assert _results(tmp_path) == whole


def test_second_run_of_the_same_inputs_waits_outside(tmp_path: Path, finish: Finish) -> None:
    process = _start(tmp_path, "--workers", "1", hold_at=1)
    try:
        _hold(tmp_path, process)
        code, _, err = finish(tmp_path, "--workers", "1", "--resume")
        assert code == 2
        assert f"process {process.pid}" in err
    finally:
        process.kill()
        process.communicate()
