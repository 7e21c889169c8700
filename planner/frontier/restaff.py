"""What a routing costs when it is staffed anew: the measure behind prices of promises and break-evens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.covering import Covers
from solvers.flow.evaluate import evaluate
from solvers.flow.headroom import HEADROOM_TOLERANCE
from solvers.flow.solution import Instance, Routing, cost_of_people, decision_of, floor_people
from solvers.flow.staff import route_and_staff


@dataclass(frozen=True)
class Restaffed:
    """A routing with new people: its cost and CX at planned demand, and whether every promise and guard holds."""

    cost: float
    cx: float
    kept: bool


def restaffed(instance: Instance, routing: Routing, headroom: float, covers: Covers) -> Restaffed | None:
    """Staff a routing for a headroom and price it; None where no shift covers some work.

    A headroom that was found is met to within its tolerance: the people of a plan are enough for the plan's own.
    """
    try:
        routing, people = route_and_staff(instance, routing, headroom - HEADROOM_TOLERANCE, covers)
    except NoSolution:
        return None
    decision = decision_of(instance, routing, floor_people(instance, people))
    found = evaluate(instance.network, instance.promises, decision, known_headroom=np.nan)
    return Restaffed(found.variable_cost + cost_of_people(instance, people).money, found.cx, found.kept)


def sound(instance: Instance, routing: Routing, headroom: float, covers: Covers) -> Restaffed | None:
    """The same; None also where a promise or a guard is missed: what nobody can have has no price."""
    found = restaffed(instance, routing, headroom, covers)
    return found if found is not None and found.kept else None
