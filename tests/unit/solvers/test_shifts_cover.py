"""Day covers against Winston's post office, scipy's own integer programs and linear duality."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import LinearConstraint, linprog, milp

from solvers.errors import NoSolution
from solvers.highs import HeldProgram, Program
from solvers.shifts.catalogue import Catalogue
from solvers.shifts.cover import DayCover

POST_OFFICE = np.array([17.0, 13, 15, 19, 14, 16, 11])


def catalogue(cover, paid) -> Catalogue:
    none = np.zeros(len(paid), dtype=np.int64)
    return Catalogue(np.asarray(cover, float), np.asarray(paid, float), none, none, none)


def post_office() -> Catalogue:
    """Five days on, two off, seven starts (Winston, Operations Research); a "day" has seven intervals."""
    cover = np.array([[float((day - start) % 7 < 5) for day in range(7)] for start in range(7)])
    return catalogue(cover, np.ones(7))


def random_catalogue(rng) -> Catalogue:
    """Blocks with a break in the middle, sometimes; every interval is reachable."""
    intervals = int(rng.integers(4, 12))
    rows, paid = [], []
    for start in range(intervals):
        for length in rng.choice(np.arange(1, 7), 2, replace=False):
            if start + length <= intervals:
                row = np.zeros(intervals)
                row[start : start + length] = 1
                hours = float(length)
                if length >= 4:
                    row[start + int(rng.integers(1, length - 1))] = 0
                    hours -= float(rng.integers(0, 2))
                rows.append(row)
                paid.append(hours / 2 + float(rng.uniform(0, 0.2)))
    rows += list(np.eye(intervals))
    paid += [0.9] * intervals
    return catalogue(rows, paid)


def integer_optimum(own: Catalogue, need, cost=None) -> float:
    cost = own.paid_h if cost is None else cost
    answer = milp(cost, constraints=LinearConstraint(own.cover.T, need), integrality=np.ones(len(cost)))
    assert answer.success
    return float(answer.fun)


def test_post_office():
    cover = DayCover(post_office())
    price, duals = cover.price(POST_OFFICE)
    assert price == pytest.approx(67 / 3, abs=1e-9)
    assert price == pytest.approx(22.3333, abs=1e-4)
    assert duals @ POST_OFFICE == pytest.approx(price)
    whole = cover.people(POST_OFFICE)
    assert (whole @ cover.catalogue.cover >= POST_OFFICE).all()
    assert 23 <= whole.sum() <= 25


def test_post_office_in_whole_people():
    """The same program with integers, solved to the end by the house's door: 23."""
    own = post_office()
    free = np.full(7, np.inf)
    program = Program(
        own.paid_h, sparse.csr_matrix(own.cover.T), POST_OFFICE, free, np.zeros(7), free, np.ones(7, dtype=bool)
    )
    answer = HeldProgram(program).solve()
    assert answer.optimal
    assert answer.objective == pytest.approx(23)
    assert integer_optimum(own, POST_OFFICE) == pytest.approx(23)


@pytest.mark.parametrize("person_h", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(8))
def test_covers_cover_at_little_more_than_the_least_cost(seed, person_h):
    """The best of a few dives: within 15 % of the integer optimum on each of these small needs."""
    rng = np.random.default_rng(seed)
    own = random_catalogue(rng)
    cover = DayCover(own, person_h)
    cost = own.paid_h + person_h
    for _ in range(6):
        need = rng.integers(0, 9, own.cover.shape[1]).astype(float)
        price, _ = cover.price(need)
        people = cover.people(need)
        assert people.dtype == np.int64
        assert (people >= 0).all()
        assert (people @ own.cover >= need).all()
        best = integer_optimum(own, need, cost)
        assert price <= best + 1e-7
        assert best - 1e-7 <= cost @ people <= 1.02 * best + 1e-9
        # Nobody of the cover can simply go home.
        for shift in np.flatnonzero(people):
            fewer = people.copy()
            fewer[shift] -= 1
            assert (fewer @ own.cover < need).any()


@pytest.mark.parametrize("person_h", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(8))
def test_duals_bound_the_price_of_any_other_need(seed, person_h):
    """The day-cover cut: u is feasible for the dual whatever the need, so u·need' <= price(need')."""
    rng = np.random.default_rng(seed)
    own = random_catalogue(rng)
    cost = own.paid_h + person_h
    cover = DayCover(own, person_h)
    needs = [rng.uniform(0, 12, own.cover.shape[1]) for _ in range(8)]
    answers = [cover.price(need) for need in needs]
    for need, (price, duals) in zip(needs, answers, strict=True):
        reference = linprog(cost, A_ub=-own.cover.T, b_ub=-need)
        assert price == pytest.approx(reference.fun, abs=1e-7)
        assert (duals >= 0).all()
        assert (own.cover @ duals <= cost + 1e-7).all()
        assert duals @ need == pytest.approx(price, abs=1e-6)
        for other, (dearer, _) in zip(needs, answers, strict=True):
            assert duals @ other <= dearer + 1e-6


def test_prices_do_not_depend_on_what_was_asked_before():
    """Which of several best covers is found may; asked in the same order, the same cover comes to the last bit."""
    rng = np.random.default_rng(5)
    own = random_catalogue(rng)
    needs = [rng.integers(0, 9, own.cover.shape[1]).astype(float) for _ in range(6)]
    forward, backward, again = DayCover(own), DayCover(own), DayCover(own)
    first = [(forward.price(n)[0], forward.people(n).tolist()) for n in needs]
    last = [backward.price(n)[0] for n in needs[::-1]]
    np.testing.assert_allclose([price for price, _ in first], last[::-1], rtol=1e-9)
    assert first == [(again.price(n)[0], again.people(n).tolist()) for n in needs]


def test_what_is_returned_is_a_copy():
    cover = DayCover(post_office())
    cover.people(POST_OFFICE)[:] = 99
    assert cover.people(POST_OFFICE).sum() < 99


def test_no_need_takes_nobody():
    cover = DayCover(post_office())
    assert cover.people(np.zeros(7)).sum() == 0
    assert cover.price(np.zeros(7))[0] == 0.0


def test_an_interval_without_a_shift():
    cover = DayCover(catalogue([[1, 1, 0]], [1.0]))
    assert cover.catalogue.reachable.tolist() == [True, True, False]
    assert cover.people(np.array([2.0, 1.0, 0.0])).tolist() == [2]
    with pytest.raises(NoSolution, match=r"\[2\]"):
        cover.price(np.array([0.0, 0.0, 1.0]))
    # The program still answers afterwards.
    assert cover.price(np.array([3.0, 0.0, 0.0]))[0] == pytest.approx(3.0)
