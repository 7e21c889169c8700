"""Empirical Bayes on a table of cells: limits, coverage, and cells without evidence."""

from __future__ import annotations

import numpy as np
import pytest

from planner.experience.rows.shrinkage import shrink


def table(seed: int, tau: float, se: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = 4 + rng.normal(0, 0.3, (se.shape[0], 1)) + rng.normal(0, 0.3, se.shape[1]) + rng.normal(0, tau, se.shape)
    return true, true + se * rng.standard_normal(se.shape)


def test_exact_cells_stay_and_empty_ones_take_the_surface() -> None:
    se = np.full((6, 4), 1e-4)
    se[2, 3] = np.inf
    true, seen = table(1, 0.0, se)
    seen[2, 3] = np.nan
    mean, sd = shrink(seen, se, 1.0)
    kept = np.isfinite(se)
    assert mean[kept] == pytest.approx(seen[kept], abs=1e-3)
    assert mean[2, 3] == pytest.approx(true[2, 3], abs=0.01)
    assert sd[2, 3] > sd[kept].max()


def test_noise_is_shrunk_and_signal_is_not() -> None:
    se = np.full((10, 5), 0.3)
    _, noise = table(2, 0.0, se)
    _, signal = table(2, 1.0, se)
    # Fourteen of fifty numbers make up the surface: sqrt(14 / 50) = .53 of the noise cannot be averaged away.
    assert 0.53 * 0.3 < np.mean(shrink(noise, se, 1.0)[1]) < 0.7 * 0.3
    assert np.mean(shrink(signal, se, 1.0)[1]) > 0.8 * 0.3


@pytest.mark.parametrize("tau", [0.03, 0.15, 0.4])
def test_intervals_hold_the_truth(tau: float) -> None:
    inside, gain = [], []
    for seed in range(40):
        se = np.random.default_rng([seed, 9]).uniform(0.05, 0.5, (8, 4))
        true, seen = table(seed, tau, se)
        mean, sd = shrink(seen, se, 1.0)
        inside.append(np.mean(np.abs(mean - true) < 1.645 * sd))
        gain.append(np.mean((mean - true) ** 2) / np.mean((seen - true) ** 2))
    assert 0.87 <= np.mean(inside) <= 0.94
    assert np.mean(gain) < 0.95


def test_units_only_scale() -> None:
    se = np.random.default_rng(3).uniform(0.05, 0.4, (5, 3))
    _, seen = table(3, 0.2, se)
    mean, sd = shrink(seen, se, 1.0)
    other, wide = shrink(100 * seen, 100 * se, 100.0)
    assert other == pytest.approx(100 * mean)
    assert wide == pytest.approx(100 * sd)
