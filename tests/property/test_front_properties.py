"""Laws that every exact front obeys, on many small random programs."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / "unit" / "solvers")]

from front_truth import random_milp  # noqa: E402

from solvers.pareto import enumerate_front  # noqa: E402

SEEDS = [seed for seed in range(40) if seed % 5 != 3]
"""Without the infeasible kind."""


def minimized(points, milp):
    return points * np.array([1.0 if sense == "min" else -1.0 for sense in milp.senses])


def points_of(milp):
    return enumerate_front(milp).points


@pytest.fixture(scope="module")
def fronts():
    """Each program with its front."""
    return [(milp, points_of(milp)) for milp in map(random_milp, SEEDS)]


def weakly_dominates(better, worse) -> bool:
    """Each point of the second set is matched or beaten by one of the first (both minimized)."""
    return bool((better[:, None, :] <= worse[None, :, :]).all(axis=2).any(axis=0).all())


def test_tightening_a_limit_never_improves_anything(fronts):
    """A stricter row, or a bound moved in: the old front weakly dominates the new one."""
    changed = 0
    for milp, points in fronts:
        tighter = replace(milp, row_upper=milp.row_upper - 1.0)
        smaller = replace(milp, upper=np.maximum(milp.upper - (np.arange(len(milp.upper)) == 0), milp.lower))
        for other in (tighter, smaller):
            if (other.row_lower > other.row_upper).any():
                continue
            new = points_of(other)
            assert weakly_dominates(minimized(points, milp), minimized(new, milp))
            changed += new.tolist() != points.tolist()
    assert changed > 10


def test_a_limit_on_one_objective_keeps_the_front_beyond_it(fronts):
    """With f₀ limited to the front's middle, what remains is the part of the front that keeps the limit."""
    for milp, points in fronts:
        if len(points) < 3:
            continue
        sign = 1.0 if milp.senses[0] == "min" else -1.0
        limit = float(np.sort(sign * points[:, 0])[len(points) // 2])
        rows = np.vstack([milp.matrix.toarray(), sign * milp.objectives[:1]])
        limited = replace(
            milp, matrix=rows, row_lower=np.append(milp.row_lower, -np.inf), row_upper=np.append(milp.row_upper, limit)
        )
        assert points_of(limited).tolist() == points[sign * points[:, 0] <= limit].tolist()


def test_more_options_weakly_dominate(fronts):
    """One more variable to use or not to use."""
    rng = np.random.default_rng(0)
    for milp, points in fronts:
        wider = replace(
            milp,
            objectives=np.column_stack([milp.objectives, rng.integers(-9, 10, len(milp.senses))]),
            matrix=np.column_stack([milp.matrix.toarray(), rng.integers(-3, 4, milp.matrix.shape[0])]),
            lower=np.append(milp.lower, 0.0),
            upper=np.append(milp.upper, 1.0),
            integrality=np.append(milp.integrality, True),
        )
        assert weakly_dominates(minimized(points_of(wider), milp), minimized(points, milp))


def test_the_order_of_variables_rows_and_objectives_does_not_matter(fronts):
    rng = np.random.default_rng(1)
    for milp, points in fronts:
        columns, rows = rng.permutation(len(milp.lower)), rng.permutation(milp.matrix.shape[0])
        order = rng.permutation(len(milp.senses))
        shuffled = replace(
            milp,
            objectives=milp.objectives[np.ix_(order, columns)],
            senses=[milp.senses[i] for i in order],
            matrix=milp.matrix.toarray()[np.ix_(rows, columns)],
            row_lower=milp.row_lower[rows],
            row_upper=milp.row_upper[rows],
            lower=milp.lower[columns],
            upper=milp.upper[columns],
        )
        expected = points[:, order]
        assert points_of(shuffled).tolist() == expected[np.lexsort(expected.T[::-1])].tolist()


def test_scaling_an_objective_scales_it_alone(fronts):
    for milp, points in fronts:
        scale = np.ones(len(milp.senses))
        scale[-1] = 1000.0
        scaled = replace(milp, objectives=milp.objectives * scale[:, None])
        assert points_of(scaled).tolist() == (points * scale).tolist()


def test_turning_a_sense_and_its_coefficients_changes_the_sign_alone(fronts):
    for milp, points in fronts:
        sign = np.ones(len(milp.senses))
        sign[0] = -1.0
        senses = ["max" if milp.senses[0] == "min" else "min", *milp.senses[1:]]
        turned = replace(milp, objectives=milp.objectives * sign[:, None], senses=senses)
        expected = points * sign
        assert points_of(turned).tolist() == expected[np.lexsort(expected.T[::-1])].tolist()


def test_a_constant_or_repeated_objective_adds_a_column_alone(fronts):
    for milp, points in fronts:
        if len(milp.senses) == 4:
            continue
        for row, column in ((np.zeros(len(milp.lower)), np.zeros(len(points))), (milp.objectives[0], points[:, 0])):
            sense = milp.senses[0]
            more = replace(milp, objectives=np.vstack([milp.objectives, row]), senses=[*milp.senses, sense])
            assert points_of(more).tolist() == np.column_stack([points, column]).tolist()
