"""Answers as they would be without score-dependent response: the exponential tilting of sums, cell by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.experience.hierarchical import Array

_GROUP = ["channel", "disposition", "later"]
_PRIOR_ANSWERS = 25.0
_PRIOR_CONTACTS = 20.0
_MOST_POINTS = 11
_NEWTON_STEPS = 40


def tilt_shift(frame: pd.DataFrame, scale: tuple[float, float], slope: float) -> Array:
    """Points by which the mean of all contacts of a cell lies above that of its answers; 0 without answers.

    Where logit P(answers) = a + slope y within a cell, those who do not answer have the density of those who do, times
    exp(-slope y), exactly (Kim & Yu 2011; Franks, D'Amour & Feller 2020). With the share p that answers, the mean of
    all contacts is that of the answers plus (1 - p) (m0 - m1). m1 is the mean of the answers, m0 of the tilted ones:
    under the maximum-entropy law on the points of the scale with the mean and variance of the answers, or the normal
    one (m0 - m1 = -slope variance) where the scale has no points. p, m1 and the variance within cells are pooled over
    cells of one channel, disposition and later fate.

    Parameters
    ----------
    frame
        Cells with `channel, disposition, later, contacts, answers, sum_score, sum_score2`.
    slope
        Logits per point of score; positive: the content answer more often.
    """
    n, contacts = frame["answers"].to_numpy(float), frame["contacts"].to_numpy(float)
    group, groups = _codes(frame)
    answers = np.bincount(group, weights=n, minlength=groups)
    if not answers.sum() > 0:
        return np.zeros(len(frame))
    mean = np.bincount(group, weights=frame["sum_score"].to_numpy(float), minlength=groups)
    overall = mean.sum() / answers.sum()
    mean = (mean + _PRIOR_ANSWERS * overall) / (answers + _PRIOR_ANSWERS)
    silent = tilted_mean(mean, _variance_within(frame, group, groups), slope, scale_points(scale)) - mean
    rate = answers / np.maximum(np.bincount(group, weights=contacts, minlength=groups), 1.0)
    answering = (n + _PRIOR_CONTACTS * rate[group]) / np.maximum(contacts + _PRIOR_CONTACTS, n + 1e-9)
    # Nobody is silent where everybody answered, whatever the others of the group did.
    answering = np.where(n >= contacts, np.where(rate[group] >= 1 - 1e-9, 1.0, answering), answering)
    return np.where(n > 0, (1 - np.clip(answering, 0.0, 1.0)) * silent[group], 0.0)


def scale_points(scale: tuple[float, float]) -> Array | None:
    """Return the answers a scale allows: whole steps up to 11 of them, -100, 0, 100 for NPS; None: any number."""
    low, high = scale
    if (low, high) == (-100.0, 100.0):
        return np.asarray([-100.0, 0.0, 100.0])
    if np.isfinite(high - low) and float(low).is_integer() and float(high).is_integer() and high - low < _MOST_POINTS:
        return np.arange(low, high + 1)
    return None


def tilted_mean(mean: Array, variance: Array, slope: float, points: Array | None) -> Array:
    """Mean of each law with the given mean and variance after its density is multiplied with exp(-slope y).

    Parameters
    ----------
    mean, variance
        Shape (law,), points and points squared; on a scale with points they are moved to the nearest possible values.
    points
        Possible answers, ascending; None: normal law.
    """
    if points is None:
        return np.asarray(mean - slope * variance)
    a, b = _entropy_law(mean, variance, points)
    return _moments(a - slope * (points[-1] - points[0]), b, points)[0]


def _entropy_law(mean: Array, variance: Array, points: Array) -> tuple[Array, Array]:
    """Coefficients of p(y) ~ exp(a x + b x^2), x in [0, 1], with the given moments: Newton steps on the dual.

    The dual is convex; a step is halved per law until its gap falls.
    """
    span = points[-1] - points[0]
    x = (points - points[0]) / span
    step = x[1] - x[0]
    m = np.clip((mean - points[0]) / span, 0.02, 0.98)
    nearest = np.abs(m / step - np.round(m / step)) * step
    least = nearest * (step - nearest) + 0.05 * step**2
    v = np.clip(variance / span**2, np.minimum(least, 0.9 * m * (1 - m)), 0.98 * m * (1 - m))
    target = np.stack([m, v + m**2], axis=1)
    if len(points) == 2:
        return np.log(m / (1 - m)), np.zeros(len(m))
    power = np.stack([x, x**2], axis=1)
    law = np.zeros((len(m), 2))
    for _ in range(_NEWTON_STEPS):
        p = _weights(law, power)
        first = p @ power
        second = np.einsum("kp,pi,pj->kij", p, power, power) - first[:, :, None] * first[:, None, :]
        change = np.linalg.solve(second + 1e-10 * np.eye(2), (target - first)[:, :, None])[:, :, 0]
        law = law + _halved(law, change, target, power)
        if np.abs(target - first).max(initial=0.0) < 1e-9:
            break
    return law[:, 0], law[:, 1]


def _halved(law: Array, change: Array, target: Array, power: Array) -> Array:
    """Halve the step of every law until its dual, log sum exp - target, does not rise."""
    best = _dual(law, target, power)
    for _ in range(30):
        worse = _dual(law + change, target, power) > best + 1e-12
        if not worse.any():
            break
        change = np.where(worse[:, None], change / 2, change)
    return change


def _dual(law: Array, target: Array, power: Array) -> Array:
    exponent = law @ power.T
    top = exponent.max(axis=1)
    return np.asarray(top + np.log(np.exp(exponent - top[:, None]).sum(axis=1)) - (law * target).sum(axis=1))


def _weights(law: Array, power: Array) -> Array:
    exponent = law @ power.T
    p = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _moments(a: Array, b: Array, points: Array) -> tuple[Array, Array]:
    """Mean and variance, in points, of the laws p(y) ~ exp(a x + b x^2)."""
    x = (points - points[0]) / (points[-1] - points[0])
    p = _weights(np.stack([a, b], axis=1), np.stack([x, x**2], axis=1))
    mean = p @ points
    return mean, p @ points**2 - mean**2


def _variance_within(frame: pd.DataFrame, group: NDArray[np.intp], groups: int) -> Array:
    """Variance of the answers within cells, per group, pooled with 25 answers of all groups."""
    n, total, squares = (frame[name].to_numpy(float) for name in ("answers", "sum_score", "sum_score2"))
    own = np.where(n > 0, squares - total**2 / np.where(n > 0, n, 1.0), 0.0)
    freedom = np.bincount(group, weights=np.maximum(n - 1, 0.0), minlength=groups)
    inside = np.bincount(group, weights=np.maximum(own, 0.0), minlength=groups)
    if freedom.sum() >= _PRIOR_ANSWERS:
        pooled = inside.sum() / freedom.sum()
    else:
        # Hardly two answers in any cell: the variance of all answers stands in, on the wide side.
        pooled = squares.sum() / n.sum() - (total.sum() / n.sum()) ** 2
    return np.asarray((inside + _PRIOR_ANSWERS * max(pooled, 0.0)) / (freedom + _PRIOR_ANSWERS))


def _codes(frame: pd.DataFrame) -> tuple[NDArray[np.intp], int]:
    group = np.asarray(frame.groupby(_GROUP, sort=True, dropna=False).ngroup(), dtype=np.intp)
    return group, int(group.max()) + 1
