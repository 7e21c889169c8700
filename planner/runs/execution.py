"""Carry out one run: find its directory, keep others out, plan, write the result, record how it ended."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner import __version__
from planner.errors import Infeasible, IssuesError, NothingFound, PlanError, PlannerError, RunError, Stopped
from planner.frontier.frontier import Frontier
from planner.runs.directory import RunDirectory
from planner.runs.inputs import InputFile, hash_inputs, run_key
from planner.runs.interruption import InterruptibleChunks, interruptible
from planner.runs.manifest import RunState, anonymous_command, describe_machine, now
from planner.runs.store import load_run, save_frontier

Progress = Callable[[str, int, int, str], None]
Planner = Callable[..., Frontier]
FirstLook = Callable[[Frontier, Path], None]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to run: a loaded scenario, its input files and the settings of this run.

    `scenario_text` is the resolved scenario as it will be stored; `base` is the folder input names are relative to;
    `overrides` lists each replaced value in order, `variant` and `changes` (texts of `--set`) what was asked. `workers`
    never changes a result; `time_limit_s` may leave work out, which `resume` then continues in the same directory.
    `earlier` is a run to start from (see `planner.frontier.earlier`), whose model is among `files`; `adopted` a plan
    adopted before (see `planner.frontier.adopted`).
    """

    scenario: Any
    name: str
    scenario_text: str
    files: tuple[Path, ...]
    base: Path
    seed: int
    out: Path
    workers: int = 1
    time_limit_s: float | None = None
    resume: bool = False
    overrides: tuple[str, ...] = ()
    variant: str | None = None
    changes: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    earlier: Any = None
    adopted: Any = None


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A request with its inputs hashed and its directory known."""

    request: RunRequest
    inputs: tuple[InputFile, ...]
    key: str
    directory: RunDirectory = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A finished run: `fresh` is False where it had been finished before."""

    path: Path
    frontier: Frontier
    fresh: bool


def prepare(request: RunRequest) -> PreparedRun:
    """Hash the inputs and name the directory; writes nothing."""
    inputs = tuple(hash_inputs(request.files, request.base))
    settings: dict[str, Any] = {"version": __version__}
    if request.earlier is not None:
        settings |= {"from": request.earlier.plan, "keep": list(request.earlier.keep)}
    if request.adopted is not None:
        settings |= {"adopted": dict(request.adopted.decision)}
    key = run_key(request.scenario_text, inputs, request.seed, settings)
    return PreparedRun(request, inputs, key, RunDirectory(request.out / f"{request.name}-{key}"))


def execute(
    prepared: PreparedRun, plan: Planner, progress: Progress | None = None, first_look: FirstLook | None = None
) -> RunOutcome:
    """Run a prepared request to its end, or load it where it is already complete.

    Parameters
    ----------
    plan
        The planning function, `planner.plan`.
    progress
        Called with stage, done, total and a note; every change of stage is also logged.
    first_look
        Given what there is before the bound is known, and where a page of it belongs until the result stands.

    Raises
    ------
    RunError
        If the directory is held by another run, unfinished and not to be resumed, or cannot be written.
    IssuesError, PlanError
        If the input turns out to be wrong; a new directory is taken back.
    Infeasible, Stopped, KeyboardInterrupt
        As the planning ends; the directory records which.
    """
    run = prepared.directory
    if _nothing_to_do(prepared):
        return RunOutcome(run.path, load_run(run.path), fresh=False)
    with _taken_back(run), run.held():
        if _nothing_to_do(prepared):  # finished by another process between the check and the lock
            return RunOutcome(run.path, load_run(run.path), fresh=False)
        if run.unfinished and not prepared.request.resume:
            raise RunError(
                f"{run.path}: an earlier run did not finish ({len(run.chunks)} pieces are kept); "
                "add --resume to continue it, or delete the directory"
            )
        run.write_inputs(prepared.request.scenario_text, prepared.inputs)
        with run.logged() as log:
            frontier = _recorded(prepared, plan, _logged_progress(progress, log), first_look, log)
    return RunOutcome(run.path, frontier, fresh=True)


@contextlib.contextmanager
def _taken_back(run: RunDirectory) -> Iterator[None]:
    """Leave no new directory where the input turns out to be wrong: what is put right gets another."""
    there = run.path.exists()
    try:
        yield
    except (IssuesError, PlanError):
        if not there:
            run.remove()
        raise


def _nothing_to_do(prepared: PreparedRun) -> bool:
    run = prepared.directory
    return run.complete and not (prepared.request.resume and run.cut_short)


def _recorded(
    prepared: PreparedRun, plan: Planner, progress: Progress, first_look: FirstLook | None, log: logging.Logger
) -> Frontier:
    manifest = _opening(prepared)
    run = prepared.directory
    run.write_manifest(manifest)
    log.info("start, seed %d, %d pieces kept from before", prepared.request.seed, len(run.chunks))
    state = RunState.FAILED
    try:
        frontier = _plan(prepared, plan, progress, first_look)
        _save(frontier, run)
        run.first_look_path.unlink(missing_ok=True)
        state = RunState.DONE
    except BaseException as err:
        state = _state_of(err)
        log.info("ended: %s: %s", type(err).__name__, err)
        raise
    finally:
        run.write_manifest(manifest | {"ended": now(), "state": str(state)})
    if not run.cut_short:
        run.chunks.clear()
    log.info("done")
    return load_run(run.path)


def _plan(prepared: PreparedRun, plan: Planner, progress: Progress, first_look: FirstLook | None) -> Frontier:
    request, page = prepared.request, prepared.directory.first_look_path
    with interruptible() as interruption, _workers(request.workers) as executor:
        return plan(
            request.scenario,
            seed=request.seed,
            executor=executor,
            time_limit_s=request.time_limit_s,
            progress=progress,
            checkpoint=InterruptibleChunks(prepared.directory.chunks, interruption),
            earlier=request.earlier,
            adopted=request.adopted,
            first_look=None if first_look is None else lambda frontier: first_look(frontier, page),
        )


def _save(frontier: Frontier, run: RunDirectory) -> None:
    try:
        with interruptible():
            save_frontier(frontier, run.path)
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            run.result_path.unlink()
        raise


@contextlib.contextmanager
def _workers(count: int) -> Iterator[Executor | None]:
    from solvers.executor import local_executor  # lazy: a run of one worker needs no executor machinery

    executor = local_executor(count)
    try:
        yield executor
    except PlannerError:  # an answer, not an accident: no work is left behind
        _finish(executor)
        raise
    except BaseException:
        if executor is not None:
            _kill(executor)
        raise
    _finish(executor)


def _finish(executor: Executor | None) -> None:
    if executor is not None:
        executor.shutdown(wait=True)


def _kill(executor: Executor) -> None:
    try:
        executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
    except TypeError:
        executor.shutdown(wait=False, cancel_futures=True)


def _logged_progress(progress: Progress | None, log: logging.Logger) -> Progress:
    last = ""
    began = time.monotonic()

    def report(stage: str, done: int, total: int, note: str = "") -> None:
        nonlocal last
        if stage != last:
            last = stage
            log.info("%.1f s: %s (%d of %d) %s", time.monotonic() - began, stage, done, total, note)
        if progress is not None:
            progress(stage, done, total, note)

    return report


def _opening(prepared: PreparedRun) -> dict[str, Any]:
    request = prepared.request
    return describe_machine() | {
        "name": request.name,
        "key": prepared.key,
        "seed": request.seed,
        "settings": _settings(request),
        "overrides": list(request.overrides),
        "variant": request.variant,
        "set": list(request.changes),
        "inputs": {file.name: file.sha256 for file in prepared.inputs},
        "command": anonymous_command(request.command),
        "started": now(),
        "ended": None,
        "state": str(RunState.RUNNING),
    }


def _settings(request: RunRequest) -> Mapping[str, Any]:
    return {"workers": request.workers, "time_limit_s": request.time_limit_s, "resumed": request.resume}


def _state_of(err: BaseException) -> RunState:
    endings: Sequence[tuple[type[BaseException], RunState]] = (
        (KeyboardInterrupt, RunState.INTERRUPTED),
        (NothingFound, RunState.NOTHING_FOUND),
        (Stopped, RunState.OUT_OF_TIME),
        (Infeasible, RunState.INFEASIBLE),
        (PlannerError, RunState.FAILED),
    )
    return next((state for kind, state in endings if isinstance(err, kind)), RunState.FAILED)
