"""The few of many points that fill most volume, against every choice of as many."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from solvers.pareto import hypervolume
from solvers.pareto.subset import fullest_subset


def front(seed: int, count: int, axes: int) -> np.ndarray:
    """Mutually non-dominated random points in the unit cube, smaller is better."""
    directions = np.random.default_rng(seed).uniform(0.05, 1.0, (count, axes))
    return 1.0 - directions / np.linalg.norm(directions, axis=1, keepdims=True)


@pytest.mark.parametrize("axes", [2, 3, 4])
def test_close_to_the_best_choice(axes):
    reference, senses, reached = np.full(axes, 1.1), ["min"] * axes, []
    for seed in range(12):
        points = front(seed, 11, axes)
        volume = {few: hypervolume(points[list(few)], reference, senses) for few in combinations(range(len(points)), 4)}
        chosen = fullest_subset(points, reference, senses, 4)
        reached.append(volume[tuple(sorted(chosen))] / max(volume.values()))
    assert min(reached) >= 1 - 1 / np.e
    assert np.mean(reached) >= 0.95


def test_each_point_adds_most_to_those_before():
    points, reference, senses = front(3, 30, 3), np.full(3, 1.1), ["min"] * 3
    chosen = fullest_subset(points, reference, senses, 12)
    for n, place in enumerate(chosen):
        volumes = [hypervolume(points[[*chosen[:n], k]], reference, senses) for k in range(len(points))]
        assert volumes[place] == pytest.approx(max(volumes), rel=1e-12)


def test_what_is_kept_and_what_is_filled():
    points, reference = np.array([[0.1, 0.9], [0.2, 0.5], [0.5, 0.2], [0.9, 0.1]]), np.array([1.0, 1.0])
    assert fullest_subset(points, reference, ["min", "min"], 2) == [1, 2]
    assert fullest_subset(points, reference, ["min", "min"], 3, kept=[3, 3, 0]) == [3, 0, 1]
    assert fullest_subset(points, reference, ["min", "min"], 1, kept=[3, 0]) == [3]
    assert fullest_subset(points, reference, ["min", "min"], 2, filled=[[0.15, 0.45]]) == [2, 3]


def test_ends_where_nothing_is_added():
    points = np.array([[0.1, 0.2], [0.1, 0.2], [0.5, 0.5], [2.0, 2.0]])
    assert fullest_subset(points, np.ones(2), ["min", "min"], 4) == [0]


def test_maximized_axes_turn_around():
    points, reference = front(5, 20, 3), np.full(3, 1.1)
    turned = points * np.array([1.0, -1.0, 1.0])
    there = fullest_subset(points, reference, ["min"] * 3, 7)
    assert fullest_subset(turned, reference * np.array([1.0, -1.0, 1.0]), ["min", "max", "min"], 7) == there
