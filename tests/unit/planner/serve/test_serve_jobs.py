"""Jobs: one at a time, in order, stopped when asked, kept when the server ends, and never lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from planner.errors import PlanError
from planner.serve import jobs as module
from planner.serve.jobs import Job, Jobs, JobState

SHORT = ["--version"]


@pytest.fixture
def slowly(monkeypatch, tmp_path):
    """Let a command be any Python program, so that a test says when it ends."""
    start = module.subprocess.Popen

    def started(arguments, **options):
        program = arguments[3] if arguments[3] != "--version" else None
        return start([arguments[0], "-c", program] if program else arguments, **options)

    monkeypatch.setattr(module.subprocess, "Popen", started)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


WAITING = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.default_int_handler)
print('{"stage": "bound", "done": 2, "total": 8}', file=sys.stderr, flush=True)
print("hello", file=sys.stderr, flush=True)
time.sleep(600)
"""
STUBBORN = WAITING.replace("default_int_handler", "SIG_IGN")


def test_a_real_command_runs_to_its_end(tmp_path):
    jobs = Jobs(tmp_path)
    job = jobs.add("plan", "r", "say the version", SHORT)
    until(lambda: jobs.get(job.id).state == JobState.DONE)
    assert jobs.get(job.id).exit_code == 0
    failed = jobs.add("plan", "r", "no such command", ["nonsense"])
    until(lambda: jobs.get(failed.id).state == JobState.FAILED)
    assert jobs.get(failed.id).exit_code == 2
    assert any("nonsense" in line for line in jobs.get(failed.id).words)
    jobs.close()


def test_a_second_job_waits_and_progress_is_told(tmp_path, slowly):
    told = []
    jobs = Jobs(tmp_path, told.append)
    first = jobs.add("plan", "r", "first", [WAITING])
    second = jobs.add("plan", "r", "second", ["print('{\"answer\": 42}')"])
    until(lambda: jobs.get(first.id).words == ("hello",))
    running = jobs.get(first.id)
    assert (running.state, running.stage, running.done, running.total) == (JobState.RUNNING, "bound", 2, 8)
    assert jobs.get(second.id).state == JobState.QUEUED
    jobs.cancel(first.id)
    until(lambda: jobs.get(second.id).state == JobState.DONE)
    assert jobs.get(first.id).state == JobState.CANCELLED
    assert jobs.get(second.id).result == {"answer": 42}
    assert [job.id for job in jobs.all()] == [second.id, first.id]
    assert f"job {first.id}: bound" in told
    jobs.close()


def test_a_waiting_job_is_cancelled_without_running(tmp_path, slowly):
    jobs = Jobs(tmp_path)
    first, second = (jobs.add("plan", "r", "wait", [WAITING]) for _ in range(2))
    until(lambda: jobs.get(first.id).state == JobState.RUNNING)
    assert jobs.cancel(second.id).state == JobState.CANCELLED
    assert jobs.cancel(second.id).state == JobState.CANCELLED
    jobs.cancel(first.id)
    until(lambda: jobs.get(first.id).ended is not None)
    assert jobs.get(second.id).started is None
    assert jobs.get(second.id).exit_code is None
    again = jobs.again(second.id)
    until(lambda: jobs.get(again.id).state == JobState.RUNNING)
    jobs.close()


def test_a_job_that_will_not_stop_is_killed(tmp_path, slowly, monkeypatch):
    monkeypatch.setattr(module, "GRACE_S", 0.3)
    jobs = Jobs(tmp_path)
    job = jobs.add("plan", "r", "stubborn", [STUBBORN])
    until(lambda: bool(jobs.get(job.id).words))
    jobs.cancel(job.id)
    until(lambda: jobs.get(job.id).ended is not None)
    assert jobs.get(job.id).exit_code == -9
    jobs.close()


def test_the_end_of_the_server_interrupts_and_keeps_the_queue(tmp_path, slowly):
    jobs = Jobs(tmp_path)
    first = jobs.add("plan", "r", "first", [WAITING])
    second = jobs.add("plan", "r", "second", ["print('[1]')"])
    until(lambda: bool(jobs.get(first.id).words))
    jobs.close()
    assert jobs.get(first.id).state == JobState.INTERRUPTED
    assert json.loads((tmp_path / f"{second.id}.json").read_text())["state"] == "queued"
    later = Jobs(tmp_path)
    until(lambda: later.get(second.id).state == JobState.DONE)
    assert later.get(first.id).state == JobState.INTERRUPTED
    assert later.get(second.id).result == [1]
    assert later.add("plan", "r", "third", ["print(3)"]).id > second.id
    later.close()


def test_a_job_that_ran_when_the_server_was_killed_counts_as_interrupted(tmp_path):
    record = Job("00007", "plan", "r", "lost", ("--version",), state=JobState.RUNNING, words=("stage 3",))
    module._write(tmp_path, record)
    (tmp_path / "00008.json").write_text('{"id": "00008"}')
    (tmp_path / "00009.json").write_text("half a fi")
    jobs = Jobs(tmp_path)
    assert [job.id for job in jobs.all()] == ["00007"]
    assert jobs.get("00007").state == JobState.INTERRUPTED
    assert jobs.get("00007").words == ("stage 3", "the server stopped meanwhile")
    again = jobs.again("00007")
    until(lambda: jobs.get(again.id).state == JobState.DONE)
    with pytest.raises(PlanError, match="only failed, cancelled and interrupted"):
        jobs.again(again.id)
    with pytest.raises(PlanError, match="no job '00099'"):
        jobs.cancel("00099")
    jobs.close()
