"""A wished-for point: how near a frontier comes to it, and the least change of the scenario that would reach it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.frontier import levers
from planner.frontier.bound_table import lines_and_corners
from planner.frontier.levers import Change, Lever, least_ratio
from planner.frontier.records import Record
from planner.operation import portfolio_problems
from planner.operation.problem import FlowProblem
from solvers.flow.covering import day_covers
from solvers.flow.decode import routing_of
from solvers.flow.master import Level
from solvers.flow.network import Floats
from solvers.flow.solution import Instance, judge
from solvers.flow.sweep import master_of, staffed_solution

AXES: Mapping[str, str] = {"cx": ">=", "cost": "<=", "headroom": ">="}
"""What can be wished for -> which way."""

PRECISION = 0.01  # of the input: a lever known to a percent is known well enough
LEAST_CX = 1e-3  # points; less is no difference
POINTS = 5  # of the master's front that are staffed
MARGINS = (0.0, 0.1, 0.25, 0.5)  # headroom on top of the wished one: people buy shorter waits
FARTHEST = 1.0  # past the bound's share, a plan with whole people is sought so far
HALVINGS = 7  # of a range of 1, down to PRECISION
NEAREST = 20  # plans of a run that are tried as they stand in a changed world
_TERM = re.compile(r"^\s*(\w+)\s*(>=|<=)\s*([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?)\s*(%?)\s*$")
"""Axis, way, number (a comma between thousands only: 4,1 is no number), percent."""


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
    """How far one lever must go.

    `proven`: less than this share is too little, by the bound (inf: no share is enough); `found`: the share at which a
    whole plan meets the wish (NaN: none was found), with its `cx, cost, headroom`.
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
    return Wish(**parse_levels(text, AXES))


def parse_levels(text: str, ways: Mapping[str, str]) -> dict[str, float]:
    """Read levels of axes, each with the way (">=", "<=") it is better.

    Raises
    ------
    ValueError
        As `parse_wish`.
    """
    found: dict[str, float] = {}
    for term in re.split(r",(?=\s*[a-zA-Z_])|;", text):
        match = _TERM.match(term)
        if match is None or match[1] not in ways or match[2] != ways[match[1]] or match[1] in found:
            allowed = ", ".join(f"{name}{way}NUMBER" for name, way in ways.items())
            raise ValueError(
                f"wish {term.strip()!r} — must be one of {allowed}, each at most once, decimals after a point"
            )
        try:
            value = float(match[3].replace(",", ""))
        except ValueError:
            raise ValueError(f"wish {term.strip()!r} — {match[3]!r} is no number") from None
        found[match[1]] = value / 100 if match[4] else value
    return found


def ruled_out(bound: pd.DataFrame, wish: Wish) -> bool:
    """Tell whether the outer surface (table `bound`) proves that no plan meets a wish as things are.

    A level of headroom binds every plan with at least that headroom: its least cost, and its planes
    cx <= intercept + slope·cost (rows without a slope hold the least cost, inf where no plan is; of plans with at least
    the CX `from_cx`, where that is given). A wish is ruled out
    where it is for every choice of initiatives and closed day parts.
    """
    if "choice" in bound and len(bound):
        return all(_ruled_out(part, wish) for _, part in bound.groupby(bound["choice"].fillna("")))
    return _ruled_out(bound, wish)


def _ruled_out(bound: pd.DataFrame, wish: Wish) -> bool:
    binding = bound[bound["headroom"] <= (-np.inf if wish.headroom is None else wish.headroom) + 1e-9]
    if wish.headroom is None:
        binding = bound[bound["headroom"] <= min(0.0, float(bound["headroom"].min())) + 1e-9] if len(bound) else bound
    lines, corners = lines_and_corners(binding)
    beyond = corners[corners["from_cx"] <= (-np.inf if wish.cx is None else wish.cx)]
    least = pd.concat([lines[lines["slope"].isna()], beyond])["intercept"]
    if np.isinf(least).any() or (wish.cost is not None and (least > wish.cost * (1 + 1e-9)).any()):
        return True
    if wish.cx is None:
        return False
    planes = binding[binding["slope"].notna()]
    if wish.cost is None:
        planes = planes[planes["slope"] <= 0]
    ceiling = planes["intercept"] + planes["slope"] * (0.0 if wish.cost is None else wish.cost)
    return bool((ceiling < wish.cx - 1e-9).any())


@dataclass(frozen=True)
class _World:
    """A center to change: instances by portfolio, shares where nobody is sent, plans known of it, nearest first."""

    instances: tuple[Instance, ...]
    fallback: Floats
    known: tuple[Record, ...]


def what_would_it_take(problem: FlowProblem, fallback: Floats, wish: Wish, known: Sequence[Record] = ()) -> list[Reach]:
    """Find for each lever alone the least change that reaches a wish, the smallest found first.

    The master at the wished headroom tells by halving what is surely too little; from there on plans with whole people
    are sought, with any initiatives: those `known`, the nearest first, as they stand, then others. Levers that change
    nothing here (no steer, no budget) are left out.
    """
    instances, found = tuple(one.instance for one in portfolio_problems(problem)), []
    fitting = [one for one in known if one.portfolio < len(instances) and _fits(instances[one.portfolio], one)]
    world = _World(instances, fallback, tuple(fitting[:NEAREST]))
    for lever in LEVERS:
        if _matters(problem.instance, lever):
            found.append(_reach(world, wish, lever))
    return sorted(found, key=lambda one: (np.nan_to_num(one.found, nan=np.inf), one.proven, one.lever))


def _fits(instance: Instance, plan: Record) -> bool:
    """Tell whether a plan is one of a center: a scenario may have changed since it was found."""
    network, routing = instance.network, plan.routing
    asked = [len(network.nodes.kind), len(network.split_kind), len(network.pair_pool), len(instance.catalogues)]
    given = [len(routing.offer), len(routing.split), len(routing.priority), len(plan.people)]
    shifts = [
        catalogue is None if people is None else catalogue is not None and people.shape[1] == len(catalogue.paid_h)
        for catalogue, people in zip(instance.catalogues, plan.people, strict=False)
    ]
    return asked == given and all(shifts)


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


def _reach(world: _World, wish: Wish, lever: Lever) -> Reach:
    def possible(ratio: float) -> bool:
        return any(_possible(one, lever.change, wish, ratio) for one in world.instances)

    least = least_ratio(possible, lever.most, PRECISION)
    if least is None:
        return Reach(lever.words, np.inf, np.nan, np.nan, np.nan, np.nan)
    missed = least[1]
    best = _at(world, lever, missed, wish)
    if best is None:
        # The far end next: where even that has no plan, nothing in between is worth the time.
        best = _at(world, lever, min(lever.most, missed + FARTHEST), wish)
    if best is None:
        return Reach(lever.words, least[0], np.nan, np.nan, np.nan, np.nan)
    for _ in range(HALVINGS):
        if best[0] - missed > PRECISION:
            middle = (missed + best[0]) / 2
            nearer = _at(world, lever, middle, wish)
            best, missed = (best, middle) if nearer is None else (nearer, missed)
    return Reach(lever.words, least[0], *best)


def _at(world: _World, lever: Lever, ratio: float, wish: Wish) -> tuple[float, float, float, float] | None:
    changed = [lever.change(instance, ratio) for instance in world.instances]
    for known in world.known:
        plan = judge(changed[known.portfolio], known.routing, known.people, "wish")
        if plan.feasible and meets(plan.objectives, wish):
            return (ratio, *plan.objectives)
    for instance in changed:
        found = _plan_for(instance, world.fallback, wish)
        if found is not None:
            return (ratio, *found)
    return None


def _possible(instance: Instance, change: Change, wish: Wish, ratio: float) -> bool:
    """Tell whether the master, a relaxation, has a point that meets the wish."""
    level = master_of(change(instance, ratio)).level(_headroom(wish))
    if wish.cx is None:
        cheapest = level.cheapest()
        return cheapest is not None and (wish.cost is None or cheapest.cost <= wish.cost * (1 + 1e-9))
    tie = _tie(level, wish)
    point = level.point(np.inf if wish.cost is None else wish.cost, tie)
    if point is None:
        return False
    # The point maximizes cx - tie*cost, so no plan within the cost has more CX than this.
    spared = LEAST_CX if wish.cost is None else tie * (wish.cost - point.cost)
    return point.cx + spared >= wish.cx - 1e-9


def _plan_for(instance: Instance, fallback: Floats, wish: Wish) -> tuple[float, float, float] | None:
    """Find a plan with whole people that meets the wish: (cx, cost, headroom).

    Whole people cost more than the master says, so points from the wished cost down to the least one are staffed; and
    they wait longer, so more people than the headroom asks for are tried too.
    """
    level, covers = master_of(instance).level(_headroom(wish)), day_covers(instance)
    low = level.cheapest()
    if low is None:
        return None
    tie = _tie(level, wish)
    top = np.inf if wish.cost is None else wish.cost
    if not np.isfinite(top):
        best = level.point(np.inf, tie)
        top = low.cost if best is None else best.cost
    for ceiling in np.linspace(max(top, low.cost), low.cost, POINTS):
        point = level.point(float(ceiling) * (1 + 1e-9), tie) or low
        routing = routing_of(instance.network, point, fallback, None)
        for more in MARGINS if wish.cx is not None else MARGINS[:1]:
            plan = staffed_solution(instance, routing, _headroom(wish) + more, covers, 2, "wish")
            if plan is not None and plan.feasible and meets(plan.objectives, wish):
                return plan.objectives
            if plan is None or (wish.cost is not None and plan.cost > wish.cost):
                break  # more people cost more still
    return None


def _headroom(wish: Wish) -> float:
    return 0.0 if wish.headroom is None else wish.headroom


def _tie(level: Level, wish: Wish) -> float:
    """CX given up for a unit of money at a tie: a thousandth of a point for all of the cost, as in the sweep."""
    if wish.cost is not None:
        return LEAST_CX / max(wish.cost, 1e-9)
    cheapest = level.cheapest()
    return LEAST_CX / max(1.0 if cheapest is None else cheapest.cost, 1e-9)


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
    least = f"; up to {one.proven:.0%} is proven too little" if one.proven > 0 else ""
    if not np.isfinite(one.found):
        return f"{one.lever}: no plan with whole people was found{least}."
    point = f"CX {one.cx:.3f}, {one.cost:,.0f} {currency}, headroom {one.headroom:.0%}"
    return f"{one.lever} by {one.found:.0%}: a plan reaches {point}{least}."
