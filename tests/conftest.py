"""What every folder of tests shares: the toy center, planned once a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.frontier.frontier import Frontier
from planner.scenario import Scenario

TOY = Path(__file__).resolve().parents[1] / "scenarios/minimal.yaml"


@pytest.fixture(scope="session")
def toy_scenario() -> Scenario:
    return planner.load_scenario(TOY)


@pytest.fixture(scope="session")
def toy_planned(toy_scenario: Scenario) -> Frontier:
    """The frontier of the toy center, from the real pipeline."""
    return planner.plan(toy_scenario, seed=1)
