"""Which plans stay on the frontier, and which of them get a name."""

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


def leading_plans(points: Floats, today: tuple[float, float, float]) -> dict[str, int]:
    """Names -> index of the plan that leads by their rule, shape of `points` (plan, 3): cx, cost, headroom.

    One plan may lead by several rules. cheapest: least cost with CX and headroom no worse than Today's (headroom
    counts from 0: a plan that keeps its promises is not asked for more than Today has above that). best_cx: most CX
    within Today's cost, if that is no worse than Today's. resilient: most headroom within Today's cost and CX, else
    within its cost. balanced: least distance to the ideal point, each axis scaled by the frontier's own range, among
    plans no worse than Today in CX (Zeleny 1973).
    """
    cx, cost, headroom = points.T
    no_worse = cx >= today[0] - 1e-9
    safe = no_worse & (headroom >= min(today[2], float(headroom.max())) - 1e-9)
    within = cost <= today[1] * (1 + 1e-12)
    span = np.where(np.ptp(points, axis=0) > 0, np.ptp(points, axis=0), 1.0)
    ideal = np.array([cx.max(), cost.min(), headroom.max()])
    distance = np.square((points - ideal) / span).sum(axis=1)
    rules = {
        "cheapest": (safe if safe.any() else no_worse, -cost),
        "best_cx": (within & no_worse, cx),
        "resilient": ((within & no_worse) if (within & no_worse).any() else within, headroom),
        "balanced": (no_worse if no_worse.any() else np.ones(len(points), dtype=bool), -distance),
    }
    return {
        name: int(np.flatnonzero(allowed)[np.argmax(value[allowed])])
        for name, (allowed, value) in rules.items()
        if allowed.any()
    }


def name_plans(points: Floats, today: tuple[float, float, float]) -> dict[str, int]:
    """Names -> index of plan, as `leading_plans`; a plan that leads by several rules has the first name alone."""
    names: dict[str, int] = {}
    for name, plan in leading_plans(points, today).items():
        if plan not in names.values():
            names[name] = plan
    return names
