"""How a command ends: every exception becomes an exit code and a line or two that say what to do."""

from __future__ import annotations

import traceback
from enum import IntEnum

from planner.cli import console
from planner.errors import Infeasible, IssuesError, NothingFound, PlannerError, Stopped


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    INFEASIBLE = 3
    STOPPED = 4
    CHECK_FAILED = 5


def explain(err: BaseException, debug: bool) -> Exit:
    """Tell people what happened and return the exit code."""
    if debug and not isinstance(err, BrokenPipeError):
        console.complain("".join(traceback.format_exception(err)))
    if isinstance(err, BrokenPipeError):
        return Exit.DONE  # the reader has seen enough
    if isinstance(err, KeyboardInterrupt):
        console.complain("Interrupted.")
        return Exit.STOPPED
    if isinstance(err, Infeasible):
        return _explain_infeasible(err)
    if isinstance(err, NothingFound):
        return _explain_nothing_found(err)
    if isinstance(err, Stopped):
        console.complain(f"Stopped: {err}")
        return Exit.STOPPED
    if isinstance(err, IssuesError):
        console.complain(f"{err}\n{_count(err)}")
        return Exit.BAD_INPUT
    if isinstance(err, PlannerError):
        console.complain(f"planner: {err}")
        return Exit.BAD_INPUT
    line = f"planner: this is a bug in planner: {type(err).__name__}: {err}"
    console.complain(" ".join(line.split()) + ("" if debug else " (--debug shows the traceback)"))
    return Exit.BUG


def _explain_infeasible(err: Infeasible) -> Exit:
    said = str(err)
    lines = [f"{said[:1].upper()}{said[1:]}"]
    if err.relax:
        lines += ["The smallest set of promises to relax:", *(f"  - {promise}" for promise in err.relax)]
    if err.amounts:
        lines += ["By how much at least:", *(f"  - {a}" for a in err.amounts)]
    if err.enough:
        together = " together" * (len(err.enough) > 1)
        lines += [f"Found to be enough{together}, with whole people:", *(f"  - {a}" for a in err.enough)]
    if err.detail:
        lines.append(err.detail)
    console.complain("\n".join(lines))
    return Exit.INFEASIBLE


def _explain_nothing_found(err: NothingFound) -> Exit:
    lines = [f"No plan was found: {err}"]
    if err.enough:
        lines += ["Each of these by itself was found to be enough:", *(f"  - {change}" for change in err.enough)]
    console.complain("\n".join([*lines, err.detail]))
    return Exit.STOPPED


def _count(err: IssuesError) -> str:
    wrong = sum(issue.severity == "error" for issue in err.issues)
    files = list(dict.fromkeys(issue.file for issue in err.issues if issue.severity == "error"))
    return f"{wrong} {'error' if wrong == 1 else 'errors'}; open {files[0]}" if files else ""
