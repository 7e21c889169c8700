"""Fixtures of the planner's unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_frontier import make_frontier

from planner.frontier.frontier import Frontier
from planner.runs import save_frontier


@pytest.fixture
def toy_frontier() -> Frontier:
    return make_frontier()


@pytest.fixture
def toy_run(tmp_path: Path) -> Path:
    """A finished run directory."""
    folder = tmp_path / "toy-00000000"
    save_frontier(make_frontier(), folder)
    return folder
