"""Run independent pieces of work in order, on this machine or on any `concurrent.futures.Executor`.

Holds the only import of loky. What the pieces compute lives with their callers.
"""

import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any, TypeVar

from solvers.errors import SolverMissing

__all__ = ["local_executor", "map_in_order", "run_apart", "workers_of"]

_FRUGAL = {"MALLOC_ARENA_MAX": "1"}
"""One heap for all threads of a process, so that what one gave back serves the others; glibc alone listens to it."""

LOOK_S = 1.0
"""Seconds between looks at whether a parent is still there."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def map_in_order(
    function: Callable[[Item], Outcome], items: Iterable[Item], executor: Executor | None = None
) -> list[Outcome]:
    """Apply a function to each item and return the outcomes in the order of the items.

    Parameters
    ----------
    function
        Must be picklable when the executor runs other processes.
    items
        Independent pieces of work.
    executor
        Where to run; without one the items are done here, one after the other.

    Returns
    -------
    list
        One outcome per item, in the items' order, so that sums over it do not depend on timing.
    """
    if executor is None:
        return [function(item) for item in items]
    return list(executor.map(function, items))


def local_executor(workers: int) -> Executor | None:
    """Start worker processes on this machine, or none at all for one worker.

    Parameters
    ----------
    workers
        Number of processes, at least 1. One worker means "here", which is None.

    Raises
    ------
    ValueError
        If fewer than one worker is asked for.
    SolverMissing
        If loky is not installed and more than one worker is asked for.
    """
    if workers < 1:
        raise ValueError(f"workers = {workers} — must be at least 1; use 1 to stay in this process")
    if workers == 1:
        return None
    try:
        from loky import get_reusable_executor  # lazy: starting loky costs 50 ms that serial runs need not pay
    except ImportError as err:
        raise SolverMissing(f"workers = {workers} needs the package loky: pip install loky") from err
    executor: Executor = get_reusable_executor(max_workers=workers, env=_FRUGAL)
    return executor


def run_apart(function: Callable[..., Outcome], *given: Any) -> Outcome:
    """Run a piece of work in a process of its own, which ends with it and gives back all memory it took.

    Warnings of that process are given here, and an interrupt or the end of this one ends it.

    Parameters
    ----------
    function, given
        Picklable, and so must be what comes of them; local functions and closures in them are.

    Raises
    ------
    SolverMissing
        If loky is not installed.
    """
    try:
        from loky import ProcessPoolExecutor  # lazy: as above
    except ImportError as err:
        raise SolverMissing("a process of its own needs the package loky: pip install loky") from err
    # Its files are in a folder of this process: one that is ended by force cleans nothing up.
    with tempfile.TemporaryDirectory(prefix="planner-", ignore_cleanup_errors=True) as folder:
        apart = ProcessPoolExecutor(max_workers=1, env={**_FRUGAL, "TMPDIR": folder})
        try:
            outcome, caught = apart.submit(_with_warnings, function, given).result()
        except BaseException:
            apart.shutdown(wait=True, kill_workers=True)
            raise
        apart.shutdown(wait=True)
    for one in caught:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return outcome


def _with_warnings(
    function: Callable[..., Outcome], given: tuple[Any, ...]
) -> tuple[Outcome, list[warnings.WarningMessage]]:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    with warnings.catch_warnings(record=True) as caught:
        return function(*given), caught


def _end_with(parent: int) -> None:
    """End this process soon after a parent that was killed: nobody would ever fetch what it works out."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


def workers_of(executor: Executor) -> int | None:
    """Return how many pieces of work an executor does at a time; None where it does not say, as clusters do not."""
    count = getattr(executor, "_max_workers", None)
    return count if isinstance(count, int) else None
