"""The full posterior: its algebra without any sampler, its message without numpyro, its agreement with the mixture."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from planner.errors import PlannerError
from planner.experience import bayes
from planner.experience.blocks import Block
from planner.experience.design import stack
from planner.experience.hierarchical import BlockFit, fit_blocks

REASONS, CHANNELS, BINS = 8, 4, 5


def world(seed: int) -> tuple[np.ndarray, np.ndarray, list[Block], np.ndarray]:
    """Cell means with their variances, the blocks that made them, and which reason x channel each cell belongs to."""
    rng = np.random.default_rng(seed)
    r, c, b = (axis.ravel() for axis in np.indices((REASONS, CHANNELS, BINS)))
    v = 1.0 / rng.lognormal(3.0, 1.0, len(r))
    blocks = [
        Block("constant", np.zeros(len(r), dtype=np.intp), 1, 3.0, fixed=True),
        Block("reason", r, REASONS, 0.5),
        Block("channel", c, CHANNELS, 0.5),
        Block("reason:channel", r * CHANNELS + c, REASONS * CHANNELS, 0.3),
        Block("bin:channel", b * CHANNELS + c, BINS * CHANNELS, 0.2),
    ]
    sds = (0.0, 0.3, 0.3, 0.2, 0.1)
    y = 4 + 0.08 * rng.standard_normal(len(r)) + np.sqrt(v) * rng.standard_normal(len(r))
    for block, sd in zip(blocks, sds, strict=True):
        y = y + sd * rng.standard_normal(block.size)[block.codes]
    return y, v, blocks, r * CHANNELS + c


def means(fit: BlockFit, blocks: list[Block], cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and sd of every reason x channel mean, bins weighted equally."""
    picker = (cell == np.arange(REASONS * CHANNELS)[:, None]) / BINS
    loading = picker @ stack(blocks, len(cell)).toarray()
    parts = fit.mean @ loading.T
    variance = ((loading @ fit.covariance.mean(axis=0)) * loading).sum(axis=1) + parts.var(axis=0)
    return fit.center + parts.mean(axis=0), np.sqrt(variance + fit.residual.mean() / BINS)


def test_given_the_sds_the_effects_are_those_of_the_other_method() -> None:
    y, v, blocks, _ = world(1)
    fit = fit_blocks(y, v, blocks, residual_scale=0.1, draws=0)
    mean, covariance, ex = bayes._given(
        y - fit.center, v, stack(blocks, len(y)), blocks, [1, 2, 3, 4], fit.log_variance, True
    )
    assert ex == pytest.approx(fit.residual[0])
    assert mean == pytest.approx(fit.mean[0], abs=1e-7)
    assert covariance == pytest.approx(fit.covariance[0], abs=1e-7)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpyro", None)
    y, v, blocks, _ = world(1)
    with pytest.raises(PlannerError, match=r"pip install 'cxfrontier\[bayes\]'"):
        bayes.sample_blocks(y, v, blocks)


def test_shapes_that_do_not_match_are_refused() -> None:
    y, v, blocks, _ = world(1)
    with pytest.raises(ValueError, match="159 rows"):
        bayes.sample_blocks(y[1:], v, blocks)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_sampler_and_mixture_agree(seed: int) -> None:
    """Means within a quarter of an sd; the mixture's sds not below the sampler's, and at most a third above them."""
    pytest.importorskip("numpyro")
    y, v, blocks, cell = world(seed)
    mixture, mixture_sd = means(fit_blocks(y, v, blocks, residual_scale=0.1), blocks, cell)
    fit = bayes.sample_blocks(y, v, blocks, residual_scale=0.1, seed=1)
    full, full_sd = means(fit, blocks, cell)
    assert fit.converged
    assert fit.names == ("reason", "channel", "reason:channel", "bin:channel", "cell")
    assert np.abs((mixture - full) / full_sd).max() < 0.25
    assert 0.95 <= np.mean(mixture_sd / full_sd) <= 1.33


@pytest.mark.slow
def test_the_same_seed_gives_the_same_posterior() -> None:
    pytest.importorskip("numpyro")
    y, v, blocks, _ = world(3)
    first, second = (
        bayes.sample_blocks(y, v, blocks, residual_scale=0.1, seed=4, warmup=60, samples=40, draws=8) for _ in range(2)
    )
    assert np.array_equal(first.mean, second.mean)
    assert first.mean.shape == (8, 1 + REASONS + CHANNELS + REASONS * CHANNELS + BINS * CHANNELS)
