"""A whole plan as arrays: routing, people on shifts, what they cost and what they do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.flow.closing import closed_overflow
from solvers.flow.doubt import Doubt, axis_of
from solvers.flow.evaluate import Evaluation, evaluate
from solvers.flow.network import Decision, Floats, FlowNetwork, Ints, Limits, Promises
from solvers.flow.pins import Pins
from solvers.shifts.catalogue import Catalogue, Payroll
from solvers.shifts.roster import by_week, people_needed

SAME = 1e-9  # by which shares may differ that are the same


@dataclass(frozen=True)
class Instance:
    """Everything a plan is judged against.

    `pins`: parts of a plan that must stay; `doubt`: plans are judged by the CX of the worst draws (None: by the mean).
    """

    network: FlowNetwork
    promises: Promises
    limits: Limits
    payroll: Payroll
    catalogues: tuple[Catalogue | None, ...]
    pins: Pins | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True)
class Routing:
    """The part of a decision that routes contacts: see `Decision`."""

    offer: Floats
    split: Floats
    priority: Ints
    overflow: Floats | None = None

    def same_as(self, other: Routing) -> bool:
        """Tell if another routing is the same but for rounding."""
        pairs = [(self.offer, other.offer), (self.split, other.split), (self.priority, other.priority)]
        if self.overflow is not None and other.overflow is not None:
            pairs.append((self.overflow, other.overflow))
        nothing = (self.overflow is None) == (other.overflow is None)
        return nothing and all(np.allclose(one, two, rtol=0.0, atol=SAME) for one, two in pairs)

    def with_people(self, on_task: Floats) -> Decision:
        """Join routing and agents on task, shape (pool, interval)."""
        return Decision(self.offer, self.split, self.priority, on_task, self.overflow)


@dataclass(frozen=True)
class Staffing:
    """People on shifts per pool (None: automated), shape (day, shift), and on the floor, (pool, interval)."""

    people: tuple[Ints | None, ...]
    scheduled: Floats


@dataclass(frozen=True)
class PeopleCost:
    """Hours and money of people per pool, arrays over pools, and their sum in `money`."""

    paid_h: Floats
    overtime_h: Floats
    heads_needed: Ints
    hires: Ints
    wages: Floats
    premium: Floats
    hiring: Floats

    @property
    def money(self) -> float:
        """Wages, overtime premium and hiring charged to the horizon."""
        return float(self.wages.sum() + self.premium.sum() + self.hiring.sum())


@dataclass(frozen=True)
class Solution:
    """One evaluated plan; `cx` is what it is judged by: the expected one, or its mean over the worst draws.

    `feasible`: every promise, guard, limit and roster holds at nominal demand.
    """

    routing: Routing
    staffing: Staffing
    evaluation: Evaluation
    people_cost: PeopleCost
    cx: float
    cost: float
    feasible: bool
    origin: str

    @property
    def objectives(self) -> tuple[float, float, float]:
        """CX (max), cost (min), headroom (max)."""
        return (self.cx, self.cost, self.evaluation.headroom)


def on_task(instance: Instance, scheduled: Floats) -> Floats:
    """Agents on task: scheduled·(1 − shrinkage)."""
    return np.asarray(scheduled * (1.0 - instance.network.pools.shrinkage)[:, None])


def decision_of(instance: Instance, routing: Routing, scheduled: Floats) -> Decision:
    """Join routing and staffing."""
    return routing.with_people(on_task(instance, scheduled))


def floor_people(instance: Instance, people: tuple[Ints | None, ...]) -> Floats:
    """People on the floor per pool and interval, from people on shifts."""
    network = instance.network
    scheduled = np.zeros((len(network.pools.queue), network.profile.shape[1]))
    for g, counts in enumerate(people):
        catalogue = instance.catalogues[g]
        if counts is not None and catalogue is not None:
            scheduled[g] = (counts @ catalogue.cover).ravel()
    return scheduled


def pool_people(instance: Instance, g: int, counts: Ints) -> tuple[float, int, int, float]:
    """Paid hours, heads needed, hires and overtime hours of one pool's people on shifts, shape (day, shift)."""
    catalogue, payroll = instance.catalogues[g], instance.payroll
    if catalogue is None:
        return 0.0, 0, 0, 0.0
    by_day = counts @ catalogue.paid_h
    paid = float(by_day.sum())
    if not payroll.rostered[g]:
        return paid, 0, 0, 0.0
    needed = _heads(payroll, catalogue, counts, g)
    return paid, needed, *hires_and_overtime(instance, g, by_day, needed)


def hires_and_overtime(instance: Instance, g: int, paid_h: Floats, needed: int) -> tuple[int, float]:
    """Hires and overtime hours of one pool at least money, for paid hours of each day that need so many heads.

    Overtime is what a week's paid hours exceed (heads + hires)·contract by. Those who must be hired are; beyond them
    one more for a whole contract of overtime in every week, within the hires allowed, if its premium is dearer than
    hiring: nobody is hired to be idle.
    """
    payroll = instance.payroll
    heads, contract = float(payroll.heads[g]), float(payroll.contract_h[g])
    premium = float(payroll.overtime_premium[g] * instance.network.pools.wage_per_h[g])
    hires = max(0, needed - int(heads))
    owed = contract * by_week(np.full(len(paid_h), 1.0 / len(paid_h)))
    overtime = np.maximum(by_week(paid_h) - (heads + hires) * owed, 0.0)
    pays = premium * contract > payroll.hire_cost[g] + 1e-9
    allowed = max(0, int(payroll.hires_max[g]) - hires)
    more = min(allowed, int(((overtime + 1e-9) // owed).min())) if pays else 0
    return hires + more, float(np.maximum(overtime - more * owed, 0.0).sum())


def pool_money(instance: Instance, g: int, paid_h: float, hires: int, overtime_h: float) -> float:
    """Wages, overtime premium and hiring of one pool."""
    payroll, wage = instance.payroll, float(instance.network.pools.wage_per_h[g])
    premium = float(np.nan_to_num(payroll.overtime_premium[g])) * overtime_h
    return wage * (paid_h + premium) + float(payroll.hire_cost[g]) * hires


def cost_of_people(instance: Instance, people: tuple[Ints | None, ...]) -> PeopleCost:
    """Price people on shifts: heads by an assignment to people-weeks, overtime beyond contracts, hires beyond heads."""
    payroll, pools = instance.payroll, instance.network.pools
    rows = [(0.0, 0, 0, 0.0) if c is None else pool_people(instance, g, c) for g, c in enumerate(people)]
    paid, needed, hires, overtime = (np.array(column) for column in zip(*rows, strict=True))
    premium = pools.wage_per_h * np.nan_to_num(payroll.overtime_premium) * overtime
    return PeopleCost(
        paid,
        overtime,
        needed.astype(np.int64),
        hires.astype(np.int64),
        pools.wage_per_h * paid,
        premium,
        np.nan_to_num(payroll.hire_cost) * hires,
    )


def _heads(payroll: Payroll, catalogue: Catalogue, counts: Ints, g: int) -> int:
    """Heads of a feasible assignment of shifts to people, trying first whether those on the payroll are enough."""
    day, shift = np.nonzero(counts)
    times = counts[day, shift]
    day, shift = np.repeat(day, times), np.repeat(shift, times)
    order = np.lexsort((catalogue.end_min[shift], catalogue.start_min[shift], day))
    day, shift = day[order], shift[order]
    paid = catalogue.paid_h[shift]
    return people_needed(
        day.astype(np.int64),
        catalogue.start_min[shift],
        catalogue.end_min[shift],
        paid,
        rest_min=float(payroll.rest_min[g]),
        **payroll.most_of_head(g, len(counts), float(paid.max(initial=0.0))),
    )


def within_limits(instance: Instance, scheduled: Floats, people_cost: PeopleCost, cost: float) -> bool:
    """Tell if seats, hires, least staffing and budget hold."""
    limits = instance.limits
    for k, most in enumerate(limits.seat_max):
        if scheduled[limits.seat_pools[k]].sum(axis=0).max(initial=0.0) > most + 1e-9:
            return False
    if (scheduled < instance.network.people_min - 1e-9).any():
        return False
    if (people_cost.hires > instance.payroll.hires_max + 1e-9).any():
        return False
    return cost <= limits.budget * (1 + 1e-12)


def _off_their_days(instance: Instance, people: tuple[Ints | None, ...]) -> bool:
    """Tell if somebody works a shift on a day that does not have it."""
    pairs = zip(instance.catalogues, people, strict=True)
    return any(c is not None and counts is not None and c.misses(counts) for c, counts in pairs)


def judge(
    instance: Instance,
    routing: Routing,
    people: tuple[Ints | None, ...],
    origin: str,
    known_headroom: float | None = None,
) -> Solution:
    """Evaluate routing and people on shifts as one plan; `known_headroom` spares finding it again."""
    scheduled = floor_people(instance, people)
    routing = replace(routing, overflow=closed_overflow(instance.network, routing.overflow))
    decision = decision_of(instance, routing, scheduled)
    evaluation = evaluate(instance.network, instance.promises, decision, known_headroom=known_headroom)
    people_cost = cost_of_people(instance, people)
    cost = evaluation.variable_cost + people_cost.money
    limited = within_limits(instance, scheduled, people_cost, cost) and not _off_their_days(instance, people)
    feasible = evaluation.kept and evaluation.headroom >= 0 and limited
    cx = axis_of(instance.doubt, evaluation)
    return Solution(routing, Staffing(people, scheduled), evaluation, people_cost, cx, cost, feasible, origin)


def with_origin(solution: Solution, origin: str) -> Solution:
    """Return the same plan under another origin."""
    return replace(solution, origin=origin)
