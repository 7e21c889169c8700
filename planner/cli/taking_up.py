"""Taking up a choice that a report page saved: its run, its parts to keep, its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import console
from planner.errors import PlanError, RunError

if TYPE_CHECKING:
    from planner.choice import Choice
    from planner.frontier.frontier import Frontier


@dataclass(frozen=True)
class Wanted:
    """What a run is asked for: where to start, what to keep, in which variant, with which overrides."""

    start: Path | None
    plan: str
    keep: str
    variant: str | None
    overrides: tuple[str, ...]
    choice: Choice | None = None


def with_choice(wanted: Wanted, file: Path, out: Path) -> Wanted:
    """Add what a choice file asks for; what was written beside it on the command line wins.

    The world is that of the choice's run: its variant and its overrides are repeated.

    Raises
    ------
    PlanError
        Parts to keep are also written beside it.
    RunError
        The file is no choice, its run is not there, or was made anew since.
    """
    from planner.choice import limit_changes, read_choice
    from planner.runs import RunDirectory

    if wanted.plan or wanted.keep:
        raise PlanError("--from-choice names the plan and the parts to keep; leave --plan and --keep out")
    choice = read_choice(file)
    start = wanted.start or out / choice.run
    if not (start / "manifest.json").is_file():
        raise RunError(f"{file}: was made in run {choice.run}, which is not under {out}; name it with --from RUN")
    run = RunDirectory(start)
    if choice.fingerprint and run.fingerprint() != choice.fingerprint:
        raise RunError(f"{file}: was made from another result of {choice.run} than the one in {start}; choose again")
    manifest = run.manifest()
    before = tuple(str(change) for change in manifest.get("set") or ())
    variant = wanted.variant or manifest.get("variant")
    changes = limit_changes(choice.limits, start)
    repeated = [*([f"--variant {variant}"] if variant else []), *(f"--set {change}" for change in (*before, *changes))]
    console.say(f"Taking up {file}: from {start}" + (f" with {' '.join(repeated)}" if repeated else ""))
    overrides = (*before, *changes, *wanted.overrides)
    return Wanted(start, choice.plan, ",".join(choice.keep), variant, overrides, choice)


def tell_nearest(frontier: Frontier, choice: Choice | None) -> None:
    """Say which plan comes nearest to the limits of a choice."""
    if choice is None or not choice.limits:
        return
    plan = frontier.nearest(choice.limits)
    reached = frontier.reached(choice.limits)[plan.id] >= 0
    console.say(
        f"Nearest to the limits of the choice: {plan.id}" + ("" if reached else ", which does not reach them all")
    )
