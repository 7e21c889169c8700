"""Cross products of nested blocks against the matrix written out, and what is interpolated against what is not."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from planner.experience.blocks import Block, System
from planner.experience.hierarchical import _grams, fit_blocks
from planner.experience.likelihood import Likelihood

ROWS = 400


def blocks_of(rng: np.random.Generator) -> list[Block]:
    """Constant, two factors, their pairs, and slopes by one factor and by the pair; some levels are never seen."""
    a, b = rng.integers(0, 4, ROWS), rng.integers(0, 5, ROWS)
    x, z = rng.standard_normal(ROWS), rng.standard_normal(ROWS)
    return [
        Block("1", np.zeros(ROWS, dtype=np.intp), 1, 3.0, fixed=True),
        Block("a", a, 5, 0.5),
        Block("b", b, 5, 0.5),
        Block("a:b", a * 5 + b, 25, 0.3),
        Block("a*x", a, 5, 0.2, slope=x),
        Block("a:b*x", a * 5 + b, 25, 0.2, slope=x.copy()),
        Block("b*z", b, 5, 0.2, slope=z),
    ]


def written_out(blocks: list[Block]) -> np.ndarray:
    """Z with every column."""
    columns = []
    for block in blocks:
        slope = np.ones(ROWS) if block.slope is None else block.slope
        columns.append((block.codes[:, None] == np.arange(block.size)) * slope[:, None])
    return np.concatenate(columns, axis=1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("turned", [False, True])
def test_products_are_those_of_the_matrix_written_out(seed: int, turned: bool) -> None:
    rng = np.random.default_rng(seed)
    blocks = blocks_of(rng)[:: -1 if turned else 1]
    z, system = written_out(blocks), System(rng.standard_normal(ROWS), blocks)
    weight, effects = rng.uniform(0.1, 3, ROWS), rng.standard_normal(system.q)
    np.testing.assert_allclose(system.gram(weight), z.T @ (weight[:, None] * z), atol=1e-10)
    np.testing.assert_allclose(system.project(weight), z.T @ weight, atol=1e-10)
    np.testing.assert_allclose(system.predict(effects), z @ effects, atol=1e-10)


def test_blocks_with_other_slopes_or_crossed_factors_are_not_nested() -> None:
    blocks = blocks_of(np.random.default_rng(0))
    outermost = [System(np.zeros(ROWS), blocks).blocks[k].name for k in System(np.zeros(ROWS), blocks)._whole]
    assert sorted(outermost) == ["a:b", "a:b*x", "b*z"]


@pytest.mark.parametrize("half", [0.0, 0.3, 1.5, 6.0])
def test_interpolated_products_have_nine_digits(half: float) -> None:
    rng = np.random.default_rng(3)
    likelihood = Likelihood(System(rng.standard_normal(ROWS), blocks_of(rng)), np.exp(rng.normal(-4, 2, ROWS)), 0.1)
    residuals = np.exp(rng.uniform(-6 - half, -6 + half, 24))
    for found, ex in zip(_grams(likelihood, list(residuals)), residuals, strict=True):
        exact = likelihood.gram(1 / (likelihood.v + ex))
        assert np.abs(found - exact).max() < 1e-9 * np.abs(exact).max()


def test_interpolated_products_are_kept_by_halves() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 300, ROWS)
    blocks = [Block("1", np.zeros(ROWS, dtype=np.intp), 1, 3.0, fixed=True), Block("a", codes, 300, 0.5)]
    likelihood = Likelihood(System(rng.standard_normal(ROWS), blocks), np.exp(rng.normal(-4, 2, ROWS)), 0.1)
    residuals = list(np.exp(rng.uniform(-7.5, -4.5, 24)))
    whole = next(_grams(likelihood, residuals)).nbytes  # compiled
    tracemalloc.start()
    for found in _grams(likelihood, residuals):
        assert found.shape == (301, 301)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * whole, f"{peak / whole:.1f} products at once, of 16 that are interpolated between"


def test_no_steps_keep_the_start_and_components_are_found_by_name() -> None:
    rng = np.random.default_rng(5)
    blocks, y, v = blocks_of(rng), rng.standard_normal(ROWS), rng.uniform(0.5, 1, ROWS)
    fit = fit_blocks(y, v, blocks, residual_scale=0.1, draws=0)
    start = fit.start_for(blocks, 0.1)
    np.testing.assert_array_equal(start, fit.log_variance)
    held = fit_blocks(y, v, blocks, residual_scale=0.1, draws=0, start=start, max_steps=0)
    np.testing.assert_array_equal(held.log_variance, start)
    assert held.steps == 0
    np.testing.assert_allclose(held.mean, fit.mean)
    fewer = fit.start_for([blocks[2], Block("new", blocks[1].codes, 5, 0.4)], None)
    np.testing.assert_allclose(fewer, [fit.log_variance[fit.names.index("b")], np.log(0.4**2 / 2)])
