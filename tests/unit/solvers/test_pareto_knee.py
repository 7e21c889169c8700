"""Knees of fronts whose knee is known, by each rule; ideal and nadir points."""

import numpy as np
import pytest

from solvers.pareto import KneeRule, find_knee, hypervolume, ideal_point, knee_scores, nadir_point

ELBOW = np.array([[0, 10], [1, 5], [2, 1.5], [5, 1], [10, 0]], dtype=float)
"""Both objectives to minimize; everyone would point at (2, 1.5)."""


@pytest.mark.parametrize("rule", list(KneeRule))
def test_an_obvious_elbow_is_found_by_every_rule(rule):
    assert find_knee(ELBOW, ["min", "min"], rule) == 2


@pytest.mark.parametrize("rule", list(KneeRule))
def test_units_senses_order_and_dominated_points_change_nothing(rule):
    """Scale, shift and turn objectives, shuffle, add dominated and repeated points: scores go along."""
    rng = np.random.default_rng(3)
    scores = knee_scores(ELBOW, ["min", "min"], rule)
    turned = ELBOW * [100.0, -0.001] + [5.0, 7.0]
    np.testing.assert_allclose(knee_scores(turned, ["min", "max"], rule), scores, atol=1e-12)
    np.testing.assert_allclose(knee_scores(ELBOW[:, ::-1], ["min", "min"], rule), scores, atol=1e-12)
    order = rng.permutation(5)
    np.testing.assert_allclose(knee_scores(ELBOW[order], ["min", "min"], rule), scores[order], atol=1e-12)
    more = knee_scores(np.vstack([ELBOW, [[9, 9], [2, 1.5]]]), ["min", "min"], rule)
    np.testing.assert_allclose(more, [*scores, np.nan, np.nan], atol=1e-12)


def test_chord_against_the_distance_formula():
    """Line x + y = 1 through the scaled ends: distance (1 − x − y)/√2. Three objectives: plane through the axes."""
    scaled = ELBOW / 10
    np.testing.assert_allclose(knee_scores(ELBOW, ["min"] * 2, "chord"), (1 - scaled.sum(axis=1)) / np.sqrt(2))
    three = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0.5, 0.5, 0.5]])
    # The plane through the best points is x + y + z = 2, a distance of (2 − 1.5)/√3 above the middle point.
    np.testing.assert_allclose(knee_scores(three, ["min"] * 3, "chord"), [0, 0, 0, 0.5 / np.sqrt(3)], atol=1e-12)


def test_bend_is_the_turn_of_the_path():
    """From straight down to straight right is a quarter turn; a straight piece turns by nothing."""
    points = [[0, 2], [0.0, 2.0], [1, 1], [2, 0]]
    assert knee_scores(points, ["min"] * 2, "bend")[2] == pytest.approx(0, abs=1e-12)
    corner = knee_scores([[0, 1], [1e-9, 1e-9], [1, 0]], ["min"] * 2, "bend")
    assert corner[1] == pytest.approx(np.pi / 2, abs=1e-6)
    assert corner[[0, 2]].tolist() == [0, 0]
    with pytest.raises(ValueError, match="rule = 'bend' with 3 objectives"):
        knee_scores(np.eye(3), ["min"] * 3, "bend")


def test_utility_against_the_integral():
    """Ends (0, 1), (1, 0) and middle m = (a, a): the middle wins where a < min(w, 1 − w) and gains min(w, 1 − w) − a.

    Mean over w uniform in [0, 1]: ∫ (min(w, 1 − w) − a)⁺ dw = (1/2 − a)².
    """
    for a in (0.1, 0.3):
        scores = knee_scores([[0, 1], [a, a], [1, 0]], ["min"] * 2, "utility")
        assert scores[1] == pytest.approx((0.5 - a) ** 2, rel=2e-3)


def test_utility_of_three_objectives_against_random_weights():
    rng = np.random.default_rng(1)
    points = np.vstack([np.eye(3), [[0.2, 0.3, 0.4]]])
    weights = rng.dirichlet(np.ones(3), 400_000)
    cost = weights @ points.T
    gain = np.maximum(cost[:, :3].min(axis=1) - cost[:, 3], 0).mean()
    assert knee_scores(points, ["min"] * 3, "utility")[3] == pytest.approx(gain, rel=0.02)


def test_hypervolume_contribution_is_what_is_lost_without_the_point():
    scaled = ELBOW / 10
    scores = knee_scores(ELBOW, ["min"] * 2, "hypervolume")
    whole = hypervolume(scaled, [1.1, 1.1], ["min"] * 2)
    for i in range(5):
        rest = hypervolume(np.delete(scaled, i, axis=0), [1.1, 1.1], ["min"] * 2)
        assert scores[i] == pytest.approx(whole - rest)


def test_one_point_and_equal_objectives():
    for rule in KneeRule:
        assert find_knee([[3.0, 4.0]], ["min", "max"], rule) == 0
    for rule in set(KneeRule) - {KneeRule.BEND}:
        assert find_knee([[3.0, 4.0, 1.0], [2.0, 5.0, 1.0], [2.4, 4.1, 1.0]], ["min"] * 3, rule) == 2


def test_ideal_and_nadir():
    points = [[1, 5], [2, 7], [3, 9]]
    assert ideal_point(points, ["min", "max"]).tolist() == [1, 9]
    assert nadir_point(points, ["min", "max"]).tolist() == [3, 5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: find_knee(ELBOW, ["min"] * 2, "elbow"), r"rule = 'elbow' — must be one of chord, bend"),
        (lambda: find_knee(np.empty((0, 2)), ["min"] * 2), r"points of shape \(0, 2\) — .* hold a point"),
        (lambda: ideal_point([[1, np.inf]], ["min"] * 2), r"points hold .*inf.* in row 0 — must be finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
