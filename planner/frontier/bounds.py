"""The bound of a run: what no plan exceeds, by headroom and price of CX, and the points of it to aim plans at.

Each portfolio of initiatives is bounded by itself, all of them by a coarse sweep. Only those that bound most somewhere
are bounded closely, with boxes of pool sizes, until those that lead are close: branch and bound, best first, with
portfolios as its first branches. So the work grows little with their number; what is left loose hides below the rest.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.frontier.certificate import SENSES, OuterSurface, outer_surface, reference_of
from planner.frontier.envelope import Envelope
from planner.frontier.jobs import bound_job
from planner.frontier.work import Work
from planner.operation.problem import FlowProblem
from solvers.flow.sweep import FLAT, Plane, Target
from solvers.pareto.subset import fullest_subset

Floats = NDArray[np.float64]
MORE_CX = (0.00125, 0.00375, 0.005, 0.00625, 0.0075, 0.01)  # shares of the scale above the CX of Today
LESS_COST = (0.99, 0.97, 0.95)  # shares of the cost of Today
CHORD = 10  # levels a chord between two headrooms of the bound is read at, its upper end one of them
CANDIDATES = 24  # costs per headroom level that a plan may be aimed at


@dataclass(frozen=True)
class Rung:
    """The bound of one headroom level: the least cost of any plan, and planes."""

    headroom: float
    cheapest: float
    planes: tuple[Plane, ...]


@dataclass(frozen=True)
class Coarse:
    """The coarse bound of one portfolio: (headroom, least cost, planes) by level.

    No plan has a headroom of `closed` or more.
    """

    swept: tuple[tuple[float, float, tuple[Plane, ...]], ...]
    closed: float = np.inf

    @property
    def planes(self) -> list[Plane]:
        """Planes of all levels."""
        return [plane for _, _, planes in self.swept for plane in planes]


def ladder(levels: Sequence[float], steps: int) -> list[float]:
    """Headroom levels of the bound: `steps` between two of the sweep, for the surface uses the level below."""
    rungs = [float(levels[0])]
    for low, high in zip(levels, levels[1:], strict=False):
        rungs += [low + (high - low) * (k + 1) / steps for k in range(steps)]
    return rungs


def guessed(coarse: Coarse, levels: Sequence[float]) -> list[Rung]:
    """Rungs to aim at before the bound is known: those swept and, between two, the lower with costs scaled.

    Costs are scaled as the least costs of the two grow. This is where plans may lie, no bound.
    """
    known = sorted((one for one in coarse.swept if np.isfinite(one[1])), key=lambda one: one[0])
    rungs = []
    for level in levels:
        below = [one for one in known if one[0] <= level + 1e-9]
        if not below or level > known[-1][0] + 1e-9:
            continue
        _, least, planes = below[-1]
        here = float(np.interp(level, [one[0] for one in known], [one[1] for one in known]))
        k = here / least if least > 0 else 1.0  # nobody costs anything
        scaled = tuple(Plane(level, p.slope / k, p.intercept, p.cost * k, p.cx) for p in planes)
        rungs.append(Rung(level, here, scaled))
    return rungs


def prices_of(portfolios: Sequence[Sequence[Plane]], count: int) -> list[float]:
    """Prices of CX (CX for a unit of money) along the coarse sweeps of portfolios, and one next to nothing.

    They are in geometric steps from the flattest to the steepest chord between neighboring points of a level: how far
    two planes of neighboring prices lie above the curve between them goes with the ratio of their prices, and quantiles
    of the chords left holes where a coarse sweep has few points. The planes' own slopes would do at the points alone.
    """
    chords: list[float] = []
    for planes in portfolios:
        for level in sorted({p.headroom for p in planes}):
            ends = sorted({(p.cost, p.cx) for p in planes if p.headroom == level})
            steps = [(after[0] - here[0], after[1] - here[1]) for here, after in zip(ends, ends[1:], strict=False)]
            chords += [rise / run for run, rise in steps if run > 1e-9 * ends[-1][0] and rise > 0]
    if not chords:
        return []
    chosen = np.unique(np.geomspace(min(chords), max(chords), count))
    return [float(FLAT * np.median(chords)), *map(float, chosen)]


def bound_rungs(
    problems: Sequence[FlowProblem], levels: Sequence[float], coarse: Sequence[Coarse], work: Work
) -> list[list[Rung]]:
    """Take the bound at every rung of the ladder, one job a portfolio and price; rungs by portfolio.

    `coarse` (portfolio,): their coarse bounds.
    """
    settings = problems[0].scenario.frontier
    rungs = ladder(levels, settings.bound_steps * CHORD)
    prices = [float("nan"), *prices_of([one.planes for one in coarse], settings.bound_prices)]
    loose = {(p, k) for p in range(len(problems)) for k in range(len(prices))}
    known: dict[tuple[int, int], Floats] = {}
    if len(problems) > 1:
        known = {(p, k): _loose_rows(coarse[p], rungs, prices[k]) for p, k in loose}
    chosen = _leading(known, loose) if known else sorted(loose)
    while chosen:
        jobs = [
            (f"bound/{p}/{prices[k]!r}", (problems[p].instance, rungs, CHORD, prices[k], settings.bound_boxes))
            for p, k in chosen
        ]
        for place, data in zip(chosen, work.run("bound", bound_job, jobs), strict=True):
            if data is not None:
                known[place] = np.load(io.BytesIO(data), allow_pickle=False)
        loose -= set(chosen)
        chosen = _leading(known, loose)
    found = [[rows for (owner, _), rows in sorted(known.items()) if owner == p] for p in range(len(problems))]
    return [_rungs_of(rungs, rows) for rows in found]


def _loose_rows(coarse: Coarse, levels: Sequence[float], price: float) -> Floats:
    """What the coarse bound of a portfolio says at every rung for one price, in the rows of `bound_job`.

    The largest cx − price·cost under planes cx <= intercept + slope·cost, cost >= the least: at the least cost or where
    two planes meet.
    """
    rows = []
    for level in levels:
        below = [(least, planes) for headroom, least, planes in coarse.swept if headroom <= level + 1e-9]
        planes = [plane for _, own in below for plane in own]
        if not planes or level >= coarse.closed - 1e-9:
            continue
        least = max(one for one, _ in below)
        slope, intercept = (np.array([getattr(plane, name) for plane in planes]) for name in ("slope", "intercept"))
        with np.errstate(divide="ignore", invalid="ignore"):
            meet = (intercept[:, None] - intercept) / (slope - slope[:, None])
        cost = np.append(meet[np.isfinite(meet) & (meet > least)], least)
        cx = (intercept + slope * cost[:, None]).min(axis=1)
        value = -cost if np.isnan(price) else cx - price * cost
        best = int(np.argmax(value))
        top = np.inf if slope.min() > price else float(value[best])  # no plane is as flat as the price
        rows.append((level, price, top, float(cost[best]), float(cx[best])))
    return np.array(rows, dtype=float).reshape(-1, 5)


def _leading(known: Mapping[tuple[int, int], Floats], loose: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Portfolio and price of the bounds that are still loose and the highest of their price at some rung."""
    best: dict[tuple[int, float], tuple[float, tuple[int, int]]] = {}
    for place, rows in sorted(known.items()):
        for headroom, _, value in rows[:, :3] if rows.size else []:
            rung = (place[1], float(headroom))
            if rung not in best or value > best[rung][0]:
                best[rung] = (float(value), place)
    return sorted({place for _, place in best.values()} & loose)


def _rungs_of(levels: Sequence[float], found: Sequence[Floats]) -> list[Rung]:
    known = np.vstack([r for r in found if r.size]) if any(r.size for r in found) else np.zeros((0, 5))
    return [rung for level in levels if (rung := _rung(level, known[known[:, 0] == level])) is not None]


def _rung(level: float, rows: Floats) -> Rung | None:
    """Rows: headroom, price, value, cost, cx."""
    least = rows[np.isnan(rows[:, 1])]
    if len(least) == 0:
        return None
    priced = rows[~np.isnan(rows[:, 1])]
    planes = tuple(Plane(level, price, value, cost, cx) for _, price, value, cost, cx in priced)
    return Rung(level, -float(least[0, 2]), planes)


def surface_of(
    rungs: Sequence[Rung], swept: Sequence[tuple[float, float, Sequence[Plane]]], closed: float = np.inf
) -> OuterSurface | None:
    """Join the rungs of the bound with the planes of the coarse sweep; no plan has a headroom of `closed` or more."""
    planes: dict[float, list[Plane]] = {}
    cheapest: dict[float, float] = {}
    for level, least, more in [*((r.headroom, r.cheapest, r.planes) for r in rungs), *swept]:
        if np.isfinite(least):
            planes.setdefault(level, []).extend(more)
            cheapest[level] = max(least, cheapest.get(level, -np.inf))
    return outer_surface([(level, cheapest[level], planes[level]) for level in planes], closed)


Aim = tuple[int, Target]
"""A portfolio (index) and the point of its surface that a plan is aimed at."""


def aim(surface: Envelope, rungs: Sequence[Sequence[Rung]], count: int, there: Floats | None = None) -> list[Aim]:
    """Choose points of the outer surface whose boxes fill most of its volume together, greedily.

    Sorted by portfolio, headroom and cost. What plans already `there`, shape (plan, 3), fill is not aimed at again.
    """
    found = [
        one for p, piece in enumerate(surface.pieces) if piece is not None for one in _candidates(p, piece, rungs[p])
    ]
    if not found:
        return []
    points, targets = np.array([point for point, _ in found]), [target for _, target in found]
    filled = np.zeros((0, 3)) if there is None else _on_surface(surface, there)
    chosen = fullest_subset(points, reference_of(surface), SENSES, count, filled=filled)
    return sorted((targets[k] for k in chosen), key=lambda one: (one[0], one[1].headroom, one[1].cost))


def headline_aims(
    surface: Envelope, rungs: Sequence[Sequence[Rung]], cx: float, cost: float, scale: tuple[float, float]
) -> list[Aim]:
    """Aims at the plans people ask for first: the cheapest with the CX of Today, and the best CX at its cost.

    At the least headroom, in the portfolio whose bound is best there. Whole people cost more and let customers wait
    longer than the bound says, so a little more CX, by the width of its `scale`, and a little less money are aimed at.
    """
    aims, width = [], scale[1] - scale[0]
    no_worse = [(cx + more * width, np.inf) for more in MORE_CX]
    no_dearer = [(-np.inf, cost * share) for share in LESS_COST]
    for wanted, most in no_worse + no_dearer:
        found = [
            (value, p, target)
            for p, piece in enumerate(surface.pieces)
            if piece is not None
            for value, target in _headline(piece, rungs[p], wanted, most)
        ]
        if found:
            _, p, target = min(found, key=lambda one: one[:2])
            aims.append((p, target))
    return aims


def _headline(surface: OuterSurface, rungs: Sequence[Rung], cx: float, most: float) -> Iterator[tuple[float, Target]]:
    """The target of a piece at its least headroom, with its cost or, where the money is given, less its CX."""
    rung = next((r for r in rungs if r.planes), None)
    if rung is None:
        return
    level = int(np.flatnonzero(surface.levels == rung.headroom)[0])
    cost = most if np.isfinite(most) else float(surface.cost_bound(np.array([cx]), np.array([rung.headroom]))[0])
    best = float(surface.best_cx(level, np.array([cost]))[0])
    if not np.isfinite(best) or cost > max(p.cost for p in rung.planes) * (1 + 1e-9):
        return
    slopes = np.array([p.slope for p in rung.planes])
    active = int((np.array([p.intercept for p in rung.planes]) + slopes * cost).argmin())
    target = Target(rung.headroom, cost, FLAT * float(slopes[active]))
    yield (-best if np.isfinite(most) else cost), target


def _on_surface(surface: Envelope, plans: Floats) -> Floats:
    """Plans moved to the cost the surface has at their CX and headroom."""
    moved = plans[np.isfinite(plans).all(axis=1) & (plans[:, 2] >= surface.levels[0])].copy()
    moved[:, 2] = np.minimum(moved[:, 2], surface.levels[-1])
    moved[:, 1] = np.fmin(surface.cost_bound(moved[:, 0], moved[:, 2]), moved[:, 1])
    return moved


def _candidates(
    portfolio: int, surface: OuterSurface, rungs: Sequence[Rung]
) -> Iterator[tuple[tuple[float, float, float], Aim]]:
    """Points of a portfolio's own surface (cx, cost, headroom), evenly spaced in cost, and the targets for them."""
    for rung in rungs:
        if not rung.planes:
            continue
        level = int(np.flatnonzero(surface.levels == rung.headroom)[0])
        slopes = np.array([p.slope for p in rung.planes])
        intercepts = np.array([p.intercept for p in rung.planes])
        costs = np.linspace(surface.cheapest[level], max(p.cost for p in rung.planes), CANDIDATES)
        for cost, cx in zip(costs, surface.best_cx(level, costs), strict=True):
            if not np.isfinite(cx):  # no plan is that cheap: a level above what any plan has
                continue
            active = int((intercepts + slopes * cost).argmin())
            target = Target(rung.headroom, float(cost), FLAT * float(slopes[active]))
            yield (float(cx), float(cost), rung.headroom), (portfolio, target)
