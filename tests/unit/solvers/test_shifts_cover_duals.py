"""What is known of covers: bounds of other needs from below and above, and rows held back until violated."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parents[2]))

from generated_center import MIDDLE, shifts  # noqa: E402

from solvers.flow.late_rows import LateRows  # noqa: E402
from solvers.highs import HeldProgram, Program  # noqa: E402
from solvers.shifts.cover import DayCover  # noqa: E402
from solvers.shifts.cover_duals import CoverDuals  # noqa: E402

WEIGHTS = (0.0, 2.0)
DAYS = 6


@pytest.fixture
def duals():
    catalogue = shifts(MIDDLE)
    return CoverDuals([DayCover(catalogue, weight) for weight in WEIGHTS], DAYS)


def _needs(rng, duals):
    needs = rng.uniform(0.0, 12.0, (DAYS, duals.catalogue.cover.shape[1]))
    return np.where(duals.catalogue.reachable, needs, 0.0)


def test_values_never_exceed_the_price_and_duals_give_them(duals):
    rng = np.random.default_rng(3)
    every = np.ones(DAYS, dtype=bool)
    for _ in range(4):
        needs = _needs(rng, duals)
        for k, weight in enumerate(WEIGHTS):
            true = np.array([DayCover(duals.catalogue, weight).price(need)[0] for need in needs])
            value, dual = duals.best(k, every, needs, 0.7 * true)
            assert (value <= true * (1 + 1e-9)).all()
            assert (value > 0.7 * true).all()
            np.testing.assert_allclose((dual * needs).sum(axis=1), value)
            assert ((dual @ duals.catalogue.cover.T) <= duals.covers[k].cost * (1 + 1e-9)).all()
            # Where nothing is enough the value is the price itself.
            exact, _ = duals.best(k, every, needs, true * (1 - 1e-12) - 1e-9)
            np.testing.assert_allclose(exact, true, rtol=1e-6)


def test_a_scaled_cover_bounds_the_price_and_spares_pricing(duals, monkeypatch):
    rng = np.random.default_rng(4)
    every = np.ones(DAYS, dtype=bool)
    needs = _needs(rng, duals)
    duals.best(0, every, needs, np.zeros(DAYS))
    near = needs * rng.uniform(0.9, 1.1, needs.shape)
    for k, weight in enumerate(WEIGHTS):
        true = np.array([DayCover(duals.catalogue, weight).price(need)[0] for need in near])
        assert (duals._at_most(k, every, near) >= true * (1 - 1e-9)).all()
    asked = []
    monkeypatch.setattr(DayCover, "relaxed", lambda *_: asked.append(1))
    duals.best(0, every, near, 1.001 * duals._at_most(0, every, near))
    assert not asked


def test_rows_come_once_and_only_when_missed():
    # min −x − y, x, y <= 10; rows held back: x <= 4, x + y <= 6, y >= 0 (never missed).
    held = HeldProgram(
        Program(-np.ones(2), sparse.csr_matrix((0, 2)), np.zeros(0), np.zeros(0), np.zeros(2), np.full(2, 10.0))
    )
    late = LateRows(
        sparse.csr_matrix([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]), np.array([-np.inf, -np.inf, 0.0]),
        np.array([4.0, 6.0, np.inf]),
    )  # fmt: skip
    x = held.solve().x
    assert late.add_violated(held, x, 1e-6) == 2
    answer = held.solve()
    assert answer.objective == pytest.approx(-6.0)
    assert answer.x[0] <= 4.0 + 1e-9
    assert late.add_violated(held, np.array([10.0, 10.0]), 1e-6) == 0
    assert held.rows == 2
