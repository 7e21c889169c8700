"""The dense dual simplex against scipy, its conclusions against the truth, and the tree search's last resorts."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from solvers.pareto.simplex_kernels import dual_simplex, make_dictionary, refutes, safe_bound
from solvers.pareto.tree_kernels import COMPLETE, OUT_OF_WORK, search_box


def random_rows(rng, rows=5, columns=7):
    """Whole coefficients, one- and two-sided and equal rows, variables between −3 and 4; bounds of all n + m."""
    matrix = np.where(rng.random((rows, columns)) < 0.7, rng.integers(-6, 7, (rows, columns)), 0).astype(float)
    inside = matrix @ np.round(rng.uniform(-3, 4, columns))
    low = np.where(rng.random(rows) < 0.5, inside - rng.integers(-3, 5, rows), -np.inf)
    high = np.where(rng.random(rows) < 0.6, inside + rng.integers(-2, 5, rows), np.inf)
    crossed = low > high
    low[crossed] = high[crossed]
    return matrix, np.append(np.full(columns, -3.0), low), np.append(np.full(columns, 4.0), high)


def scipy_optimum(matrix, cost, lower, upper):
    columns = matrix.shape[1]
    low, high = lower[columns:], upper[columns:]
    rows = np.vstack([matrix[np.isfinite(high)], -matrix[np.isfinite(low)]])
    limits = np.append(high[np.isfinite(high)], -low[np.isfinite(low)])
    return linprog(cost, A_ub=rows, b_ub=limits, bounds=list(zip(lower[:columns], upper[:columns], strict=True)))


def test_optimum_and_infeasibility_against_scipy():
    seen = {0: 0, 2: 0}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        matrix, lower, upper = random_rows(rng)
        if seed % 2:
            lower[7:] += rng.integers(0, 40, 5)
            upper[7:] = np.maximum(upper[7:], lower[7:])
        cost = rng.integers(-9, 10, 7).astype(float)
        node = make_dictionary(matrix, cost, lower, upper)
        values, reduced = np.empty(5), np.empty(7)
        status, _ = dual_simplex(node, values, 200)
        expected = scipy_optimum(matrix, cost, lower, upper)
        seen[expected.status] += 1
        if expected.status == 2:
            assert status >= 0
            assert refutes(matrix, node, status, reduced)
        else:
            assert status == -1
            assert safe_bound(matrix, cost, node, reduced) == pytest.approx(expected.fun, abs=1e-4)
    assert min(seen.values()) > 20


def test_bounds_hold_for_spoiled_dictionaries_too():
    """Whatever stands in the dictionary, the bound is below the optimum, and nothing feasible is refuted."""
    for seed in range(300):
        rng = np.random.default_rng([seed, 1])
        matrix, lower, upper = random_rows(rng)
        cost = rng.integers(-9, 10, 7).astype(float)
        expected = scipy_optimum(matrix, cost, lower, upper)
        if expected.status != 0:
            continue
        node = make_dictionary(matrix, cost, lower, upper)
        values, reduced = np.empty(5), np.empty(7)
        dual_simplex(node, values, int(rng.integers(1, 6)))
        node.cost[:] += rng.normal(size=7) * 10.0 ** rng.integers(-9, 1)
        node.table[:] += rng.normal(size=(5, 7)) * 10.0 ** rng.integers(-9, 1)
        assert safe_bound(matrix, cost, node, reduced) <= expected.fun + 1e-9
        assert not any(refutes(matrix, node, row, reduced) for row in range(5))


def knapsack_box():
    """Two objectives over twelve items; matrix, bounds with an open box, objectives' sum."""
    rng = np.random.default_rng(6)
    values = -rng.integers(1, 30, (2, 12)).astype(float)
    weights = rng.integers(1, 30, (1, 12)).astype(float)
    lower = np.concatenate([np.zeros(12), np.full(3, -np.inf)])
    upper = np.concatenate([np.ones(12), [weights.sum() // 2], np.zeros(2)])
    return np.vstack([weights, values]), values, lower, upper


def every_point():
    matrix, values, _, upper = knapsack_box()
    grid = np.array(list(itertools.product((0.0, 1.0), repeat=12)))
    return grid[grid @ matrix[0] <= upper[12]] @ values.T


def search(upper, work=1e9, depth=100):
    matrix, values, lower, _ = knapsack_box()
    return search_box(matrix, values.sum(axis=0), lower, upper, 2, work, depth)


def test_every_box_brings_an_efficient_point_or_is_empty():
    _, values, _, upper = knapsack_box()
    points = every_point()
    found = 0
    for first, second in itertools.product(range(-180, -20, 13), repeat=2):
        upper[-2:] = first, second
        ended, x = search(upper)
        assert ended == COMPLETE
        inside = points[(points <= [first, second]).all(axis=1)]
        if np.isnan(x).any():
            assert len(inside) == 0
            continue
        point = values @ x
        found += 1
        assert (point <= [first, second]).all()
        dominated = ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
        assert not dominated
    assert 20 < found < 169


def test_too_little_work_or_depth_is_told_and_never_taken_for_empty():
    _, _, _, upper = knapsack_box()
    upper[-2:] = -100.0, -100.0
    assert search(upper)[0] == COMPLETE
    assert search(upper, work=100.0)[0] == OUT_OF_WORK
    assert search(upper, depth=1)[0] == OUT_OF_WORK


def test_undecided_nodes_are_divided_down_to_single_points(monkeypatch):
    """With a simplex that never finishes, the search still finds the truth: bounds alone and single points decide."""
    _, values, _, upper = knapsack_box()
    upper[-2:] = -60.0, -60.0
    search_here = search_box.py_func
    module = search_here.__globals__
    monkeypatch.setitem(module, "dual_simplex", lambda node, work, limit: (-2, 0))
    matrix, _, lower, _ = knapsack_box()
    ended, x = search_here(np.ascontiguousarray(matrix[:, :8]), values.sum(axis=0)[:8], np.delete(lower, range(8, 12)),
                           np.delete(upper, range(8, 12)), 2, 1e9, 100)  # fmt: skip
    assert ended == COMPLETE
    grid = np.array(list(itertools.product((0.0, 1.0), repeat=8)))
    points = grid[grid @ matrix[0, :8] <= upper[12]] @ values[:, :8].T
    point = values[:, :8] @ x
    assert (point <= -60).all()
    assert not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
