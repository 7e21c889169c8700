"""What every folder of tests shares: linear algebra on one thread a worker, and the toy center, planned once a worker.

Workers keep all processors busy; the threads of a linear-algebra library on top of them wait for each other, spinning,
and made some tests three times as long.
"""

from __future__ import annotations

import os
from pathlib import Path

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # before numpy is loaded; processes that tests start inherit it

import pytest  # noqa: E402

import planner  # noqa: E402
from planner.frontier.frontier import Frontier  # noqa: E402
from planner.scenario import Scenario  # noqa: E402

TOY = Path(__file__).resolve().parents[1] / "scenarios/minimal.yaml"


@pytest.fixture(scope="session")
def toy_scenario() -> Scenario:
    return planner.load_scenario(TOY)


@pytest.fixture(scope="session")
def toy_planned(toy_scenario: Scenario) -> Frontier:
    """The frontier of the toy center, from the real pipeline."""
    return planner.plan(toy_scenario, seed=1)
