"""How much of the distance to the bound is whole people: measured on plans of the frontier, and said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.frontier.certificate import gaps
from planner.frontier.envelope import Envelope
from planner.operation.problem import FlowProblem
from solvers.flow.rounding import rounding_of
from solvers.flow.solution import Solution

MEASURED = 8  # plans, evenly along the cost axis
TELLING = 0.02  # a median gap below it needs no reason


def rounding_words(problems: Sequence[FlowProblem], solutions: Sequence[Solution], surface: Envelope | None) -> str:
    """Say what share of the cost gap is rounding people up to whole ones; nothing where the gap is small or unknown.

    Of each plan measured, the gap is (cost − bound)/bound and its rounding part the money of `rounding_of` over the
    same bound; both are given as medians. `problems`: what each plan was planned on.
    """
    if surface is None or not solutions:
        return ""
    order = sorted(range(len(solutions)), key=lambda k: solutions[k].cost)
    places = [order[int(k)] for k in np.unique(np.linspace(0, len(order) - 1, MEASURED).round())]
    axes = np.array([solutions[k].objectives for k in places])
    bound = surface.cost_bound(axes[:, 0], axes[:, 2])
    gap = gaps(axes[:, 1], bound)
    known = np.isfinite(gap)
    if not known.any() or float(np.median(gap[known])) < TELLING:
        return ""
    found = [rounding_of(problems[k].instance, solutions[k]) for k, there in zip(places, known, strict=True) if there]
    part = float(np.median([r.money / b if b > 0 else 0.0 for r, b in zip(found, bound[known], strict=True)]))
    whole = float(np.median(gap[known]))
    small = np.fmin.reduce([r.agents for r in found])  # NaN where a pool has no queue
    return _sentence(whole, part, problems[0].pools, small)


def _sentence(gap: float, part: float, pools: Sequence[str], agents: np.ndarray) -> str:
    """Words of the two figures; the reason is rounding where it makes up most of the gap."""
    share = min(1.0, part / gap)
    told = (
        f"Plans cost {gap:.1%} more than the bound (median of those measured); rounding people up to whole ones in "
        f"every pool and interval makes up {100 * min(part, gap):.1f} points of it, {share:.0%}"
    )
    if share < 0.5:
        return told + "."
    smallest = int(np.nanargmin(agents))
    people = f"{agents[smallest]:.1f}" if agents[smallest] >= 0.95 else f"{agents[smallest]:.1g}"
    return (
        told
        + f": rounding is the reason, and more plans will not close it. The smallest pool, {pools[smallest]}, needs "
        f"{people} people on average while it has work."
    )
