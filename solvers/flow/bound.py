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

from solvers.flow.master import Level, Master
from solvers.flow.master_point import MasterPoint
from solvers.flow.queues import Box
from solvers.highs import Basis

FIRST = 5  # times as many boxes are cut at the lowest headroom: customers wait most there, and all levels use them
AROUND = 1.5  # a pool's size is isolated within this factor
NARROW = 1.3  # a box is not cut further in a pool whose sizes differ by less
SETTLED = 2e-5  # share of cost by which rows cut in must move a bound for more of them
WORTH = 1e-3  # share of cost that waiting left out must be worth to cut on


@dataclass(frozen=True)
class Bounded:
    """The best point of a headroom and what no plan exceeds there: `value` of cx − price·cost (−cost if no price).

    `chord`: what no plan exceeds whose headroom lies between the last one and this; None at the first headroom.
    """

    headroom: float
    value: float
    point: MasterPoint
    box: Box
    chord: Chord | None = None


@dataclass(frozen=True)
class Chord:
    """A bound that is linear in headroom, between two of them: (headroom, value) at its ends.

    Let F be the points of the master whose waits keep the facets at the staff of the higher headroom (more agents wait
    less) and whose limits are the looser of both ends: F holds the scaled columns of every plan between the two, for
    whatever its headroom. Over F, cx − price·((1 + h)·staff + other cost) is linear in h at every point, so its largest
    value is convex in h and lies below the chord between what it is at the ends.
    """

    low: tuple[float, float]
    high: tuple[float, float]

    def at(self, headroom: float) -> float:
        """What no plan of this headroom exceeds."""
        part = (headroom - self.low[0]) / (self.high[0] - self.low[0])
        return self.low[1] + part * (self.high[1] - self.low[1])


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
        Boxes solved per level at most, at the first one `FIRST` times as many besides the whole; the bound is valid
        after any number.

    Yields
    ------
    Bounded or None
        None where no plan is possible, or no bound is known because the solver failed.
    """
    level = master.level(levels[0], least=levels[0])
    level.settled = SETTLED
    tree = _Tree.of(level)
    for low, headroom in zip([levels[0], *levels], levels, strict=False):
        level.move(headroom)
        most = 1 + (most_boxes - 1) * (FIRST if headroom == levels[0] else 1)
        gone = tree.settle(price, most)
        best = tree.heap[0] if tree.heap else None
        if best is None or best.point is None:
            yield None
            continue
        chord = _chord(level, tree.heap, price, low, gone) if low < headroom else None
        yield Bounded(headroom, -best.value, best.point, best.box, chord)


def least_costs(master: Master, asked: Sequence[tuple[float, float]], most_boxes: int) -> list[float]:
    """Bound the cost of every plan with at least a CX and a headroom (ε-constraint; Haimes, Lasdon and Wismer 1971).

    Where the best plans are not convex (either pool alone is cheaper than half of each) no price finds the points
    between, and the bounds of all prices together are the chord over them; this bound goes below it.

    Parameters
    ----------
    master
        The compiled master; one held program serves all points.
    asked
        CX (points) and headroom.
    most_boxes
        Boxes solved per point at most, as many as `climb` at its first level.

    Returns
    -------
    list of float
        Money per point; inf: proven that no plan is there, −inf: no bound is known because the solver failed.
    """
    found: list[float] = []
    least = min((headroom for _, headroom in asked), default=0.0)
    level = master.level(least, least=least)
    level.settled = SETTLED
    for cx, headroom in asked:
        level.move(headroom)
        level.serve(cx)
        tree = _Tree.of(level)
        tree.settle(np.nan, 1 + (most_boxes - 1) * FIRST)
        found.append(tree.heap[0].value if tree.heap else np.inf)
    return found


@dataclass(frozen=True, order=True)
class _Leaf:
    """A box, what holds in it (`value`, minimized) and the point it was solved at; ordered by value, then by age.

    `value` holds at every headroom from `since` on, `before` at those before it, too; `headroom` is where the box
    itself was solved last (NaN: only those it was cut from). `basis` is where the last solve ended, its own or that of
    the box it was cut from: the next one starts there.
    """

    value: float
    made: int
    box: Box = field(compare=False)
    before: float = field(default=-np.inf, compare=False)
    since: float = field(default=-np.inf, compare=False)
    headroom: float = field(default=np.nan, compare=False)
    point: MasterPoint | None = field(default=None, compare=False)
    basis: Basis | None = field(default=None, compare=False)

    def held(self, headroom: float) -> float:
        """Return what holds at every headroom from the one before this on."""
        return self.value if self.since < headroom else self.before


@dataclass
class _Tree:
    """A partition of the sizes pools can have, the box that bounds least first; `made` counts the boxes."""

    level: Level
    heap: list[_Leaf]
    made: int = 1

    @staticmethod
    def of(level: Level) -> _Tree:
        """Return the tree that is not cut yet."""
        return _Tree(level, [_Leaf(-np.inf, 0, level.root)])

    def settle(self, price: float, most: int) -> float:
        """Solve boxes at the level's headroom until the first one is, cutting it as long as fewer than `most` were.

        Returns what holds, below this headroom, in boxes without a plan from it on.
        """
        heap, headroom = self.heap, self.level.headroom
        solved, gone = 0, -np.inf
        while heap:
            leaf = heap[0]
            if leaf.headroom != headroom:
                heapq.heappop(heap)
                again = _solved(self.level, leaf, price)
                if again is None:
                    gone = max(gone, -leaf.held(headroom))
                else:
                    heapq.heappush(heap, again)
                solved += 1
                continue
            cut = _where_to_cut(leaf.box, leaf.point) if solved < most and leaf.point else None
            if cut is None:
                break
            heapq.heappop(heap)
            for half in leaf.box.split(*cut):
                heapq.heappush(heap, replace(leaf, made=self.made, box=half, headroom=np.nan, point=None))
                self.made += 1
        return gone


def _solved(level: Level, leaf: _Leaf, price: float) -> _Leaf | None:
    """Solve a box at the level's headroom; None only where it is proven to hold no plan.

    What held at less headroom still holds, so a program the solver fails on keeps the bound it had.
    """
    level.enter(leaf.box, leaf.basis)
    here = level.headroom
    before, point = leaf.held(here), _point(level, price)
    if point is None:
        return replace(leaf, headroom=here, point=None) if level.failed else None
    value = max(leaf.value, -point.intercept_of(price))
    return replace(leaf, value=value, before=before, since=here, headroom=here, point=point, basis=point.basis)


def _point(level: Level, price: float) -> MasterPoint | None:
    return level.cheapest() if np.isnan(price) else level.point(np.inf, price)


def _chord(level: Level, leaves: Sequence[_Leaf], price: float, low: float, gone: float) -> Chord:
    """Bound all plans between a headroom and the level's, to which the leaves that count have just been solved.

    In a box either the chord of its two ends holds or what held before, at all headroom; whole of either, for a line
    between ends of both may lie below what is true. `gone` is what held in boxes that have no plan any more at the
    level's headroom. The level is left between the two.
    """
    high = level.headroom
    fresh = [leaf for leaf in leaves if leaf.headroom == high and leaf.point is not None]
    ends: list[list[float]] = [[] for _ in fresh]
    for leaf, own in zip(fresh, ends, strict=True):
        level.move(high, (low, high))
        level.enter(leaf.box, leaf.basis)
        for headroom in (high, low):
            level.move(headroom, (low, high))
            point = _point(level, price)
            own += [] if point is None else [point.intercept_of(price)]
    chords = {leaf.made: own for leaf, own in zip(fresh, ends, strict=True) if len(own) == 2 and own[0] < -leaf.before}
    held = max([gone, *(-leaf.held(high) for leaf in leaves if leaf.made not in chords)])
    last, first = np.array([*chords.values(), [held, held]]).max(axis=0)
    return Chord((low, float(first)), (high, float(last)))


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
