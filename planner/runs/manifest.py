"""The record of a run: what ran, with which versions and inputs, and how it ended; no user, host or absolute path."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from enum import StrEnum
from importlib import metadata
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from planner import __version__

PACKAGES = (
    "duckdb",
    "highspy",
    "ibis-framework",
    "moocore",
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "pymoo",
    "pyomo",
    "ruamel.yaml",
    "scipy",
)
"""Packages whose version can change a result."""


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    OUT_OF_TIME = "out_of_time"
    INFEASIBLE = "infeasible"
    NOTHING_FOUND = "nothing_found"
    FAILED = "failed"


def describe_machine() -> dict[str, Any]:
    """Return the tool's version, Python, system, cores and the packages that matter."""
    return {
        "tool": f"cxfrontier {__version__}",
        "python": platform.python_version(),
        "os": f"{platform.system()} {platform.machine()}".strip(),
        "cores": cores(),
        "packages": package_versions(PACKAGES),
    }


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def package_versions(names: Sequence[str]) -> dict[str, str | None]:
    """Return the installed version of each package, None where it is absent."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def now() -> str:
    """Return the time of day in UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def anonymous_command(command: Sequence[str]) -> list[str]:
    """Return a command line whose absolute paths are cut to their last part."""
    return [_shorten(token) for token in command]


def _shorten(token: str) -> str:
    head, equals, value = token.partition("=")
    if head.startswith("-") and equals:
        return f"{head}={_shorten(value)}"
    for flavor in (PurePosixPath, PureWindowsPath):
        if flavor(token).is_absolute():
            return flavor(token).name
    return token
