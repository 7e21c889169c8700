"""Sweep one headroom level of the master along cost, and turn every point into a whole plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.decode import priorities, routing_of
from solvers.flow.master import Level, Master, MasterPoint
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.staff import Covers, day_covers, staff

PROBE = 3  # every third point tells what rounding takes
ROOM_ROUNDS = 3
ROOM = 1.03  # a little more than rounding took last time
MOST_RATIO = 1.8  # beyond it a pool is so small that no payroll leaves room to round
FLAT = 1e-2  # CX dearer than this many times the mean price of the level is not worth a plan


@dataclass(frozen=True)
class SweepSettings:
    """`cost_points` per level, `step` of offers (None: any), `classes` of priority, `fallback` shares (split,)."""

    cost_points: int
    step: float | None
    classes: int
    fallback: Floats


@dataclass(frozen=True)
class Plane:
    """A bound on every plan with at least this headroom, cx <= intercept + slope·cost, tight at (cost, cx)."""

    headroom: float
    slope: float
    intercept: float
    cost: float
    cx: float


@dataclass(frozen=True)
class SweepResult:
    """Plans and bounds of one level; `cheapest` is the least cost of any plan there (NaN: the level is infeasible)."""

    headroom: float
    cheapest: float
    solutions: tuple[Solution, ...]
    planes: tuple[Plane, ...]


def sweep_points(level: Level, cost_points: int) -> tuple[float, list[MasterPoint]]:
    """Solve the ends of the level, then CX within evenly spaced costs; augmented ε-constraint (Mavrotas 2009)."""
    low = level.cheapest()
    if low is None:
        return np.nan, []
    # A first guess of the price of CX; the second end uses the level's own mean price.
    top = level.point(np.inf, tie=1e-3 / max(low.cost, 1e-9))
    if top is None:
        return low.intercept, []
    tie = FLAT * max(top.cx - low.cx, 1e-6) / max(top.cost - low.cost, 1e-6 * max(low.cost, 1e-9))
    high = level.point(np.inf, tie) or top
    points = [high]
    for ceiling in np.linspace(high.cost, low.cost, cost_points)[1:]:
        point = level.point(float(ceiling) + 1e-9 * abs(float(ceiling)), tie)
        if point is not None:
            points.append(point)
    return low.intercept, points


def staffed_solution(
    instance: Instance, routing: Routing, target: float, covers: Covers, classes: int, origin: str
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
            safe = other.evaluation.headroom >= min(target, best.evaluation.headroom)
            if other.feasible >= best.feasible and safe and other.evaluation.cx > best.evaluation.cx + 1e-9:
                best = other
    return best


def sweep_level(instance: Instance, headroom: float, settings: SweepSettings) -> SweepResult:
    """Sweep one headroom level: planes from the true master, and plans that keep the level's headroom after rounding.

    Whole people on whole shifts need more heads than the master counts. Where that makes most plans ask for more
    hires than allowed, plans are made again from a payroll smaller by the ratio found.
    """
    cheapest, points = sweep_points(_master(instance).level(headroom), settings.cost_points)
    planes = planes_of(points)
    probes, rest = points[::PROBE], [p for k, p in enumerate(points) if k % PROBE]
    plans = _plans(instance, probes, headroom, settings)
    closer = instance
    for _ in range(ROOM_ROUNDS):
        roomier = _with_room(instance, closer, probes, plans[-len(probes) :] if probes else [])
        if roomier is closer:
            break
        probes = sweep_points(_master(roomier).level(headroom), PROBE)[1]
        if not probes:
            break
        closer = roomier
        plans += _plans(instance, probes, headroom, settings)
    if closer is not instance:
        rest = sweep_points(_master(closer).level(headroom), settings.cost_points)[1]
    plans += _plans(instance, rest, headroom, settings)
    return SweepResult(headroom, cheapest, tuple(plan for plan in plans if plan is not None), planes)


def planes_of(points: list[MasterPoint]) -> tuple[Plane, ...]:
    """Bounding planes of master points."""
    return tuple(Plane(p.headroom, p.slope, p.intercept, p.cost, p.cx) for p in points)


def _master(instance: Instance) -> Master:
    return Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))


def _plans(
    instance: Instance, points: list[MasterPoint], headroom: float, settings: SweepSettings
) -> list[Solution | None]:
    covers = day_covers(instance)
    return [
        staffed_solution(
            instance,
            routing_of(instance.network, point, settings.fallback, settings.step),
            headroom,
            covers,
            settings.classes,
            "master",
        )
        for point in points
    ]


def _with_room(
    instance: Instance, tried: Instance, points: list[MasterPoint], plans: list[Solution | None]
) -> Instance:
    """Shrink payroll, seats and budget by what rounding took in plans; the object tried where most plans are feasible.

    `tried` is the (smaller) instance the points come from. Heads shrink by the largest ratio of heads needed to heads
    the master counted, seats by the largest excess.
    """
    pairs = [(point, plan) for point, plan in zip(points, plans, strict=True) if plan is not None]
    if not pairs or sum(plan.feasible for _, plan in pairs) > len(pairs) / 2:
        return tried
    payroll, limits = instance.payroll, instance.limits
    heads, hires = tried.payroll.heads.copy(), tried.payroll.hires_max.copy()
    for g in np.flatnonzero(payroll.rostered):
        most = payroll.heads[g] + payroll.hires_max[g]
        ratio = 1.0
        for point, plan in pairs:
            needed = float(plan.people_cost.heads_needed[g])
            if needed > most + 1e-9 and point.heads[g] > 1.0:
                again = 1.05 * most / max(heads[g] + hires[g], 1e-9)
                ratio = max(ratio, again if heads[g] < payroll.heads[g] else 1.0, ROOM * needed / point.heads[g])
        if ratio > 1.0:
            heads[g], hires[g] = (
                payroll.heads[g] / min(ratio, MOST_RATIO),
                payroll.hires_max[g] / min(ratio, MOST_RATIO),
            )
    seats = tried.limits.seat_max.copy()
    for k, members in enumerate(limits.seat_pools):
        peak = max(float(plan.staffing.scheduled[members].sum(axis=0).max()) for _, plan in pairs)
        if peak > limits.seat_max[k]:
            seats[k] *= limits.seat_max[k] / peak
    return replace(
        instance,
        payroll=replace(payroll, heads=heads, hires_max=hires),
        limits=replace(limits, seat_max=seats, budget=limits.budget / ROOM),
    )
