"""The block variance-component model on cells: arrays in, posterior out; no channel, reason or score lives here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from planner.experience.blocks import Array, Block, System
from planner.experience.scaled_systems import inverted, scaled_factor, solved

_MAX_STEPS = 20
_TOLERANCE = 0.05
_MAX_CHANGE = 1.2
_MAX_JUMP = 4.0
_PRIOR_95 = 2.447746830680816
"""95 % quantile of the prior of an sd (Rayleigh), in units of its scale."""
_PRIOR_INFORMATION = 0.05
_LOGIT_ROUNDS = 25
_DIGITS = 10
_COVARIANCES = 8
_RESIDUAL = "cell"


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
        Fisher steps taken and whether they settled.
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
            scales[_RESIDUAL] = residual_scale
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

    The log variances are found by damped Fisher scoring on the restricted likelihood (Patterson & Thompson 1971) with
    the boundary-avoiding prior sd * exp(-sd^2 / (2 scale^2)) on each sd (Chung et al. 2013); their uncertainty is
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
        Most Fisher steps; 0 keeps the start, whose information is then not known (no draws around it).
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
    search = _Search(system, np.asarray(v, float), residual_scale)
    phi, information, steps, converged = search.mode(start, max_steps)
    points = [phi] if draws == 0 else _around(phi, information, search.ceiling(phi), draws, seed)
    means, covariance, residuals, edf = search.mixture(points, _COVARIANCES if spread else 0)
    return BlockFit(
        center=center,
        mean=means,
        covariance=covariance[None],
        residual=residuals,
        log_variance=phi,
        information=information,
        names=search.names,
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


class _Search:
    """The penalized restricted likelihood of one system as a function of the log variances."""

    def __init__(self, system: System, v: Array, residual_scale: float | None) -> None:
        self.system, self.v = system, v
        self.free = np.asarray([k for k, block in enumerate(system.blocks) if not block.fixed], dtype=int)
        self.scales = np.asarray([system.blocks[k].scale for k in self.free])
        self.residual_scale = residual_scale
        self.effects = np.zeros(system.q)
        self._fixed_gram: Array | None = None
        names = tuple(system.blocks[k].name for k in self.free)
        self.names = (*names, _RESIDUAL) if residual_scale is not None else names

    def ceiling(self, phi: Array) -> Array:
        """Highest plausible log variances: the 95 % quantile of the prior sd, or twice the variance of the mode."""
        scales = self.scales if self.residual_scale is None else np.append(self.scales, self.residual_scale)
        return np.maximum(2 * np.log(_PRIOR_95 * scales), phi + np.log(2.0))

    def unpack(self, phi: Array) -> tuple[Array, float]:
        """Variances per block and of the residual from the free log variances."""
        lam = np.asarray([block.scale**2 for block in self.system.blocks])
        lam[self.free] = np.exp(phi[: len(self.free)])
        return lam, float(np.exp(phi[-1])) if self.residual_scale is not None else 0.0

    def mixture(self, points: Sequence[Array], most: int) -> tuple[Array, Array, Array, float]:
        """Effects and residual variance at each log variance, the mean covariance, and the edf of the first.

        Each effect is a solve; the covariance, which varies little with the log variances and costs three times that,
        is averaged over the first `most` points, which are antithetic pairs.
        """
        means, residuals = np.empty((len(points), self.system.q)), np.empty(len(points))
        covariance = np.zeros((self.system.q, self.system.q))
        edf, spread = float("nan"), min(len(points), most)
        grams = self._grams([self.unpack(point)[1] for point in points])
        for k, (point, gram) in enumerate(zip(points, grams, strict=True)):
            lam, ex = self.unpack(point)
            weight = 1.0 / (self.v + ex)
            root = np.sqrt(self.system.spread(lam))
            factor = scaled_factor(gram, root)
            means[k] = root * solved(factor, root * self.system.project(weight * self.system.y))
            residuals[k] = ex
            if k >= spread:
                continue
            scaled = inverted(factor)
            edf = edf if k else self.system.q - float(np.trace(scaled))
            scaled *= root[:, None]
            scaled *= root[None, :] / spread
            covariance += scaled
        return means, covariance, residuals, edf

    def _grams(self, residuals: Sequence[float]) -> Iterator[Array]:
        """Z'WZ, W = 1/(v + ex), for each residual variance; many are interpolated to nine digits.

        As a function of t = ln ex, 1/(v + e^t) has its poles pi off the real line: interpolation at n Chebyshev points
        of an interval of half-width h errs by rho^-n, rho = pi/h + sqrt(1 + (pi/h)^2) (Trefethen 2013, theorem 8.2).
        """
        if self.residual_scale is None or len(residuals) < 2:
            yield from (self.gram(1.0 / (self.v + ex)) for ex in residuals)
            return
        t = np.log(residuals)
        middle, half = (t.max() + t.min()) / 2, max((t.max() - t.min()) / 2, 1e-3)
        count = int(np.ceil(_DIGITS * np.log(10) / np.arcsinh(np.pi / half)))
        if count >= len(residuals):
            yield from (self.gram(1.0 / (self.v + ex)) for ex in residuals)
            return
        angle = (2 * np.arange(count) + 1) * np.pi / (2 * count)
        nodes = middle + half * np.cos(angle)
        values = np.stack([self.gram(1.0 / (self.v + np.exp(node))) for node in nodes])
        for x in t:
            gap = x - nodes
            if (np.abs(gap) < 1e-12).any():
                yield values[int(np.argmin(np.abs(gap)))]
                continue
            part = (-1.0) ** np.arange(count) * np.sin(angle) / gap
            yield np.asarray(np.tensordot(part / part.sum(), values, axes=1))

    def gram(self, weight: Array) -> Array:
        """Z'WZ; computed once where there is no residual, as the weights never change."""
        if self.residual_scale is not None:
            return self.system.gram(weight)
        if self._fixed_gram is None:
            self._fixed_gram = self.system.gram(weight)
        return self._fixed_gram

    def reweigh(self, v: Array) -> None:
        """Set other sampling variances."""
        self.v, self._fixed_gram = v, None

    def mode(self, start: Array | None, max_steps: int) -> tuple[Array, Array, int, bool]:
        """Damped Fisher scoring; returns log variances, information, steps and whether it settled."""
        walk = _Walk(self, start)
        settled = False
        while walk.steps < max_steps and not settled:
            settled = walk.step() < _TOLERANCE
        return walk.phi, walk.information, walk.steps, settled

    def derivatives(self, phi: Array) -> tuple[Array, Array]:
        """Gradient and Fisher information of the penalized restricted log-likelihood in the log variances.

        With A = Z'WZ, R = diag sqrt(lam), S = (R A R + I)^-1, so V = R S R, and s = Z'W(y - Zu): the matrix
        T = A - A V A of the restricted likelihood is R^-1 (I - S) R^-1, which needs no product of matrices, and
        gradient_b = (lam_b s_b's_b - tr (I - S)_bb)/2 + 1 - lam_b/(2 scale_b^2),
        info_bc = ||(I - S)_bc||_F^2 / 2, plus lam_b/(2 scale_b^2) + 0.05 on the diagonal.
        """
        system = self.system
        lam, ex = self.unpack(phi)
        weight = 1.0 / (self.v + ex)
        root = np.sqrt(system.spread(lam))
        scaled = inverted(scaled_factor(self.gram(weight), root))
        effects = root * (scaled @ (root * system.project(weight * system.y)))
        self.effects = effects
        left = weight * (system.y - system.predict(effects))
        t = -scaled
        t[np.diag_indices_from(t)] += 1.0
        starts = system.offsets[:-1]
        squares = lam * np.add.reduceat(system.project(left) ** 2, starts)
        traces = np.add.reduceat(np.diag(t), starts)
        free = self.free
        penalty = lam[free] / (2 * self.scales**2)
        gradient = (squares - traces)[free] / 2 + 1 - penalty
        information = system.block_sums(t**2)[np.ix_(free, free)] / 2
        information += np.diag(penalty + _PRIOR_INFORMATION)
        if self.residual_scale is None:
            return gradient, information
        return self._with_residual(gradient, information, (weight, left, scaled, root), ex)

    def _with_residual(
        self, gradient: Array, information: Array, parts: tuple[Array, Array, Array, Array], ex: float
    ) -> tuple[Array, Array]:
        """Append the residual variance: tr P = sum W - tr(V B2) with B2 = Z'W^2 Z, B3 = Z'W^3 Z.

        The cross terms are lam_b ex tr[(I - AV) B2 (I - AV)']_bb / 2, where I - AV = diag(1/lam) V.
        """
        weight, left, scaled, root = parts
        assert self.residual_scale is not None
        both = root[:, None] * root[None, :]
        b2 = self.system.gram(weight**2)
        b2 *= both
        vb2 = scaled @ b2
        trace_p = weight.sum() - np.trace(vb2)
        penalty = ex / (2 * self.residual_scale**2)
        slope = ex * (left @ left - trace_p) / 2 + 1 - penalty
        b3 = self.system.gram(weight**3)
        b3 *= both
        own_info = ex**2 * ((weight**2).sum() - 2 * (scaled * b3).sum() + (vb2 * vb2.T).sum()) / 2
        diagonal = (vb2 * scaled).sum(axis=1)
        cross = ex * np.add.reduceat(diagonal, self.system.offsets[:-1])[self.free] / 2
        size = len(gradient) + 1
        grown = np.empty((size, size))
        grown[:-1, :-1] = information
        grown[-1, :-1] = grown[:-1, -1] = cross
        grown[-1, -1] = own_info + penalty + _PRIOR_INFORMATION
        return np.append(gradient, slope), grown


class _Walk:
    """Damped Fisher steps: a component's step is halved when its sign flips, else lengthened again up to the whole."""

    def __init__(self, search: _Search, start: Array | None) -> None:
        scales = search.scales
        if search.residual_scale is not None:
            scales = np.append(scales, search.residual_scale)
        self.search = search
        self.phi = np.log(scales**2 / 2) if start is None else np.array(start, float)
        self.information = np.eye(len(self.phi))
        self.steps = 0
        self._damping, self._last = np.ones(len(self.phi)), np.zeros(len(self.phi))

    def step(self) -> float:
        """Take a step; return the largest change of a log variance."""
        gradient, self.information = self.search.derivatives(self.phi)
        change = np.clip(np.linalg.solve(self.information, gradient), -_MAX_CHANGE, _MAX_CHANGE)
        flipped = change * self._last < 0
        self._damping = np.where(flipped, self._damping / 2, np.minimum(1.0, self._damping * 1.3))
        self.phi, self._last = self.phi + self._damping * change, change
        self.steps += 1
        return float(np.max(np.abs(self._damping * change), initial=0.0))


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
    damped Fisher step of the log variances on them, until both settle; then the mixture as in `fit_blocks`. p is kept
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
    search = _Search(system, np.ones(len(share)), residual_scale)

    def relinearize(eta: Array) -> None:
        p = np.clip(1 / (1 + np.exp(-eta)), least, 1 - least)
        system.y = np.log(p / (1 - p)) + (share - p) / (p * (1 - p)) - center
        search.reweigh(1.0 / (n * p * (1 - p)))

    eta = np.full(len(share), center)
    walk = _Walk(search, start)
    for _ in range(_LOGIT_ROUNDS):
        relinearize(eta)
        moved = walk.step()
        last, eta = eta, center + system.predict(search.effects)
        if moved < _TOLERANCE and np.average(np.abs(eta - last), weights=n) < _TOLERANCE:
            break
    relinearize(eta)
    return fit_blocks(
        system.y + center, search.v, blocks, residual_scale=residual_scale, draws=draws, seed=seed, center=center,
        start=walk.phi, max_steps=max(_LOGIT_ROUNDS - walk.steps, 1),
    )  # fmt: skip
