"""The toy center, planned once a test run, and the same center for the recount."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import planner
from planner.frontier.frontier import Frontier
from planner.scenario import Scenario

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from recount import Center, center_of  # noqa: E402

TOY = ROOT / "scenarios/minimal.yaml"


@pytest.fixture(scope="session")
def toy_scenario() -> Scenario:
    return planner.load_scenario(TOY)


@pytest.fixture(scope="session")
def toy_planned(toy_scenario: Scenario) -> Frontier:
    return planner.plan(toy_scenario, seed=1)


@pytest.fixture(scope="session")
def toy_center(toy_scenario: Scenario) -> Center:
    return center_of(toy_scenario, TOY.parent)
