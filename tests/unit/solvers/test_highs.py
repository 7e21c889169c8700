"""The door to HiGHS against scipy's linear and integer programs, through changes of rows, costs and added rows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from solvers import highs
from solvers.errors import Termination
from solvers.highs import HeldProgram, Program


def random_program(rng, rows=8, columns=6) -> Program:
    """Bounded box, two-sided rows around a feasible point, so that an optimum exists."""
    matrix = np.where(rng.random((rows, columns)) < 0.6, rng.integers(-4, 5, (rows, columns)), 0).astype(float)
    inside = matrix @ rng.uniform(0, 5, columns)
    lower = np.where(rng.random(rows) < 0.5, inside - rng.uniform(0, 3, rows), -np.inf)
    upper = np.where(rng.random(rows) < 0.7, inside + rng.uniform(0, 3, rows), np.inf)
    cost = rng.normal(size=columns)
    return Program(cost, sparse.csr_matrix(matrix), lower, upper, np.zeros(columns), np.full(columns, 5.0))


def reference(program: Program, cost=None, lower=None, upper=None, more=None) -> float:
    """Optimum by scipy; NaN where infeasible."""
    matrix = program.matrix.toarray()
    lower = program.row_lower if lower is None else lower
    upper = program.row_upper if upper is None else upper
    if more is not None:
        matrix = np.vstack([matrix, more[0]])
        lower, upper = np.append(lower, more[1]), np.append(upper, more[2])
    rows = np.vstack([matrix[np.isfinite(upper)], -matrix[np.isfinite(lower)]])
    limits = np.append(upper[np.isfinite(upper)], -lower[np.isfinite(lower)])
    bounds = list(zip(program.lower, program.upper, strict=True))
    answer = linprog(program.cost if cost is None else cost, A_ub=rows, b_ub=limits, bounds=bounds)
    return float(answer.fun) if answer.status == 0 else np.nan


def agrees(answer, expected: float) -> None:
    if np.isnan(expected):
        assert answer.termination in (Termination.INFEASIBLE, Termination.INFEASIBLE_OR_UNBOUNDED)
        assert not answer.optimal
        assert np.isnan(answer.objective)
        assert np.isnan(answer.x).all()
    else:
        assert answer.optimal
        assert answer.objective == pytest.approx(expected, abs=1e-7)


@pytest.fixture(params=[highs.MANY_ROWS, 0], ids=["few rows", "many rows"], autouse=True)
def many_rows(request, monkeypatch):
    """Every program here is asked of the methods for small ones, and of those for large ones."""
    monkeypatch.setattr(highs, "MANY_ROWS", request.param)


@pytest.mark.parametrize("seed", range(20))
def test_optimum_changed_costs_changed_rows_added_rows(seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng)
    held = HeldProgram(program)
    answer = held.solve()
    agrees(answer, reference(program))
    matrix = program.matrix.toarray()
    assert (matrix @ answer.x <= program.row_upper + 1e-7).all()
    assert (matrix @ answer.x >= program.row_lower - 1e-7).all()
    lower, upper, cost = program.row_lower.copy(), program.row_upper.copy(), program.cost
    for step in range(12):
        if step % 3 == 0:
            cost = rng.normal(size=len(cost))
            held.set_cost(cost)
        elif step % 3 == 1:
            row = int(rng.integers(0, len(lower)))
            lower[row], upper[row] = sorted(rng.uniform(-20, 20, 2))
            held.set_row(row, float(lower[row]), float(upper[row]))
        else:
            index = np.array([0, 3], dtype=np.int32)
            lower[index], upper[index] = -np.inf, rng.uniform(0, 20, 2)
            held.set_rows(index, lower[index], upper[index])
        agrees(held.solve(), reference(program, cost, lower, upper))
    rows = rng.integers(-2, 3, (3, len(cost))).astype(float)
    bound = np.full(3, 6.0)
    held.add_rows(sparse.csr_matrix(rows), np.full(3, -np.inf), bound)
    assert held.rows == len(lower) + 3
    answer = held.solve()
    agrees(answer, reference(program, cost, lower, upper, (rows, np.full(3, -np.inf), bound)))


def test_no_rows_to_add_changes_nothing():
    held = HeldProgram(random_program(np.random.default_rng(0)))
    before = held.solve()
    held.add_rows(sparse.csr_matrix((0, 6)), np.zeros(0), np.zeros(0))
    assert held.solve().objective == before.objective


@pytest.mark.parametrize("seed", range(10))
def test_duals_are_the_derivatives_of_the_rows(seed):
    """A bound of an active row moved by a hair changes the optimum by dual times the hair."""
    rng = np.random.default_rng([seed, 1])
    program = random_program(rng)
    held = HeldProgram(program)
    answer = held.solve()
    matrix = program.matrix.toarray()
    for row in range(len(program.row_lower)):
        activity = matrix[row] @ answer.x
        if (
            np.isfinite(program.row_upper[row])
            and activity < program.row_upper[row] - 1e-6
            and (activity > program.row_lower[row] + 1e-6)
        ):
            assert answer.row_dual[row] == pytest.approx(0.0, abs=1e-9)
        for moved in (1e-5, -1e-5):
            held.set_row(row, float(program.row_lower[row] + moved), float(program.row_upper[row] + moved))
            other = held.solve()
            held.set_row(row, float(program.row_lower[row]), float(program.row_upper[row]))
            if other.optimal:  # the optimum is convex in the bounds: the dual is a subgradient
                assert other.objective >= answer.objective + answer.row_dual[row] * moved - 1e-9


def test_infeasible_then_feasible_again():
    program = Program(
        np.array([1.0, 1.0]), sparse.csr_matrix(np.array([[1.0, 1.0]])), np.array([3.0]), np.array([np.inf]),
        np.zeros(2), np.ones(2),
    )  # fmt: skip
    held = HeldProgram(program)
    agrees(held.solve(), np.nan)
    held.set_row(0, 1.5, np.inf)
    agrees(held.solve(), 1.5)


def test_unbounded():
    program = Program(
        np.array([-1.0]), sparse.csr_matrix(np.array([[0.0]])), np.zeros(1), np.ones(1), np.zeros(1), np.array([np.inf])
    )
    answer = HeldProgram(program).solve()
    assert answer.termination in (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED)
    assert np.isnan(answer.objective)


@pytest.mark.parametrize("seed", range(10))
def test_integer_programs(seed):
    rng = np.random.default_rng([seed, 2])
    linear = random_program(rng)
    integer = np.ones(6, dtype=bool)
    program = Program(
        linear.cost, linear.matrix, linear.row_lower, linear.row_upper, linear.lower, linear.upper, integer
    )
    answer = HeldProgram(program).solve()
    expected = milp(
        linear.cost,
        constraints=LinearConstraint(linear.matrix.toarray(), linear.row_lower, linear.row_upper),
        integrality=np.ones(6),
        bounds=Bounds(linear.lower, linear.upper),
    )
    if not expected.success:
        assert not answer.optimal
        return
    assert answer.optimal
    assert answer.objective == pytest.approx(expected.fun, abs=1e-6)
    assert answer.bound == pytest.approx(answer.objective, abs=1e-6)
    np.testing.assert_allclose(answer.x, np.round(answer.x), atol=1e-6)
    assert np.isnan(answer.row_dual).all()


def test_same_program_same_answer_to_the_last_bit():
    rng = np.random.default_rng(9)
    program = random_program(rng, 20, 15)
    one, other = HeldProgram(program).solve(), HeldProgram(program).solve()
    assert (one.x == other.x).all()
    assert (one.row_dual == other.row_dual).all()


@pytest.mark.parametrize("seed", range(10))
def test_an_earlier_basis_starts_a_program_that_has_grown(seed):
    """With and without rows added since, back at an earlier optimum: the answer is that of the program as it is."""
    rng = np.random.default_rng([seed, 3])
    program = random_program(rng)
    held = HeldProgram(program)
    held.solve()
    stood = held.basis()
    cost = rng.normal(size=6)
    held.set_cost(cost)
    agrees(held.solve(), reference(program, cost))
    held.start_from(stood)
    agrees(held.solve(), reference(program, cost))
    rows = rng.integers(-2, 3, (3, 6)).astype(float)
    held.add_rows(sparse.csr_matrix(rows), np.full(3, -np.inf), np.full(3, 6.0))
    held.start_from(stood)
    agrees(held.solve(), reference(program, cost, more=(rows, np.full(3, -np.inf), np.full(3, 6.0))))


@pytest.mark.parametrize("seed", range(10))
def test_an_optimum_that_changed_rows_still_hold_is_gone_on_from(seed):
    """A row gets other coefficients and, for the last optimum, as much more room: the primal simplex goes on from it.

    So it does where only costs have changed, and not after a change of rows nobody vouches for.
    """
    rng = np.random.default_rng([seed, 4])
    program = random_program(rng)
    held = HeldProgram(program)
    strategy = lambda: held._highs.getOptionValue("simplex_strategy")[1]  # noqa: E731
    x = held.solve().x
    row = int(np.flatnonzero(np.isfinite(program.row_upper))[0])
    matrix, upper = program.matrix.toarray(), program.row_upper.copy()
    changed = matrix[row] + rng.uniform(-2, 2, 6)
    upper[row] += float((changed - matrix[row]) @ x) + 1e-9
    lower = program.row_lower.copy()
    lower[row], matrix[row] = -np.inf, changed
    for column, value in enumerate(changed):
        held.set_coefficient(row, column, float(value))
    held.set_row(row, -np.inf, float(upper[row]))
    other = replace(program, matrix=sparse.csr_matrix(matrix), row_lower=lower, row_upper=upper)
    agrees(held.solve(inside=True), reference(other))
    assert strategy() == highs.PRIMAL
    cost = rng.normal(size=6)
    held.set_cost(cost)
    agrees(held.solve(), reference(other, cost))
    assert strategy() == highs.PRIMAL
    upper[row] -= 0.5
    held.set_row(row, -np.inf, float(upper[row]))
    agrees(held.solve(), reference(other, cost, upper=upper))
    assert strategy() == highs.DUAL


@pytest.mark.parametrize("proof", [True, False])
def test_without_proof_a_hot_start_without_an_optimum_is_the_end(proof, monkeypatch):
    program = Program(
        np.array([1.0, 1.0]), sparse.csr_matrix(np.array([[1.0, 1.0]])), np.array([1.0]), np.array([np.inf]),
        np.zeros(2), np.ones(2),
    )  # fmt: skip
    held = HeldProgram(program)
    agrees(held.solve(proof=proof), 1.0)
    runs, get_ready = [], held._get_ready
    monkeypatch.setattr(held, "_get_ready", lambda *, hot: (runs.append(hot), get_ready(hot=hot)))
    held.set_row(0, 3.0, np.inf)
    agrees(held.solve(proof=proof), np.nan)
    assert runs == ([True, False] if proof else [True])
    held.set_row(0, 1.5, np.inf)
    agrees(held.solve(proof=proof), 1.5)


@pytest.mark.parametrize("whole", [False, True])
def test_a_cold_start_forgets_every_earlier_solve(whole):
    """After other costs were solved the answer is, to the last bit, that of a program never solved before."""
    rng = np.random.default_rng(10)
    linear = random_program(rng, 20, 15)
    program = replace(linear, integer=np.full(15, whole))
    used = HeldProgram(program)
    used.set_cost(rng.normal(size=15))
    used.solve()
    used.set_cost(program.cost)
    again, first = used.solve(cold=True), HeldProgram(program).solve(cold=True)
    assert first.optimal
    assert (again.x == first.x).all()
    assert again.objective == first.objective


def test_a_time_limit_is_told_from_no_solution():
    rng = np.random.default_rng(2)
    weights, values = rng.integers(1, 1000, (8, 60)).astype(float), rng.integers(1, 1000, 60).astype(float)
    program = Program(
        -values, sparse.csr_matrix(weights), np.full(8, -np.inf), weights.sum(axis=1) / 3,
        np.zeros(60), np.ones(60), np.ones(60, dtype=bool),
    )  # fmt: skip
    assert HeldProgram(program).solve(time_limit_s=0.01).termination is Termination.TIME_LIMIT


def test_gap_and_tolerance_reach_the_engine():
    program = Program(
        np.ones(1), sparse.csr_matrix(np.ones((1, 1))), np.ones(1), np.ones(1), np.zeros(1), np.ones(1),
        np.ones(1, dtype=bool),
    )  # fmt: skip
    engine = HeldProgram(program, absolute_gap=0.5, row_tolerance=1e-7)._highs
    assert engine.getOptionValue("mip_rel_gap")[1] == 0
    assert engine.getOptionValue("mip_abs_gap")[1] == 0.5
    assert engine.getOptionValue("mip_feasibility_tolerance")[1] == 1e-7
