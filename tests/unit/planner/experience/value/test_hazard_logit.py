"""The logistic regression against another optimizer, its errors against their definition and resampling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from planner.experience.value.design import hazard_design
from planner.experience.value.instrument import leave_one_out, two_stage
from planner.experience.value.logit import fit_logit, mean_effect


def data(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n) < 0.3]).astype(float)
    y = (rng.random(n) < 1 / (1 + np.exp(-(x @ [-1.0, 0.5, 0.8])))).astype(float)
    return x, y, np.arange(n) // 3


def test_coefficients_maximize_the_likelihood() -> None:
    x, y, clusters = data(1)
    fit = fit_logit(x, y, clusters)
    other = minimize(lambda b: np.logaddexp(0, x @ b).sum() - y @ (x @ b), np.zeros(3), tol=1e-12)
    np.testing.assert_allclose(fit.coefficients, other.x, atol=1e-4)


def test_the_sandwich_is_its_definition() -> None:
    x, y, clusters = data(2)
    fit = fit_logit(x, y, clusters)
    p = fit.probability(x)
    bread = np.linalg.inv(sum(np.outer(r, r) * q * (1 - q) for r, q in zip(x, p, strict=True)))
    scores = [(x[clusters == g] * (y - p)[clusters == g, None]).sum(axis=0) for g in range(200)]
    meat = sum(np.outer(s, s) for s in scores) * 200 / 199
    np.testing.assert_allclose(fit.covariance, bread @ meat @ bread, rtol=1e-5)


def test_doubled_rows_of_one_cluster_tell_nothing_new() -> None:
    x, y, _ = data(3)
    once = fit_logit(x, y, np.arange(600))
    twice = fit_logit(np.repeat(x, 2, axis=0), np.repeat(y, 2), np.repeat(np.arange(600), 2))
    np.testing.assert_allclose(twice.covariance, once.covariance, rtol=1e-6)


def test_separation_gives_finite_numbers() -> None:
    x = np.column_stack([np.ones(40), np.arange(40) >= 20]).astype(float)
    fit = fit_logit(x, x[:, 1], np.arange(40))
    assert np.isfinite(fit.coefficients).all()
    assert np.isfinite(fit.covariance).all()


def test_the_error_of_an_effect_is_that_of_resampled_customers() -> None:
    x, y, _ = data(4, 1_500)
    rng = np.random.default_rng(4)

    def effect(rows: np.ndarray) -> tuple[float, float]:
        a, b = x[rows].copy(), x[rows].copy()
        a[:, 2], b[:, 2] = 0, 1
        return mean_effect(fit_logit(x[rows], y[rows], np.arange(len(rows))), a, b, months=3)

    _, se = effect(np.arange(1_500))
    draws = [effect(rng.integers(0, 1_500, 1_500))[0] for _ in range(200)]
    assert se == pytest.approx(np.std(draws), rel=0.15)


def test_effects_over_months_are_those_of_surviving_them() -> None:
    x, y, clusters = data(5)
    fit = fit_logit(x, y, clusters)
    a, b = x.copy(), x.copy()
    a[:, 2], b[:, 2] = 0, 1
    h0, h1 = fit.probability(a), fit.probability(b)
    effect, _ = mean_effect(fit, a, b, months=3)
    assert effect == pytest.approx(np.mean((1 - (1 - h1) ** 3) - (1 - (1 - h0) ** 3)))


def test_counts_enter_by_dose_and_thin_doses_are_joined() -> None:
    counts = np.repeat([0, 1, 2, 5], [500, 200, 10, 100])
    design = hazard_design(pd.DataFrame({"n": counts, "gap": np.linspace(-1, 1, 810)}), ("n", "gap"), (), None)
    assert design.doses == {"n": (1.0, 2.0), "gap": ()}
    assert design.with_dose("n", 0)[:, design.places["n"]].sum() == 0
    assert (design.with_dose("n", 1)[:, design.places["n"][0]] == 1).all()
    np.testing.assert_allclose(design.shifted("gap")[:, design.places["gap"][0]], np.linspace(0, 2, 810))


def test_labels_and_numbers_become_indicators_whatever_their_order() -> None:
    frame = pd.DataFrame({"plan": list("aab"), "age": [1.0, 2.0, 9.0], "same": 3.0, "x": [0, 1, 1]})
    design = hazard_design(frame, ("x",), ("plan", "same"), None)
    np.testing.assert_array_equal(design.matrix, [[1, 0, 0], [1, 0, 1], [1, 1, 1]])


def test_leaving_one_out_leaves_the_own_outcome_out() -> None:
    exposed = pd.Series([1.0, 0.0, 1.0, 1.0])
    rates = leave_one_out(exposed, pd.Series(["a", "a", "a", "b"]))
    assert rates.tolist()[:3] == [0.5, 1.0, 0.5]
    assert np.isnan(rates[3])


def test_two_stages_are_those_of_two_regressions() -> None:
    rng = np.random.default_rng(6)
    z, u = rng.normal(size=3_000), rng.normal(size=3_000)
    w = np.column_stack([np.ones(3_000), rng.normal(size=3_000)])
    x = z + u + w[:, 1] + rng.normal(size=3_000)
    y = 0.7 * x + 2 * u - w[:, 1]
    result = two_stage(y, x, z, w, np.arange(3_000))
    first = np.column_stack([w, z])
    fitted = first @ np.linalg.lstsq(first, x, rcond=None)[0]
    second = np.linalg.lstsq(np.column_stack([w, fitted]), y, rcond=None)[0]
    assert result.effect == pytest.approx(second[-1])
    assert abs(result.effect - 0.7) < 3 * result.se
    assert result.strength > 100
    assert two_stage(y, x, np.zeros(3_000), w, np.arange(3_000)).strength == 0
