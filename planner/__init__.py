"""Plan a contact center on customer experience, cost and capacity at once.

The public names are loaded on first use, so that `planner --help` imports neither numpy nor pandas.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_DOORS = {
    "load_scenario": "planner.scenario.load",
    "plan": "planner.pipeline",
    "load_run": "planner.runs",
    "load_history": "planner.history",
    "estimate": "planner.experience",
}

__all__ = ["__version__", "estimate", "load_history", "load_run", "load_scenario", "plan"]


def __getattr__(name: str) -> Any:
    """Load a public function on first use."""
    if name in _DOORS:
        return getattr(importlib.import_module(_DOORS[name]), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*globals(), *_DOORS])
