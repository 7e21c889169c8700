"""Day covers against Winston's post office, scipy's own integer programs and linear duality."""

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, milp

from solvers.errors import NoSolution
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


def integer_optimum(own: Catalogue, need) -> float:
    answer = milp(own.paid_h, constraints=LinearConstraint(own.cover.T, need), integrality=np.ones(len(own.paid_h)))
    assert answer.success
    return float(answer.fun)


def test_post_office():
    cover = DayCover(post_office())
    price, duals = cover.price(POST_OFFICE)
    assert price == pytest.approx(67 / 3, abs=1e-9)
    assert price == pytest.approx(22.3333, abs=1e-4)
    assert duals @ POST_OFFICE == pytest.approx(price)
    assert cover.exact(POST_OFFICE).sum() == 23
    assert cover.people(POST_OFFICE).sum() >= 23


@pytest.mark.parametrize("seed", range(12))
def test_covers_cover_and_exact_is_optimal(seed):
    rng = np.random.default_rng(seed)
    own = random_catalogue(rng)
    cover = DayCover(own)
    for _ in range(6):
        need = rng.integers(0, 9, own.cover.shape[1]).astype(float)
        price, _ = cover.price(need)
        greedy, exact = cover.people(need), cover.exact(need, node_limit=20_000)
        for people in (greedy, exact):
            assert people.dtype == np.int64
            assert (people >= 0).all()
            assert (people @ own.cover >= need).all()
        best = integer_optimum(own, need)
        assert price <= best + 1e-7
        assert own.paid_h @ exact == pytest.approx(best, abs=1e-6)
        assert own.paid_h @ greedy >= best - 1e-7
        assert own.paid_h @ greedy <= 1.35 * best + 1e-9
        # Nobody of the greedy cover can simply go home.
        for shift in np.flatnonzero(greedy):
            fewer = greedy.copy()
            fewer[shift] -= 1
            assert (fewer @ own.cover < need).any()


@pytest.mark.parametrize("seed", range(8))
def test_duals_bound_the_price_of_any_other_need(seed):
    """The day-cover cut: u is feasible for the dual whatever the need, so u·need' <= price(need')."""
    rng = np.random.default_rng(seed)
    own = random_catalogue(rng)
    cover = DayCover(own)
    needs = [rng.uniform(0, 12, own.cover.shape[1]) for _ in range(8)]
    answers = [cover.price(need) for need in needs]
    for need, (price, duals) in zip(needs, answers, strict=True):
        reference = linprog(own.paid_h, A_ub=-own.cover.T, b_ub=-need)
        assert price == pytest.approx(reference.fun, abs=1e-7)
        assert (duals >= 0).all()
        assert (own.cover @ duals <= own.paid_h + 1e-7).all()
        assert duals @ need == pytest.approx(price, abs=1e-6)
        for other, (dearer, _) in zip(needs, answers, strict=True):
            assert duals @ other <= dearer + 1e-6


def test_answers_do_not_depend_on_what_was_asked_before():
    rng = np.random.default_rng(5)
    own = random_catalogue(rng)
    needs = [rng.integers(0, 9, own.cover.shape[1]).astype(float) for _ in range(6)]
    forward, backward = DayCover(own), DayCover(own)
    first = [(forward.price(n)[0], forward.people(n).tolist(), forward.exact(n).tolist()) for n in needs]
    last = [(backward.price(n)[0], backward.people(n).tolist(), backward.exact(n).tolist()) for n in needs[::-1]]
    assert first == last[::-1]


def test_what_is_returned_is_a_copy():
    cover = DayCover(post_office())
    cover.people(POST_OFFICE)[:] = 99
    assert cover.people(POST_OFFICE).sum() < 99
    cover.exact(POST_OFFICE)[:] = 99
    assert cover.exact(POST_OFFICE).sum() == 23


def test_no_need_takes_nobody():
    cover = DayCover(post_office())
    assert cover.people(np.zeros(7)).sum() == 0
    assert cover.exact(np.zeros(7)).sum() == 0
    assert cover.price(np.zeros(7))[0] == 0.0


def test_an_interval_without_a_shift():
    cover = DayCover(catalogue([[1, 1, 0]], [1.0]))
    assert cover.catalogue.reachable.tolist() == [True, True, False]
    assert cover.people(np.array([2.0, 1.0, 0.0])).tolist() == [2]
    with pytest.raises(NoSolution, match=r"\[2\]"):
        cover.price(np.array([0.0, 0.0, 1.0]))
    # The program still answers afterwards.
    assert cover.price(np.array([3.0, 0.0, 0.0]))[0] == pytest.approx(3.0)
