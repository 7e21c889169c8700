"""Bounds on every plan: for a price of CX, level by level of headroom, branching over the sizes of pools.

For a price π no plan with at least a headroom has more cx − π·cost than the largest bound over a partition of the
sizes its pools can have (spatial branch and bound; Horst and Tuy 1996). Inside a box the facets of waiting are close;
a box is cut where the point that has the best bound leaves out most waiting. A bound at one headroom holds at every
higher one, so boxes that were poor there are not looked at again until they are the best that is left.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from solvers.flow.master import Level, Master, MasterPoint
from solvers.flow.queues import Box

AROUND = 1.5  # a pool's size is isolated within this factor
NARROW = 1.3  # a box is not cut further in a pool whose sizes differ by less
WORTH = 1e-3  # share of cost that waiting left out must be worth to cut on


@dataclass(frozen=True)
class Bounded:
    """The best point of a headroom and what no plan exceeds there: `value` of cx − price·cost (−cost if no price)."""

    headroom: float
    value: float
    point: MasterPoint
    box: Box


def climb(master: Master, levels: Sequence[float], price: float, most_boxes: int) -> Iterator[Bounded | None]:
    """Bound cx − price·cost at ascending headroom levels; the least cost where price is NaN; None: infeasible.

    Parameters
    ----------
    master
        The compiled master; one held program serves all levels.
    levels
        Ascending headroom.
    price
        CX for a unit of money, > 0, or NaN.
    most_boxes
        Boxes solved per level at most; the bound is valid after any number.
    """
    level = master.level(levels[0], least=levels[0])
    # (−value, tie breaker, box, headroom it was solved at, point)
    heap: list[tuple[float, int, Box, float, MasterPoint | None]] = [(-np.inf, 0, level.root, np.nan, None)]
    made = 1
    for headroom in levels:
        level.move(headroom)
        solved = 0
        while heap:
            value, tie, box, stood, point = heap[0]
            if point is None or stood != headroom:
                heapq.heappop(heap)
                again = _solve(level, box, price)
                solved += 1
                if again is not None:
                    # A bound that held at less headroom still holds.
                    heapq.heappush(heap, (max(value, -again.intercept_of(price)), tie, box, headroom, again))
                continue
            cut = _where_to_cut(box, point) if solved < most_boxes else None
            if cut is None:
                break
            heapq.heappop(heap)
            for half in box.split(*cut):
                heapq.heappush(heap, (value, made, half, np.nan, None))
                made += 1
        if not heap:
            yield None
            continue
        value, _, box, _, point = heap[0]
        assert point is not None
        yield Bounded(headroom, -value, point, box)


def _solve(level: Level, box: Box, price: float) -> MasterPoint | None:
    level.enter(box)
    return level.cheapest() if np.isnan(price) else level.point(np.inf, price)


def _where_to_cut(box: Box, point: MasterPoint) -> tuple[int, float] | None:
    """Pool and size to cut at: where waiting left out costs most, isolating the point's size; None if not worth it."""
    lost = point.unseen_wait_h * point.wait_price
    if lost.sum() <= WORTH * abs(point.cost):
        return None
    for pool in np.argsort(-lost, kind="stable"):
        if lost[pool] <= 0.1 * WORTH * abs(point.cost):
            return None
        low, high, here = float(box.lower[pool]), float(box.upper[pool]), float(point.sizes[pool])
        if high <= NARROW * low:
            continue
        below, above = here / AROUND, here * AROUND
        if below > low * NARROW:
            return int(pool), below
        if above < high / NARROW:
            return int(pool), above
        middle = float(np.sqrt(max(low, 1e-3 * high) * high))
        return int(pool), middle
    return None
