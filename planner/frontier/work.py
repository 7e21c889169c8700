"""How stages run: jobs in order on an executor, finished ones kept, progress told, an end in time respected."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol


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
    """What a run may use. `deadline` is a monotonic time after which no further job is started (None: no limit)."""

    seed: int
    executor: Executor | None = None
    progress: Progress = silent
    checkpoint: Checkpoint | None = None
    deadline: float | None = None
    skipped: list[str] = field(default_factory=list)

    @property
    def out_of_time(self) -> bool:
        """True once the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def run(
        self, stage: str, function: Callable[..., bytes], jobs: Sequence[tuple[str, tuple[Any, ...]]]
    ) -> list[bytes | None]:
        """Run jobs (key, arguments) and return their bytes in order; None for those the deadline left out.

        `function` must be a pure top-level function, so that any number of workers gives the same bytes.
        """
        results: list[bytes | None] = [self._known(key) for key, _ in jobs]
        done = sum(result is not None for result in results)
        self.progress(stage, done, len(jobs), "")
        missing = [k for k, result in enumerate(results) if result is None]
        if self.executor is None or len(missing) == 1:  # alone it need not wait for a worker to start
            for k in missing:
                if self.out_of_time:
                    self.skipped.append(jobs[k][0])
                    continue
                results[k] = self._keep(jobs[k][0], function(*jobs[k][1]))
                done += 1
                self.progress(stage, done, len(jobs), "")
            return results
        futures = {} if self.out_of_time else {k: self.executor.submit(function, *jobs[k][1]) for k in missing}
        for k in missing:
            if k not in futures or (self.out_of_time and futures[k].cancel()):
                self.skipped.append(jobs[k][0])
                continue
            results[k] = self._keep(jobs[k][0], futures[k].result())
            done += 1
            self.progress(stage, done, len(jobs), "")
        return results

    def _known(self, key: str) -> bytes | None:
        return None if self.checkpoint is None else self.checkpoint.get(key)

    def _keep(self, key: str, data: bytes) -> bytes:
        if self.checkpoint is not None:
            self.checkpoint.put(key, data)
        return data
