"""An instrument for an experience: how often the agent a customer happened to get fails with others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WEAK = 10.0
"""First-stage F below which an instrument says nothing (Staiger & Stock 1997)."""


@dataclass(frozen=True, slots=True)
class TwoStage:
    """Effect by two-stage least squares, its error, and the first stage's F."""

    effect: float
    se: float
    strength: float


def leave_one_out(exposed: pd.Series, agent: pd.Series) -> pd.Series:
    """Share of the agent's *other* customers with the exposure; NaN for an agent with one customer."""
    total = exposed.groupby(agent).transform("sum")
    count = exposed.groupby(agent).transform("count")
    return (total - exposed) / (count - 1).where(count > 1)


def two_stage(
    outcome: np.ndarray, exposed: np.ndarray, instrument: np.ndarray, controls: np.ndarray, clusters: np.ndarray
) -> TwoStage:
    """Effect of an exposure on a probability by two-stage least squares with one instrument.

    `b = z'y / z'x` after the controls are taken out of all three; errors by the sandwich over clusters. It needs that
    the instrument moves the outcome through the exposure alone, and that customers fall to agents as good as randomly.
    """
    q, _ = np.linalg.qr(controls)
    y, x, z = (v - q @ (q.T @ v) for v in (outcome, exposed, instrument))
    zz = z @ z
    if not zz > 1e-9 * len(z) * max(float(np.var(instrument)), 1e-12):
        return TwoStage(float("nan"), float("nan"), 0.0)
    first = (z @ x) / zz
    f = first**2 / max(_cluster_sum(z * (x - first * z), clusters) / zz**2, 1e-300)
    effect = (z @ y) / (z @ x)
    se = np.sqrt(_cluster_sum(z * (y - effect * x), clusters)) / abs(z @ x)
    return TwoStage(float(effect), float(se), float(f))


def _cluster_sum(scores: np.ndarray, clusters: np.ndarray) -> float:
    sums = np.bincount(clusters, scores)
    groups = len(sums)
    return float((sums**2).sum() * groups / max(groups - 1, 1))
