"""Decisions: which plan of which run was adopted, by whom and why, one line each, never changed again."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from planner.errors import PlanError, RunError
from planner.frontier.frontier import Frontier
from planner.runs.atomic import explained
from planner.runs.directory import RunDirectory
from planner.runs.manifest import now
from planner.runs.store import load_run

FOLDER = "decisions"
AXES = ("cx", "cost", "headroom")
LONGEST = {"by": 120, "why": 2000}


@dataclass(frozen=True)
class Decision:
    """One decision: plan of a run (its NAME-KEY and the fingerprint of its result), its axes then, who, why, when."""

    scenario: str
    run: str
    fingerprint: str
    plan: str
    name: str
    axes: Mapping[str, float]
    by: str
    why: str
    when: str


def adopt(run: Path, plan: str, *, by: str, why: str) -> Decision:
    """Record that a plan is adopted; a later decision about the same scenario stands beside it and counts.

    Raises
    ------
    PlanError
        No such plan, or nobody and nothing is named.
    RunError
        The run cannot be read, or the file not written.
    """
    frontier = load_run(run)
    directory = run if run.is_dir() else run.parent
    chosen = frontier.plan(plan)
    decision = Decision(
        scenario=str(RunDirectory(directory).manifest().get("name") or frontier.meta.get("scenario")),
        run=frontier.run,
        fingerprint=frontier.fingerprint,
        plan=chosen.id,
        name=str(chosen.summary.get("name") or ""),
        axes={axis: float(chosen.summary[axis]) for axis in AXES},
        by=_said("by", by),
        why=_said("why", why),
        when=now(),
    )
    _append(_file(directory.absolute().parent, decision.scenario), decision)
    return decision


def _said(option: str, text: str) -> str:
    said = " ".join(text.split())
    if not said or len(said) > LONGEST[option] or not said.isprintable():
        raise PlanError(f"--{option} {text[:60]!r}: must be 1 to {LONGEST[option]} printable characters")
    return said


def decisions_of(runs: Path, scenario: str) -> list[Decision]:
    """Decisions about a scenario, the oldest first; a last line that a crash cut off does not count.

    Raises
    ------
    RunError
        A line is none: the file was changed by hand.
    """
    path = _file(runs, scenario)
    with explained(path, "read"):
        lines = path.read_bytes().split(b"\n") if path.is_file() else [b""]
    found = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            found.append(_decision(json.loads(line.decode("utf-8"))))
        except (ValueError, TypeError, KeyError, RecursionError) as err:
            raise RunError(f"{path}:{number}: is not a decision; it was changed by hand or is damaged") from err
    return found


def standing(runs: Path, scenario: str) -> Decision | None:
    """Return the last decision about a scenario; None where there is none."""
    found = decisions_of(runs, scenario)
    return found[-1] if found else None


def adopted_run(runs: Path, decision: Decision) -> Frontier:
    """Load the run a decision is about.

    Raises
    ------
    RunError
        It is not there, was made anew since, or holds no model.
    """
    path = runs / decision.run
    frontier = load_run(path)
    if frontier.fingerprint != decision.fingerprint:
        raise RunError(f"{path}: was made anew since plan {decision.plan} of it was adopted")
    if not frontier.model:
        raise RunError(f"{path}: holds no model (written by an earlier version)")
    return frontier


def _decision(record: dict[str, Any]) -> Decision:
    decision = Decision(**record)
    texts = (decision.scenario, decision.run, decision.fingerprint, decision.plan, decision.name, decision.by)
    known = all(isinstance(text, str) for text in (*texts, decision.why, decision.when))
    if not known or not all(math.isfinite(decision.axes[axis]) for axis in AXES):
        raise ValueError("not a decision")
    if Path(decision.run).name != decision.run or decision.run in ("", ".", ".."):
        raise ValueError("not the name of a run")
    return decision


def _file(runs: Path, scenario: str) -> Path:
    return runs / FOLDER / f"{scenario}.jsonl"


def _last_byte(handle: int, size: int) -> bytes:
    os.lseek(handle, size - 1, os.SEEK_SET)
    return os.read(handle, 1)


def _append(path: Path, decision: Decision) -> None:
    line = json.dumps(asdict(decision), ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(handle).st_size
            if size and _last_byte(handle, size) != b"\n":
                os.ftruncate(handle, path.read_bytes().rfind(b"\n") + 1)  # what a crash cut off never counted
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
