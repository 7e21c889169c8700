"""How stages run: jobs in order on an executor, finished ones kept, progress told, an end in time respected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from planner.heap import give_back
from solvers.executor import workers_of

LONG_S = 0.5  # a job after which freed memory is given back, which takes a few milliseconds
Job = tuple[str, tuple[Any, ...]]
"""A key, and what the function of the stage is given."""


class Checkpoint(Protocol):
    """Keeps the bytes of finished jobs, so that a killed run resumes with an identical result."""

    def get(self, key: str) -> bytes | None:
        """Return what was kept under a key, None if nothing was."""

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key."""


Progress = Callable[[str, int, int, str], None]


def silent(stage: str, done: int, total: int, note: str) -> None:
    """Tell nobody."""


@dataclass
class Work:
    """What a run may use. `deadline` is a monotonic time by which jobs shall have ended (None: no limit).

    No job is started that would end after it if it took as long as the longest of its stage so far (`longest_s`, by
    stage). Jobs are never broken off, so the first of a stage may run past it. `note`: what there is by now, told with
    the progress of later stages.
    """

    seed: int
    executor: Executor | None = None
    progress: Progress = silent
    checkpoint: Checkpoint | None = None
    deadline: float | None = None
    skipped: list[str] = field(default_factory=list)
    longest_s: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def out_of_time(self) -> bool:
        """True once the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def run(self, stage: str, function: Callable[..., bytes], jobs: Sequence[Job]) -> list[bytes | None]:
        """Run jobs (key, arguments) and return their bytes in order; None for those the deadline left out.

        `function` must be a pure top-level function, so that any number of workers gives the same bytes. Once a job was
        left out nothing more is kept: what later ones are given may lack its result, under the key of the whole one.
        """
        kept = None if self.skipped else self.checkpoint
        results: list[bytes | None] = [self._known(key) for key, _ in jobs]
        missing = [k for k, result in enumerate(results) if result is None]
        self.progress(stage, len(jobs) - len(missing), len(jobs), self.note)
        give_back()  # workers need room
        here = self.executor is None or len(missing) == 1  # alone it need not wait for a worker to start
        for k, data, took_s in (self._here if here else self._dealt)(stage, function, jobs, missing):
            self.longest_s[stage] = max(took_s, self.longest_s.get(stage, 0.0))
            results[k] = data
            if kept is not None:
                kept.put(jobs[k][0], data)
            self.progress(stage, sum(result is not None for result in results), len(jobs), self.note)
        self.skipped += [key for (key, _), result in zip(jobs, results, strict=True) if result is None]
        return results

    def _here(
        self, stage: str, function: Callable[..., bytes], jobs: Sequence[Job], missing: Sequence[int]
    ) -> Iterator[tuple[int, bytes, float]]:
        """Do jobs one after the other: which, its bytes, seconds it took."""
        for k in missing:
            if self._may_start(stage):
                yield k, *_timed(function, jobs[k][1])

    def _dealt(
        self, stage: str, function: Callable[..., bytes], jobs: Sequence[Job], missing: Sequence[int]
    ) -> Iterator[tuple[int, bytes, float]]:
        """Deal jobs out to the executor: which, its bytes, seconds it took, as they end.

        All at once; under a deadline as many as run at a time, because what an executor holds ready cannot be called
        back.
        """
        assert self.executor is not None
        at_once = len(missing) if self.deadline is None else workers_of(self.executor) or len(missing)
        left, running = list(missing), dict[Future[tuple[bytes, float]], int]()
        while True:
            while left and len(running) < at_once and self._may_start(stage):
                k = left.pop(0)
                running[self.executor.submit(_timed, function, jobs[k][1])] = k
            if not self._may_start(stage):
                running = {one: k for one, k in running.items() if not one.cancel()}
            if not running:
                return
            for one in sorted(wait(running, return_when=FIRST_COMPLETED).done, key=running.__getitem__):
                yield running.pop(one), *one.result()

    def _may_start(self, stage: str) -> bool:
        return self.deadline is None or time.monotonic() + self.longest_s.get(stage, 0.0) <= self.deadline

    def _known(self, key: str) -> bytes | None:
        return None if self.checkpoint is None else self.checkpoint.get(key)


def _timed(function: Callable[..., bytes], given: tuple[Any, ...]) -> tuple[bytes, float]:
    """Do one job; its bytes and the seconds it took. A long one leaves much behind that other processes can use."""
    began = time.monotonic()
    data = function(*given)
    took_s = time.monotonic() - began
    if took_s > LONG_S:
        give_back()
    return data, took_s
