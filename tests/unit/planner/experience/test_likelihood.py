"""The restricted likelihood against its definition, and its derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest

from planner.experience.blocks import Block, System
from planner.experience.design import stack
from planner.experience.hierarchical import fit_blocks
from planner.experience.likelihood import Likelihood

ROWS = 120
STEP = 1e-4


def blocks_of(rng: np.random.Generator) -> list[Block]:
    a, b, x = rng.integers(0, 4, ROWS), rng.integers(0, 5, ROWS), rng.standard_normal(ROWS)
    return [
        Block("constant", np.zeros(ROWS, dtype=int), 1, 3.0, fixed=True),
        Block("a", a, 4, 0.5),
        Block("b", b, 5, 0.3),
        Block("a:b", a * 5 + b, 20, 0.3),
        Block("b*x", b, 5, 0.2, slope=x),
    ]


def likelihood_of(residual: float | None) -> Likelihood:
    rng = np.random.default_rng(2)
    return Likelihood(System(rng.standard_normal(ROWS), blocks_of(rng)), np.exp(rng.normal(-2, 1, ROWS)), residual)


@pytest.mark.parametrize("residual", [None, 0.1])
def test_value_is_the_normal_density_of_the_data_and_the_prior(residual: float | None) -> None:
    likelihood = likelihood_of(residual)
    z = stack(likelihood.system.blocks, ROWS).toarray()

    def written_out(phi: np.ndarray) -> float:
        lam, ex = likelihood.unpack(phi)
        spread = z @ (likelihood.system.spread(lam)[:, None] * z.T) + np.diag(likelihood.v + ex)
        y = likelihood.system.y
        density = -(np.linalg.slogdet(spread)[1] + y @ np.linalg.solve(spread, y)) / 2
        return density + (phi - np.exp(phi) / (2 * likelihood.scales**2)).sum()

    rng = np.random.default_rng(3)
    points = rng.normal(-3, 1.5, (5, len(likelihood.scales)))
    found = [likelihood.at(phi).value - written_out(phi) for phi in points]
    np.testing.assert_allclose(found, found[0], atol=1e-8)


@pytest.mark.parametrize("residual", [None, 0.1])
def test_gradient_and_curvature_are_the_slopes(residual: float | None) -> None:
    likelihood = likelihood_of(residual)
    size = len(likelihood.scales)
    phi = np.random.default_rng(5).normal(-3, 1, size)
    found, slope, bend = likelihood.at(phi), np.zeros(size), np.zeros((size, size))
    for k, step in enumerate(STEP * np.eye(size)):
        up, down = likelihood.at(phi + step), likelihood.at(phi - step)
        slope[k] = (up.value - down.value) / (2 * STEP)
        bend[k] = -(up.gradient - down.gradient) / (2 * STEP)
    np.testing.assert_allclose(found.gradient, slope, atol=1e-6)
    np.testing.assert_allclose(found.curvature, bend, atol=1e-6 * np.abs(bend).max())


@pytest.mark.parametrize("residual", [None, 0.1])
def test_expected_information_is_the_mean_curvature(residual: float | None) -> None:
    """Of data drawn from the model itself: the observed information averages to the expected one."""
    likelihood = likelihood_of(residual)
    size, rng = len(likelihood.scales), np.random.default_rng(7)
    phi = rng.normal(-2, 0.5, size)
    lam, ex = likelihood.unpack(phi)
    z = stack(likelihood.system.blocks, ROWS).toarray()
    total, draws = np.zeros((size, size)), 1_500
    for _ in range(draws):
        effects = np.sqrt(likelihood.system.spread(lam)) * rng.standard_normal(likelihood.system.q)
        likelihood.system.y = z @ effects + np.sqrt(likelihood.v + ex) * rng.standard_normal(ROWS)
        found = likelihood.at(phi)
        total += found.curvature
    expected = found.information - 0.05 * np.eye(size)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert (np.abs(total / draws - expected) / scale).max() < 0.15


@pytest.mark.parametrize("residual", [None, 0.1])
@pytest.mark.parametrize("seed", range(6))
def test_the_mode_is_flat_wherever_the_search_begins(residual: float | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = blocks_of(rng)
    z, v = stack(blocks, ROWS).toarray(), np.exp(rng.normal(-2, 1, ROWS))
    effects = np.repeat([1.0, *np.exp(rng.normal(-2, 1.5, 4))], [block.size for block in blocks])
    y = z @ (effects * rng.standard_normal(z.shape[1])) + np.sqrt(v) * rng.standard_normal(ROWS)
    size = 4 + (residual is not None)
    starts = [None, np.full(size, -9.0), np.full(size, 2.0)]
    fits = [fit_blocks(y, v, blocks, residual_scale=residual, draws=0, start=start) for start in starts]
    likelihood = Likelihood(System(y - fits[0].center, blocks), v, residual)
    for fit in fits:
        assert fit.converged
        assert np.abs(likelihood.at(fit.log_variance).gradient).max() < 0.02
        np.testing.assert_allclose(fit.log_variance, fits[0].log_variance, atol=0.02)
