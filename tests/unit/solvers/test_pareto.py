"""Dominance and hypervolume against closed forms and brute force; enumeration against complete fronts."""

import itertools
import math

import numpy as np
import pytest

from solvers.errors import SolutionStatus, SolverFailed, Termination
from solvers.pareto import Milp, enumerate_front, hypervolume, nondominated
from solvers.pareto.mip_search import Engine, MipSearch
from solvers.pareto.region import split_bounds
from solvers.problem import Sense, from_minimized, to_minimized


def brute_nondominated(points, senses):
    values = points * np.array([1 if sense == "min" else -1 for sense in senses])
    keep = np.ones(len(values), dtype=bool)
    for i, j in itertools.permutations(range(len(values)), 2):
        no_worse = (values[j] <= values[i]).all()
        if no_worse and ((values[j] < values[i]).any() or j < i):
            keep[i] = False
    return keep


@pytest.mark.parametrize("senses", [("min", "min"), ("max", "min", "max"), ("min", "max", "max", "min")])
def test_nondominated_against_all_pairs(senses):
    rng = np.random.default_rng(4)
    for size in (1, 7, 60):
        points = rng.integers(0, 6, (size, len(senses))).astype(float)
        assert nondominated(points, senses).tolist() == brute_nondominated(points, senses).tolist()


def test_first_of_equal_points_is_kept():
    mask = nondominated([[1, 2], [1, 2], [2, 1], [2, 2], [1, 2]], ["min", Sense.MIN])
    assert mask.tolist() == [True, False, True, False, False]
    assert nondominated(np.empty((0, 2)), ["min", "min"]).tolist() == []


def test_weighted_score_options_all_stay():
    """WFM Labs' three options: weighting ranks them, none dominates another."""
    deltas = np.array([[0.25, -0.40, -0.10, 0.05], [0.05, 0, 0.15, 0], [0.20, -0.05, 0.05, 0.08]])
    assert nondominated(deltas, ["max"] * 4).all()
    np.testing.assert_allclose(deltas @ [0.4, 0.3, 0.2, 0.1], [-0.035, 0.050, 0.083], atol=1e-12)


def staircase(front, count):
    """Lower and upper sums of the area that a decreasing front over [0, 1] dominates up to (1, 1)."""
    first = np.linspace(0, 1, count)
    return hypervolume(np.stack([first, front(first)], axis=1), [1, 1], ["min", "min"])


@pytest.mark.parametrize(
    ("front", "volume"), [(lambda f: 1 - np.sqrt(f), 2 / 3), (lambda f: 1 - f**2, 1 / 3)], ids=["zdt1", "zdt2"]
)
def test_hypervolume_of_zdt(front, volume):
    """A staircase of n points misses between nothing and 1/(n − 1) of the area."""
    fine = staircase(front, 20_001)
    assert volume - 1 / 20_000 <= fine < volume


def test_hypervolume_of_dtlz2():
    """Unit sphere: the points leave out a rim that shrinks like 1/√n; extrapolated it meets 1 − π/6."""
    volumes = []
    for count in (64, 128):
        one, two = np.meshgrid(np.linspace(0, math.pi / 2, count), np.linspace(0, math.pi / 2, count))
        points = np.stack([np.cos(one) * np.cos(two), np.cos(one) * np.sin(two), np.sin(one)], axis=-1).reshape(-1, 3)
        volumes.append(hypervolume(points, [1, 1, 1], ["min"] * 3))
    assert volumes[0] < volumes[1] < 1 - math.pi / 6
    assert 2 * volumes[1] - volumes[0] == pytest.approx(0.476401, abs=5e-4)


def test_hypervolume_by_inclusion_and_exclusion():
    rng = np.random.default_rng(5)
    for objectives in (2, 3, 4):
        points = rng.uniform(0, 1.2, (6, objectives))
        total = 0.0
        for count in range(1, 7):
            for subset in itertools.combinations(points, count):
                total -= (-1) ** count * np.prod(np.maximum(1 - np.max(subset, axis=0), 0))
        assert hypervolume(points, np.ones(objectives), ["min"] * objectives) == pytest.approx(total, rel=1e-12)


def test_hypervolume_in_mixed_senses():
    points = np.array([[3.0, 10.0], [2.0, 8.0]])
    assert hypervolume(points, [1.0, 12.0], ["max", "min"]) == pytest.approx(2 * 2 + 1 * 2)
    assert hypervolume(points, [3.0, 12.0], ["max", "min"]) == 0.0
    assert hypervolume(np.empty((0, 2)), [1.0, 12.0], ["max", "min"]) == 0.0


def test_senses_turn_and_turn_back():
    points = np.array([[1.0, -2.0], [0.0, 3.0]])
    turned = to_minimized(points, ["max", "min"])
    assert turned.tolist() == [[-1.0, -2.0], [0.0, 3.0]]
    assert from_minimized(turned, ["max", "min"]).tolist() == points.tolist()


def enumerate_brutally(objectives, senses, matrix, row_upper, upper):
    grid = np.array(list(itertools.product(*(range(int(top) + 1) for top in upper))), dtype=float)
    grid = grid[(grid @ matrix.T <= row_upper).all(axis=1)]
    points = np.unique(grid @ objectives.T, axis=0)
    return points[brute_nondominated(points, senses)]


@pytest.mark.parametrize(("objectives", "items", "cases"), [(2, 9, 5), (3, 8, 4), (4, 7, 2)])
def test_knapsack_fronts_are_complete(objectives, items, cases):
    rng = np.random.default_rng(objectives)
    senses = ("max", "min", "max", "max")[:objectives]
    for _ in range(cases):
        values = rng.integers(-3, 12, (objectives, items)).astype(float)
        weights = rng.integers(1, 10, (2, items)).astype(float)
        room = weights.sum(axis=1) * 0.5
        milp = Milp(values, senses, weights, -np.inf, room, 0, 1, 1)
        front = enumerate_front(milp)
        expected = enumerate_brutally(values, senses, weights, room, np.ones(items))
        assert front.points.tolist() == expected.tolist()
        assert (front.complete, front.termination, front.status) == (True, "optimal", "optimal")
        np.testing.assert_array_equal(front.solutions @ values.T, front.points)
        assert (front.solutions @ weights.T <= room + 1e-9).all()


def test_points_closer_than_the_engines_default_gap_are_kept():
    """Values near 1e5: a relative gap of 1e-4 is ten steps or more wide."""
    rng = np.random.default_rng(12)
    values = rng.integers(60_000, 100_000, (2, 14)).astype(float)
    weights = rng.integers(60, 100, (1, 14)).astype(float)
    front = enumerate_front(Milp(values, ["max", "max"], weights, -np.inf, weights.sum() / 2, 0, 1, 1))
    chosen = (np.arange(2**14)[:, None] >> np.arange(14)) & 1
    points = np.unique(chosen[chosen @ weights[0] <= weights.sum() / 2] @ values.T, axis=0)
    assert front.points.tolist() == points[nondominated(points, ["max", "max"])].tolist()


def test_engine_gaps_are_below_one_step():
    """Small programs end at the root whatever the gap, so the settings themselves are checked."""
    milp = Milp(np.eye(2), ["max", "max"], [[1, 1]], 0, 1, 0, 1, 1)
    engine = MipSearch(milp, Engine.HIGHS, np.zeros(2), np.ones(2))._held._highs
    assert engine.getOptionValue("mip_rel_gap")[1] == 0
    assert engine.getOptionValue("mip_abs_gap")[1] < 1


def test_assignment_fronts_are_complete():
    rng = np.random.default_rng(11)
    size = 5
    rows = np.zeros((2 * size, size * size))
    for i, j in itertools.product(range(size), repeat=2):
        rows[i, i * size + j] = rows[size + j, i * size + j] = 1
    for objectives in (2, 3):
        costs = rng.integers(1, 15, (objectives, size * size)).astype(float)
        front = enumerate_front(Milp(costs, ["min"] * objectives, rows, 1, 1, 0, 1, 1))
        plans = np.zeros((math.factorial(size), size * size))
        for plan, order in zip(plans, itertools.permutations(range(size)), strict=True):
            plan[[i * size + j for i, j in enumerate(order)]] = 1
        points = np.unique(plans @ costs.T, axis=0)
        assert front.points.tolist() == points[brute_nondominated(points, ["min"] * objectives)].tolist()


def test_general_integers_and_a_continuous_variable():
    """x ≤ 4 + y with y ≤ 1.5 continuous: both objectives see only x and z."""
    objectives = [[1, 0, 0], [0, 1, 0]]
    milp = Milp(objectives, ["max", "max"], [[1, 0, -1], [1, 2, 0]], -np.inf, [4, 8], 0, [9, 9, 1.5], [1, 1, 0])
    front = enumerate_front(milp)
    assert front.points.tolist() == [[0, 4], [2, 3], [4, 2], [5, 1]]
    assert front.solutions[-1, 2] >= 1 - 1e-7


def test_interior_of_a_concave_front_is_found():
    """Points (0, 4), (3, 3), (4, 0) to minimize: no weighting picks the middle one."""
    corners = np.array([[0, 3, 4], [4, 3, 0]])
    front = enumerate_front(Milp(corners, ["min", "min"], np.ones((1, 3)), 1, 1, 0, 1, 1))
    assert front.points.tolist() == [[0, 4], [3, 3], [4, 0]]


def test_infeasible_and_unbounded():
    front = enumerate_front(Milp(np.eye(2), ["min", "min"], [[1, 1]], 5, 9, 0, 1, 1))
    assert front.points.shape == (0, 2)
    assert (front.complete, front.termination, front.status) == (True, Termination.INFEASIBLE, SolutionStatus.NONE)
    with pytest.raises(SolverFailed, match="objective 1.*must be bounded"):
        enumerate_front(Milp(np.eye(2), ["min", "max"], [[1, 0]], 0, 9, 0, np.inf, 1))


def test_time_limit_returns_what_is_there():
    rng = np.random.default_rng(2)
    values = rng.integers(1, 100, (3, 40)).astype(float)
    milp = Milp(values, ["max"] * 3, rng.integers(1, 100, (1, 40)), -np.inf, 1000, 0, 1, 1)
    front = enumerate_front(milp, time_limit_s=1.0, engine="highs")
    assert not front.complete
    assert front.termination == "time_limit"
    assert nondominated(front.points, milp.senses).all()
    assert front.status == (SolutionStatus.FEASIBLE if len(front.points) else SolutionStatus.NONE)


def test_split_bounds_leave_exactly_what_no_point_dominates():
    rng = np.random.default_rng(7)
    points = rng.integers(0, 5, (6, 3)).astype(float)
    points = points[brute_nondominated(points, ["min"] * 3)]
    bounds = np.full((1, 3), np.inf)
    for point in points:
        bounds = split_bounds(bounds, point)
    for cell in itertools.product(range(7), repeat=3):
        free = not (points <= cell).all(axis=1).any()
        assert (np.array(cell) < bounds).all(axis=1).any() == free


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objectives": [[0.5, 1], [1, 1]]}, r"objectives hold 0.5 — must be whole numbers"),
        ({"objectives": [[1, 1]]}, r"objectives: 1 rows — must be 2 to 4"),
        ({"objectives": [[1, 1, 1], [1, 1, 1]]}, r"objectives of shape \(2, 3\) — must have 2 columns"),
        ({"senses": ["min"]}, r"senses: 1 given"),
        ({"senses": ["min", "up"]}, r"sense = 'up' — must be 'min' or 'max'"),
        ({"integrality": [1, 0]}, r"continuous variable 1"),
        ({"upper": [1, 2, 3]}, r"upper of shape \(3,\) — must have shape \(2,\)"),
        ({"lower": [0, np.nan]}, r"lower\[1\] is NaN"),
        ({"matrix": [[np.nan, 1]]}, "matrix holds nan"),
        ({"matrix": [[1, np.inf]]}, "matrix holds inf"),
        ({"objectives": [[1, np.inf], [1, 0]]}, "objectives hold inf"),
        ({"objectives": [["a", 1], [1, 0]]}, "objectives: could not convert string to float: 'a' — must be numbers"),
        ({"matrix": [1, 1]}, r"matrix of shape \(2,\) — must have shape \(row, variable\)"),
        ({"matrix": None}, r"matrix of shape \(\) — must have shape \(row, variable\)"),
        ({"lower": [0, np.inf]}, r"lower\[1\] is inf — no number lies beyond it"),
        ({"row_upper": -np.inf}, r"row_upper\[0\] is -inf — no number lies beyond it"),
    ],
)
def test_bad_programs_are_named(change, message):
    given = {
        "objectives": [[1, 2], [2, 1]],
        "senses": ["min", "max"],
        "matrix": [[1, 1]],
        "row_lower": 0,
        "row_upper": 3,
        "lower": 0,
        "upper": 2,
        "integrality": 1,
    }
    with pytest.raises(ValueError, match=message):
        Milp(**{**given, **change})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nondominated([[1, 2]], ["min"]), r"points of shape \(1, 2\) — the last axis must have 1"),
        (lambda: nondominated([1, 2], ["min", "min"]), r"points of shape \(2,\)"),
        (lambda: nondominated([[1, 2], [np.nan, 1]], ["min", "min"]), r"points hold a NaN in row 1"),
        (lambda: nondominated([[1, 2]], ["min", "less"]), r"sense = 'less' — must be 'min' or 'max'"),
        (lambda: hypervolume([[1, 2]], [1, np.inf], ["min", "min"]), r"reference = .* must be one finite value"),
        (lambda: hypervolume([[1, np.inf]], [0, 0], ["max", "max"]), r"infinitely good"),
        (lambda: enumerate_front(None, time_limit_s=0), r"time_limit_s = 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
