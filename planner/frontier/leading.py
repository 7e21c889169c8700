"""Which plans of a frontier get a name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def leading_plans(points: Floats, today: tuple[float, float, float]) -> dict[str, int]:
    """Names -> index of the plan that leads by their rule, shape of `points` (plan, 3): cx, cost, headroom.

    One plan may lead by several rules, and a rule that no plan meets names none. cheapest: least cost with CX and
    headroom no worse than Today's. best_cx: most CX within Today's cost, if that is no worse than Today's. resilient:
    most headroom, no less than Today's, within Today's cost and CX, else within its cost. balanced: least distance to
    the ideal point, each axis scaled by the frontier's own range, among plans no worse than Today in CX (Zeleny 1973).
    """
    cx, cost, headroom = points.T
    no_worse = cx >= today[0] - 1e-9
    safe = headroom >= today[2] - 1e-9
    within = cost <= today[1] * (1 + 1e-12)
    resilient = safe & within & no_worse
    span = np.where(np.ptp(points, axis=0) > 0, np.ptp(points, axis=0), 1.0)
    ideal = np.array([cx.max(), cost.min(), headroom.max()])
    distance = np.square((points - ideal) / span).sum(axis=1)
    rules = {
        "cheapest": (safe & no_worse, -cost),
        "best_cx": (within & no_worse, cx),
        "resilient": (resilient if resilient.any() else safe & within, headroom),
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
