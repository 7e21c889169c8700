"""Work dealt to workers whose clock is processor time: what a run reaches in its time, whatever else a machine does."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.frontier.work import Work


@dataclass
class Stage:
    """A stage of a run: when it began and ended, seconds of the clock, and the processor seconds of its jobs."""

    name: str
    began_s: float
    ended_s: float
    jobs_s: list[float] = field(default_factory=list)


@dataclass
class ClockedWork(Work):
    """Jobs run here one after the other and count as dealt, in order, to the worker that is free first.

    No job starts that would end after `limit_s` of the clock if it took as long as the longest of its stage so far; the
    clock also counts what runs between stages. `ended` (key,): when
    each job ended; `answers` (key,): its bytes.
    """

    workers: int = 2
    limit_s: float = float("inf")
    stages: list[Stage] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._clock_s, self._mark = 0.0, time.process_time()

    @property
    def clock_s(self) -> float:
        """Seconds since the start."""
        return self._clock_s + time.process_time() - self._mark

    @property
    def out_of_time(self) -> bool:
        """True once the limit has passed."""
        return self.clock_s > self.limit_s

    def run(
        self, stage: str, function: Callable[..., bytes], jobs: Sequence[tuple[str, tuple[Any, ...]]]
    ) -> list[bytes | None]:
        """Run jobs; None for those that would start after the limit."""
        here = Stage(stage, self.clock_s, self.clock_s)
        self.stages.append(here)
        free, results = [here.began_s] * self.workers, []
        for key, given in jobs:
            worker = free.index(min(free))
            if free[worker] + self.longest_s.get(stage, 0.0) > self.limit_s:
                self.skipped.append(key)
                results.append(None)
                continue
            began = time.process_time()
            results.append(function(*given))
            here.jobs_s.append(time.process_time() - began)
            self.longest_s[stage] = max(here.jobs_s[-1], self.longest_s.get(stage, 0.0))
            free[worker] += here.jobs_s[-1]
            self.ended[key], self.answers[key] = free[worker], results[-1]
        here.ended_s = max(free)
        self._clock_s, self._mark = here.ended_s, time.process_time()
        return results


def peak_gb() -> float:
    """Largest memory this process has held, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
