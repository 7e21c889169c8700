"""What can go wrong in a solver, and how a solver run ended.

    SolverError
    ├── SolverMissing    an optional engine is not installed
    ├── SolverFailed     the engine stopped without an answer we can trust
    └── NoSolution       there is provably no solution, or none was found in time

Wrong use of a Python function stays `ValueError` or `TypeError`.
"""

from enum import StrEnum

__all__ = ["NoSolution", "SolutionStatus", "SolverError", "SolverFailed", "SolverMissing", "Termination"]


class SolverError(Exception):
    """Root of everything a solver raises on purpose."""


class SolverMissing(SolverError):
    """An optional engine is not installed; the message says which package to install."""


class SolverFailed(SolverError):
    """The engine stopped without an answer that can be trusted."""


class NoSolution(SolverError):
    """No solution exists, or none was found in time; the message says which of the two."""


class Termination(StrEnum):
    """Why a run ended; says nothing about what is in hand."""

    OPTIMAL = "optimal"
    TIME_LIMIT = "time_limit"
    ITERATION_LIMIT = "iteration_limit"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class SolutionStatus(StrEnum):
    """What is in hand after a run; says nothing about why it ended."""

    NONE = "none"
    FEASIBLE = "feasible"
    OPTIMAL = "optimal"
