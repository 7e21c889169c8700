"""Runs: directories that name their inputs, survive a kill, resume, and give the same bytes for the same inputs."""

from planner.runs.directory import RunDirectory
from planner.runs.execution import PreparedRun, RunOutcome, RunRequest, execute, prepare
from planner.runs.store import load_run, save_frontier

__all__ = [
    "PreparedRun",
    "RunDirectory",
    "RunOutcome",
    "RunRequest",
    "execute",
    "load_run",
    "prepare",
    "save_frontier",
]
