"""The penalized restricted likelihood of a block model as a function of the log variances, with two derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.experience.blocks import Array, System
from planner.experience.cell_kernels import block_sums
from planner.experience.scaled_systems import inverted, log_determinant, scaled_factor, solved

_PRIOR_95 = 2.447746830680816
"""95 % quantile of the prior of an sd (Rayleigh), in units of its scale."""
_PRIOR_INFORMATION = 0.05
RESIDUAL = "cell"


@dataclass(frozen=True)
class Derivatives:
    """The likelihood at one point of the log variances.

    Attributes
    ----------
    value, gradient
        The penalized restricted log-likelihood but for a constant, and its gradient, shape (component,).
    information
        Its expected information (Fisher), 0.05 more on the diagonal, shape (component, component).
    curvature
        Its observed information: minus the second derivatives, shape (component, component).
    effects
        Mean of the effects, shape (column,).
    """

    value: float
    gradient: Array
    information: Array
    curvature: Array
    effects: Array


class Likelihood:
    """Restricted likelihood of one system (Patterson & Thompson 1971) with a prior on each standard deviation.

    The prior is sd * exp(-sd^2 / (2 scale^2)), which is 0 at an sd of 0 (Chung et al. 2013).
    """

    def __init__(self, system: System, v: Array, residual_scale: float | None) -> None:
        self.system, self.v = system, v
        self.free = np.asarray([k for k, block in enumerate(system.blocks) if not block.fixed], dtype=int)
        scales = [system.blocks[k].scale for k in self.free]
        names = [system.blocks[k].name for k in self.free]
        self.has_residual = residual_scale is not None
        if residual_scale is not None:
            scales.append(residual_scale)
            names.append(RESIDUAL)
        self.scales, self.names = np.asarray(scales, dtype=float), tuple(names)
        self._fixed_gram: Array | None = None

    def ceiling(self, phi: Array) -> Array:
        """Highest plausible log variances: the 95 % quantile of the prior sd, or twice the variance of the mode."""
        return np.maximum(2 * np.log(_PRIOR_95 * self.scales), phi + np.log(2.0))

    def unpack(self, phi: Array) -> tuple[Array, float]:
        """Variances per block and of the residual from the free log variances."""
        lam = np.asarray([block.scale**2 for block in self.system.blocks])
        lam[self.free] = np.exp(phi[: len(self.free)])
        return lam, float(np.exp(phi[-1])) if self.has_residual else 0.0

    def gram(self, weight: Array) -> Array:
        """Z'WZ; computed once where there is no residual, as the weights never change."""
        if self.has_residual:
            return self.system.gram(weight)
        if self._fixed_gram is None:
            self._fixed_gram = self.system.gram(weight)
        return self._fixed_gram

    def reweigh(self, v: Array) -> None:
        """Set other sampling variances."""
        self.v, self._fixed_gram = v, None

    def at(self, phi: Array) -> Derivatives:
        """Value and derivatives at these log variances.

        With A = Z'WZ, R = diag sqrt(lam), S = (R A R + I)^-1, so that V = R S R, and u = R s the mean of the effects:
        the matrix T = A - A V A of the restricted likelihood is R^-1 (I - S) R^-1 and Z'W(y - Zu) = R^-1 s, so

            value = -(ln|S^-1| + sum ln(v + ex) + y'Py) / 2 + sum (phi - lam / (2 scale^2)),
            gradient_b = (s_b's_b - tr (I - S)_bb) / 2 + 1 - lam_b / (2 scale_b^2),
            information_bc = ||(I - S)_bc||_F^2 / 2, plus lam_b / (2 scale_b^2) + 0.05 on the diagonal.

        The observed information has f_b'P f_c in addition (the average information of Gilmour, Thompson & Cullis 1995,
        doubled), f_b = Z_b u_b, less the information and the likelihood's part of the gradient.
        """
        system = self.system
        lam, ex = self.unpack(phi)
        weight = 1.0 / (self.v + ex)
        root = np.sqrt(system.spread(lam))
        gram = self.gram(weight)
        factor = scaled_factor(gram, root)
        right = root * system.project(weight * system.y)
        s = solved(factor, right)
        value = -log_determinant(factor) + np.log(weight).sum() - (weight * system.y) @ system.y + right @ s
        effects = root * s
        left = weight * (system.y - system.predict(effects)) if self.has_residual else np.zeros(0)
        average = self._average(gram, effects, (factor, root), (weight, left), ex)
        del gram  # what follows needs the room
        inverse = inverted(factor)
        squares, traces = block_sums(inverse, system.offsets)
        slope = (np.add.reduceat(s**2, system.offsets[:-1]) - traces)[self.free] / 2
        expected = squares[np.ix_(self.free, self.free)] / 2
        if self.has_residual:
            slope, expected = self._with_residual(slope, expected, (inverse, root), (weight, left), ex)
        penalty = np.exp(phi) / (2 * self.scales**2)
        return Derivatives(
            value=float(value / 2 + (phi - penalty).sum()),
            gradient=slope + 1 - penalty,
            information=expected + np.diag(penalty + _PRIOR_INFORMATION),
            curvature=average - expected + np.diag(penalty - slope),
            effects=effects,
        )

    def _average(
        self, gram: Array, effects: Array, system_of: tuple[Array, Array], rows: tuple[Array, Array], ex: float
    ) -> Array:
        """f_b'P f_c for the free blocks, f_b = Z_b u_b, and for the residual, f_e = ex Py."""
        (factor, root), (weight, left), system = system_of, rows, self.system
        block = np.repeat(np.arange(len(system.blocks)), np.diff(system.offsets))
        alone = np.where(block[:, None] == self.free, effects[:, None], 0.0)
        moved = gram @ alone
        carried = root[:, None] * solved(factor, root[:, None] * moved)
        average = alone.T @ moved - moved.T @ carried
        if not self.has_residual:
            return np.asarray(average)
        projected = system.project(weight * left)
        cross = ex * (alone.T @ projected - carried.T @ projected)
        scaled = root * projected
        own = ex**2 * float((weight * left) @ left - scaled @ solved(factor, scaled))
        return _bordered(average, cross, own)

    def _with_residual(
        self, slope: Array, expected: Array, parts: tuple[Array, Array], rows: tuple[Array, Array], ex: float
    ) -> tuple[Array, Array]:
        """Append the residual variance: tr P = sum W - tr(V B2) with B2 = Z'W^2 Z, B3 = Z'W^3 Z.

        The cross terms are ex tr[S R B2 R S]_bb / 2. With Z = Y P' (see `System`) all traces of V with B2 and B3 are
        those of P'V P with Y'W^2 Y and Y'W^3 Y, which are smaller.
        """
        (inverse, root), (weight, left), system = parts, rows, self.system
        half = system.nested_sums(root[:, None] * inverse)
        whole = system.nested_sums(np.ascontiguousarray((half * root).T))
        b2 = system.inner_gram(weight**2)
        spread = b2 @ half
        product = system.nested_sums(np.ascontiguousarray((spread * root).T))
        trace_p = weight.sum() - np.trace(product)
        third = float((whole * system.inner_gram(weight**3)).sum())
        own = ex**2 * ((weight**2).sum() - 2 * third + float((product * product.T).sum())) / 2
        cross = ex * np.add.reduceat((half * spread).sum(axis=0), system.offsets[:-1])[self.free] / 2
        return np.append(slope, ex * (left @ left - trace_p) / 2), _bordered(expected, cross, own)


def _bordered(matrix: Array, cross: Array, own: float) -> Array:
    """Append a row and a column to a symmetric matrix."""
    size = len(cross) + 1
    grown = np.empty((size, size))
    grown[:-1, :-1] = matrix
    grown[-1, :-1] = grown[:-1, -1] = cross
    grown[-1, -1] = own
    return grown
