"""The block variance-component model on cells: arrays in, posterior out; no channel, reason or score lives here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from planner.experience.blocks import Array, Block, System
from planner.experience.cell_kernels import add_scaled, mirror
from planner.experience.likelihood import RESIDUAL, Derivatives, Likelihood
from planner.experience.scaled_systems import inverted_triangle, scaled_factor, solved

_MAX_STEPS = 20
_TOLERANCE = 0.05
_MAX_CHANGE = 2.5
_MOST_HALVINGS = 4
_MAX_JUMP = 4.0
_LOGIT_ROUNDS = 25
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
        Newton steps taken and whether they settled.
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
    if center is None:
        center = float(np.average(y, weights=1.0 / (v + np.median(v))))
    system = System(np.asarray(y, float) - center, blocks)
    likelihood = Likelihood(system, np.asarray(v, float), residual_scale)
    phi, information, steps, converged = _mode(likelihood, start, max_steps)
    points = [phi] if draws == 0 else _around(phi, information, likelihood.ceiling(phi), draws, seed)
    means, covariance, residuals, edf = _mixture(likelihood, points, _COVARIANCES if spread else 0)
    return BlockFit(
        center=center,
        mean=means,
        covariance=covariance[None],
        residual=residuals,
        log_variance=phi,
        information=information,
        names=likelihood.names,
        edf=edf,
        steps=steps,
        converged=converged,
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


def _first(likelihood: Likelihood, start: Array | None) -> Array:
    """Where a search begins: the prior's typical variances, or what is given."""
    return np.log(likelihood.scales**2 / 2) if start is None else np.array(start, float)


def _mode(likelihood: Likelihood, start: Array | None, max_steps: int) -> tuple[Array, Array, int, bool]:
    """Newton's method, a step halved while it leads down; log variances, information, steps and whether it settled."""
    phi, information = _first(likelihood, start), np.eye(len(likelihood.scales))
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
        moved = _newton_step(found)
        phi = phi + moved
        settled = bool(np.max(np.abs(moved), initial=0.0) < _TOLERANCE)
    return phi, information, steps, settled


def _newton_step(found: Derivatives) -> Array:
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
    values = np.stack([likelihood.gram(1.0 / (likelihood.v + np.exp(node))).ravel() for node in nodes])
    gap = t[:, None] - nodes
    # On a node its own value; the others then weigh nothing.
    gap = np.where(np.abs(gap) < _ON_NODE, _ON_NODE, gap)
    parts = (-1.0) ** np.arange(count) * np.sin(angle) / gap
    parts /= parts.sum(axis=1, keepdims=True)
    for first in range(0, len(t), _AT_ONCE):
        yield from (parts[first : first + _AT_ONCE] @ values).reshape(-1, likelihood.system.q, likelihood.system.q)


def fit_logit_blocks(
    share: Array,
    n: Array,
    blocks: Sequence[Block],
    *,
    residual_scale: float | None = 0.1,
    draws: int = 24,
    seed: int = 0,
    start: Array | None = None,
) -> BlockFit:
    """Fit shares of a binary outcome on the logit scale by penalized quasi-likelihood (Breslow & Clayton 1993).

    Each round takes p = expit(eta), the working y = eta + (share - p)/(p(1 - p)) with v = 1/(n p (1 - p)), and one
    Newton step of the log variances on them, until both settle; then the mixture as in `fit_blocks`. p is kept
    above a tenth of the overall share (at most .01) and as far below 1, so rare outcomes are not pulled up. All numbers
    are on the logit scale.

    Parameters
    ----------
    share, n
        Shape (row,): observed share and number of contacts of each cell (n > 0).
    """
    total = float((share * n).sum() / n.sum())
    least = min(0.01, max(min(total, 1 - total) / 10, 1e-5))
    overall = float(np.clip(total, least, 1 - least))
    center = float(np.log(overall / (1 - overall)))
    system = System(np.zeros(len(share)), blocks)
    likelihood = Likelihood(system, np.ones(len(share)), residual_scale)

    def relinearize(eta: Array) -> None:
        p = np.clip(1 / (1 + np.exp(-eta)), least, 1 - least)
        system.y = np.log(p / (1 - p)) + (share - p) / (p * (1 - p)) - center
        likelihood.reweigh(1.0 / (n * p * (1 - p)))

    eta, phi = np.full(len(share), center), _first(likelihood, start)
    left, settled = _LOGIT_ROUNDS, False
    while left > 0 and not settled:
        relinearize(eta)
        found = likelihood.at(phi)
        moved = _newton_step(found)
        phi = phi + moved
        last, eta = eta, center + system.predict(found.effects)
        still = np.max(np.abs(moved), initial=0.0) < _TOLERANCE
        settled = bool(still and np.average(np.abs(eta - last), weights=n) < _TOLERANCE)
        left -= 1
    relinearize(eta)
    return fit_blocks(
        system.y + center, likelihood.v, blocks, residual_scale=residual_scale, draws=draws, seed=seed, center=center,
        start=phi, max_steps=max(left, 1),
    )  # fmt: skip
