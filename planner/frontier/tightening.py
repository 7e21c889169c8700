"""Take the bound of plans themselves, as long as that pays: where the surface of prices and levels lies far below them.

The surface is known along prices of CX and at levels of headroom. Between prices the best plans may not be convex, and
few boxes are opened for a level; "no plan with this CX and headroom costs less than …" asks for one plan alone.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from planner.frontier.certificate import SAME, gaps_under
from planner.frontier.envelope import Envelope
from planner.frontier.evolving import Hunt
from planner.frontier.jobs import least_cost_job
from planner.frontier.records import Record, axes
from solvers.flow.network import Floats

TOGETHER = 4  # plans bounded before it is asked whether that pays
WORTH = 2.5e-4  # by which these must narrow the gap of all plans, in the mean, for the next ones to follow
A_JOB = 2


def tighten(hunt: Hunt, plans: Sequence[Record], surface: Envelope) -> Envelope:
    """Bound plans at their own CX and headroom, from the widest gap to the narrowest, as long as that narrows gaps."""
    there = axes(plans)
    there[:, 2] = np.minimum(there[:, 2], surface.levels[-1])
    asked, most = np.zeros(len(plans), dtype=bool), hunt.problems[0].scenario.frontier.bound_plans
    narrow = _narrow(surface, there)
    while not hunt.work.out_of_time:
        gap = np.where(asked, np.nan, gaps_under(surface, there))
        next_ones = np.argsort(-gap, kind="stable")[: min(TOGETHER, most - int(asked.sum()))]
        some = [int(k) for k in next_ones if gap[k] > 0]
        if not some:
            break
        surface = surface.with_corners(_corners(hunt, there[some], surface, f"corner/{int(asked.sum())}"))
        asked[some] = True
        before, narrow = narrow, _narrow(surface, there)
        if before - narrow < WORTH:
            break
    return surface


def _narrow(surface: Envelope, there: Floats) -> float:
    """Mean gap of plans that have one."""
    gap = gaps_under(surface, there)
    return float(gap[np.isfinite(gap)].mean()) if np.isfinite(gap).any() else 0.0


def _corners(hunt: Hunt, there: Floats, surface: Envelope, stage: str) -> dict[int, list[tuple[float, float, float]]]:
    """Corners (cx, cost, headroom) at points, by portfolio: of all whose bound lies below the cost there."""
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    owners: list[tuple[int, Floats]] = []
    boxes = hunt.problems[0].scenario.frontier.bound_boxes
    for p, piece in enumerate(surface.pieces):
        if piece is None:
            continue
        own = there[piece.cost_bound(there[:, 0], there[:, 2]) < there[:, 1]]
        own = own[np.lexsort((own[:, 0], own[:, 2]))]
        for k in range(0, len(own), A_JOB):
            points = own[k : k + A_JOB]
            # Whoever misses the level by a hair is bounded, too.
            asked = [(cx - SAME, headroom - SAME) for cx, _, headroom in points.tolist()]
            jobs.append((f"{stage}/{len(jobs)}", (hunt.problems[p].instance, asked, boxes)))
            owners.append((p, points))
    found: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for (p, points), data in zip(owners, hunt.work.run("own bounds", least_cost_job, jobs), strict=True):
        if data is not None:
            least = np.load(io.BytesIO(data), allow_pickle=False)
            found[p] += [
                (cx, cost, headroom)
                for (cx, _, headroom), cost in zip(points.tolist(), least.tolist(), strict=True)
                if np.isfinite(cost)
            ]
    return found
