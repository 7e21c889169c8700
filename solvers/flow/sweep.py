"""From points of the master to whole plans: sweep a headroom level, or aim at given points of the outer surface."""

from __future__ import annotations

import functools
import gc
import hashlib
import itertools
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solvers.errors import NoSolution
from solvers.flow.covering import Covers, day_covers
from solvers.flow.decode import priorities, routing_of
from solvers.flow.headroom import keeps
from solvers.flow.master import Level, Master
from solvers.flow.master_point import MasterPoint, Room
from solvers.flow.network import Floats
from solvers.flow.pins import with_kept
from solvers.flow.solution import Instance, Routing, Solution, decision_of, judge
from solvers.flow.staff import route_and_staff
from solvers.highs import MANY_ROWS

ROOM_ROUNDS = 3
ROOM = 1.01  # a little more than rounding took
LEAST_ROOM = 0.55  # a pool that loses more to rounding is so small that no room helps
FLAT = 1e-2  # CX dearer than this many times the mean price of the level is not worth a plan
IDLE = 0.5  # people whom rounding leaves idle in every interval of a pool
CHARGES = 3  # rounds in which what a pool costs by being there is spread anew over its work
STAYS = 1e-3  # change of such a charge that is none
OPEN_H = 1.0  # hours of work; a pool with less is closed
SLACK = 1e-6  # share of cost a ceiling is raised by, so that the cheapest plan itself lies below it
MORE_SLACK = 1e-4  # where rows are still cut in
ROUNDED = 1e-4  # share of cost by which rows cut in must move what is rounded to whole people anyway


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
class Target:
    """A point worth a plan: the best CX within a cost at a headroom; `tie` is the CX given up for a unit of money."""

    headroom: float
    cost: float
    tie: float


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
    for ceiling in np.linspace(high.cost, low.cost, cost_points)[1:-1]:
        point = level.point(float(ceiling) * (1 + SLACK), tie)
        if point is not None:
            points.append(point)
    if cost_points > 1:
        # Rows cut in since have raised the least cost.
        level.back_to(low.basis)
        low = level.cheapest() or low
        points += _at_least_cost(level, low, tie)
    return low.intercept, points


def _at_least_cost(level: Level, low: MasterPoint, tie: float) -> list[MasterPoint]:
    """Solve for the best CX at the least cost, or a hair above where rows still come; none if that fails."""
    # On a large level it would take long to prove that there is no such plan.
    for slack in (MORE_SLACK,) if level.rows >= MANY_ROWS else (0.0, MORE_SLACK):
        point = level.point(low.cost * (1 + slack) * (1 + SLACK), tie)
        if point is not None:
            return [point]
    return []


def planes_of(points: list[MasterPoint]) -> tuple[Plane, ...]:
    """Bounding planes of master points."""
    return tuple(Plane(p.headroom, p.slope, p.intercept, p.cost, p.cx) for p in points)


def staffed_solution(
    instance: Instance, routing: Routing, target: float, covers: Covers, classes: int, origin: str
) -> Solution | None:
    """Staff and judge a routing, without and (where classes allow) with priority classes; keep the better CX."""
    try:
        routing, people = route_and_staff(instance, routing, target, covers)
    except NoSolution:
        return None
    best = judge(instance, routing, people, origin)
    if classes > 1:
        ranked = replace(routing, priority=priorities(instance.network, routing, classes))
        ranked = with_kept(instance.pins, instance.network, ranked)
        if ranked.priority.any() and _still_keeps(instance, best, ranked, min(target, best.evaluation.headroom)):
            other = judge(instance, ranked, people, origin)
            if other.feasible >= best.feasible and other.cx > best.cx + 1e-9:
                best = other
    return best


def _still_keeps(instance: Instance, plan: Solution, routing: Routing, growth: float) -> bool:
    """Tell if a plan with another routing keeps caps and promises at a growth: sooner told than its whole headroom."""
    decision = decision_of(instance, replace(routing, overflow=plan.routing.overflow), plan.staffing.scheduled)
    return keeps(instance.network, instance.promises, decision, growth, plan.evaluation.state)


def sweep_level(instance: Instance, headroom: float, settings: SweepSettings) -> SweepResult:
    """Sweep one headroom level: planes from the true master, and a plan near each of its points."""
    level = master_of(instance).level(headroom)
    cheapest, points = sweep_points(level, settings.cost_points)
    tie = min((p.slope for p in points if p.slope > 0), default=1e-9)
    level.settled, level.proof = ROUNDED, False
    crew = Crew(instance, settings, level)
    plans = [plan for point in points for plan in crew.plans(headroom, point.cost, tie, point)]
    return SweepResult(headroom, cheapest, tuple(plans), planes_of(points))


def plans_at(instance: Instance, targets: Sequence[Target], settings: SweepSettings) -> list[Solution]:
    """Make a whole plan near each target, in order, and one with fewer pools where these cost more than they bring."""
    if not targets:
        return []
    level = master_of(instance).level(targets[0].headroom, least=min(t.headroom for t in targets))
    level.settled, level.proof = ROUNDED, False
    crew = Crew(instance, settings, level)
    plans = []
    first: MasterPoint | None = None
    for headroom, own in itertools.groupby(targets, lambda target: target.headroom):
        level.move(headroom)
        crew.last, first = first or crew.last, None
        for target in own:
            made = crew.plans(target.headroom, target.cost, target.tie, None)
            if made:
                first = first or crew.last
                plans += made + crew.with_fewer_pools(target)
    return plans


def standing_money(instance: Instance, pools: Sequence[int]) -> Floats:
    """Money that each of some pools costs by being there: people idle because whole ones are needed, (pool,).

    The master sees neither them nor what customers wait for in small pools.
    """
    network = instance.network
    money = np.zeros(len(pools))
    for k, g in enumerate(pools):
        catalogue = instance.catalogues[g]
        if catalogue is not None:
            paid_h = float((catalogue.paid_h / catalogue.cover.sum(axis=1)).min())
            open_ = int((~network.closed[g]).sum())
            money[k] = IDLE * open_ * paid_h * float(network.pools.wage_per_h[g])
    return money


class Crew:
    """Turns points of one held program into whole plans, and remembers how much room rounding needs.

    Whole people on whole shifts need more heads, seats and money than the master counts. Where a plan breaks such a
    limit, its point is solved again with that much room left; later points start with the room that was needed. Solves
    start from the last plain point, but on a large level from where the last one ended: a factorization made for the
    basis of another headroom and then updated was once restarted for minutes.
    """

    def __init__(self, instance: Instance, settings: SweepSettings, level: Level) -> None:
        self.instance, self.settings, self.level = instance, settings, level
        self.covers = day_covers(instance)
        self.room = Room(np.ones(len(instance.network.pools.queue)), np.ones(len(instance.limits.seat_max)))
        self.standing = standing_money(instance, level.queued_pools)
        self.last: MasterPoint | None = None  # of which plans were made; the next is solved from where it stood

    def plans(self, headroom: float, cost: float, tie: float, point: MasterPoint | None) -> list[Solution]:
        """Plans of the best CX within a cost, the last one the best fit; `point` is the master's answer if known."""
        return self.fitted(headroom, lambda: self.level.point(cost * (1 + SLACK), tie), point)

    def fitted(
        self, headroom: float, solve: Callable[[], MasterPoint | None], point: MasterPoint | None = None
    ) -> list[Solution]:
        """Plans of what the level's master answers to `solve`, with more room for rounding until one keeps limits."""
        instance, settings = self.instance, self.settings
        found: list[Solution] = []
        before: Routing | None = None
        for _ in range(ROOM_ROUNDS):
            if point is None:
                self.level.leave(self.room)
                if self.last is not None and self.level.rows < MANY_ROWS:
                    self.level.back_to(self.last.basis)
                point = solve()
            if point is None:
                break
            self.last = point
            routing = routing_of(instance.network, point, settings.fallback, settings.step)
            if before is None or not routing.same_as(before):
                plan = staffed_solution(instance, routing, headroom, self.covers, settings.classes, "master")
                if plan is None:
                    break
                found.append(plan)
            before = routing
            closer = _closer(instance, self.room, point, found[-1])
            if closer is None:
                break
            self.room, point = closer, None
        return found

    def with_fewer_pools(self, target: Target) -> list[Solution]:
        """Plans for the same money in which pools pay for being there, unless they have the pools of the last ones.

        A fixed charge becomes one per hour of work at the last point's sizes, so that small pools look as dear as they
        are (dynamic slope scaling; Kim and Pardalos 1999).
        """
        last = self.last
        if last is None or (last.sizes > OPEN_H).sum() < 2:
            return []
        before = last.sizes > OPEN_H
        cost = target.cost + float(self.standing[before].sum())
        slope, sizes = np.zeros(len(before)), last.sizes
        point: MasterPoint | None = None
        for _ in range(CHARGES):
            dearer = np.where(sizes > OPEN_H, self.standing / np.maximum(sizes, OPEN_H), slope)
            if point is not None and np.allclose(dearer, slope, rtol=STAYS):
                break
            slope = dearer
            self.level.charge(slope)
            # What the last point is charged at first, the ceiling is raised by.
            point = self.level.point(cost * (1 + SLACK), target.tie, inside=point is None)
            if point is None:
                break
            sizes = point.sizes
        same = point is None or bool(((sizes > OPEN_H) == before).all())
        plans = [] if same else self.plans(target.headroom, cost, target.tie, point)
        self.level.charge(np.zeros(len(before)))
        self.last = last
        return plans


@dataclass(frozen=True)
class _Compiled:
    """An instance by what it holds: the jobs of a run bring equal copies of it."""

    digest: bytes
    instance: Instance = field(compare=False)


def master_of(instance: Instance) -> Master:
    """Compile the master of an instance; the last ones are kept."""
    return _master_of(_Compiled(hashlib.blake2b(pickle.dumps(instance)).digest(), instance))


@functools.lru_cache(maxsize=2)
def _master_of(known: _Compiled) -> Master:
    instance = known.instance
    master = Master(
        instance.network, instance.limits, instance.payroll, list(instance.catalogues), instance.pins, instance.doubt
    )
    if master.size[0] >= MANY_ROWS:
        gc.collect()  # a declared model is full of cycles: 40 MB that would stay for long
    return master


def _closer(instance: Instance, room: Room, point: MasterPoint, plan: Solution) -> Room | None:
    """Leave more room where the plan breaks a limit of heads, seats or money that the master kept; None: it does not.

    Heads shrink by the ratio of heads needed to heads the master counted, seats and budget by their excess.
    """
    if plan.feasible:
        return None
    payroll, limits = instance.payroll, instance.limits
    heads, seats, budget = room.heads.copy(), room.seats.copy(), room.budget
    for g in np.flatnonzero(payroll.rostered):
        needed = float(plan.people_cost.heads_needed[g])
        if needed > payroll.heads[g] + payroll.hires_max[g] + 1e-9 and point.heads[g] > 1.0:
            fits = point.heads[g] / (ROOM * needed)
            heads[g] = max(LEAST_ROOM, min(0.99 * room.heads[g], fits))
    for k, members in enumerate(limits.seat_pools):
        peak = float(plan.staffing.scheduled[members].sum(axis=0).max(initial=0.0))
        if peak > limits.seat_max[k]:
            seats[k] = max(LEAST_ROOM, room.seats[k] * limits.seat_max[k] / peak)
    if plan.cost > limits.budget:
        budget = max(LEAST_ROOM, room.budget * limits.budget / (plan.cost * 1.002))
    if (heads == room.heads).all() and (seats == room.seats).all() and budget == room.budget:
        return None
    return Room(heads, seats, budget)
