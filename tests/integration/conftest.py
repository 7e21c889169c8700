"""The toy center for the recount."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from planner.scenario import Scenario

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from recount import Center, center_of  # noqa: E402


@pytest.fixture(scope="session")
def toy_center(toy_scenario: Scenario) -> Center:
    return center_of(toy_scenario, ROOT / "scenarios")
