"""Parts of a plan that are asked to be kept, by name."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of, write_center  # noqa: E402

from planner.errors import PlanError  # noqa: E402
from planner.frontier.what_if import pins_of  # noqa: E402


def test_shifts_of_a_pool_without_people_cannot_be_kept(tmp_path):
    """A robot works no shifts: keeping them would keep nothing and say nothing."""
    problem = problem_of(write_center(tmp_path, 2))
    people = tuple(None if c is None else [[1]] for c in problem.instance.catalogues)
    held = SimpleNamespace(instance=problem.instance, labels=problem)
    with pytest.raises(PlanError, match="keep 'shifts:robot': nobody works shifts in this pool"):
        pins_of(held, SimpleNamespace(people=people), ("shifts:robot",))
    kept = pins_of(held, SimpleNamespace(people=people), ("shifts",))
    assert [k is None for k in kept.people] == [c is None for c in problem.instance.catalogues]
