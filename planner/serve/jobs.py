"""Jobs: commands of the planner in processes of their own, one at a time, in order, kept on disk.

A job is a file; what runs is `planner run …` or `planner simulate …`, so whatever a job does can be done by hand, and
a run that a job did not finish resumes like any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from planner.errors import PlanError, PlannerError
from planner.runs.atomic import read_json, write_json
from planner.runs.manifest import now

GRACE_S = 15.0
"""How long a cancelled job may take to keep what it has before it is killed."""
NICENESS = 10
SAVED_EVERY_S = 1.0
KEPT_LINES = 12
LONGEST_LINE = 500


class JobState(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Job:
    """One command and how it stands; `words` are its last lines for people, `result` what it printed as JSON."""

    id: str
    kind: str
    run: str
    title: str
    command: tuple[str, ...]
    state: str = JobState.QUEUED
    created: str = ""
    started: str | None = None
    ended: str | None = None
    stage: str = ""
    done: int = 0
    total: int = 0
    exit_code: int | None = None
    words: tuple[str, ...] = ()
    result: Any = None

    def shown(self) -> dict[str, Any]:
        """Return what a page may know: all but the command, which names folders."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "command"}


class Jobs:
    """The queue of one folder. Jobs found unfinished at the start: queued ones run, a running one was interrupted."""

    def __init__(self, folder: Path, tell: Callable[[str], None] = lambda words: None) -> None:
        self.folder, self._tell = folder, tell
        self._change = threading.Condition()
        self._jobs = {job.id: job for job in map(_after_restart, _read_all(folder))}
        self._process: subprocess.Popen[str] | None = None
        self._closing = False
        self._saved = 0.0
        for job in self._jobs.values():
            _write(self.folder, job)
        self._thread = threading.Thread(target=self._work, daemon=True, name="planner-jobs")
        self._thread.start()

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        with self._change:
            return sorted(self._jobs.values(), key=lambda job: job.id, reverse=True)

    def get(self, id: str) -> Job:
        """Return a job.

        Raises
        ------
        PlanError
            There is none of this id.
        """
        with self._change:
            if id not in self._jobs:
                raise PlanError(f"no job {id[:20]!r}; it may have been of another folder of runs")
            return self._jobs[id]

    def add(self, kind: str, run: str, title: str, command: Sequence[str]) -> Job:
        """Queue a command (arguments of `planner`)."""
        with self._change:
            number = max((int(id) for id in self._jobs), default=0) + 1
            job = Job(f"{number:05d}", kind, run, title, tuple(command), created=now())
            self._put(job)
            self._change.notify_all()
            return job

    def cancel(self, id: str) -> Job:
        """Take a job out of the queue, or stop it; a finished one stays as it is."""
        self.get(id)
        with self._change:
            job = self._jobs[id]
            if job.state == JobState.QUEUED:
                self._put(replace(job, state=JobState.CANCELLED, ended=now()))
            elif job.state == JobState.RUNNING:
                self._put(replace(job, state=JobState.CANCELLED))
                self._stop_later()
            return self._jobs[id]

    def again(self, id: str) -> Job:
        """Queue a job that did not finish once more; a run continues where it stopped."""
        job = self.get(id)
        if job.state in (*OPEN, JobState.DONE):
            raise PlanError(f"job {id} is {job.state}; only failed, cancelled and interrupted ones are done again")
        return self.add(job.kind, job.run, job.title, job.command)

    def close(self) -> None:
        """Stop the running job, which is then interrupted, and the queue; queued jobs stay queued on disk."""
        with self._change:
            self._closing = True
            self._stop_later()
            self._change.notify_all()
        self._thread.join(GRACE_S + 5)

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        _write(self.folder, job)

    def _stop_later(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            killer = threading.Timer(GRACE_S, _kill, (process,))
            killer.daemon = True
            killer.start()

    def _next(self) -> Job | None:
        with self._change:
            while not self._closing:
                queued = [job for job in self._jobs.values() if job.state == JobState.QUEUED]
                if queued:
                    job = replace(min(queued, key=lambda job: job.id), state=JobState.RUNNING, started=now())
                    self._put(job)
                    return job
                self._change.wait()
        return None

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._run(job)
            except (OSError, PlannerError) as err:
                with self._change:
                    self._put(replace(self._jobs[job.id], state=JobState.FAILED, ended=now(), words=(str(err),)))
            ended = self.get(job.id)
            self._tell(f"job {ended.id}: {ended.state}: {ended.title}")

    def _run(self, job: Job) -> None:
        output = self.folder / f"{job.id}.out"
        with open(output, "w+", encoding="utf-8") as out:
            with self._change:
                if self._jobs[job.id].state != JobState.RUNNING or self._closing:
                    self._end(job.id, None, None)
                    return
                self._process = _start(job.command, out)
            self._tell(f"job {job.id}: running: {job.title}")
            stderr = self._process.stderr
            for line in stderr or ():
                self._note(job.id, line.rstrip("\n")[:LONGEST_LINE])
            code = self._process.wait()
            out.seek(0)
            result = _parsed(out.read())
        output.unlink(missing_ok=True)
        with self._change:
            self._process = None
            self._end(job.id, code, result)

    def _end(self, id: str, code: int | None, result: Any) -> None:
        job = self._jobs[id]
        state = job.state
        if state == JobState.RUNNING:
            # Exit code 5 is a result, too: one whose check failed, which its words say.
            finished = JobState.DONE if code in (0, 5) else JobState.FAILED
            state = JobState.INTERRUPTED if self._closing and code != 0 else finished
        self._put(replace(job, state=state, ended=now(), exit_code=code, result=result))

    def _note(self, id: str, line: str) -> None:
        progress = _progress_of(line)
        with self._change:
            job = self._jobs[id]
            if progress is None:
                job = replace(job, words=(*job.words, line)[-KEPT_LINES:])
            else:
                if progress["stage"] != job.stage:
                    self._tell(f"job {id}: {progress['stage']}")
                job = replace(job, **progress)
            self._jobs[id] = job
            if time.monotonic() - self._saved > SAVED_EVERY_S:
                self._saved = time.monotonic()
                _write(self.folder, job)


def _start(command: Sequence[str], out: IO[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "planner", *command],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C at the server is for the server, which then stops its job
    )
    with contextlib.suppress(OSError, AttributeError):  # readers come first
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    return process


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()


def _progress_of(line: str) -> dict[str, Any] | None:
    """Stage, done and total of a line of `--progress-json`; None: words for people."""
    if not line.startswith('{"stage"'):
        return None
    try:
        found = json.loads(line)
        return {"stage": str(found["stage"]), "done": int(found["done"]), "total": int(found["total"])}
    except (ValueError, KeyError, TypeError):
        return None


def _parsed(text: str) -> Any:
    """JSON that a command printed, None where it printed none; without tables too long for a list of jobs."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return {name: value for name, value in found.items() if name != "intervals"} if isinstance(found, dict) else found


def _after_restart(job: Job) -> Job:
    if job.state != JobState.RUNNING:
        return job
    return replace(job, state=JobState.INTERRUPTED, ended=now(), words=(*job.words, "the server stopped meanwhile"))


def _write(folder: Path, job: Job) -> None:
    write_json(folder / f"{job.id}.json", asdict(job))


def _read_all(folder: Path) -> list[Job]:
    """Jobs on disk; a file that is none is left alone."""
    found = []
    for path in sorted(folder.glob("[0-9]*.json")):
        with contextlib.suppress(PlannerError, TypeError, KeyError, ValueError):
            record = read_json(path)
            record["command"], record["words"] = tuple(record["command"]), tuple(record["words"])
            job = Job(**record)
            if int(job.id) > 0 and job.id == path.stem and job.state in set(JobState):
                found.append(job)
    return found
