"""Ridge, logistic and multinomial regressions against closed forms and a second solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, sparse

from planner.experience.rows.ridge import expit, fit_logit, fit_ridge, fit_softmax, softmax


def design(seed: int, rows: int = 2_000, columns: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([np.ones(rows), rng.standard_normal((rows, columns - 1))])


def test_ridge_without_shrinkage_is_least_squares() -> None:
    x = design(1)
    y = x @ [1.0, 0.5, -0.3, 0.0] + np.random.default_rng(2).standard_normal(len(x))
    found = fit_ridge(sparse.csr_matrix(x), y, np.full(4, np.inf))
    assert found == pytest.approx(np.linalg.lstsq(x, y, rcond=None)[0], abs=1e-6)


def test_ridge_shrinks_as_its_prior_says() -> None:
    """One column of ones with prior N(0, s^2): the posterior mean is n ybar / (n + sigma^2 / s^2)."""
    y = np.random.default_rng(3).normal(0.3, 1.0, 500)
    found = fit_ridge(sparse.csr_matrix(np.ones((500, 1))), y, np.array([0.05]))[0]
    assert found == pytest.approx(500 * y.mean() / (500 + y.var() / 0.05**2), rel=0.05)
    assert found < 0.65 * y.mean()


@pytest.mark.parametrize("scale", [0.3, 5.0])
def test_logit_finds_the_maximum_of_its_posterior(scale: float) -> None:
    x = design(4)
    happened = np.random.default_rng(5).random(len(x)) < expit(x @ [-1.5, 0.8, 0.0, 0.4])

    def loss(b: np.ndarray) -> float:
        eta = x @ b
        return float(np.sum(np.logaddexp(0, eta) - happened * eta) + 0.5 * b @ b / scale**2)

    direct = optimize.minimize(loss, np.zeros(4), method="BFGS").x
    assert fit_logit(sparse.csr_matrix(x), happened, np.full(4, scale)) == pytest.approx(direct, abs=1e-3)


def test_softmax_with_two_choices_is_a_logit() -> None:
    x = design(6)
    second = np.random.default_rng(7).random(len(x)) < expit(x @ [0.5, 1.0, -0.5, 0.0])
    rows = sparse.csr_matrix(x)
    # b_1 - b_0 of two coefficients with prior scale s each has the prior scale s * sqrt(2).
    two = fit_softmax(rows, second.astype(np.intp), 2, np.full(4, 1.0))
    one = fit_logit(rows, second, np.full(4, np.sqrt(2.0)))
    assert two[:, 1] - two[:, 0] == pytest.approx(one, abs=2e-3)


def test_softmax_recovers_shares_of_three_choices() -> None:
    x = design(8, 20_000)
    true = np.array([[0.5, 0.0, -0.5], [1.0, 0.0, -1.0], [0.0, 0.3, -0.3], [0.0, 0.0, 0.0]])
    rng = np.random.default_rng(9)
    choice = (x @ true + rng.gumbel(size=(len(x), 3))).argmax(axis=1)
    found = softmax(x @ fit_softmax(sparse.csr_matrix(x), choice, 3, np.full(4, 10.0)))
    assert np.abs(found - softmax(x @ true)).max() < 0.03
    # The score equations of the constant: fitted shares are the shares seen.
    assert found.mean(axis=0) == pytest.approx(np.bincount(choice) / len(choice), abs=1e-3)
