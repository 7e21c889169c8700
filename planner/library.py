"""The scenarios that come with the planner."""

from __future__ import annotations

from pathlib import Path

from planner.errors import RunError


def scenario_library() -> Path:
    """Return the folder of the scenarios that come with the planner: in the package, or in the checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "scenarios", package.parent / "scenarios"):
        if (folder / "minimal.yaml").is_file():
            return folder
    raise RunError(f"{package}: the scenarios that come with the planner are missing; install it again")
