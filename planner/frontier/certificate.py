"""How close to optimal: the outer surface that no plan can pass, and what the plans reach of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from solvers.flow.sweep import Plane
from solvers.pareto import hypervolume

Floats = NDArray[np.float64]
SENSES = ("max", "min", "max")
BELOW_NADIR = 0.05
NOTHING = 1e-6  # of a cost
SAME = 1e-6  # points of CX, ratio of headroom: a bound holds for plans that miss its level by no more


@dataclass(frozen=True)
class OuterSurface:
    """Bounds per headroom level: every plan with at least this headroom costs `cheapest` or more and obeys the planes.

    `dearest` is the cost at which the level's CX ends to be worth its money (the other end of its sweep).
    Levels are sorted; a bound holds for its own and every higher headroom (the level below is used, nothing is
    interpolated, for the surface is not convex in headroom). No plan has a headroom of `closed` or more. `corners`
    (corner, 3) cx, cost, headroom: plans with at least this CX and headroom cost at least so much, where the surface
    is below the planes, for it is not convex in cost either.
    """

    levels: Floats
    cheapest: Floats
    dearest: Floats
    slopes: tuple[Floats, ...]
    intercepts: tuple[Floats, ...]
    closed: float = np.inf
    corners: Floats = field(default_factory=lambda: np.zeros((0, 3)))

    def cost_bound(self, cx: Floats, headroom: Floats) -> Floats:
        """Least cost of any plan with at least this CX and headroom, shape (plan,); NaN below the lowest level."""
        bound = np.full(len(cx), np.nan)
        for k, level in enumerate(self.levels):
            there = headroom >= level - SAME
            least = np.full(int(there.sum()), self.cheapest[k])
            for slope, intercept in zip(self.slopes[k], self.intercepts[k], strict=True):
                if slope > 1e-12:
                    least = np.maximum(least, (cx[there] - intercept) / slope)
            bound[there] = np.fmax(bound[there], least)
        for corner_cx, cost, corner_headroom in self.corners:
            beyond = (cx >= corner_cx - SAME) & (headroom >= corner_headroom - SAME)
            bound[beyond] = np.fmax(bound[beyond], cost)
        bound[headroom >= self.closed - SAME] = np.inf
        return bound

    def best_cx(self, level: int, cost: Floats) -> Floats:
        """Largest CX within a cost at a level or above, shape of `cost`; NaN below the level's least cost."""
        best = np.full(cost.shape, np.inf)
        for k in range(level + 1):
            for slope, intercept in zip(self.slopes[k], self.intercepts[k], strict=True):
                best = np.minimum(best, intercept + slope * cost)
        for corner_cx, least, headroom in self.corners:
            if headroom <= self.levels[level] + SAME:
                best = np.where(cost < least, np.minimum(best, corner_cx), best)
        return np.asarray(np.where(cost >= self.cheapest[level] - 1e-9, best, np.nan))

    def _rung(self, headroom: float) -> int:
        """Index of the highest level at or below a headroom, the lowest where none is."""
        return max(0, int(np.searchsorted(self.levels, headroom + 1e-9)) - 1)

    def least_cost(self, headroom: float) -> float:
        """Least cost of any plan with at least this headroom; inf where there is none."""
        return np.inf if headroom >= self.closed - SAME else float(self.cheapest[self._rung(headroom)])

    def dearest_at(self, headroom: float) -> float:
        """Cost at which CX ends to be worth its money at a headroom; −inf where no plan has it."""
        return -np.inf if headroom >= self.closed - SAME else float(self.dearest[self._rung(headroom)])

    def best_cx_at(self, headroom: float, cost: Floats) -> Floats:
        """Largest CX within a cost at a headroom or above, shape of `cost`; NaN where no plan is."""
        if headroom >= self.closed - SAME:
            return np.full(cost.shape, np.nan)
        return self.best_cx(self._rung(headroom), cost)

    def price(self, cx: float, headroom: float) -> float:
        """Money per point of CX at the bound (its dual); NaN where the surface is flat or unknown."""
        best, price = -np.inf, np.nan
        for k in np.flatnonzero(self.levels <= headroom + SAME):
            for slope, intercept in zip(self.slopes[k], self.intercepts[k], strict=True):
                if slope > 1e-9 and (cx - intercept) / slope > best:
                    best, price = (cx - intercept) / slope, 1.0 / slope
        return price


class Bound(Protocol):
    """What a certificate reads of an outer surface: see `OuterSurface`."""

    @property
    def levels(self) -> Floats:
        """Headroom levels, ascending."""

    @property
    def cheapest(self) -> Floats:
        """Least cost of any plan, shape (level,)."""

    @property
    def dearest(self) -> Floats:
        """Cost at which CX ends to be worth its money, shape (level,)."""

    def cost_bound(self, cx: Floats, headroom: Floats) -> Floats:
        """Least cost of any plan with at least this CX and headroom, shape (plan,)."""

    def best_cx(self, level: int, cost: Floats) -> Floats:
        """Largest CX within a cost at a level or above, shape of `cost`."""


def outer_surface(
    bounds: Sequence[tuple[float, float, Sequence[Plane]]], closed: float = np.inf
) -> OuterSurface | None:
    """Join the bounds of several levels (headroom, cheapest, planes); None where no level is feasible."""
    known = sorted((b for b in bounds if np.isfinite(b[1])), key=lambda b: b[0])
    if not known:
        return None
    return OuterSurface(
        levels=np.array([b[0] for b in known]),
        cheapest=np.maximum.accumulate(np.array([b[1] for b in known])),
        dearest=np.array([max((p.cost for p in b[2]), default=b[1]) for b in known]),
        slopes=tuple(np.array([p.slope for p in b[2]]) for b in known),
        intercepts=tuple(np.array([p.intercept for p in b[2]]) for b in known),
        closed=closed,
    )


def reference_of(surface: Bound, samples: int = 400) -> Floats:
    """Return the surface's nadir less 5 % of its range, (cx, cost, headroom): fixed by the bound, not by plans."""
    costs, curves = _curves(surface, samples)
    worst = np.array([np.nanmin(curves), float(np.nanmax(costs)), float(surface.levels[0])])
    best = np.array([np.nanmax(curves), float(surface.cheapest[0]), float(surface.levels[-1])])
    return np.asarray(worst - BELOW_NADIR * (best - worst))


def certify(surface: Bound, points: Floats, samples: int = 400) -> Mapping[str, Any]:
    """The certificate of plans, shape (plan, 3): cx, cost, headroom.

    model = HV(plans) / HV(surface read at the plans' CX and headroom); resolution = the latter / HV(whole surface);
    ratio = their product. The reference point is the surface's nadir less 5 % of its range, so plans cannot move it.
    Headroom counts up to the highest level. The whole surface is integrated by steps that enclose it.
    """
    inside = _inside(surface, points)
    costs, curves = _curves(surface, samples)
    reference = reference_of(surface, samples)
    by_plans = hypervolume(inside, reference, SENSES)
    ideal = inside.copy()
    ideal[:, 1] = np.fmin(surface.cost_bound(inside[:, 0], inside[:, 2]), inside[:, 1])
    at_plans = hypervolume(ideal, reference, SENSES)
    whole = _whole(surface, costs, curves, reference)
    model = by_plans / at_plans if at_plans > 0 else float("nan")
    resolution = at_plans / whole if whole > 0 else float("nan")
    return {
        "model": model,
        "resolution": resolution,
        "ratio": model * resolution,
        "reference": {"cx": float(reference[0]), "cost": float(reference[1]), "headroom": float(reference[2])},
    }


def gaps(cost: Floats, bound: Floats) -> Floats:
    """How much more plans cost than their bounds, as a share of these, shape (plan,); 0 where they cost no more.

    NaN where no bound is known, or it is next to nothing beside the cost: people who cost nothing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        more = np.where(bound > NOTHING * cost, cost / bound - 1.0, np.nan)
    return np.asarray(np.where(cost <= bound, 0.0, more))


def gaps_under(surface: Bound, points: Floats) -> Floats:
    """How much more plans, shape (plan, 3): cx, cost, headroom, cost than the surface says; `gaps` of them."""
    return gaps(points[:, 1], surface.cost_bound(points[:, 0], points[:, 2]))


def reached(surface: Bound, points: Floats) -> float:
    """Hypervolume of plans, shape (plan, 3), as the certificate counts it."""
    return hypervolume(_inside(surface, points), reference_of(surface), SENSES)


def _inside(surface: Bound, points: Floats) -> Floats:
    """Return the plans the surface bounds, with their headroom up to its highest level."""
    inside = points[points[:, 2] >= surface.levels[0] - SAME].copy()
    inside[:, 2] = np.minimum(inside[:, 2], float(surface.levels[-1]))
    return inside


def _curves(surface: Bound, samples: int) -> tuple[Floats, Floats]:
    """Best CX along cost per level, shape (level, sample); costs end where the dearest level ends."""
    costs = np.linspace(surface.cheapest[0], max(surface.dearest.max(), surface.cheapest[-1]), samples)
    return costs, np.array([surface.best_cx(k, costs) for k in range(len(surface.levels))])


def _whole(surface: Bound, costs: Floats, curves: Floats, reference: Floats) -> float:
    """Hypervolume under the surface: areas per slab of headroom; a cost step counts the CX of its dearer end."""
    areas = []
    for curve in curves:
        gain = np.nan_to_num(np.maximum(curve - reference[0], 0.0))
        width = np.append(np.diff(costs), max(reference[1] - costs[-1], 0.0))
        following = np.append(gain[1:], gain[-1])
        open_ = np.append(np.isfinite(curve[1:]), True)
        areas.append(float((np.where(open_, following, 0.0) * width).sum()))
    edges = np.concatenate([[reference[2]], surface.levels])
    total = 0.0
    for k in range(len(surface.levels)):
        slab = edges[k + 1] - edges[k]
        total += slab * areas[max(0, k - 1)]
    return total
