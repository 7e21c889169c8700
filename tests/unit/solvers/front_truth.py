"""Random integer programs with several objectives, and their fronts by trying every point."""

from __future__ import annotations

import itertools

import numpy as np

from solvers.pareto import Milp

KINDS = ("knapsack", "assignment", "general", "infeasible", "degenerate")


def grid_of(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Every whole point of a box, shape (point, variable)."""
    ranges = [np.arange(low, high + 1) for low, high in zip(lower, upper, strict=True)]
    return np.array(list(itertools.product(*ranges)), dtype=float).reshape(-1, len(lower))


def brute_front(milp: Milp) -> np.ndarray:
    """All non-dominated points of a boxed pure integer program, sorted, in the user's senses."""
    grid = grid_of(np.ceil(milp.lower), np.floor(milp.upper))
    rows = grid @ milp.matrix.toarray().T
    grid = grid[((rows >= milp.row_lower - 1e-9) & (rows <= milp.row_upper + 1e-9)).all(axis=1)]
    points = np.unique(grid @ milp.objectives.T, axis=0)
    minimized = points * np.array([1.0 if sense == "min" else -1.0 for sense in milp.senses])
    no_worse = (minimized[:, None, :] <= minimized[None, :, :]).all(axis=2)
    np.fill_diagonal(no_worse, False)
    return points[~no_worse.any(axis=0)]


def random_milp(seed: int) -> Milp:
    """One small program; kind, number of objectives and senses follow from the seed."""
    rng = np.random.default_rng([seed, 77])
    kind = KINDS[seed % len(KINDS)]
    objectives = int(rng.integers(2, 5))
    senses = rng.choice(["min", "max"], objectives).tolist()
    if kind == "assignment":
        return _assignment(rng, objectives, senses)
    if kind == "knapsack":
        items = int(rng.integers(4, 11))
        weights = rng.integers(1, 20, (int(rng.integers(1, 4)), items)).astype(float)
        values = rng.integers(-5, 15, (objectives, items))
        return Milp(values, senses, weights, -np.inf, np.floor(weights.sum(axis=1) * rng.uniform(0.2, 0.8)), 0, 1, 1)
    variables = int(rng.integers(2, 5))
    lower = rng.integers(-4, 2, variables)
    upper = lower + rng.integers(0, 6, variables)
    matrix = rng.integers(-4, 5, (int(rng.integers(1, 4)), variables)).astype(float)
    middle = matrix @ ((lower + upper) / 2)
    row_lower = np.where(rng.random(len(matrix)) < 0.5, np.floor(middle - rng.integers(0, 8, len(matrix))), -np.inf)
    row_upper = np.where(rng.random(len(matrix)) < 0.7, np.ceil(middle + rng.integers(0, 8, len(matrix))), np.inf)
    values = rng.integers(-9, 10, (objectives, variables)).astype(float)
    if kind == "infeasible":
        matrix = np.vstack([matrix, 2.0 * np.ones(variables)])
        row_lower, row_upper = (
            np.append(row_lower, 2.0 * lower.sum() + 1.0),
            np.append(row_upper, 2.0 * lower.sum() + 1),
        )
    if kind == "degenerate":
        values[0] = 0.0
        values[1] = values[-1]
        matrix = np.vstack([matrix, matrix[:1]])
        row_lower, row_upper = np.append(row_lower, row_lower[0]), np.append(row_upper, row_upper[0])
    return Milp(values, senses, matrix, row_lower, row_upper, lower, upper, 1)


def assignment_rows(size: int) -> np.ndarray:
    """Rows of an assignment of `size` to `size`: variable i·size + j assigns i to j."""
    rows = np.zeros((2 * size, size * size))
    for i, j in itertools.product(range(size), repeat=2):
        rows[i, i * size + j] = rows[size + j, i * size + j] = 1.0
    return rows


def _assignment(rng: np.random.Generator, objectives: int, senses: list[str]) -> Milp:
    """Three to three: 512 points to try."""
    costs = rng.integers(0, 12, (objectives, 9))
    return Milp(costs, senses, assignment_rows(3), 1, 1, 0, 1, 1)
