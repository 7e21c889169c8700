"""Two families of centers with known laws: how customers choose, what they feel, who answers; parameters per seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

Array = NDArray[np.float64]
FAMILIES = ("logit", "threshold")
DAYS = 91
UNRESOLVED_COST = 0.9
"""Latent points an unresolved contact costs."""


@dataclass(frozen=True)
class Family:
    """The functional forms of one family; every function works on arrays.

    Attributes
    ----------
    choice_noise
        Draws the unseen part of the utilities, shape (contact, channel).
    mean_score
        Expected score in 1..5 at a latent score.
    draw_score
        Score at a latent score.
    resolve, respond
        Probability of no return within the window and of an answer, at a linear predictor.
    observe
        What the history shows of standard normal covariates (columns), a strictly rising map of each.
    """

    choice_noise: Callable[[np.random.Generator, int, int], Array]
    mean_score: Callable[[Array], Array]
    draw_score: Callable[[np.random.Generator, Array], Array]
    resolve: Callable[[Array], Array]
    respond: Callable[[Array], Array]
    observe: Callable[[Array], Array]


_GRID = np.arange(-6.0, 12.0, 0.005)


def _looked_up(values: Array) -> Callable[[Array], Array]:
    def mean(latent: Array) -> Array:
        place = np.clip((latent - _GRID[0]) / 0.005 + 0.5, 0, len(_GRID) - 1).astype(np.int32)
        return values[place]

    return mean


_NOISE = 0.9
_ROUNDED = _looked_up(1 + sum(ndtr((_GRID - cut) / _NOISE) for cut in (1.5, 2.5, 3.5, 4.5)))
_THRESHOLDS = np.array([1.6, 2.3, 3.3, 4.1])
_SPREAD = 0.45
_ORDINAL = _looked_up(1 + sum(expit((_GRID - cut) / _SPREAD) for cut in _THRESHOLDS))


def _gumbel(rng: np.random.Generator, n: int, channels: int) -> Array:
    return -np.log(rng.standard_exponential((n, channels)))


def _correlated(rng: np.random.Generator, n: int, channels: int) -> Array:
    """Normal utilities whose first half (and second half) of channels are near substitutes."""
    own = rng.standard_normal((n, channels))
    nests = rng.standard_normal((n, 2))
    half = (channels + 1) // 2
    own[:, :half] += 0.9 * nests[:, :1]
    own[:, half:] += 0.9 * nests[:, 1:]
    return own


def _rounded_score(rng: np.random.Generator, latent: Array) -> Array:
    return np.clip(np.rint(latent + _NOISE * rng.standard_normal(len(latent))), 1, 5)


def _ordinal_score(rng: np.random.Generator, latent: Array) -> Array:
    return 1.0 + np.searchsorted(_THRESHOLDS, latent + rng.logistic(0, _SPREAD, len(latent)))


def _skewed(normal: Array) -> Array:
    """Minutes of a task, a share in percent, months with us: nothing is normal."""
    out = normal.copy()
    out[:, 0] = np.exp(1.5 + 0.6 * normal[:, 0])
    if normal.shape[1] > 1:
        out[:, 1] = 100 * ndtr(normal[:, 1])
    if normal.shape[1] > 2:
        out[:, 2] = np.maximum(0, 24 + 18 * normal[:, 2] + 4 * normal[:, 2] ** 2)
    return out


LAWS: dict[str, Family] = {
    "logit": Family(_gumbel, _ROUNDED, _rounded_score, expit, expit, lambda z: z),
    "threshold": Family(
        _correlated,
        _ORDINAL,
        _ordinal_score,
        lambda a: 1 - np.exp(-np.exp(np.minimum(0.65 * a - 0.55, 3.0))),
        lambda a: ndtr(0.6 * a),
        _skewed,
    ),
}


@dataclass(frozen=True)
class Center:
    """Parameters of one center: labels are positions; `rc` tables have shape (reason, channel), latent points."""

    family: str
    reasons: int
    channels: int
    segments: int
    covariates: int
    shape: str
    confounding: float
    response_rate: float
    response_strength: float
    peak: float
    reason_share: Array
    taste: Array
    pull: Array
    score_rc: Array
    solve_rc: Array
    score_slope: Array
    solve_slope: Array
    reason_slope: Array
    segment_score: Array
    answer_c: Array
    answer_r: Array
    wait_base: Array
    wait_cost: Array
    wait_free_s: Array
    no_wait: Array

    def severity(self, z: Array, reason: NDArray[np.intp]) -> Array:
        """What the strongest covariate does, on the way to scores and resolution."""
        if self.shape == "stepped":
            return 1.3 * (z > 0.4) + 0.6 * (z > 1.3) + 0.25 * z - 0.5
        if self.shape == "by_reason":
            own = self.reason_slope[reason]
            return (1 + own) * z + 0.35 * np.abs(z) * np.sign(own)
        return z + 0.1 * (z**2 - 1)


def _effects(rng: np.random.Generator, sd: float, heavy: bool, shape: tuple[int, int]) -> Array:
    return sd * (rng.standard_t(3, shape) / np.sqrt(3) if heavy else rng.standard_normal(shape))


def draw_center(seed: int, family: str, *, effects: bool = True, peak: float | None = None) -> Center:
    """Draw the parameters of a center.

    Parameters
    ----------
    effects
        False: neither reason nor channel (nor what comes with them) moves score or resolution.
    peak
        Latent points that customers of peak hours are off; None: drawn, 0 in half of the centers.
    """
    if family not in FAMILIES:
        raise ValueError(f"no family {family!r}; there are {', '.join(FAMILIES)}")
    rng = np.random.default_rng([seed, FAMILIES.index(family), 4711])
    reasons, channels = int(rng.choice([6, 12, 20])), int(rng.choice([3, 5, 7]))
    segments, covariates = int(rng.integers(1, 4)), int(rng.choice([1, 2, 2, 2, 3]))
    sd, heavy, on = rng.uniform(0.08, 0.35), rng.random() < 0.3, float(effects)
    drawn_peak = float(rng.choice([0.0, 0.3]))
    spots = (reasons, channels)
    tilt = np.linspace(0.8, -0.8, channels)
    pull = np.stack([rng.permutation(tilt) * f for f in (1.0, 0.6, 0.5)])[:covariates]
    slopes = np.stack([rng.normal(m, s, channels) for m, s in ((-0.25, 0.1), (0.1, 0.06), (0.08, 0.05))])[:covariates]
    solves = np.stack([rng.normal(m, s, channels) for m, s in ((-0.4, 0.15), (0.1, 0.1), (0.1, 0.08))])[:covariates]
    no_wait = np.zeros(channels, dtype=bool)
    no_wait[-1] = channels >= 5 and rng.random() < 0.5
    rows, columns = rng.normal(0, 0.25, reasons)[:, None], rng.normal(0, 0.25, channels)[None]
    solve = rng.normal(0, 0.35, reasons)[:, None] + rng.normal(0, 0.35, channels)[None]
    return Center(
        family, reasons, channels, segments, covariates,
        shape=str(rng.choice(["smooth", "stepped", "by_reason"])),
        confounding=rng.uniform(0.3, 1.6),
        response_rate=rng.uniform(0.08, 0.27),
        response_strength=rng.uniform(0.4, 1.8),
        peak=drawn_peak if peak is None else peak,
        reason_share=rng.dirichlet(np.full(reasons, 3.0)),
        taste=rng.normal(0, 0.7, spots),
        pull=pull,
        score_rc=3.8 + on * (rows + columns + _effects(rng, sd, heavy, spots)),
        solve_rc=1.4 + on * (solve + _effects(rng, 1.2 * sd, heavy, spots)),
        score_slope=slopes if effects else slopes[:, :1].repeat(channels, axis=1),
        solve_slope=solves if effects else solves[:, :1].repeat(channels, axis=1),
        reason_slope=on * rng.normal(0, 0.4, reasons),
        segment_score=rng.normal(0, 0.12, (segments, channels)) if effects else np.zeros((segments, channels)),
        answer_c=rng.normal(0, 0.35, channels),
        answer_r=rng.normal(0, 0.25, reasons),
        wait_base=rng.uniform(np.log(40), np.log(500), channels),
        wait_cost=on * rng.uniform(0.12, 0.35, channels),
        wait_free_s=np.exp(rng.uniform(np.log(20), np.log(150), channels)),
        no_wait=no_wait,
    )  # fmt: skip
