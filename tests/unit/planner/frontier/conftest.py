"""Centers that several tests of what is said of plans look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from hunted_center import hunted_center  # noqa: E402
from small_centers import problem_of, random_plans, write_center  # noqa: E402

from planner.frontier.shown import show_solution  # noqa: E402

SEEDS = (1, 2, 5)


@pytest.fixture(scope="module")
def centers(tmp_path_factory):
    """Scenario file, problem and shown plans of three small centers."""
    found = []
    for seed in SEEDS:
        path = write_center(tmp_path_factory.mktemp(f"center{seed}"), seed)
        problem = problem_of(path)
        plans = [show_solution(f"p{k}", problem, s) for k, s in enumerate(random_plans(problem.instance, seed, 4))]
        found.append((path, problem, plans))
    return found


@pytest.fixture(scope="module")
def hunted():
    """A small center: what plans are sought with, plans of its coarse sweep, the bound of that."""
    return hunted_center()
