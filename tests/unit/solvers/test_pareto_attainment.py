"""Random frontiers on a grid of whole numbers, where attainment and volumes can be counted cell by cell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from solvers.pareto import hypervolume
from solvers.pareto.attainment import attainment_surface, vorobev

SENSES = ("max", "min", "max")
SIGN = np.array([-1.0, 1.0, -1.0])


def frontiers(seed: int, objectives: int):
    """Points with coordinates 0..6 in shuffled order, their owner and the number of frontiers; some may be empty."""
    rng = np.random.default_rng([seed, 5])
    count = int(rng.integers(1, 9))
    points = rng.integers(0, 7, (int(rng.integers(count, 30)), objectives)).astype(float)
    return points, rng.integers(0, count, len(points)), count, rng


def attains(points: np.ndarray, place: np.ndarray) -> bool:
    return bool((points <= place).all(axis=1).any())


@pytest.mark.parametrize("objectives", [2, 3])
def test_surface_is_where_enough_frontiers_reach(objectives):
    senses, sign = SENSES[:objectives], SIGN[:objectives]
    grid = [np.array(place) for place in itertools.product(range(-7, 8), repeat=objectives)]
    for seed in range(40 if objectives == 2 else 8):
        points, owner, count, rng = frontiers(seed, objectives)
        share = float(rng.integers(1, count + 1)) / count if seed % 2 else float(rng.uniform(0.01, 1.0))
        surface = attainment_surface(points, owner, count, senses, share) * sign
        own = [points[owner == d] * sign for d in range(count)]
        for place in grid:
            reached = sum(attains(one, place) for one in own)
            assert attains(surface, place) == (reached >= share * count - 1e-9)


def test_mean_and_deviation_equal_a_count_of_cells():
    """Cells of one unit between the points and the reference (0, 8): volumes are whole numbers."""
    reference, senses, sign = np.array([0.0, 8.0]), SENSES[:2], SIGN[:2]
    cells = [np.array([x + 0.5, y + 0.5]) for x in range(-8, 0) for y in range(8)]
    for seed in range(40):
        points, owner, count, _ = frontiers(seed, 2)
        found = vorobev(points, owner, count, reference, senses)
        own = [points[owner == d] * sign for d in range(count)]
        mean = found.expectation * sign
        inside = np.array([[attains(one, cell) for cell in cells] for one in own])
        expected = np.array([attains(mean, cell) for cell in cells])
        assert found.mean_hypervolume == pytest.approx(inside.sum(axis=1).mean())
        assert found.deviation == pytest.approx((inside != expected).sum(axis=1).mean())
        assert 0.0 <= found.threshold <= 1.0
        levels = [
            hypervolume(attainment_surface(points, owner, count, senses, k / count), reference, senses)
            for k in range(1, count + 1)
        ]
        own_volume = hypervolume(found.expectation, reference, senses)
        assert any(own_volume == pytest.approx(v) for v in [*levels, 0.0])
        # No attainment surface lies between the mean volume and the expectation's: volumes pass the mean there.
        low, high = sorted((own_volume, found.mean_hypervolume))
        assert not any(low + 1e-9 < v < high - 1e-9 for v in levels)


def test_certain_frontiers_have_no_deviation():
    points = np.array([[3.0, 2.0], [4.0, 5.0]])
    found = vorobev(np.vstack([points] * 3), np.repeat([0, 1, 2], 2), 3, (0.0, 9.0), ("max", "min"))
    np.testing.assert_allclose(found.expectation, points[::-1])
    assert found.deviation == pytest.approx(0.0)
    assert found.mean_hypervolume == pytest.approx(hypervolume(points, (0.0, 9.0), ("max", "min")))


def test_an_empty_frontier_counts():
    """Two of three futures have a plan: a share of 2/3 is reached, of 0.7 is not."""
    points, owner = np.array([[1.0, 1.0], [2.0, 1.0]]), np.array([0, 2])
    assert attainment_surface(points, owner, 3, ("max", "min"), 2 / 3).tolist() == [[1.0, 1.0]]
    assert attainment_surface(points, owner, 3, ("max", "min"), 0.7).shape == (0, 2)
    assert vorobev(points, owner, 3, (0.0, 2.0), ("max", "min")).mean_hypervolume == pytest.approx(1.0)


def test_wrong_input_is_refused():
    one = np.array([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"share = 0"):
        attainment_surface(one, [0], 1, ("max", "min"), 0)
    with pytest.raises(ValueError, match=r"points\[0\] = \[ 1. inf\]"):
        attainment_surface([[1.0, np.inf]], [0], 1, ("max", "min"), 0.5)
    with pytest.raises(ValueError, match=r"sets holds 3 to 3 — must be in 0 ... 1"):
        attainment_surface(one, [3], 2, ("max", "min"), 0.5)
    with pytest.raises(ValueError, match=r"4 objectives"):
        attainment_surface(np.ones((1, 4)), [0], 1, ("max",) * 4, 0.5)
    with pytest.raises(ValueError, match=r"reference = "):
        vorobev(one, [0], 1, (np.inf, 1.0), ("max", "min"))
    with pytest.raises(ValueError, match=r"count = 0"):
        vorobev(np.zeros((0, 2)), np.zeros(0), 0, (1.0, 1.0), ("max", "min"))
