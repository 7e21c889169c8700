"""Projections of aspirations against all points of small fronts."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from front_truth import brute_front, random_milp  # noqa: E402

from solvers.errors import NoSolution, SolverFailed  # noqa: E402
from solvers.pareto import Milp, PointStatus, achievement, nearest_efficient, nearest_point  # noqa: E402

SIGN = {"min": 1.0, "max": -1.0}


def test_achievement_by_hand():
    """Ranges 4 and 10: from (2, 8), sense min and max, the point (3, 5) is worse by 1/4 and 3/10."""
    points = [[1, 0], [3, 5], [5, 10]]
    np.testing.assert_allclose(achievement(points, [2, 8], ["min", "max"]), [0.8, 0.3, 0.75])
    np.testing.assert_allclose(achievement(points, [2, 8], ["min", "max"], [1, 0.01]), [0.08, 1, 3])
    assert nearest_point(points, [2, 8], ["min", "max"]) == 1
    assert nearest_point(points, [2, 8], ["min", "max"], [1, 0.01]) == 0


def test_of_equally_near_points_the_better_one():
    """(2, 2) and (2, 1) have the same worst deviation from (0, 0); the second dominates."""
    assert nearest_point([[2, 2], [2, 1], [9, 0]], [0, 0], ["min", "min"], [1, 1]) == 1


def test_projections_of_many_aspirations_are_efficient_and_nearest():
    """Reachable, unreachable and absurd aspirations on 25 programs, against brute force."""
    projected = 0
    for seed in range(25):
        milp = random_milp(seed)
        front = brute_front(milp)
        if len(front) == 0:
            with pytest.raises(NoSolution, match="no solution"):
                nearest_efficient(milp, np.zeros(len(milp.senses)))
            continue
        rng = np.random.default_rng([seed, 5])
        low, high = front.min(axis=0), front.max(axis=0)
        for aspiration in (low + (high - low) * rng.random(len(low)), low - 7.5, high + 20.0):
            weights = rng.uniform(0.2, 2.0, len(low))
            found = nearest_efficient(milp, aspiration, weights=weights)
            assert found.point.tolist() in front.tolist()
            least = achievement(front, aspiration, milp.senses, weights).min()
            assert found.achievement == pytest.approx(least, abs=1e-5)
            assert (found.status, found.gap) == (PointStatus.PROVEN, 0)
            np.testing.assert_array_equal(milp.objectives @ found.solution, found.point)
            projected += 1
    assert projected > 40


def test_an_efficient_aspiration_is_its_own_projection():
    for seed in (0, 1, 2, 6):
        milp = random_milp(seed)
        for point in brute_front(milp)[:3]:
            found = nearest_efficient(milp, point)
            assert found.point.tolist() == point.tolist()
            assert found.achievement == 0


def test_a_better_aspiration_in_one_objective_brings_no_worse_value_there():
    milp = random_milp(0)
    points = brute_front(milp)
    sign = np.array([SIGN[str(sense)] for sense in milp.senses])
    middle = points.mean(axis=0)
    values = []
    for shift in (0.0, 3.0, 6.0, 12.0):
        aspiration = middle.copy()
        aspiration[0] -= sign[0] * shift
        values.append(sign[0] * points[nearest_point(points, aspiration, milp.senses)][0])
    assert values == sorted(values, reverse=True)


def test_time_limit_and_unbounded():
    milp = random_milp(0)
    with pytest.raises(NoSolution, match="in time"):
        nearest_efficient(milp, np.zeros(len(milp.senses)), time_limit_s=1e-9)
    with pytest.raises(SolverFailed, match="objective 1.*must be bounded"):
        nearest_efficient(Milp(np.eye(2), ["min", "max"], [[1, 0]], 0, 9, 0, np.inf, 1), [0, 0])


def test_weights_too_far_apart_for_the_engine_are_refused():
    """Beyond 1e9 HiGHS drops a coefficient, and the program would be called infeasible."""
    milp = Milp([[1, 2, 3], [-3, 1, 1]], ["min", "max"], [[1, 1, 1]], 2, 5, 0, 4, 1)
    with pytest.raises(SolverFailed, match=r"1e\+10 times as much as another; 1e\+06 is the most"):
        nearest_efficient(milp, [3, 40], weights=[1, 1e10])
    found = nearest_efficient(milp, [3, 40], weights=[1, 1e6])
    assert found.point.tolist() == [11, 5]


def test_a_program_without_variables_has_one_point():
    milp = Milp(np.zeros((2, 0)), ["min", "max"], np.zeros((1, 0)), 0, 0, [], [], [])
    found = nearest_efficient(milp, [1, 1])
    assert found.point.tolist() == [0, 0]
    assert found.solution.shape == (0,)


def test_an_unproven_projection_says_how_far_it_may_be_off():
    rng = np.random.default_rng(4)
    weights = rng.integers(1, 1000, (25, 150)).astype(float)
    milp = Milp(rng.integers(1, 1000, (2, 150)), ["max"] * 2, weights, -np.inf, weights.sum(axis=1) // 3, 0, 1, 1)
    found = nearest_efficient(milp, [30_000, 30_000], time_limit_s=2.0)
    assert found.status == PointStatus.GAP
    assert found.gap > 0
    assert (weights @ found.solution <= milp.row_upper + 1e-6).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nearest_point([[1, 2]], [1], ["min"] * 2), r"aspiration = \[1\] — must be 2 finite values"),
        (lambda: nearest_point([[1, 2]], [1, np.nan], ["min"] * 2), r"aspiration = .*nan"),
        (lambda: nearest_point([[1, 2]], [1, 1], ["min"] * 2, [1, 0]), r"weights = \[1, 0\] — must be 2 finite"),
        (lambda: nearest_efficient(random_milp(0), [1.0]), r"aspiration = \[1.0\]"),
        (lambda: nearest_efficient(random_milp(0), [0, 0, 0], time_limit_s=0), r"time_limit_s = 0 — must be above 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
