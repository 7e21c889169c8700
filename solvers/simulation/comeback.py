"""On which day later contacts come: as soon as their delay allows, and in the long run on the days of their class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.simulation.distributions import Distribution

__all__ = ["acceptance", "landings"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_QUANTILES = 400


def landings(starts_s: Floats, interval_s: float, cycle_s: float, block: Ints, delay: Distribution) -> Floats:
    """Share of contacts of each interval whose delay ends in each block, shape (interval, block + 1).

    A block is a day, a run of intervals without a gap, `block` (interval,) its number; a delay that ends in closed time
    counts for the next block. The last column is the share that ends in the block it began in. Delays are taken at 400
    quantiles, beginnings in the middle of their interval.
    """
    blocks = int(block[-1]) + 1
    delays_s = delay.quantiles((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    begun = starts_s + interval_s / 2.0
    ends = begun[:, None] + np.where(np.isfinite(delays_s), delays_s, 0.0)
    closes = np.array([starts_s[block == b][-1] + interval_s for b in range(blocks)])
    within = np.mod(ends, cycle_s)
    reached = np.searchsorted(closes, within, side="right") % blocks
    stays = ends < closes[block][:, None]
    column = np.where(stays, blocks, reached)
    shares = np.zeros((len(starts_s), blocks + 1))
    np.add.at(shares, (np.arange(len(starts_s))[:, None], column), 1.0 / _QUANTILES)
    return shares


def acceptance(weights: Floats, ends: Floats, block: Ints) -> Floats:
    """Chance that a contact whose delay has brought it to a block comes in it; else it goes on to the next.

    The chances are such that contacts which begin by the weights also come by them: what a block is due, d, is its
    weight less what never left it, and of the x that stand before it – its own landings and what went on from the block
    before – the share d/x comes. The x are the least that suffice everywhere, so nobody goes on in vain (the recursion
    is that of the backlog of a single server, Lindley 1952, around the cycle).

    Parameters
    ----------
    weights
        Weight of each interval, shape (interval,); all 0: every block is accepted.
    ends
        From `landings`, shape (interval, block + 1).
    block
        Number of the block of each interval.
    """
    blocks = ends.shape[1] - 1
    total = weights.sum()
    if not total > 0.0:
        return np.ones(blocks)
    share = np.bincount(block, weights / total, blocks)
    stays = np.bincount(block, weights / total * ends[:, -1], blocks)
    due, landed = share - stays, weights / total @ ends[:, :-1]
    before = np.concatenate([[0.0], np.cumsum(landed - due)[:-1]])
    before -= (before + landed - due).min()
    standing = before + landed
    return np.where(standing > 0.0, np.clip(due / np.where(standing > 0.0, standing, 1.0), 0.0, 1.0), 1.0)
