"""The compiled dual simplex against scipy's HiGHS, cold and from the basis of another need."""

import numpy as np
import pytest
from scipy.optimize import linprog

from solvers.shifts.simplex import columns_of, reoptimize, set_need, slack_basis


def solve(columns, state, need):
    inverse, reduced, basis = state
    value = np.zeros(len(need))
    set_need(inverse, need, value)
    assert reoptimize(columns, inverse, reduced, value, basis) >= 0
    return value


@pytest.mark.parametrize("seed", range(6))
def test_value_and_duals_are_scipys(seed):
    """40 needs in a row, each from the basis of the last one; weights are not only 0 and 1, costs tie."""
    rng = np.random.default_rng(seed)
    shifts, intervals = int(rng.integers(5, 60)), int(rng.integers(2, 30))
    cover = (rng.random((shifts, intervals)) < 0.4) * rng.choice([0.5, 1.0, 2.0], (shifts, intervals))
    cover[rng.integers(0, shifts, intervals), np.arange(intervals)] = 1.0
    cost = rng.choice([1.0, 2.0, 3.5], shifts)
    columns = columns_of(cover)
    state = slack_basis(columns, cost)
    for _ in range(40):
        need = np.where(rng.random(intervals) < 0.2, 0.0, rng.uniform(0, 20, intervals))
        value = solve(columns, state, need)
        _, reduced, basis = state
        x = np.zeros(shifts)
        x[basis[basis < shifts]] = value[basis < shifts]
        truth = linprog(cost, A_ub=-cover.T, b_ub=-need).fun
        assert cost @ x == pytest.approx(truth, abs=1e-7)
        assert (x >= -1e-9).all()
        assert (x @ cover >= need - 1e-7).all()
        duals = reduced[shifts:]
        assert (duals >= -1e-9).all()
        assert (cover @ duals <= cost + 1e-9).all()
        assert duals @ need == pytest.approx(truth, abs=1e-7)


def test_a_need_nobody_covers():
    columns = columns_of(np.array([[1.0, 0.0]]))
    inverse, reduced, basis = slack_basis(columns, np.array([1.0]))
    value = np.zeros(2)
    set_need(inverse, np.array([1.0, 1.0]), value)
    assert reoptimize(columns, inverse, reduced, value, basis) == -1


def test_many_ties_do_not_cycle():
    """Twenty copies of one shift and needs that are all equal: every ratio ties at every pivot."""
    cover = np.ones((20, 15))
    columns = columns_of(cover)
    state = slack_basis(columns, np.ones(20))
    value = solve(columns, state, np.full(15, 3.0))
    assert value[state[2] < 20].sum() == pytest.approx(3.0)
