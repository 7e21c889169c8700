"""Send home whom nothing needs: where shifts are few, every person is tried.

Staffing rounds the need of every interval up and repairs what is short, pool by pool; what one pool's people spare
another is not seen, and a load that more people bring (nobody gives up) is covered though fewer would not have it.
Among many people this is a small part of one; in a center of ten it is a tenth.
"""

from __future__ import annotations

import numpy as np

from solvers.flow.evaluate import below_floor
from solvers.flow.headroom import keeps
from solvers.flow.network import Ints
from solvers.flow.solution import Instance, Routing, Solution, decision_of, judge

MOST_SHIFTS = 24  # shifts with people, of all live pools and days, up to which every one is tried

People = tuple[Ints | None, ...]


def without_spare(instance: Instance, routing: Routing, people: People, growth: float) -> People:
    """Leave out people of live pools, the dearest shifts first, as long as all that holds goes on holding.

    What must hold: caps, deadlines and promises at demand grown by `growth`, guards, and least staffing (seats, hires
    and budget are only ever helped). Shifts that cost nothing stay as they are, as do those of pools whose shifts are
    kept, and all where something is missed already.
    """
    shifts = _shifts(instance, people)
    if not 0 < len(shifts) <= MOST_SHIFTS:
        return people
    if not _enough(instance, judge(instance, routing, people, "spare", growth), growth):
        return people
    for g, day, shift in shifts:
        while people[g][day, shift] > 0:  # type: ignore[index]
            fewer = _without(people, g, day, shift)
            if not _enough(instance, judge(instance, routing, fewer, "spare", growth), growth):
                break
            people = fewer
    return people


def misses_floors(instance: Instance, routing: Routing, people: People) -> bool:
    """Tell whether the experience of a segment is below its floor at planned demand."""
    if not np.isfinite(instance.network.segment_min).any():
        return False
    found = judge(instance, routing, people, "floors", np.nan).evaluation.cx_segment
    return bool(below_floor(instance.network, found).any())


def _shifts(instance: Instance, people: People) -> list[tuple[int, int, int]]:
    """(pool, day, shift) with people who may go, the dearest first."""
    pools, kept = instance.network.pools, () if instance.pins is None else instance.pins.pools
    found = []
    for g, (catalogue, counts) in enumerate(zip(instance.catalogues, people, strict=True)):
        if catalogue is not None and counts is not None and pools.waits[g] and g not in kept:
            money = pools.wage_per_h[g] * catalogue.paid_h
            paid = zip(*np.nonzero(counts * (money > 0)), strict=True)
            found += [(-float(money[s]), g, int(d), int(s)) for d, s in paid]
    return [(g, day, shift) for _, g, day, shift in sorted(found)]


def _without(people: People, g: int, day: int, shift: int) -> People:
    counts = np.array(people[g])
    counts[day, shift] -= 1
    return (*people[:g], counts, *people[g + 1 :])


def _enough(instance: Instance, plan: Solution, growth: float) -> bool:
    decision = decision_of(instance, plan.routing, plan.staffing.scheduled)
    if not plan.evaluation.kept or (plan.staffing.scheduled < instance.network.people_min - 1e-9).any():
        return False
    return keeps(instance.network, instance.promises, decision, growth, plan.evaluation.state)
