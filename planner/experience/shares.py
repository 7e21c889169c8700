"""Shares of a binary outcome on the logit scale: penalized quasi-likelihood with the block model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, log_expit

from planner.experience.blocks import Array, Block, System
from planner.experience.hierarchical import (
    BlockFit,
    Mode,
    around_mode,
    first_variances,
    hardly_moved,
    newton_step,
    widest_unless_settled,
)
from planner.experience.levels import told_levels
from planner.experience.likelihood import Likelihood
from planner.experience.scaled_systems import scaled_factor, solved

_ROUNDS = 20
_MOST_CLIMBS = 50
_MOST_HALVINGS = 30
_NEAR = 1e-3


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

    Each round climbs to the mode of the effects at the log variances so far, takes the working y = eta + (share - p) /
    (p(1 - p)) with v = 1/(n p(1 - p)) there, p = expit(eta), and one Newton step of the log variances on them, until
    both settle; then the mixture as in `fit_blocks`. All numbers are on the logit scale.

    The mode is finite where a share is 0 or 1 throughout (separation), as every effect has a normal prior (Gelman et
    al. 2008). There n p settles at a, the pull of the prior, with the sd 1/sqrt(a) of eta: in shares that is the mean
    a/n and sd sqrt(a)/n of the gamma posterior of a rate of which nothing was seen in n.

    Parameters
    ----------
    share, n
        Shape (row,): observed share and number of contacts of each cell (n > 0).
    """
    seen = float((share * n).sum())
    center = float(np.log((seen + 0.5) / (n.sum() - seen + 0.5)))  # Anscombe 1956: finite where nothing was seen
    levels = told_levels(blocks, n / 4)
    likelihood = Likelihood(System(np.zeros(len(share)), levels.blocks), np.ones(len(share)), residual_scale)
    hill = _Hill(likelihood, share, n, center)
    effects, phi = np.zeros(likelihood.system.q), first_variances(likelihood, start)
    information, steps, settled = np.eye(len(phi)), 0, False
    while steps < _ROUNDS and not settled:
        effects, _ = hill.climbed(effects, phi)
        found = likelihood.at(phi)
        information, moved, steps = found.information, newton_step(found), steps + 1
        phi = phi + moved
        settled = hardly_moved(moved)
    mode = widest_unless_settled(likelihood, Mode(phi, information, steps, settled))
    _, near = hill.climbed(effects, mode.log_variance)
    mode = replace(mode, settled=settled and near)
    return around_mode(likelihood, levels, mode, center=center, draws=draws, seed=seed)


@dataclass(frozen=True)
class _Hill:
    """The penalized quasi-likelihood of the effects at given log variances: concave, so it has one mode."""

    likelihood: Likelihood
    share: Array
    n: Array
    center: float

    def climbed(self, effects: Array, phi: Array) -> tuple[Array, bool]:
        """Return the mode and whether it was reached, and leave the likelihood with the working values there.

        Scoring steps, halved while they lead down, until one would gain less than a two-thousandth of a nat.
        """
        system = self.likelihood.system
        lam, ex = self.likelihood.unpack(phi)
        spread = system.spread(lam)
        root = np.sqrt(spread)
        for _ in range(_MOST_CLIMBS):
            self._linearize(effects)
            weight = 1.0 / (self.likelihood.v + ex)
            factor = scaled_factor(system.gram(weight), root)
            step = root * solved(factor, root * system.project(weight * system.y)) - effects
            slope = system.project(weight * (system.y - system.predict(effects))) - effects / spread
            if slope @ step < _NEAR:
                return effects, True
            effects = self._up(effects, step, spread, ex)
        self._linearize(effects)
        return effects, False

    def _linearize(self, effects: Array) -> None:
        eta = self.center + self.likelihood.system.predict(effects)
        p = expit(eta)
        bend = p * expit(-eta)
        self.likelihood.system.y = eta + (self.share - p) / bend - self.center
        self.likelihood.reweigh(1.0 / (self.n * bend))

    def _up(self, effects: Array, step: Array, spread: Array, ex: float) -> Array:
        """Take the step, halved until it leads up."""
        here = self._height(effects, spread, ex)
        for _ in range(_MOST_HALVINGS):
            if self._height(effects + step, spread, ex) > here:
                return effects + step
            step = step / 2
        return effects

    def _height(self, effects: Array, spread: Array, ex: float) -> float:
        eta = self.center + self.likelihood.system.predict(effects)
        return float(quasi_likelihood(eta, self.share, self.n, ex).sum() - (effects**2 / spread).sum() / 2)


def quasi_likelihood(eta: Array, share: Array, n: Array, ex: float) -> Array:
    """Quasi-likelihood of shares whose logits vary around eta with the variance ex, but for a constant; shape (row,).

    The integral of n(share - p) / (1 + a p(1 - p)) over eta, a = n ex, as the variance of a share is then
    p(1 - p)(1 + a p(1 - p)) / n (Williams 1982, model III; McCullagh & Nelder 1989, section 9.2). With
    c^2 = a / (1 + a/4) it is n times

        share ln p + (1 - share) ln(1 - p) - ln(1 + a p(1 - p)) / 2 - (share - 1/2) c artanh(c (p - 1/2)).

    It is concave in eta: the slope falls by n p(1 - p) / (1 + a p(1 - p))^2 times the mean of 1 + a p^2 and
    1 + a(1 - p)^2, weighted by 1 - share and share.
    """
    p = expit(eta)
    a = n * ex
    c = np.sqrt(a / (1 + a / 4))
    plain = share * log_expit(eta) + (1 - share) * log_expit(-eta)
    return np.asarray(n * (plain - np.log1p(a * p * expit(-eta)) / 2 - (share - 0.5) * c * np.arctanh(c * (p - 0.5))))
