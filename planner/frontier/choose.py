"""Which plans stay on the frontier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planner.frontier.leading import leading_plans
from planner.frontier.records import Record, all_axes, axes
from solvers.pareto import nondominated
from solvers.pareto.subset import fullest_subset

Floats = NDArray[np.float64]
SENSES = ("max", "min", "max")
SAME = 1e-7  # plans closer than this share of the axis are one plan
AXES_MEASURED = 6  # the volume of more takes minutes
BEYOND = 0.05  # of an axis: how far behind the worst plan volume is measured from


def keep_best(
    records: Sequence[Record],
    most: int,
    senses: Sequence[str] = (),
    today: tuple[float, float, float] | None = None,
    asked: float = np.inf,
) -> list[Record]:
    """Feasible, mutually non-dominated, no two the same; thinned to the `most` that fill most volume.

    `senses` are those of the records' further objectives, in which a plan may be better, too; the plans that get a name
    beside `today` (cx, cost, headroom) stay. `asked`: headroom up to which volume counts, as that of the bound does.
    """
    feasible = [r for r in records if r.feasible and np.isfinite(r.objectives).all()]
    if not feasible:
        return []
    points = all_axes(feasible)
    scale = np.maximum(np.abs(points).max(axis=0), 1e-12)
    rounded = np.round(points / scale / SAME) * SAME
    front = [feasible[k] for k in np.flatnonzero(nondominated(rounded, (*SENSES, *senses)))]
    front.sort(key=lambda r: (r.objectives[1], -r.objectives[0], -r.objectives[2], r.extra))
    if len(front) <= most:
        return front
    named = [] if today is None else list(leading_plans(axes(front), today).values())
    chosen = _fullest(all_axes(front), (*SENSES, *senses), most, named, asked)
    return [front[k] for k in sorted(chosen)]


def _fullest(points: Floats, senses: Sequence[str], most: int, named: Sequence[int], asked: float) -> list[int]:
    """Places of the points that fill most volume together, those named and the best of every axis first.

    Volume is measured from the worst of the points, and a little beyond, on the first `AXES_MEASURED` axes.
    """
    sign = np.array([1.0 if sense == "max" else -1.0 for sense in senses])
    gain = points * sign
    span = np.ptp(gain, axis=0)
    corner = sign * (gain.min(axis=0) - BEYOND * np.where(span > 0, span, 1.0))
    best = [*named, *map(int, gain.argmax(axis=0))]
    few = slice(AXES_MEASURED)
    counted = points.copy()
    counted[:, 2] = np.minimum(counted[:, 2], asked)
    chosen = fullest_subset(counted[:, few], corner[few], senses[few], most, kept=best)
    return list(dict.fromkeys([*chosen, *range(len(points))]))[:most]  # others where only further axes tell them apart
