"""Draws of an experience model, by no more than they take: what a process that plans holds of the estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.experience.design import Posterior
from planner.experience.model import ExperienceDraws
from planner.experience.statements import alike

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreSampler:
    """Draws estimated rows jointly; extrapolated-by-resolution rows independently, stated ones by their statements.

    Attributes
    ----------
    posterior
        The joint posterior of outcome rows, then moves, but for its loading.
    loading
        That of the posterior, shape (row, column): most of it is zero.
    rows
        Number of outcome rows.
    shift
        From the posterior's mean to zero wait, shape (row,), points.
    score, spread
        Value and sd of each row, shape (row,), points.
    joint
        Shape (row,): whether the value is that of the posterior.
    statement
        Shape (row,): see `alike`.
    """

    posterior: Posterior
    loading: sparse.csr_array
    rows: int
    shift: Array
    score: Array
    spread: Array
    joint: NDArray[np.bool_]
    statement: NDArray[np.int64]

    def __call__(self, n: int, seed: int) -> ExperienceDraws:
        """Draw `n` times."""
        rng = np.random.default_rng([seed, 17])
        together = replace(self.posterior, loading=self.loading.toarray()).draw(n, seed) + self.shift
        normal = alike(rng.standard_normal((n, len(self.score))), self.statement)
        alone = self.score + np.nan_to_num(self.spread) * normal
        values = np.where(self.joint, together, alone)
        return ExperienceDraws(scores=values[:, : self.rows], move_scores=values[:, self.rows :])


@dataclass(frozen=True)
class BiasSampler:
    """Draws the bias of final scores: loadings, shape (row, factor), times independent standard normal factors.

    `measured` and `moved`, shape (row,): of which outcome rows and moves the bias is that of their estimate.
    """

    outcome_loading: Array
    move_score_loading: Array
    measured: NDArray[np.bool_]
    moved: NDArray[np.bool_]

    def __call__(self, n: int, seed: int) -> ExperienceDraws:
        """Draw `n` times."""
        xi = bias_factors(n, self.outcome_loading.shape[1], seed)
        return ExperienceDraws(
            scores=np.where(self.measured, xi @ self.outcome_loading.T, 0.0),
            move_scores=np.where(self.moved, xi @ self.move_score_loading.T, 0.0),
        )


def bias_factors(n: int, factors: int, seed: int) -> Array:
    """Independent standard normal factors of the bias, shape (draw, factor)."""
    return np.random.default_rng([seed, 29]).standard_normal((n, factors))
