"""Every exception and warning of the planner, and nothing else.

PlannerError
├── ScenarioError   a scenario or an input file is wrong (carries all issues at once; exit code 2)
├── HistoryError    a history cannot be read as contacts (carries all issues at once; exit code 2)
├── RunError        a run directory cannot be written, read or resumed (exit code 2)
├── PlanError       a plan, a rule or an export that does not exist was asked for (exit code 2)
├── Infeasible      proven: no plan keeps every promise (carries the promises to relax; exit code 3)
└── Stopped         interrupted or out of time; what is there is kept (exit code 4)
    └── NothingFound  no plan was found, none is proven impossible (carries what was found to be enough)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem of an input file.

    `file`, `line`, `column` say where (1-based; None where a whole file is meant), `path` is the dotted
    place in the file, `message` says what was found, what is allowed and what to do.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        """Render as `file:line:col: error: path: message`."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        where = f"{self.path}: " if self.path else ""
        return f"{place}: {self.severity}: {where}{self.message}"


class PlannerError(Exception):
    """Base of all errors a user can cause; never shown with a traceback."""


class IssuesError(PlannerError):
    """Base of the errors that carry several issues of input files."""

    def __init__(self, issues: list[Issue]) -> None:
        self.issues = list(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))

    def __reduce__(self) -> tuple[type[IssuesError], tuple[list[Issue]]]:
        """Travel between processes with the issues, not with their text alone."""
        return type(self), (self.issues,)


class ScenarioError(IssuesError):
    """A scenario file, or a file it names, is wrong."""


class HistoryError(IssuesError):
    """A history cannot be read as contacts."""


class RunError(PlannerError):
    """A run directory cannot be written, read or resumed."""


class PlanError(PlannerError):
    """A plan, rule or export format that does not exist was asked for."""


class Infeasible(PlannerError):
    """No plan keeps every promise.

    `relax` is a smallest set of promises to relax; `amounts`, in words, by how much each at least, `enough` by how much
    each a plan with whole people was found; `detail` says why.
    """

    def __init__(
        self,
        message: str,
        relax: list[str],
        detail: str = "",
        amounts: Sequence[str] = (),
        enough: Sequence[str] = (),
    ) -> None:
        self.relax = list(relax)
        self.amounts = list(amounts)
        self.enough = list(enough)
        self.detail = detail
        super().__init__(message)


class Stopped(PlannerError):
    """Interrupted or out of time before a result; what was finished is kept and can be resumed."""


class NothingFound(Stopped):
    """No plan was found that keeps every promise, though none is proven impossible.

    `enough`: changes, in words, each of which by itself was found to give a plan; `detail` says what else to do.
    """

    def __init__(self, message: str, enough: Sequence[str], detail: str) -> None:
        self.enough = list(enough)
        self.detail = detail
        super().__init__(message)


class PlannerWarning(UserWarning):
    """A result stands, but something about it deserves a second look."""
