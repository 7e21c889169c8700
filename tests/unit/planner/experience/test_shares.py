"""Shares on the logit scale: the quasi-likelihood, its mode, and shares of nothing or all."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from planner.experience import shares
from planner.experience.blocks import Array, Block, System
from planner.experience.design import stack
from planner.experience.hierarchical import BlockFit, fit_blocks
from planner.experience.shares import fit_logit_blocks, quasi_likelihood

STEP = 1e-3


def cells(rates: list[float], *, n: float, seed: int, reasons: int = 8) -> tuple[Array, Array, list[Block]]:
    """Channels with these shares, moved by the reason on the logit scale where they are not 0 or 1."""
    rng = np.random.default_rng(seed)
    channel, reason = (grid.ravel() for grid in np.meshgrid(np.arange(len(rates)), np.arange(reasons)))
    level = np.array(rates)[channel]
    middle = np.clip(level, 0.01, 0.99)
    p = np.where((level > 0) & (level < 1), expit(logit(middle) + rng.normal(0, 0.4, reasons)[reason]), level)
    size = np.full(len(p), n)
    blocks = [
        Block("constant", np.zeros(len(p), dtype=int), 1, 3.0, fixed=True),
        Block("channel", channel, len(rates), 0.5),
        Block("reason", reason, reasons, 0.5),
        Block("both", channel * reasons + reason, len(rates) * reasons, 0.3),
    ]
    return rng.binomial(int(n), p) / n, size, blocks


def estimates(fit: BlockFit, blocks: list[Block]) -> tuple[Array, Array]:
    """Share of each cell and its sd."""
    z = stack(blocks, len(blocks[0].codes)).toarray()
    eta = fit.center + fit.mean @ z.T
    p = expit(eta)
    variance = ((z @ fit.covariance[0]) * z).sum(axis=1) + fit.residual.mean()
    return p.mean(axis=0), np.sqrt(p.mean(axis=0) ** 2 * (1 - p.mean(axis=0)) ** 2 * variance + p.var(axis=0))


@pytest.mark.parametrize("ex", [0.0, 0.01, 0.7])
def test_the_slope_of_the_quasi_likelihood_is_the_score_and_it_only_bends_down(ex: float) -> None:
    eta = np.linspace(-12, 12, 97)
    for share in (0.0, 0.03, 0.5, 1.0):
        for n in (0.2, 30.0, 4e4):
            p = expit(eta)
            score = n * (share - p) / (1 + n * ex * p * (1 - p))
            up, down = (quasi_likelihood(eta + step, np.full(97, share), np.full(97, n), ex) for step in (STEP, -STEP))
            np.testing.assert_allclose((up - down) / (2 * STEP), score, rtol=1e-4, atol=1e-6 * n + 1e-4)
            assert (np.diff(score) <= 0).all()


@pytest.mark.parametrize("residual", [None, 0.1])
@pytest.mark.parametrize("rates", [[0.15, 0.0, 0.0, 0.0, 0.05], [0.2, 0.02, 0.4], [1.0, 0.6, 0.9], [0.0, 1.0, 0.5]])
def test_the_mode_has_no_slope_left(rates: list[float], residual: float | None) -> None:
    share, n, blocks = cells(rates, n=400.0, seed=3)
    fit = fit_logit_blocks(share, n, blocks, residual_scale=residual, draws=0)
    assert fit.converged
    system = System(share, blocks)
    p = expit(fit.center + system.predict(fit.mean[0]))
    lam = np.repeat([9.0, *np.exp(fit.log_variance[:3])], [block.size for block in blocks])
    slope = system.project(n * (share - p) / (1 + n * fit.residual[0] * p * (1 - p))) - fit.mean[0] / lam
    sd = np.sqrt(np.diag(fit.covariance[0]))
    assert np.abs(slope * sd).max() < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_channels_without_any_event_get_the_interval_of_a_rate_never_seen(seed: int) -> None:
    """The 95 % limit of a rate of which nothing was seen in n is 3/n: no estimate may lie far above or far below."""
    share, n, blocks = cells([0.15, 0.0, 0.0, 0.0, 0.05], n=500.0, seed=seed)
    fit = fit_logit_blocks(share, n, blocks, seed=seed)
    assert fit.converged
    mean, sd = estimates(fit, blocks)
    silent = np.isin(blocks[1].codes, [1, 2, 3])
    seen = 8 * 500.0  # contacts of one channel
    upper = (mean + 1.645 * sd)[silent].reshape(8, 3).mean(axis=0)
    assert ((0.5 / seen < upper) & (upper < 6 / seen)).all()
    assert (mean - 1.645 * sd <= 0)[silent].all()
    own = np.sqrt(share * (1 - share) / n)
    assert (np.abs(mean - share) < 3 * own + 0.005)[~silent].all()


def test_where_nothing_or_everything_happened_the_estimate_is_near_it_and_unsure() -> None:
    for rate in (0.0, 1.0):
        share, n, blocks = cells([rate, rate], n=50.0, seed=1)
        mean, sd = estimates(fit_logit_blocks(share, n, blocks), blocks)
        assert (np.abs(mean - rate) < 3 / 800).all()
        assert (sd > 0.1 / 800).all()


@pytest.mark.parametrize("seed", range(3))
def test_without_separation_it_is_the_textbook_iteration(seed: int) -> None:
    """Working values, a fit of them, and again (Breslow & Clayton 1993), with no step ever halved."""
    share, n, blocks = cells([0.3, 0.1, 0.2, 0.5], n=300.0, seed=seed)
    found = fit_logit_blocks(share, n, blocks, draws=0)
    system, start = System(share, blocks), None
    eta = np.full(len(n), found.center)
    for _ in range(30):
        p = expit(eta)
        v = 1 / (n * p * (1 - p))
        plain = fit_blocks(
            eta + (share - p) / (p * (1 - p)), v, blocks, residual_scale=0.1, draws=0, center=found.center, start=start
        )
        start, eta = plain.log_variance, found.center + system.predict(plain.mean[0])
    sd = np.sqrt(np.diag(plain.covariance[0]))
    assert (np.abs(found.mean[0] - plain.mean[0]) < 0.02 * sd).all()
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance[0])), sd, rtol=0.02)


def test_what_does_not_settle_is_pooled_little(monkeypatch: pytest.MonkeyPatch) -> None:
    share, n, blocks = cells([0.3, 0.1, 0.2], n=60.0, seed=2)
    mean, sd = estimates(fit_logit_blocks(share, n, blocks), blocks)
    monkeypatch.setattr(shares, "_ROUNDS", 1)
    fit = fit_logit_blocks(share, n, blocks)
    assert not fit.converged
    assert len(fit.mean) == 1
    loose, wide = estimates(fit, blocks)
    assert np.mean(wide / sd) > 1.2
    assert np.abs(loose - share).mean() < np.abs(mean - share).mean()
    own = np.sqrt(mean * (1 - mean) / n)
    assert (wide > 0.8 * own).all()
