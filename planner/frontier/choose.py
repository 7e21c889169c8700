"""Which plans stay on the frontier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planner.frontier.records import Record, all_axes
from solvers.pareto import nondominated

Floats = NDArray[np.float64]
SENSES = ("max", "min", "max")
SAME = 1e-7  # plans closer than this share of the axis are one plan


def keep_best(records: Sequence[Record], most: int, senses: Sequence[str] = ()) -> list[Record]:
    """Feasible, mutually non-dominated, no two the same; thinned to `most`, ends first, then the farthest from all.

    `senses` are those of the records' further objectives, in which a plan may be better, too.
    """
    feasible = [r for r in records if r.feasible and np.isfinite(r.objectives).all()]
    if not feasible:
        return []
    points = all_axes(feasible)
    scale = np.maximum(np.abs(points).max(axis=0), 1e-12)
    rounded = np.round(points / scale / SAME) * SAME
    front = [feasible[k] for k in np.flatnonzero(nondominated(rounded, (*SENSES, *senses)))]
    front.sort(key=lambda r: (r.objectives[1], -r.objectives[0], -r.objectives[2]))
    if len(front) <= most:
        return front
    chosen = _spread(all_axes(front), most)
    return [front[k] for k in sorted(chosen)]


def _spread(points: Floats, most: int) -> list[int]:
    """Indices of points far apart: the ends of every axis, then the farthest from those chosen (Gonzalez 1985)."""
    span = np.ptp(points, axis=0)
    unit = (points - points.min(axis=0)) / np.where(span > 0, span, 1.0)
    chosen = list(dict.fromkeys([*map(int, unit.argmax(axis=0)), *map(int, unit.argmin(axis=0))]))[:most]
    distance = np.min([np.square(unit - unit[k]).sum(axis=1) for k in chosen], axis=0)
    while len(chosen) < most:
        following = int(distance.argmax())
        chosen.append(following)
        distance = np.minimum(distance, np.square(unit - unit[following]).sum(axis=1))
    return chosen
