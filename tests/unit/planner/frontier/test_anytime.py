"""Plans come before the bound, so that a run that is stopped early has valid ones from everywhere."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from small_centers import problem_of  # noqa: E402

from planner.frontier.bounds import Coarse, guessed, prices_of  # noqa: E402
from planner.frontier.records import axes  # noqa: E402
from planner.frontier.search import _farthest_first, find_plans  # noqa: E402
from planner.frontier.work import Work  # noqa: E402
from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.sweep import Plane  # noqa: E402

TOY = Path(__file__).resolve().parents[4] / "scenarios/minimal.yaml"
BUDGETS = (
    "frontier.headroom_levels=[0.0, 0.2]", "frontier.cost_points=2", "frontier.plans=24", "frontier.bound_steps=1",
    "frontier.bound_prices=2", "frontier.bound_boxes=1", "frontier.search_evaluations=0",
    "frontier.enumerate_max=0",
)  # fmt: skip


class Stopped(Work):
    """Work whose time is over after so many jobs."""

    def __init__(self, most: int) -> None:
        super().__init__(1)
        self.most, self.keys = most, []

    def run(self, stage, function, jobs):
        def counted(*given):
            self.keys.append(stage)
            self.deadline = -1.0 if len(self.keys) >= self.most else None
            return function(*given)

        return super().run(stage, counted, jobs)


@pytest.fixture(scope="module")
def toy():
    return problem_of(TOY, "pools.phone.roster.hires_max=4", *BUDGETS)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_whatever_job_is_the_last_there_are_valid_plans(toy, most: int) -> None:
    work = Stopped(most)
    found = find_plans(toy, even_split(toy.network), work)
    assert len(work.keys) == most
    assert "bound" not in work.keys
    assert len(found.records) >= (1 if most < 3 else 3)
    for record in found.records:
        plan = record.judged(toy.instance)
        assert plan.feasible
        assert plan.objectives == pytest.approx(record.objectives, rel=1e-9)


def test_first_plans_are_spread_over_headroom(toy) -> None:
    """The coarse sweep's two levels, then the first and the last targets before those between; then the bound."""
    work = Stopped(10**6)
    find_plans(toy, even_split(toy.network), work)
    order = list(dict.fromkeys(work.keys))
    assert order == ["first plan", "master", "plans", "bound", "polish", "own bounds"]
    early, aimed = (find_plans(toy, even_split(toy.network), Stopped(n)) for n in (5, work.keys.index("polish")))
    for side in (0, 2):
        whole, part = np.ptp(axes(aimed.records)[:, side]), np.ptp(axes(early.records)[:, side])
        assert part > 0.6 * whole
    assert _farthest_first([0.0, 0.1, 0.2, 0.3, 0.4]) == [0, 4, 2, 1, 3]
    assert _farthest_first([0.7]) == [0]
    assert _farthest_first([]) == []


def test_guessed_rungs_by_hand() -> None:
    """Halfway from a least cost of 100 to one of 120 all costs of the lower level are a tenth dearer."""
    low = (Plane(0.0, 0.02, 1.0, 150.0, 4.0),)
    coarse = Coarse(((0.2, 120.0, (Plane(0.2, 0.01, 2.0, 130.0, 3.3),)), (0.0, 100.0, low)))
    rungs = guessed(coarse, [0.0, 0.1, 0.2, 0.3])
    assert [rung.headroom for rung in rungs] == [0.0, 0.1, 0.2]
    assert [rung.cheapest for rung in rungs] == pytest.approx([100.0, 110.0, 120.0])
    (plane,) = rungs[1].planes
    assert (plane.headroom, plane.intercept, plane.cx) == (0.1, 1.0, 4.0)
    assert (plane.slope, plane.cost) == pytest.approx((0.02 / 1.1, 165.0))
    assert rungs[2].planes[0].intercept == 2.0
    assert guessed(Coarse(()), [0.0]) == []
    assert guessed(Coarse(((0.0, np.nan, ()),)), [0.0]) == []


def test_prices_are_in_geometric_steps_between_the_chords() -> None:
    """Points (100, 1), (110, 2), (210, 2.1): chords of 0.1 and 0.001; money a thousand times as much only scales."""
    for unit in (1.0, 1000.0):
        planes = [Plane(0.0, 0.0, 0.0, cost * unit, cx) for cost, cx in ((100, 1.0), (110, 2.0), (210, 2.1))]
        nothing, *prices = prices_of([planes], 3)
        np.testing.assert_allclose(np.array(prices) * unit, [0.001, 0.01, 0.1])
        assert 0 < nothing * unit < 0.001
    assert prices_of([[]], 3) == []
