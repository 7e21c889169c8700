"""Sweep one headroom level of the master along cost, and turn every point into a whole plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.decode import priorities, routing_of
from solvers.flow.master import Level, Master, MasterPoint
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.staff import day_covers, staff
from solvers.shifts.cover import DayCover


@dataclass(frozen=True)
class SweepSettings:
    """`cost_points` per level, `step` of offers (None: any), `classes` of priority, `fallback` shares (split,)."""

    cost_points: int
    step: float | None
    classes: int
    fallback: Floats


@dataclass(frozen=True)
class Plane:
    """A bound on every plan with at least this headroom: cx <= intercept + slope·cost, and cost >= cheapest."""

    headroom: float
    slope: float
    intercept: float


@dataclass(frozen=True)
class SweepResult:
    """Plans and bounds of one level; `cheapest` is the least cost of any plan there (NaN: the level is infeasible)."""

    headroom: float
    cheapest: float
    solutions: tuple[Solution, ...]
    planes: tuple[Plane, ...]
    points: tuple[tuple[float, float], ...]


def sweep_points(level: Level, cost_points: int) -> tuple[float, list[MasterPoint]]:
    """Solve the ends of the level, then CX within evenly spaced costs; augmented ε-constraint (Mavrotas 2009)."""
    low = level.cheapest()
    if low is None:
        return np.nan, []
    high = level.point(np.inf, tie=1e-9)
    if high is None:
        return low.cost, []
    span = max(high.cost - low.cost, 1e-6 * max(low.cost, 1.0))
    tie = 1e-4 * max(high.cx - low.cx, 1e-6) / span
    points = []
    for ceiling in np.linspace(high.cost, low.cost, cost_points):
        point = level.point(float(ceiling) + 1e-9 * abs(float(ceiling)), tie)
        if point is not None:
            points.append(point)
    return low.intercept, points


def staffed_solution(
    instance: Instance, routing: Routing, target: float, covers: dict[int, DayCover], classes: int, origin: str
) -> Solution | None:
    """Staff and judge a routing, without and (where classes allow) with priority classes; keep the better CX."""
    try:
        people = staff(instance, routing, target, covers)
    except NoSolution:
        return None
    best = judge(instance, routing, people, origin)
    if classes > 1:
        ranked = replace(routing, priority=priorities(instance.network, routing, classes))
        if ranked.priority.any():
            other = judge(instance, ranked, people, origin)
            if other.feasible >= best.feasible and other.evaluation.cx > best.evaluation.cx + 1e-9:
                best = other
    return best


def sweep_level(instance: Instance, headroom: float, settings: SweepSettings) -> SweepResult:
    """Sweep one headroom level: master points, planes, and plans that keep the level's headroom after rounding."""
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    cheapest, points = sweep_points(master.level(headroom), settings.cost_points)
    covers = day_covers(instance)
    solutions = []
    for point in points:
        routing = routing_of(instance.network, point, settings.fallback, settings.step)
        solution = staffed_solution(instance, routing, headroom, covers, settings.classes, "master")
        if solution is not None:
            solutions.append(solution)
    planes = tuple(Plane(headroom, p.slope, p.intercept) for p in points)
    return SweepResult(headroom, cheapest, tuple(solutions), planes, tuple((p.cx, p.cost) for p in points))
