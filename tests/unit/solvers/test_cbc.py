"""The door to CBC against the door to HiGHS and, for what it may not do, its errors."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from solvers.errors import SolverMissing, Termination
from solvers.highs import HeldProgram, Program

pytest.importorskip("cbcbox", reason="needs the package cbcbox (extra cbc)")

from solvers.cbc import HeldCbc, _library  # noqa: E402


def random_program(rng) -> Program:
    """Mixed signs, two-sided, one-sided and equal rows, free and negative bounds, some integers."""
    rows, columns = 5, 7
    matrix = np.where(rng.random((rows, columns)) < 0.7, rng.integers(-5, 6, (rows, columns)), 0).astype(float)
    inside = matrix @ np.round(rng.uniform(-3, 4, columns))
    row_lower = np.where(rng.random(rows) < 0.6, inside - rng.integers(0, 4, rows), -np.inf)
    row_upper = np.where(rng.random(rows) < 0.6, inside + rng.integers(0, 4, rows), np.inf)
    return Program(
        rng.normal(size=columns).round(2), sparse.csr_matrix(matrix), row_lower, row_upper,
        np.where(rng.random(columns) < 0.5, -3.0, -8.0), np.full(columns, 4.0), rng.random(columns) < 0.6,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_same_optimum_as_highs_through_changes(seed):
    rng = np.random.default_rng(seed)
    for _ in range(5):
        program = random_program(rng)
        doors = HeldCbc(program), HeldProgram(program)
        low, high = program.row_lower.copy(), program.row_upper.copy()
        for _ in range(3):
            one, other = (door.solve(cold=True) for door in doors)
            assert one.termination == other.termination
            if other.optimal:
                assert one.objective == pytest.approx(other.objective, abs=1e-6)
                assert one.bound == pytest.approx(one.objective, abs=1e-6)
                activity = program.matrix @ one.x
                assert ((activity >= low - 1e-6) & (activity <= high + 1e-6)).all()
                np.testing.assert_allclose(one.x[program.integer], np.round(one.x[program.integer]), atol=1e-6)
            else:
                assert np.isnan(one.x).all()
            cost, index = rng.normal(size=7).round(2), np.array([1, 3], dtype=np.int32)
            low[index], high[index] = -np.inf, rng.integers(-6, 9, 2)
            for door in doors:
                door.set_cost(cost)
                door.set_rows(index, low[index], high[index])


@pytest.mark.parametrize("seconds", [1e-6, 1e-4])
def test_out_of_time_in_the_first_relaxation_is_not_infeasible(seconds):
    """A knapsack that holds everything at 0."""
    rng = np.random.default_rng(2)
    weights = sparse.csr_matrix(rng.integers(10, 100, (3, 60)).astype(float))
    program = Program(
        -rng.integers(10, 100, 60).astype(float), weights, np.full(3, -np.inf), np.full(3, 900.0),
        np.zeros(60), np.ones(60), np.ones(60, dtype=bool),
    )  # fmt: skip
    for _ in range(5):
        assert HeldCbc(program, absolute_gap=0.5).solve(time_limit_s=seconds).termination is Termination.TIME_LIMIT


def test_a_program_on_which_the_preprocessing_went_wrong():
    """CBC's preprocessing called a point optimal, at 275, that breaks a row; the optimum is 356."""
    matrix = [
        [0, 0, -5, 0, -1, 0, 2, 5, 0, 5, 0, 0, 0],
        [-1, 1, 0, 1, 0, 3, 0, 5, 0, -1, 0, -2, -3],
        [-5, 1, 3, 4, -4, -5, 0, 0, 3, 0, -5, 1, 0],
        [3, 0, 3, 2, 1, 0, -2, -6, 6, 0, 0, 0, -3],
        [-1, -4, -2, -5, -3, -2, 3, -1, -5, 0, 4, -6, 6],
        [3, -6, -2, -3, -6, -6, 5, 0, 0, 0, 0, -5, -3],
    ]
    rows = np.array(matrix, dtype=float)
    program = Program(
        13.0 * rows[3] + rows[4] + rows[5], sparse.csr_matrix(rows), np.full(6, -np.inf),
        np.array([-14.444, -9.695, -3.072, np.inf, -31.5, -39.5]),
        np.array([0, -3, 0, -3, -1, -1, -2, -3, -3, 0, -2, -2, -2.0]),
        np.array([1, 1, 3, 1, 0, 2, -1, -1, -1, 3, 1, 2, -1.0]), np.ones(13, dtype=bool),
    )  # fmt: skip
    for answer in (HeldCbc(program, absolute_gap=0.5).solve(), HeldProgram(program, absolute_gap=0.5).solve()):
        assert answer.optimal
        assert answer.objective == pytest.approx(356)


def test_unbounded_and_infeasible_are_not_optimal():
    program = Program(
        np.array([-1.0]), sparse.csr_matrix(np.array([[1.0]])), np.array([-np.inf]), np.array([np.inf]), np.zeros(1),
        np.array([np.inf]), np.ones(1, dtype=bool),
    )  # fmt: skip
    assert HeldCbc(program).solve().termination is Termination.INFEASIBLE_OR_UNBOUNDED
    impossible = replace(program, cost=np.ones(1), row_upper=np.array([-1.0]))
    assert HeldCbc(impossible).solve().termination is Termination.INFEASIBLE


def test_a_time_limit_keeps_the_incumbent_and_its_bound():
    rng = np.random.default_rng(4)
    weights, values = rng.integers(1, 1000, (25, 150)).astype(float), rng.integers(1, 1000, 150).astype(float)
    program = Program(
        -values, sparse.csr_matrix(weights), np.full(25, -np.inf), weights.sum(axis=1) / 3, np.zeros(150),
        np.ones(150), np.ones(150, dtype=bool),
    )  # fmt: skip
    answer = HeldCbc(program).solve(time_limit_s=1.0)
    assert answer.termination is Termination.TIME_LIMIT
    assert (weights @ answer.x <= program.row_upper + 1e-6).all()
    assert answer.bound < answer.objective < 0


def test_a_missing_package_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "cbcbox", None)
    _library.cache_clear()
    program = Program(np.ones(1), sparse.csr_matrix(np.ones((1, 1))), np.zeros(1), np.ones(1), np.zeros(1), np.ones(1))
    with pytest.raises(SolverMissing, match=r"cxfrontier\[cbc\]"):
        HeldCbc(program)
    _library.cache_clear()
