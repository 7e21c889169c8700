"""Wait curves: bends for the evaluator, a convex lower hull for the master."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HULL_LINES = 4


def bends(knots: Floats, values: Floats) -> Floats:
    """Change of slope at each knot of a curve that is 0 at 0, linear between knots and flat after the last."""
    if len(knots) < 2:
        return np.zeros(len(knots))
    slopes = np.append(np.diff(values) / np.diff(knots), 0.0)
    return np.asarray(np.diff(slopes, prepend=0.0))


def mean_loss(knots: Floats, bend: Floats, mean_s: Floats) -> Floats:
    """Expected loss of an exponential wait of mean m, G(m) = Σ_k bend_k·m·e^{−κ_k/m}; shape of `mean_s`."""
    mean = np.maximum(np.asarray(mean_s, dtype=float), 1e-12)[..., None]
    return np.asarray((bend * mean * np.exp(-knots / mean)).sum(axis=-1))


def convex_hull_lines(knots: Floats, values: Floats, longest_s: float) -> Floats:
    """Lines (slope, offset) below the expected loss at a mean wait, shape (line, 2), at most `HULL_LINES`.

    A contact waits 0 or an exponential time of mean m <= patience, so (mean wait, expected loss) of any mixture of
    intervals lies above the lower convex hull of G on [0, longest_s]. The curve itself, being bounded, would have no
    useful hull. Lines are lowered by what they exceed G on a finer grid, so each is a valid bound.
    """
    bend = bends(knots, values)
    if not np.isfinite(longest_s) or not bend.any():
        return np.zeros((0, 2))
    grid = np.linspace(0.0, longest_s, 61)
    hull = _lower_hull(grid, mean_loss(knots, bend, grid))
    fine = np.linspace(0.0, longest_s, 6001)
    truth = mean_loss(knots, bend, fine)
    lines = []
    for (x0, y0), (x1, y1) in zip(hull, hull[1:], strict=False):
        slope = (y1 - y0) / (x1 - x0)
        if slope > 1e-12:
            offset = y0 - slope * x0
            lines.append((slope, offset - max(0.0, float((slope * fine + offset - truth).max()))))
    if len(lines) > HULL_LINES:
        lines = [lines[k] for k in np.linspace(0, len(lines) - 1, HULL_LINES).round().astype(int)]
    return np.array(lines, dtype=float).reshape(-1, 2)


def _lower_hull(x: Floats, y: Floats) -> list[tuple[float, float]]:
    """Vertices of the lower convex hull of points sorted by x (Andrew 1979)."""
    points: list[tuple[float, float]] = []
    for c in zip(x.tolist(), y.tolist(), strict=True):
        while len(points) > 1:
            a, b = points[-2], points[-1]
            if (b[1] - a[1]) * (c[0] - a[0]) < (c[1] - a[1]) * (b[0] - a[0]):
                break
            points.pop()
        points.append(c)
    return points
