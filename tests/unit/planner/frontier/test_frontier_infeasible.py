"""What a planner is told when no plan is found: the smallest set of limits to relax, and only where it is proven."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "tests"))

from small_centers import problem_of  # noqa: E402

from planner.errors import Infeasible, Stopped  # noqa: E402
from planner.frontier.infeasible import SOFT, explain_infeasible  # noqa: E402

TOY = ROOT / "scenarios/minimal.yaml"
FEW = ("pools.phone.roster.heads=1", "pools.phone.roster.hires_max=0")
CRAMPED = "limits.seats={room: {pools: [phone, desk], max: 3}}"


@pytest.mark.parametrize(
    ("overrides", "families"),
    [
        (("limits.budget_max=100",), ["budget"]),
        ((CRAMPED,), ["seats"]),
        (("limits.budget_max=100", CRAMPED), ["budget", "seats"]),
        (("segments.all.cx_min=4.9",), ["segment_floor"]),
        (FEW, ["roster_hours"]),
    ],
)
def test_the_smallest_set_is_named(overrides, families):
    found = explain_infeasible(problem_of(TOY, *overrides), 0.0)
    assert isinstance(found, Infeasible)
    assert "proven" in str(found)
    words = {members[0]: said for members, said in SOFT.items()}
    assert found.relax == [words[family] for family in families]
    assert "pool phone" in found.detail


def test_a_center_with_plans_is_never_called_infeasible():
    """Where the master has a plan but no whole plan was found, nothing is proven."""
    found = explain_infeasible(problem_of(TOY), 0.0)
    assert isinstance(found, Stopped)
    assert "none is proven impossible" in str(found)
    assert "promises.phone_80_20" in str(found)


def test_every_family_that_is_relaxed_exists():
    from solvers.flow.families import FAMILIES

    assert {name for members in SOFT for name in members} <= {family.__name__ for family in FAMILIES}
