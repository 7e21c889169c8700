"""Draws of what a scenario states: each statement errs once, however many rows of the outcomes it speaks of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.experience.model import ExperienceDraws, Stage

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StatedSampler:
    """Draws a model without history.

    `score`, `spread` (row,) value and sd of each outcome row, points; `statement` (row,) see `alike`; `base`
    (move, row) shares of the rows that those who moved score like: everybody in the new channel.
    """

    score: Array
    spread: Array
    statement: Ints
    base: sparse.csr_array

    def __call__(self, n: int, seed: int) -> ExperienceDraws:
        """Draw `n` times."""
        normal = np.random.default_rng([seed, 7]).standard_normal((n, len(self.score)))
        scores = self.score + np.nan_to_num(self.spread) * alike(normal, self.statement)
        moved = np.asarray((self.base @ np.nan_to_num(scores).T).T)
        known = np.diff(self.base.indptr) > 0
        return ExperienceDraws(scores, np.where(known, moved, np.nan))


def alike(normal: Array, statement: Ints) -> Array:
    """Let rows (draw, row) of one statement have the draws of its first row; −1: nobody states the row."""
    first = np.arange(len(statement))
    for one in np.unique(statement[statement >= 0]):
        rows = np.flatnonzero(statement == one)
        first[rows] = rows[0]
    return normal[:, first]


def stated_sampler(outcomes: pd.DataFrame, moves: pd.DataFrame) -> StatedSampler:
    """Draw outcome rows by their statements and moves with the rows they are the mean of."""
    scored = outcomes["score"].notna() & (outcomes["stage"] == Stage.FIRST.value)
    keys = ["reason", "segment", "channel"]
    there = outcomes.loc[scored, keys].assign(row=np.flatnonzero(scored))
    wanted = moves[["reason", "segment", "to_channel"]].set_axis(keys, axis=1).assign(move=np.arange(len(moves)))
    pairs = wanted.merge(there, on=keys)
    share = 1.0 / pairs.groupby("move")["row"].transform("size")
    places = pairs["move"].to_numpy(), pairs["row"].to_numpy()
    base = sparse.csr_array((share.to_numpy(float), places), shape=(len(moves), len(outcomes)))
    score, spread = (outcomes[name].to_numpy(float) for name in ("score", "score_sd"))
    return StatedSampler(score, spread, outcomes["statement"].to_numpy(np.int64), base)
