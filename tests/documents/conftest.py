"""What pages and help texts share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from world import make_world  # noqa: E402

from planner.frontier.frontier import Frontier  # noqa: E402


@pytest.fixture(scope="session")
def world(toy_planned: Frontier, made_once: Callable[..., Path]) -> Path:
    """The folder of `world.py`: copied by every reader, never changed."""
    return made_once("world", lambda folder: make_world(folder, toy_planned))
