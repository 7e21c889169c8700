"""A wished-for point: how near a frontier comes to it, and the least change of the scenario that would reach it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from planner.frontier import levers
from planner.frontier.levers import Change, Lever, least_ratio, master_of
from planner.operation.problem import FlowProblem
from solvers.flow.decode import routing_of
from solvers.flow.master import Level
from solvers.flow.network import Floats
from solvers.flow.solution import Instance
from solvers.flow.staff import day_covers
from solvers.flow.sweep import staffed_solution

AXES: Mapping[str, str] = {"cx": ">=", "cost": "<=", "headroom": ">="}
"""What can be wished for -> which way."""

PRECISION = 0.01  # of the input: a lever known to a percent is known well enough
CEILINGS = (1.0, 0.97, 0.94, 0.9)  # whole people cost more than the master says, so it is asked for cheaper points
FARTHER = (1.0, 1.1, 1.25, 1.5, 2.0)  # and where they do not fit, for a larger change
_TERM = re.compile(r"^\s*(\w+)\s*(>=|<=)\s*([-+]?[\d.,]*\d)\s*(%?)\s*$")


@dataclass(frozen=True)
class Wish:
    """Least CX (points), most cost (money per horizon), least headroom (ratio); None: no wish."""

    cx: float | None = None
    cost: float | None = None
    headroom: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """What is wished for, by axis."""
        return {name: value for name in AXES if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Reach:
    """How far one lever must go: `proven` less than this share is too little, by the bound (inf: no share is enough);

    `found` the share at which a whole plan meets the wish (NaN: none was found), with its `cx, cost, headroom`.
    """

    lever: str
    proven: float
    found: float
    cx: float
    cost: float
    headroom: float


LEVERS: tuple[Lever, ...] = (
    Lever("raise the budget (limits.budget_max)", levers.budget),
    Lever("have more people (roster.heads, hires_max)", levers.heads),
    Lever("have more seats (limits.seats)", levers.seats),
    Lever("shorten handle times", levers.handle_time, 0.9),
    Lever("lower shrinkage", levers.shrinkage, 1.0),
    Lever("raise the occupancy caps", levers.occupancy, 1.0),
    Lever("raise the acceptance of steers", levers.acceptance, 9.0),
)
"""What could be changed to reach a wish."""


def parse_wish(text: str) -> Wish:
    """Read "cx>=4.1,cost<=400000,headroom>=10%".

    Raises
    ------
    ValueError
        A term is none of these, is turned the wrong way, or comes twice.
    """
    found: dict[str, float] = {}
    for term in re.split(r",(?=\s*[a-zA-Z_])|;", text):
        match = _TERM.match(term)
        if match is None or match[1] not in AXES or match[2] != AXES[match[1]] or match[1] in found:
            allowed = ", ".join(f"{name}{way}NUMBER" for name, way in AXES.items())
            raise ValueError(f"wish {term.strip()!r} — must be one of {allowed}, each at most once")
        try:
            value = float(match[3].replace(",", ""))
        except ValueError:
            raise ValueError(f"wish {term.strip()!r} — {match[3]!r} is no number") from None
        found[match[1]] = value / 100 if match[4] else value
    return Wish(**found)


def what_would_it_take(problem: FlowProblem, fallback: Floats, wish: Wish) -> list[Reach]:
    """Find for each lever alone the least change that reaches a wish, the smallest found first.

    The master at the wished headroom tells by halving what is surely too little; from there on plans with whole people
    are sought. Levers that change nothing here (no steer, no budget) are left out.
    """
    found = []
    for lever in LEVERS:
        if not _matters(problem.instance, lever):
            continue
        found.append(_reach(problem, fallback, wish, lever))
    return sorted(found, key=lambda one: (np.nan_to_num(one.found, nan=np.inf), one.proven, one.lever))


def _matters(instance: Instance, lever: Lever) -> bool:
    """Tell whether a lever has anything to move."""
    network, payroll, change = instance.network, instance.payroll, lever.change
    has: Mapping[Change, Callable[[], bool]] = {
        levers.budget: lambda: bool(np.isfinite(instance.limits.budget)),
        levers.heads: lambda: bool(payroll.rostered.any()),
        levers.seats: lambda: len(instance.limits.seat_max) > 0,
        levers.shrinkage: lambda: bool((network.pools.shrinkage > 0).any()),
        levers.acceptance: lambda: bool((network.nodes.steer >= 0).any()),
    }
    return has[change]() if change in has else True


def _reach(problem: FlowProblem, fallback: Floats, wish: Wish, lever: Lever) -> Reach:
    least = least_ratio(partial(_possible, problem.instance, lever.change, wish), lever.most, PRECISION)
    if least is None:
        return Reach(lever.words, np.inf, np.nan, np.nan, np.nan, np.nan)
    tries = dict.fromkeys(
        min(lever.most, max(least[1], PRECISION if k else 0.0) * far) for k, far in enumerate(FARTHER)
    )
    for ratio in tries:
        plan = _plan_for(lever.change(problem.instance, ratio), fallback, wish)
        if plan is not None:
            return Reach(lever.words, least[0], ratio, *plan)
    return Reach(lever.words, least[0], np.nan, np.nan, np.nan, np.nan)


def _possible(instance: Instance, change: Change, wish: Wish, ratio: float) -> bool:
    """Tell whether the master, a relaxation, has a point that meets the wish."""
    level = master_of(change(instance, ratio)).level(_headroom(wish))
    if wish.cx is None:
        cheapest = level.cheapest()
        return cheapest is not None and (wish.cost is None or cheapest.cost <= wish.cost * (1 + 1e-9))
    point = level.point(np.inf if wish.cost is None else wish.cost, _tie(level))
    return point is not None and point.cx >= wish.cx - 1e-9


def _plan_for(instance: Instance, fallback: Floats, wish: Wish) -> tuple[float, float, float] | None:
    """Find a plan with whole people that meets the wish: (cx, cost, headroom)."""
    level, covers = master_of(instance).level(_headroom(wish)), day_covers(instance)
    for share in CEILINGS if wish.cost is not None else CEILINGS[:1]:
        point = level.point(np.inf if wish.cost is None else wish.cost * share, _tie(level))
        point = level.cheapest() if point is None and wish.cx is None else point
        if point is None:
            return None
        routing = routing_of(instance.network, point, fallback, None)
        plan = staffed_solution(instance, routing, _headroom(wish), covers, 2, "wish")
        if plan is not None and plan.feasible and meets(plan.objectives, wish):
            return plan.objectives
    return None


def _headroom(wish: Wish) -> float:
    return 0.0 if wish.headroom is None else wish.headroom


def _tie(level: Level) -> float:
    """CX given up for money at a tie: a thousandth of a point for the least cost (as in the sweep)."""
    cheapest = level.cheapest()
    return 1e-3 / max(1.0 if cheapest is None else cheapest.cost, 1e-9)


def meets(objectives: Sequence[float], wish: Wish) -> bool:
    """Tell whether (cx, cost, headroom) meets a wish."""
    cx, cost, headroom = objectives
    return (
        (wish.cx is None or cx >= wish.cx - 1e-9)
        and (wish.cost is None or cost <= wish.cost * (1 + 1e-9))
        and (wish.headroom is None or headroom >= wish.headroom - 1e-5)
    )


def reach_words(one: Reach, currency: str) -> str:
    """Say how far one lever must go."""
    if one.proven == np.inf:
        return f"{one.lever}: no amount of it alone is enough (proven)."
    if one.found == 0:
        return f"{one.lever}: not needed; a plan meets the wish as things are."
    least = f"less than {one.proven:.0%} is proven too little"
    if not np.isfinite(one.found):
        return f"{one.lever}: {least}; no whole plan was found up to twice the bound."
    point = f"CX {one.cx:.3f}, {one.cost:,.0f} {currency}, headroom {one.headroom:.0%}"
    return f"{one.lever} by {one.found:.0%}: a plan reaches {point}; {least}."
