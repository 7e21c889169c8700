"""Complete fronts against brute force, by every engine, alone or in parallel, and what is told when time runs out."""

import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

sys.path[:0] = [str(Path(__file__).parent)]

from front_truth import KINDS, assignment_rows, brute_front, random_milp  # noqa: E402

from solvers.errors import SolverFailed, Termination  # noqa: E402
from solvers.pareto import Engine, Milp, PointStatus, enumerate_front, hypervolume, nondominated  # noqa: E402
from solvers.pareto.tree import fits_tree  # noqa: E402


def is_the_front(milp, **options) -> int:
    """Compare with brute force, check the solutions; number of points."""
    front, expected = enumerate_front(milp, **options), brute_front(milp)
    assert front.points.tolist() == expected.tolist()
    assert front.complete
    assert front.termination == (Termination.OPTIMAL if len(expected) else Termination.INFEASIBLE)
    assert front.point_status == (PointStatus.PROVEN,) * len(expected)
    assert (front.gaps == 0).all()
    assert front.bounds.shape == (0, len(milp.senses))
    np.testing.assert_array_equal(front.solutions @ milp.objectives.T, front.points)
    rows = front.solutions @ milp.matrix.toarray().T
    assert ((rows >= milp.row_lower - 1e-9) & (rows <= milp.row_upper + 1e-9)).all()
    assert ((front.solutions >= milp.lower) & (front.solutions <= milp.upper)).all()
    return len(expected)


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
def test_two_hundred_small_programs_by_the_tree(kind):
    sizes = []
    for seed in range(kind, 200, len(KINDS)):
        milp = random_milp(seed)
        assert fits_tree(milp)
        sizes.append(is_the_front(milp))
    assert max(sizes) == 0 if KINDS[kind] == "infeasible" else max(sizes) > 5


@pytest.mark.parametrize("engine", [Engine.HIGHS, Engine.CBC])
def test_small_programs_by_the_engines(engine):
    if engine is Engine.CBC:
        pytest.importorskip("cbcbox", reason="needs the package cbcbox (extra cbc)")
    for seed in range(15):
        is_the_front(random_milp(seed), engine=engine)


@pytest.mark.parametrize("engine", list(Engine))
def test_fractional_bounds_of_integer_variables_lose_no_point(engine):
    """HiGHS found 1 of these 3 points, and for a program with one point none, as long as it saw such bounds."""
    if engine is Engine.CBC:
        pytest.importorskip("cbcbox", reason="needs the package cbcbox (extra cbc)")
    values = np.array([[-5, 3, 8, 9, 7, 3], [-2, -2, -9, -6, -3, -3]])
    lower, upper = [-1, 0.5, -1.3, -3.5, -2.3, 0], [1.5, 3.3, 1.5, -2.5, 0.999, 0.3]
    milp = Milp(values, ["max", "min"], np.zeros((0, 6)), [], [], lower, upper, 1)
    assert is_the_front(milp, engine=engine) == 3
    rows = [[-4, 4, -2], [-2, 3, -2], [6, 5, 0]]
    values = [[-6, 9, 2], [0, -6, 0], [-4, -6, 4]]
    milp = Milp(values, ["max"] * 3, rows, [-25, -13, 1], [-19, np.inf, np.inf], [0.7, -3.3, -1], [3.3, -2.7, -0.7], 1)
    assert is_the_front(milp, engine=engine) == 1


@pytest.mark.parametrize("engine", list(Engine))
def test_a_program_without_entries_is_searched(engine):
    """CBC's strengthening of cliques ended the process on it."""
    if engine is Engine.CBC:
        pytest.importorskip("cbcbox", reason="needs the package cbcbox (extra cbc)")
    milp = Milp(csr_array((2, 2)), ["max", "max"], csr_array((0, 2)), [], [], [0, -3], [3, 0], 1)
    assert is_the_front(milp, engine=engine) == 1


def knapsack(objectives: int, items: int, seed: int) -> Milp:
    rng = np.random.default_rng(seed)
    weights = rng.integers(10, 100, (2, items))
    values = rng.integers(10, 100, (objectives, items))
    return Milp(values, ["max"] * objectives, weights, -np.inf, weights.sum(axis=1) // 2, 0, 1, 1)


def test_the_tree_and_highs_agree_on_a_knapsack_too_large_to_try():
    milp = knapsack(2, 30, 5)
    tree, highs = enumerate_front(milp), enumerate_front(milp, engine="highs")
    assert tree.points.tolist() == highs.points.tolist()
    assert len(tree.points) > 10
    # One program per point and one more: the weights close the boxes to the left of each point.
    assert highs.searches <= len(highs.points) + 8


def test_the_result_does_not_depend_on_the_workers():
    for milp, engine in ((knapsack(3, 16, 1), "auto"), (knapsack(2, 12, 2), "highs")):
        alone = enumerate_front(milp, engine=engine)
        for executor in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
            with executor:
                shared = enumerate_front(milp, engine=engine, executor=executor)
            assert shared.points.tolist() == alone.points.tolist()
            assert shared.solutions.tolist() == alone.solutions.tolist()
            assert shared.searches == alone.searches


def test_too_much_work_for_the_tree_goes_to_highs(monkeypatch):
    """With hardly any work allowed the tree fails on its first boxes; the front stays complete."""
    monkeypatch.setattr("solvers.pareto.tree.WORK_LIMIT", 5e3)
    is_the_front(knapsack(3, 10, 3))


def test_a_large_program_goes_to_highs_at_once():
    rng = np.random.default_rng(0)
    milp = Milp(rng.integers(0, 5, (2, 300)), ["min", "max"], np.ones((80, 300)), 0, 2, 0, 1, 1)
    assert not fits_tree(milp)
    front = enumerate_front(milp)
    pairs = np.triu_indices(300)
    objectives = milp.objectives
    two = (objectives[:, pairs[0]] + objectives[:, pairs[1]] * (pairs[0] != pairs[1])).T
    points = np.unique(np.vstack([np.zeros((1, 2)), two]), axis=0)
    assert front.points.tolist() == points[nondominated(points, ["min", "max"])].tolist()


def test_unbounded_objectives_are_refused_and_open_bad_sides_are_not():
    rows = [[1.0, 1.0]]
    with pytest.raises(SolverFailed, match="objective 1.*must be bounded"):
        enumerate_front(Milp(np.eye(2), ["min", "max"], rows, 0, np.inf, 0, [9, np.inf], 1))
    front = enumerate_front(Milp(np.eye(2), ["min", "min"], rows, 4, np.inf, 0, np.inf, 1))
    assert front.points.tolist() == [[k, 4 - k] for k in range(5)]


def test_programs_without_variables_rows_or_choice():
    """No variable: one point at zero, or none. No row: each variable at its best. One point only. All constant."""
    none = Milp(np.empty((2, 0)), ["min", "max"], np.empty((1, 0)), 0, 0, 0, 1, 1)
    assert enumerate_front(none).points.tolist() == [[0, 0]]
    impossible = Milp(np.empty((2, 0)), ["min", "max"], np.empty((1, 0)), 1, 2, 0, 1, 1)
    assert enumerate_front(impossible).termination == "infeasible"
    free = Milp([[1, 0], [0, 2]], ["min", "max"], np.empty((0, 2)), [], [], -3, 3, 1)
    assert enumerate_front(free).points.tolist() == [[-3, 6]]
    constant = Milp(np.zeros((3, 2)), ["min", "max", "min"], [[1, 1]], 1, 1, 0, 1, 1)
    assert enumerate_front(constant).points.tolist() == [[0, 0, 0]]
    fixed = Milp(np.eye(2), ["min", "min"], [[1, 1]], 0, 9, [1, 2], [1, 2], 1)
    assert enumerate_front(fixed).points.tolist() == [[1, 2]]
    crossed = Milp(np.eye(2), ["min", "min"], [[1, 1]], 0, 9, [0.2, 0], [0.8, 1], 1)
    assert enumerate_front(crossed).termination == "infeasible"


def test_decimal_rows_are_kept_up_to_rounding():
    """0.1 + 0.2 ≤ 0.3 fails in floating point and holds on paper."""
    milp = Milp([[1, 0, 0], [0, 1, 1]], ["max", "max"], [[0.1, 0.2, 0.3]], -np.inf, 0.3, 0, 1, 1)
    assert enumerate_front(milp).points.tolist() == [[1, 1]]


@pytest.mark.parametrize("objectives", [2, 3])
def test_out_of_time_says_what_is_open(objectives, monkeypatch):
    """Stop after a few rounds: bounds must cover every missing point, and the hypervolume bounds enclose the truth."""
    milp = knapsack(objectives, 28 if objectives == 2 else 16, 9)
    whole = enumerate_front(milp)
    reference = np.zeros(objectives)
    truth = hypervolume(whole.points, reference, milp.senses)
    assert whole.hypervolume_bounds(reference) == (truth, truth)
    rooms = []
    for rounds in (0, 1, 2, 3):
        with monkeypatch.context() as patch:
            patch.setattr("solvers.pareto.enumeration.seconds_to", counted_down(rounds))
            part = enumerate_front(milp, time_limit_s=1e6)
        assert not part.complete
        assert part.termination == "time_limit"
        assert part.point_status == (PointStatus.PROVEN,) * len(part.points)
        known = {tuple(p) for p in part.points}
        assert known <= {tuple(p) for p in whole.points}
        missing = np.array([p for p in whole.points if tuple(p) not in known]).reshape(-1, objectives)
        assert (missing[:, None, :] > part.bounds[None, :, :]).all(axis=2).any(axis=1).all()
        assert (whole.points <= part.ideal).all()
        lower, upper = part.hypervolume_bounds(reference)
        assert lower <= truth <= upper
        rooms.append(upper - lower)
    assert rooms == sorted(rooms, reverse=True)
    assert rooms[-1] < rooms[0]


def counted_down(rounds):
    """Stand in for the clock: time is up after so many rounds."""
    left = iter(range(rounds))

    def seconds_to(deadline):
        if next(left, None) is None:
            raise TimeoutError
        return 1e6

    return seconds_to


@pytest.mark.parametrize("engine", list(Engine))
def test_an_incumbent_is_marked_with_its_gap(engine):
    """Time ends within a search that is far too hard for it: the incumbent stays, marked, within the box it was in."""
    if engine is Engine.CBC:
        pytest.importorskip("cbcbox", reason="needs the package cbcbox (extra cbc)")
    rng = np.random.default_rng(4)
    weights = rng.integers(1, 1000, (25, 150)).astype(float)
    values = rng.integers(1, 1000, (2, 150)).astype(float)
    milp = Milp(values, ["max", "max"], weights, -np.inf, weights.sum(axis=1) // 3, 0, 1, 1)
    front = enumerate_front(milp, engine=engine, time_limit_s=1.5)
    assert not front.complete
    assert front.point_status == (PointStatus.GAP,)
    assert front.gaps[0] > 0
    assert (weights @ front.solutions[0] <= milp.row_upper + 1e-6).all()
    assert (front.points <= front.ideal).all()


def test_assignments_of_four_objectives_by_the_tree():
    rng = np.random.default_rng(8)
    size = 4
    milp = Milp(
        rng.integers(1, 9, (4, size * size)), ["min", "max", "min", "min"], assignment_rows(size), 1, 1, 0, 1, 1
    )
    assert is_the_front(milp) > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "gurobi"}, r"engine = 'gurobi' — must be one of auto, highs, cbc"),
        ({"time_limit_s": -1}, r"time_limit_s = -1 — must be above 0"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        enumerate_front(knapsack(2, 4, 1), **options)


def with_coefficients(seed: int, size: int) -> Milp:
    """A small boxed program whose objectives have coefficients up to a size."""
    rng = np.random.default_rng([seed, 5])
    variables, objectives = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    lower = rng.integers(-3, 2, variables).astype(float)
    upper = lower + rng.integers(1, 4, variables)
    values = rng.integers(-size, size + 1, (objectives, variables)).astype(float)
    rows = rng.integers(-5, 6, (int(rng.integers(0, 3)), variables)).astype(float)
    most = rows @ np.round((lower + upper) / 2) + 3
    return Milp(values, rng.choice(["min", "max"], objectives).tolist(), rows, -np.inf, most, lower, upper, 1)


@pytest.mark.parametrize(("engine", "least", "size"), [("cbc", 10**5, 10**6), ("highs", 10**6, 10**8)])
def test_no_engine_loses_points_of_large_coefficients_in_silence(engine, least, size):
    """What an engine cannot tell apart is refused, never called empty; the tree bears it all the same."""
    if engine == "cbc":
        pytest.importorskip("cbcbox")
    for seed in range(12):
        assert is_the_front(with_coefficients(seed, least), engine=engine) >= 0
        huge = with_coefficients(seed, size)
        if np.abs(huge.objectives).sum(axis=1).max() > size:
            with pytest.raises(SolverFailed, match="larger units"):
                enumerate_front(huge, engine=engine)
        assert is_the_front(huge) >= 0
