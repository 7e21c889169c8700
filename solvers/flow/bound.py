"""Bounds on every plan: for a price of CX, level by level of headroom, branching over the sizes of pools.

For a price π no plan with at least a headroom has more cx − π·cost than the largest bound over a partition of the
sizes its pools can have (spatial branch and bound; Horst and Tuy 1996). Inside a box the facets of waiting are close;
a box is cut where the point that has the best bound leaves out most waiting. A bound at one headroom holds at every
higher one, so boxes that were poor there are not looked at again until they are the best that is left.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solvers.flow.master import Level, Master, MasterPoint
from solvers.flow.queues import Box
from solvers.highs import Basis

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
    """Bound cx − price·cost at ascending headroom levels; the least cost where price is NaN.

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

    Yields
    ------
    Bounded or None
        None where no plan is possible, or no bound is known because the solver failed.
    """
    level = master.level(levels[0], least=levels[0])
    heap = [_Leaf(-np.inf, 0, level.root)]
    made = 1
    for headroom in levels:
        level.move(headroom)
        solved = 0
        while heap:
            leaf = heap[0]
            if leaf.headroom != headroom:
                heapq.heappop(heap)
                for again in _solved(level, leaf, price):
                    heapq.heappush(heap, again)
                solved += 1
                continue
            cut = _where_to_cut(leaf.box, leaf.point) if solved < most_boxes and leaf.point else None
            if cut is None:
                break
            heapq.heappop(heap)
            for half in leaf.box.split(*cut):
                heapq.heappush(heap, _Leaf(leaf.value, made, half, basis=leaf.basis))
                made += 1
        best = heap[0] if heap else None
        yield Bounded(headroom, -best.value, best.point, best.box) if best and best.point else None


@dataclass(frozen=True, order=True)
class _Leaf:
    """A box, what holds in it (`value`, minimized) and the point it was solved at; ordered by value, then by age.

    `basis` is where its last solve ended, or that of the box it was cut from: the next solve starts there.
    """

    value: float
    made: int
    box: Box = field(compare=False)
    headroom: float = field(default=np.nan, compare=False)
    point: MasterPoint | None = field(default=None, compare=False)
    basis: Basis | None = field(default=None, compare=False)


def _solved(level: Level, leaf: _Leaf, price: float) -> list[_Leaf]:
    """Solve a box at the level's headroom; nothing is left of it only where it is proven to hold no plan.

    What held at less headroom still holds, so a program the solver fails on keeps the bound it had.
    """
    level.enter(leaf.box, leaf.basis)
    point = level.cheapest() if np.isnan(price) else level.point(np.inf, price)
    if point is None:
        return [replace(leaf, headroom=level.headroom, point=None)] if level.failed else []
    value = max(leaf.value, -point.intercept_of(price))
    return [replace(leaf, value=value, headroom=level.headroom, point=point, basis=level.basis())]


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
