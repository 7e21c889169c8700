"""What if: one plan in a changed world, as it stands, staffed anew, and planned anew with parts of it kept.

Everything is answered from the held model of a run, in seconds; the bound comes from the master of the changed world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from planner.errors import PlanError
from planner.frontier.certificate import OuterSurface, outer_surface
from planner.frontier.held import Held
from planner.frontier.records import Record
from solvers.flow.covering import Covers, day_covers
from solvers.flow.decode import routing_of
from solvers.flow.headroom import HEADROOM_TOLERANCE
from solvers.flow.master import QUEUE_MISSED, Level
from solvers.flow.master_point import MasterPoint
from solvers.flow.network import Floats
from solvers.flow.pins import Pins, faults
from solvers.flow.queues import Box
from solvers.flow.solution import Instance, Routing, Solution, judge
from solvers.flow.sweep import FLAT, SLACK, master_of, planes_of, staffed_solution

PARTS = ("offers", "shares", "priority", "shifts")
"""What can be kept; `shifts:POOL` keeps those of one pool."""

AROUND = 1.6  # pools are looked at within this factor of their size, so that the master sees their waits
TRIES = 3  # plans per question
HALVINGS = 6
PLAN_QUEUE_MISSED = 1e-2  # contacts by which queues may lie below their facets where only a plan is looked for
DEARER = (1.0, 1.015, 1.04)  # shares of the bound's money at which a CX is sought: whole people reach less for it


@dataclass(frozen=True)
class Question:
    """What changes and what stays.

    `volume`, `aht` growth ratios by reason ("": every one); `shrinkage` added points (ratio); `budget` money at most
    (None: as it is); `headroom` to staff for (None: the plan's own); `keep` of `PARTS`.
    """

    volume: Mapping[str, float] = field(default_factory=dict)
    aht: Mapping[str, float] = field(default_factory=dict)
    shrinkage: float = 0.0
    budget: float | None = None
    headroom: float | None = None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One plan of an answer: `case`, its axes, whether promises and limits hold, and its hires.

    `bound` is the least cost of any plan with its CX and headroom that keeps the same parts (NaN: not bounded).
    """

    case: str
    cx: float
    cost: float
    headroom: float
    feasible: bool
    promises_kept: bool
    hires: int
    bound: float

    @property
    def gap(self) -> float:
        """Share of the bound that the plan costs more."""
        return (self.cost - self.bound) / self.bound if self.bound > 0 else float("nan")


CASES = {
    "before": "the plan, before the change",
    "as it stands": "the same people and routing in the changed world",
    "staffed anew": "the same routing, people anew for the headroom",
    "same money": "planned anew: best CX found for no more money",
    "same CX": "planned anew: cheapest found with at least the CX of before",
}
"""Cases of an answer -> what they are."""


def changed(held: Held, question: Question, portfolio: int = 0) -> Instance:
    """Return the changed world, with the initiatives of a portfolio.

    Raises
    ------
    PlanError
        An unknown reason, or a change that leaves nothing.
    """
    instance = held.instances[portfolio]
    network = instance.network
    volume, aht = _by_type(held, question.volume, "volume"), _by_type(held, question.aht, "aht")
    more = np.where(network.pools.staffed, question.shrinkage, 0.0)
    pools = replace(network.pools, shrinkage=network.pools.shrinkage + more)
    if (pools.shrinkage >= 1).any() or (pools.shrinkage < 0).any():
        raise PlanError(f"shrinkage {question.shrinkage:+.1%} leaves a pool below 0 or at 100 %; change it by less")
    flows = replace(network.flows, aht_s=network.flows.aht_s * (1 + aht[network.flow_kind]))
    network = replace(network, issues=network.issues * (1 + volume), flows=flows, pools=pools)
    limits = instance.limits if question.budget is None else replace(instance.limits, budget=question.budget)
    return replace(instance, network=network, limits=limits)


def _by_type(held: Held, growth: Mapping[str, float], what: str) -> Floats:
    reasons = [reason for reason, _ in held.labels.pairs]
    unknown = sorted(set(growth) - {"", *reasons})
    if unknown:
        raise PlanError(f"{what}: unknown reason {unknown[0]!r}; known are {', '.join(dict.fromkeys(reasons))}")
    low = min(growth.values(), default=0.0)
    if low <= -1.0:
        raise PlanError(f"{what}: a change of {low:+.0%} leaves nothing; write more than -100 %")
    return np.array([(1 + growth.get("", 0.0)) * (1 + growth.get(reason, 0.0)) - 1 for reason in reasons])


def pins_of(held: Held, record: Record, keep: Sequence[str]) -> Pins | None:
    """Return the parts of a plan to keep; None: nothing.

    Raises
    ------
    PlanError
        A part or a pool nobody knows.
    """
    if not keep:
        return None
    network = held.instance.network
    pins = Pins.none(network)
    people = list(pins.people)
    for part in keep:
        name, _, pool = part.partition(":")
        if name not in PARTS or (pool and name != "shifts"):
            raise PlanError(f"keep {part!r}: must be one of {', '.join(PARTS)}, shifts:POOL")
        if pool and pool not in held.labels.pools:
            raise PlanError(f"keep {part!r}: unknown pool; known are {', '.join(held.labels.pools)}")
        if pool and record.people[held.labels.pools.index(pool)] is None:
            raise PlanError(f"keep {part!r}: nobody works shifts in this pool; name a pool of people")
        if name == "offers":
            pins = replace(pins, offer=np.where(network.nodes.steer >= 0, record.routing.offer, np.nan))
        elif name == "shares":
            pins = replace(pins, split=record.routing.split)
        elif name == "priority":
            pins = replace(pins, priority=record.routing.priority)
        else:
            chosen = [held.labels.pools.index(pool)] if pool else range(len(people))
            for g in chosen:
                people[g] = record.people[g]
    return replace(pins, people=tuple(people))


def what_if(held: Held, plan: str, question: Question) -> list[Answer]:
    """Answer a question about a plan.

    Raises
    ------
    PlanError
        The question names what is not there, or keeps parts the changed world does not allow.
    """
    record = held.plan(plan)
    world = changed(held, question, record.portfolio)
    pins = pins_of(held, record, question.keep)
    if pins is not None and (found := faults(world.network, pins)):
        raise PlanError(f"what is kept contradicts the changed world ({found[0][0]}); keep less of the plan")
    before = judge(held.instance_of(record), record.routing, record.people, "search", record.objectives[2])
    own = max(0.0, before.evaluation.headroom - HEADROOM_TOLERANCE)
    target = own if question.headroom is None else question.headroom
    money = min(before.cost, world.limits.budget)
    covers = day_covers(world)
    anew = _Anew(replace(world, pins=pins), held.fallback, held.classes, covers, target, before.evaluation.state.work_s)
    stands = judge(world, record.routing, record.people, "search")
    restaffed = staffed_solution(world, record.routing, target, covers, 1, "search")
    known = [s for s in (stands, restaffed) if s is not None and s.evaluation.headroom >= target - HEADROOM_TOLERANCE]
    rows = [("before", before, False), ("as it stands", stands, False), ("staffed anew", restaffed, False)]
    rows += [("same money", anew.for_money(money, known), True)]
    rows += [("same CX", anew.for_cx(before.cx, known), True)]
    return [_answer(case, s, anew.surface if bounded else None) for case, s, bounded in rows if s is not None]


def _answer(case: str, solution: Solution, surface: OuterSurface | None) -> Answer:
    evaluation = solution.evaluation
    bound = np.nan
    if surface is not None:
        bound = float(surface.cost_bound(np.array([solution.cx]), np.array([max(evaluation.headroom, 0.0)]))[0])
        if bound > solution.cost * (1 + SLACK):  # it breaks a limit, and no plan within the limits reaches its CX
            bound = np.nan
    return Answer(
        case,
        solution.cx,
        solution.cost,
        evaluation.headroom,
        solution.feasible,
        evaluation.kept,
        int(solution.people_cost.hires.sum()),
        bound,
    )


class _Anew:
    """Plans anew in one held program: bounds over every pool size, plans within those near the plan's own."""

    def __init__(
        self, instance: Instance, fallback: Floats, classes: int, covers: Covers, target: float, work_s: Floats
    ) -> None:
        self.instance, self.fallback, self.classes, self.covers, self.target = (
            instance, fallback, classes, covers, target,
        )  # fmt: skip
        self._level: Level = master_of(instance).level(target)
        self._cheapest = self._level.cheapest()
        self._points: list[MasterPoint] = []
        self._tie = 1e-9
        if self._cheapest is not None:
            top = self._level.point(np.inf, FLAT * 1e-3 / max(self._cheapest.cost, 1e-9))
            if top is not None:
                rise = max(top.cx - self._cheapest.cx, 1e-6)
                self._tie = FLAT * rise / max(top.cost - self._cheapest.cost, 1e-6 * self._cheapest.cost)
                self._points.append(top)
        sizes = work_s[self._level.queued_pools].sum(axis=1) / 3600
        self._near = Box(sizes / AROUND, np.minimum(np.maximum(sizes, 1.0) * AROUND, self._level.root.upper))
        self._too_little = -np.inf  # money for which no plan is near: not asked again, a no takes longest

    @property
    def surface(self) -> OuterSurface | None:
        """The bound from the points solved so far."""
        if self._cheapest is None:
            return None
        return outer_surface([(self.target, self._cheapest.intercept, planes_of(self._points))])

    def for_money(self, money: float, known: Sequence[Solution]) -> Solution | None:
        """Best CX found for at most so much money, `known` plans among them.

        Whole people cost a few percent more than the master says, so it is granted that much less after each try,
        until the second or third one fits.
        """
        self._bound_at(money)
        found, granted = list(known), money
        for tries in range(TRIES):
            plan = self._plan(granted)
            if plan is None:
                break
            found.append(plan)
            if tries and plan.cost <= money * (1 + 1e-9):
                break
            granted *= 0.999 * money / plan.cost
        fitting = [s for s in found if s.cost <= money * (1 + 1e-9)]
        return max(fitting, key=lambda s: (s.feasible, s.cx), default=None)

    def for_cx(self, cx: float, known: Sequence[Solution]) -> Solution | None:
        """Cheapest found with at least this CX, `known` plans among them."""
        if self._cheapest is None or not self._points:
            return None
        low, high = self._cheapest.cost, max(self._points[0].cost, self._cheapest.cost)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            point = self._bound_at(middle)
            low, high = (low, middle) if point is not None and point.cx >= cx else (middle, high)
        fitting = [s for s in known if s.cx >= cx - 1e-9]
        for share in DEARER:
            plan = self._plan(high * share)
            if plan is not None and plan.cx >= cx - 1e-9:
                fitting.append(plan)
                break
        return min(fitting, key=lambda s: (not s.feasible, s.cost), default=None)

    def _bound_at(self, money: float) -> MasterPoint | None:
        if self._cheapest is None:
            return None
        self._level.enter(self._level.root)
        point = self._level.point(money * (1 + 1e-9), self._tie)
        if point is not None:
            self._points.append(point)
        return point

    def _plan(self, money: float) -> Solution | None:
        if self._cheapest is None:
            return None
        self._level.queue_missed = PLAN_QUEUE_MISSED
        point = self._plan_point(money)
        self._level.queue_missed = QUEUE_MISSED
        if point is None:
            return None
        routing: Routing = routing_of(self.instance.network, point, self.fallback, None)
        return staffed_solution(self.instance, routing, self.target, self.covers, self.classes, "pinned")

    def _plan_point(self, money: float) -> MasterPoint | None:
        """Look near the plan's own pool sizes, where waits are seen best, and anywhere if nothing is there."""
        point = None
        if money > self._too_little:
            self._level.enter(self._near)
            point = self._level.point(money * (1 + 1e-9), self._tie)
        if point is None:
            self._too_little = max(self._too_little, money)
            self._level.enter(self._level.root)
            point = self._level.point(money * (1 + 1e-9), self._tie)
        return point
