"""Levels the rows tell nothing of are left out of a fit without a trace."""

from __future__ import annotations

import numpy as np
import pytest

from planner.experience import levels
from planner.experience.blocks import Block
from planner.experience.hierarchical import BlockFit, fit_blocks
from planner.experience.levels import told_levels
from planner.experience.shares import fit_logit_blocks

ROWS, THIN = 400, 300


def blocks_of(rng: np.random.Generator) -> tuple[list[Block], np.ndarray]:
    """Two factors and their pairs, of which most hold hundredths of a contact, and some none; contacts per row."""
    a, b, x = rng.integers(0, 5, ROWS), rng.integers(0, 4, ROWS), rng.standard_normal(ROWS)
    n = np.full(ROWS, 50.0)
    a[-THIN:], n[-THIN:] = 5 + np.arange(THIN), 0.001
    blocks = [
        Block("constant", np.zeros(ROWS, dtype=int), 1, 3.0, fixed=True),
        Block("b", b, 4, 0.5),
        Block("a:b", a * 4 + b, (THIN + 6) * 4, 0.3),
        Block("b*x", b, 4, 0.2, slope=x),
    ]
    return blocks, n


def check_same(one: BlockFit, other: BlockFit) -> None:
    """Means to some hundredths of their sd, and those of levels with contacts to thousandths."""
    sd = np.sqrt(np.diag(other.covariance[0]))
    assert one.mean.shape == other.mean.shape
    moved = np.abs(one.mean - other.mean) / sd
    assert moved.max() < 0.04
    assert moved[:, :25].max() < 0.002
    np.testing.assert_allclose(np.sqrt(np.diag(one.covariance[0])), sd, rtol=0.002)
    scale = np.outer(sd, sd)
    assert (np.abs(one.covariance[0] - other.covariance[0]) < 0.01 * scale).all()
    assert one.edf == pytest.approx(other.edf, abs=0.02)


@pytest.mark.parametrize("residual", [None, 0.1])
def test_a_fit_without_them_is_the_fit_with_them(residual: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    blocks, n = blocks_of(rng)
    y = rng.normal(0, 0.4, 4)[blocks[1].codes] + rng.normal(0, np.sqrt(1 / n + 0.01))
    share = rng.binomial(50, 0.3, ROWS) / 50

    def both() -> tuple[BlockFit, BlockFit]:
        return (
            fit_blocks(y, 1 / n, blocks, residual_scale=residual, draws=6),
            fit_logit_blocks(share, n, blocks, residual_scale=residual, draws=6),
        )

    assert len(told_levels(blocks, n).columns) < 30
    without = both()
    monkeypatch.setattr(levels, "_TOLD", -1.0)
    assert len(told_levels(blocks, n).columns) == sum(block.size for block in blocks)
    for one, other in zip(without, both(), strict=True):
        check_same(one, other)


def test_a_block_keeps_a_level_and_whole_blocks_are_left_alone() -> None:
    rng = np.random.default_rng(5)
    blocks, n = blocks_of(rng)
    kept = told_levels(blocks, n)
    assert kept.blocks[0] is blocks[0]
    assert kept.blocks[1] is blocks[1]
    assert [block.size for block in told_levels(blocks, 1e-9 * n).blocks[1:]] == [1, 1, 1]
