"""Patience of any shape, as a survival curve in pieces of constant hazard."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, log_ndtr

from solvers.queueing.inputs import non_negative, positive, refuse

__all__ = ["PatienceCurve"]

Floats = NDArray[np.float64]
# Knots of a smooth law, in equal steps of its log time: waits and abandonment then err by 2e-5 of themselves at most.
_KNOTS = 1000


@dataclass(frozen=True, slots=True)
class PatienceCurve:
    """Share of contacts whose patience exceeds t: survival[i]·exp(−hazard[i]·(t − start[i])) from start[i] on.

    A Kaplan–Meier curve is the case of hazard 0 with jumps between pieces; an exponential law is one piece. The last
    piece has no end: with hazard 0 those who are left never leave.

    Raises
    ------
    ValueError
        If the pieces do not start at 0 and follow each other, or survival rises or leaves [0, 1].
    """

    start_s: Floats
    """Start of each piece, seconds, shape (piece,): 0 first, then rising."""
    survival: Floats
    """P(patience > start) just after each start, shape (piece,): in [0, 1]; below 1 at 0 where some balk."""
    hazard_per_s: Floats
    """Rate of leaving within each piece, per second, shape (piece,), ≥ 0."""

    def __post_init__(self) -> None:
        start = non_negative("start_s", self.start_s)
        survival = non_negative("survival", self.survival)
        hazard = non_negative("hazard_per_s", self.hazard_per_s)
        if start.ndim != 1 or start.size == 0 or not start.shape == survival.shape == hazard.shape:
            raise ValueError(
                f"start_s {start.shape}, survival {survival.shape}, hazard_per_s {hazard.shape} — must have one shape "
                "(piece,) with at least one piece"
            )
        if start[0] != 0.0:
            raise ValueError(f"start_s[0] = {start[0]:g} — must be 0")
        refuse("start_s", start, np.diff(start, prepend=-1.0) <= 0.0, "above the one before")
        with np.errstate(under="ignore"):
            before = np.r_[1.0, survival[:-1] * np.exp(-hazard[:-1] * np.diff(start))]
        refuse("survival", survival, survival > before * (1.0 + 1e-12), "at most what the piece before ends with")
        for name, value in (("start_s", start), ("survival", survival), ("hazard_per_s", hazard)):
            object.__setattr__(self, name, np.ascontiguousarray(value))

    @classmethod
    def kaplan_meier(cls, time_s: ArrayLike, survival: ArrayLike, *, tail_hazard_per_s: float = 0.0) -> PatienceCurve:
        """Take a Kaplan–Meier estimate as it is: steps down at the times of abandonment.

        Parameters
        ----------
        time_s
            Times of the steps, seconds, ≥ 0, rising, shape (step,).
        survival
            Estimate from each step on, in [0, 1], not rising, shape (step,).
        tail_hazard_per_s
            Rate of leaving after the last step, per second, ≥ 0, where the estimate has not come down to 0. With 0
            those who are left wait for ever, which can make an overloaded queue unstable.
        """
        time = np.atleast_1d(non_negative("time_s", time_s))
        level = np.atleast_1d(non_negative("survival", survival))
        if time.shape != level.shape or time.ndim != 1 or time.size == 0:
            raise ValueError(f"time_s {time.shape}, survival {level.shape} — must have one shape (step,), one at least")
        refuse("time_s", time, np.diff(time, prepend=-1.0) <= 0.0, "above the one before")
        refuse("survival", level, np.diff(level, prepend=1.0) > 1e-12, "at most 1 and the one before")
        if time[0] > 0.0:
            time, level = np.r_[0.0, time], np.r_[1.0, level]
        hazard = np.zeros(time.size)
        hazard[-1] = float(non_negative("tail_hazard_per_s", tail_hazard_per_s))
        return cls(time, level, hazard)

    @classmethod
    def log_linear(cls, time_s: ArrayLike, survival: ArrayLike) -> PatienceCurve:
        """Join points of a smooth curve by pieces of constant hazard; the last goes on for ever.

        Parameters
        ----------
        time_s
            Seconds, 0 first, then rising, shape (point,) with at least two points.
        survival
            In (0, 1], not rising, shape (point,).
        """
        time, level = non_negative("time_s", time_s), positive("survival", survival)
        if time.ndim != 1 or time.size < 2 or time.shape != level.shape:
            raise ValueError(
                f"time_s {time.shape}, survival {level.shape} — must have one shape (point,), two at least"
            )
        refuse("time_s", time, np.diff(time, prepend=-1.0) <= 0.0, "above the one before")
        refuse("survival", level, np.diff(level, prepend=level[0]) > 0.0, "at most the one before")
        hazard = -np.diff(np.log(level)) / np.diff(time)
        return cls(time[:-1], level[:-1], hazard)

    @classmethod
    def exponential(cls, mean_s: float) -> PatienceCurve:
        """Memoryless patience; inf if nobody leaves."""
        return cls(np.zeros(1), np.ones(1), np.array([0.0 if mean_s == math.inf else 1.0 / positive("mean_s", mean_s)]))

    @classmethod
    def lognormal(cls, mean_s: float, cv: float) -> PatienceCurve:
        """Log-normal patience with a mean in seconds and a coefficient of variation, both > 0."""
        sigma = math.sqrt(math.log1p(float(positive("cv", cv)) ** 2))
        center = math.log(float(positive("mean_s", mean_s))) - sigma**2 / 2.0
        z = np.linspace(-5.2, 6.0, _KNOTS)
        return cls.log_linear(np.r_[0.0, np.exp(center + sigma * z)], np.exp(np.r_[0.0, log_ndtr(-z)]))

    @classmethod
    def weibull(cls, mean_s: float, shape: float) -> PatienceCurve:
        """Weibull patience with a mean in seconds: people lose patience as they wait if shape > 1, settle in if < 1."""
        power = float(positive("shape", shape))
        scale = float(positive("mean_s", mean_s)) / math.exp(gammaln(1.0 + 1.0 / power))
        log_hazard = np.linspace(math.log(1e-7), math.log(21.0), _KNOTS)
        return cls.log_linear(np.r_[0.0, scale * np.exp(log_hazard / power)], np.exp(-np.r_[0.0, np.exp(log_hazard)]))

    def survives(self, time_s: ArrayLike) -> Floats:
        """Share of contacts whose patience exceeds each time."""
        time = non_negative("time_s", time_s)
        piece = np.searchsorted(self.start_s, time, side="right") - 1
        return self.survival[piece] * np.exp(-self.hazard_per_s[piece] * (time - self.start_s[piece]))

    @property
    def mean_s(self) -> float:
        """Mean patience, seconds; inf when some never leave."""
        if self.survival[-1] > 0.0 and self.hazard_per_s[-1] == 0.0:
            return math.inf
        length = np.r_[np.diff(self.start_s), math.inf]
        with np.errstate(divide="ignore", invalid="ignore"):
            decay = -np.expm1(-self.hazard_per_s * length) / self.hazard_per_s
            pieces = self.survival * np.where(self.hazard_per_s > 0.0, decay, length)
        return float(np.where(self.survival > 0.0, pieces, 0.0).sum())
