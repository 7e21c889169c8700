"""The block variance-component model on cells: arrays in, posterior out; no channel, reason or score lives here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from planner.experience.blocks import Array, Block, System
from planner.experience.cell_kernels import add_scaled, fold, mirror, unfolded
from planner.experience.levels import ToldLevels, told_levels
from planner.experience.likelihood import RESIDUAL, Derivatives, Likelihood
from planner.experience.scaled_systems import inverted_triangle, scaled_factor, solved

_MAX_STEPS = 20
_TOLERANCE = 0.05
_MAX_CHANGE = 2.5
_MOST_HALVINGS = 4
_MAX_JUMP = 4.0
_DIGITS = 10
_COVARIANCES = 8
_AT_ONCE = 4
_ON_NODE = 1e-13


@dataclass(frozen=True)
class BlockFit:
    """Posterior of the effects: an equally weighted mixture over the variance components.

    Attributes
    ----------
    center
        Number added to every linear predictor, units of y.
    mean, covariance, residual
        Shapes (component, column), (1, column, column), (component,): effects of each mixture component, the mean of
        the components' covariances (their spread around each other comes on top) and their cell residual variances.
        Component 0 is the mode where `draws` was 0.
    log_variance, information
        Mode of log lam (and log residual variance, last) of the free components and its Fisher information.
    names
        Names of the free components, in that order.
    edf
        Effective number of effects, q - sum diag(V) / lam.
    steps, converged
        Newton steps taken and whether they settled. Where they did not, and draws were asked for, the log variances are
        the highest plausible ones instead: little is pooled, and intervals are wide.
    """

    center: float
    mean: Array
    covariance: Array
    residual: Array
    log_variance: Array
    information: Array
    names: tuple[str, ...]
    edf: float
    steps: int
    converged: bool

    def start_for(self, blocks: Sequence[Block], residual_scale: float | None) -> Array:
        """Log variances for a fit of other blocks: those of the same name, and the prior's where there is none."""
        scales = {block.name: block.scale for block in blocks if not block.fixed}
        if residual_scale is not None:
            scales[RESIDUAL] = residual_scale
        known = dict(zip(self.names, self.log_variance, strict=True))
        return np.asarray([known.get(name, np.log(scale**2 / 2)) for name, scale in scales.items()])


def fit_blocks(
    y: Array,
    v: Array,
    blocks: Sequence[Block],
    *,
    residual_scale: float | None = None,
    draws: int = 24,
    seed: int = 0,
    center: float | None = None,
    start: Array | None = None,
    max_steps: int = _MAX_STEPS,
    spread: bool = True,
) -> BlockFit:
    """Fit y = center + sum_b Z_b u_b + eps, u_b ~ N(0, lam_b I), eps ~ N(0, v + ex), and its posterior.

    The log variances are found by Newton's method on the restricted likelihood (Patterson & Thompson 1971) with the
    boundary-avoiding prior sd * exp(-sd^2 / (2 scale^2)) on each sd (Chung et al. 2013); their uncertainty is
    integrated over `draws` antithetic normal draws around the mode, equally weighted (Kass & Steffey 1989).

    Parameters
    ----------
    y, v
        Shape (row,): cell means and their known sampling variances, units of y and squared.
    residual_scale
        Prior scale of the sd of the cell residual ex; None: no residual.
    draws
        Components of the mixture; 0: only the mode.
    start
        Log variances to start from (as in `BlockFit.log_variance`).
    max_steps
        Most Newton steps; 0 keeps the start, whose information is then not known (no draws around it).
    spread
        False: effects alone, at a third of the cost; the covariance is then 0 and the edf NaN.

    Raises
    ------
    ValueError
        No rows, or shapes that do not match.
    """
    if len(y) == 0 or any(len(block.codes) != len(y) for block in blocks) or len(v) != len(y):
        raise ValueError(f"{len(y)} rows, {len(v)} variances and blocks of {[len(b.codes) for b in blocks]} rows")
    v = np.asarray(v, float)
    if center is None:
        center = float(np.average(y, weights=1.0 / (v + np.median(v))))
    levels = told_levels(blocks, 1.0 / v)
    likelihood = Likelihood(System(np.asarray(y, float) - center, levels.blocks), v, residual_scale)
    mode = _mode(likelihood, start, max_steps)
    if draws:
        mode = widest_unless_settled(likelihood, mode)
    return around_mode(likelihood, levels, mode, center=center, draws=draws, seed=seed, spread=spread)


@dataclass(frozen=True)
class Mode:
    """Where a search of the log variances ended: there, with what information, after so many steps, settled or not."""

    log_variance: Array
    information: Array
    steps: int
    settled: bool


def widest_unless_settled(likelihood: Likelihood, mode: Mode) -> Mode:
    """Take the highest plausible variances where none were found: little is then pooled, and intervals are wide."""
    return mode if mode.settled else replace(mode, log_variance=likelihood.ceiling(mode.log_variance))


def around_mode(
    likelihood: Likelihood,
    levels: ToldLevels,
    mode: Mode,
    *,
    center: float,
    draws: int,
    seed: int,
    spread: bool = True,
) -> BlockFit:
    """Return the posterior of the effects, mixed over log variances around the mode; at one that did not settle alone.

    Parameters
    ----------
    levels
        Whose blocks those of the likelihood are.
    """
    phi, points = mode.log_variance, [mode.log_variance]
    if draws and mode.settled:
        points = _around(phi, mode.information, likelihood.ceiling(phi), draws, seed)
    most = _COVARIANCES if spread else 0
    means, covariance, residuals, edf = _mixture(likelihood, points, most)
    lam = np.zeros(len(levels.blocks))
    if spread:
        lam = np.mean([likelihood.unpack(point)[0] for point in points[:most]], axis=0)
    return BlockFit(
        center=center,
        mean=levels.whole_mean(means),
        covariance=levels.whole_covariance(covariance, lam)[None],
        residual=residuals,
        log_variance=phi,
        information=mode.information,
        names=likelihood.names,
        edf=edf,
        steps=mode.steps,
        converged=mode.settled,
    )


def _around(phi: Array, information: Array, ceiling: Array, draws: int, seed: int) -> list[Array]:
    """Draw log variances around the mode; none above `ceiling`, where the normal's tail has left the prior."""
    rng = np.random.default_rng([seed, 5])
    root = linalg.cholesky(information, lower=False)
    half = rng.standard_normal(((draws + 1) // 2, len(phi)))
    jumps = linalg.solve_triangular(root, half.T, lower=False).T
    jumps = np.clip(jumps, -_MAX_JUMP, _MAX_JUMP)
    both = np.stack([jumps, -jumps], axis=1).reshape(-1, len(phi))[:draws]
    return [np.minimum(phi + jump, ceiling) for jump in both]


def first_variances(likelihood: Likelihood, start: Array | None) -> Array:
    """Where a search begins: the prior's typical variances, or what is given."""
    return np.log(likelihood.scales**2 / 2) if start is None else np.array(start, float)


def _mode(likelihood: Likelihood, start: Array | None, max_steps: int) -> Mode:
    """Newton's method, a step halved while it leads down."""
    phi, information = first_variances(likelihood, start), np.eye(len(likelihood.scales))
    best, moved, steps, halved = -np.inf, np.zeros(len(phi)), 0, 0
    settled = False
    while steps < max_steps and not settled:
        found = likelihood.at(phi)
        steps += 1
        if found.value < best - _TOLERANCE**2 and halved < _MOST_HALVINGS:
            halved, moved = halved + 1, moved / 2
            phi = phi - moved
            continue
        best, halved, information = found.value, 0, found.information
        moved = newton_step(found)
        phi = phi + moved
        settled = hardly_moved(moved)
    return Mode(phi, information, steps, settled)


def hardly_moved(step: Array) -> bool:
    """Whether a step of the log variances is so small that a search may end with it."""
    return bool(np.max(np.abs(step), initial=0.0) < _TOLERANCE)


def newton_step(found: Derivatives) -> Array:
    """Newton's step of at most 2.5; where the surface bends upward, with the expected information (Fisher scoring)."""
    try:
        change = linalg.cho_solve(linalg.cho_factor(found.curvature), found.gradient)
    except linalg.LinAlgError:
        change = np.linalg.solve(found.information, found.gradient)
    return np.clip(change, -_MAX_CHANGE, _MAX_CHANGE)


def _mixture(likelihood: Likelihood, points: Sequence[Array], most: int) -> tuple[Array, Array, Array, float]:
    """Effects and residual variance at each log variance, the mean covariance, and the edf of the first.

    Each effect is a solve; the covariance, which varies little with the log variances and costs three times that,
    is averaged over the first `most` points, which are antithetic pairs.
    """
    system = likelihood.system
    means, residuals = np.empty((len(points), system.q)), np.empty(len(points))
    covariance = np.zeros((system.q, system.q))
    edf, spread = float("nan"), min(len(points), most)
    grams = _grams(likelihood, [likelihood.unpack(point)[1] for point in points])
    for k, (point, gram) in enumerate(zip(points, grams, strict=True)):
        lam, ex = likelihood.unpack(point)
        weight = 1.0 / (likelihood.v + ex)
        root = np.sqrt(system.spread(lam))
        factor = scaled_factor(gram, root)
        means[k] = root * solved(factor, root * system.project(weight * system.y))
        residuals[k] = ex
        if k >= spread:
            continue
        inverse = inverted_triangle(factor)
        edf = edf if k else system.q - float(np.trace(inverse))
        add_scaled(covariance, inverse, root, spread)
    mirror(covariance)
    return means, covariance, residuals, edf


def _grams(likelihood: Likelihood, residuals: Sequence[float]) -> Iterator[Array]:
    """Z'WZ, W = 1/(v + ex), for each residual variance; many are interpolated to nine digits.

    As a function of t = ln ex, 1/(v + e^t) has its poles pi off the real line: interpolation at n Chebyshev points
    of an interval of half-width h errs by rho^-n, rho = pi/h + sqrt(1 + (pi/h)^2) (Trefethen 2013, theorem 8.2).
    """
    if not likelihood.has_residual or len(residuals) < 2:
        yield from (likelihood.gram(1.0 / (likelihood.v + ex)) for ex in residuals)
        return
    t = np.log(residuals)
    middle, half = (t.max() + t.min()) / 2, max((t.max() - t.min()) / 2, 1e-3)
    count = int(np.ceil(_DIGITS * np.log(10) / np.arcsinh(np.pi / half)))
    if count >= len(residuals):
        yield from (likelihood.gram(1.0 / (likelihood.v + ex)) for ex in residuals)
        return
    angle = (2 * np.arange(count) + 1) * np.pi / (2 * count)
    nodes = middle + half * np.cos(angle)
    size = likelihood.system.q
    values = np.empty((count, size * (size + 1) // 2))  # symmetric: halves alone, and no second copy of them
    for row, node in zip(values, nodes, strict=True):
        fold(likelihood.gram(1.0 / (likelihood.v + np.exp(node))), row)
    gap = t[:, None] - nodes
    # On a node its own value; the others then weigh nothing.
    gap = np.where(np.abs(gap) < _ON_NODE, _ON_NODE, gap)
    parts = (-1.0) ** np.arange(count) * np.sin(angle) / gap
    parts /= parts.sum(axis=1, keepdims=True)
    for first in range(0, len(t), _AT_ONCE):
        yield from (unfolded(row, size) for row in parts[first : first + _AT_ONCE] @ values)
