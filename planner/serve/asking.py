"""Questions about a plan, answered in a warm process beside the server, so that readers never wait for a solver."""

from __future__ import annotations

import functools
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from planner.agreement import simulated_service
from planner.errors import PlannerError, RunError
from planner.frontier.frontier import Frontier
from planner.frontier.what_if import Answer, Question
from planner.runs import load_run
from planner.runs.tables import plain

LONGEST_S = 300.0


class Asker:
    """One process that keeps the last runs asked about; questions queue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def ask(self, run: Path, plan: str, question: Question) -> list[dict[str, Any]]:
        """Answer `Frontier.what_if`, one record per answer with its `gap`.

        Raises
        ------
        PlanError
            The question names what is not there.
        RunError
            The run holds no model, or the process died or took too long.
        """
        answers: list[dict[str, Any]] = self._answered(_answers, run, plan, question)
        return answers

    def simulate(self, run: Path, plan: str) -> pd.DataFrame:
        """Simulate a plan as the run did its named plans (`simulated_service`); errors as in `ask`."""
        found: pd.DataFrame = self._answered(_simulated, run, plan)
        return found

    def _answered(self, function: Callable[..., Any], run: Path, *asked: Any) -> Any:
        stamp = (run / "result.json").stat().st_mtime_ns
        with self._lock:
            try:
                return self._running().submit(function, str(run), stamp, *asked).result(LONGEST_S)
            except (BrokenProcessPool, TimeoutError) as err:
                self._stop()
                raise RunError("the question was not answered: its process ended or took too long; ask again") from err

    def close(self) -> None:
        """End the process; a question that is being answered is given up."""
        if self._lock.acquire(blocking=False):
            pool, self._pool = self._pool, None
            self._lock.release()
            if pool is not None:
                pool.shutdown(wait=True)
        else:
            self._stop()

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Spawned, not forked: a server has threads, and a fork of threads that hold locks hangs.
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return self._pool

    def _stop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            processes = list((pool._processes or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()


def _answers(run: str, stamp: int, plan: str, question: Question) -> list[dict[str, Any]]:
    try:
        return records_of(_loaded(run, stamp).what_if(plan, question))
    except PlannerError as err:
        # Errors with more arguments than their text do not survive the way between processes.
        raise type(err)(str(err)) from None


def _simulated(run: str, stamp: int, plan: str) -> pd.DataFrame:
    frontier = _loaded(run, stamp)
    try:
        return simulated_service(frontier, plan, seed=int(frontier.meta.get("seed") or 0))
    except PlannerError as err:
        raise type(err)(str(err)) from None


def records_of(answers: list[Answer]) -> list[dict[str, Any]]:
    """Answers as plain records: the fields of `Answer` and its `gap`; what is not known is None."""
    names = [one.name for one in fields(Answer)] + ["gap"]
    return [{name: plain(getattr(answer, name)) for name in names} for answer in answers]


@functools.lru_cache(maxsize=2)
def _loaded(run: str, stamp: int) -> Frontier:
    return load_run(run)
