"""The block model on arrays: closed forms, recovery, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from planner.experience.hierarchical import Block, fit_blocks
from planner.experience.shares import fit_logit_blocks


def test_one_block_with_a_known_variance_is_the_textbook_shrinkage() -> None:
    """With lam fixed the posterior mean is y * lam / (lam + v) and the variance lam v / (lam + v)."""
    y = np.array([1.0, -2.0, 0.5, 3.0])
    v = np.array([0.5, 1.0, 2.0, 0.1])
    block = Block("cell", np.arange(4), 4, scale=0.8, fixed=True)
    fit = fit_blocks(y, v, [block], draws=0, center=0.0)
    lam = 0.8**2
    np.testing.assert_allclose(fit.mean[0], y * lam / (lam + v))
    np.testing.assert_allclose(np.diag(fit.covariance[0]), lam * v / (lam + v))
    assert fit.names == ()


def test_variances_of_blocks_and_residual_are_recovered() -> None:
    rng = np.random.default_rng(4)
    a, b = np.repeat(np.arange(60), 100), np.tile(np.arange(100), 60)
    slope = rng.standard_normal(len(a))
    v = rng.uniform(0.05, 0.3, len(a))
    y = 3 + rng.normal(0, 0.5, 60)[a] + rng.normal(0, 0.2, 100)[b] + slope * rng.normal(0, 0.1, 60)[a]
    y = y + rng.normal(0, np.sqrt(v + 0.15**2))
    blocks = [Block("a", a, 60, 0.5), Block("b", b, 100, 0.5), Block("a*x", a, 60, 0.3, slope=slope)]
    fit = fit_blocks(y, v, blocks, residual_scale=0.2, draws=6, seed=1)
    assert fit.converged
    np.testing.assert_allclose(np.exp(fit.log_variance / 2), [0.5, 0.2, 0.1, 0.15], rtol=0.25)
    assert fit.names == ("a", "b", "a*x", "cell")
    assert fit.mean.shape == (6, 220)


def test_same_seed_same_numbers_other_seed_other_mixture() -> None:
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(10), 5)
    y, v = rng.standard_normal(50), np.full(50, 0.2)
    blocks = [Block("a", codes, 10, 0.5)]
    one, two, other = (fit_blocks(y, v, blocks, draws=4, seed=s) for s in (3, 3, 4))
    assert np.array_equal(one.mean, two.mean)
    assert not np.array_equal(one.mean, other.mean)


def test_levels_without_rows_keep_the_prior() -> None:
    y, v = np.array([0.4, 0.6, 0.5]), np.full(3, 0.01)
    fit = fit_blocks(y, v, [Block("a", np.array([0, 1, 0]), 3, 0.5, fixed=True)], draws=0)
    assert fit.mean[0, 2] == 0
    assert fit.covariance[0, 2, 2] == pytest.approx(0.25)


def test_shares_on_the_logit_scale_are_recovered() -> None:
    rng = np.random.default_rng(7)
    codes = np.repeat(np.arange(30), 40)
    p = 1 / (1 + np.exp(-(-1.0 + rng.normal(0, 0.6, 30))))
    n = rng.integers(20, 60, len(codes)).astype(float)
    share = rng.binomial(n.astype(int), p[codes]) / n
    fit = fit_logit_blocks(share, n, [Block("a", codes, 30, 0.5)])
    got = 1 / (1 + np.exp(-(fit.center + fit.mean.mean(axis=0))))
    assert np.max(np.abs(got - p)) < 0.05


def test_shapes_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="0 rows"):
        fit_blocks(np.zeros(0), np.zeros(0), [])
    with pytest.raises(ValueError, match="3 rows, 2 variances"):
        fit_blocks(np.zeros(3), np.ones(2), [])
