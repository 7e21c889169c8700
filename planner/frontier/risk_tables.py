"""Risk as tables: ranges per plan with their Monte-Carlo error, and the band the frontier moves in over the draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from planner.frontier.risk import RiskOfPlans, efficient_share, regret_of_draws
from planner.frontier.tables import stack
from solvers.pareto.attainment import Vorobev, attainment_surface, vorobev

Floats = NDArray[np.float64]
TIE = (0.1, 0.9)  # P(CX >= Today) in between: the two cannot be told apart
CURVES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
"""Curves of the attainment table -> least share of draws in which the frontier reaches them."""
PLANE = ("min", "max")  # cost, cx
_Z95 = 1.959963984540054


def add_risk(plans: pd.DataFrame, risk: RiskOfPlans) -> None:
    """Add what the draws say to the table of plans; CX against Today is a paired difference over common draws."""
    if risk.cx.shape[1] == 0:
        for column in ("p_shortfall", "p_cx_at_least_today", "cx_low", "cx_high"):
            plans[column] = np.nan
        plans["ties_with_today"] = False
        return
    unknown = ~np.isfinite(risk.cx).all(axis=1)
    plans["p_shortfall"] = np.where(unknown, np.nan, 1.0 - risk.kept.mean(axis=1))
    better = (risk.cx >= risk.cx[0] - 1e-12).mean(axis=1)
    plans["p_cx_at_least_today"] = np.where(unknown, np.nan, better)
    plans["ties_with_today"] = (better > TIE[0]) & (better < TIE[1]) & ~unknown
    plans["cx_low"], plans["cx_high"] = np.quantile(risk.cx, [0.05, 0.95], axis=1)


def risk_table(
    plans: pd.DataFrame, risk: RiskOfPlans, further: Floats | None = None, senses: Sequence[str] = ()
) -> pd.DataFrame:
    """P10, P50, P90 per plan and axis, and in p50 the shares and the regret.

    `further` (plan, objective) and their `senses`: see `efficient_share`. `low` and `high` are the 95 % Monte-Carlo
    interval of p50: what another set of as many draws could have said.
    """
    draws = risk.cx.shape[1]
    empty = pd.DataFrame(columns=["plan", "axis", "p10", "p50", "p90", "low", "high"])
    if not draws:
        return empty
    frames = []
    for axis, values in (("cx", risk.cx), ("cost", risk.cost), ("headroom", risk.headroom)):
        p10, p50, p90 = np.quantile(values, [0.1, 0.5, 0.9], axis=1)
        low, high = median_interval(values)
        frames.append(_rows(plans, axis, p10, p50, p90, low, high))
    unknown = ~np.isfinite(risk.cx).all(axis=1)
    efficient = efficient_share(risk, further, senses)
    for axis, share in (("p_promises", risk.kept.mean(axis=1)), ("p_efficient", efficient)):
        share = np.where(unknown, np.nan, share)
        frames.append(_rows(plans, axis, np.nan, share, np.nan, *share_interval(share, draws)))
    short = regret_of_draws(risk)
    error = _Z95 * short.std(axis=1, ddof=1) / np.sqrt(draws) if draws > 1 else np.full(len(short), np.nan)
    mean = short.mean(axis=1)
    frames.append(_rows(plans, "regret", np.nan, mean, np.nan, np.maximum(mean - error, 0.0), mean + error))
    return stack(frames)


def _rows(plans: pd.DataFrame, axis: str, *columns: Any) -> pd.DataFrame:
    names = ("p10", "p50", "p90", "low", "high")
    return pd.DataFrame({"plan": plans["plan"], "axis": axis, **dict(zip(names, columns, strict=True))})


def median_interval(values: Floats) -> tuple[Floats, Floats]:
    """95 % interval of the median along the last axis, by order statistics (binomial, exact; Thompson 1936).

    NaN with fewer than six draws, which cannot give one.
    """
    draws = values.shape[-1]
    rank = int(stats.binom.ppf(0.025, draws, 0.5))
    if draws < 6 or rank < 1:
        nothing = np.full(values.shape[:-1], np.nan)
        return nothing, nothing.copy()
    ordered = np.sort(values, axis=-1)
    return ordered[..., rank - 1], ordered[..., draws - rank]


def share_interval(share: Floats, draws: int) -> tuple[Floats, Floats]:
    """95 % interval of a share seen in so many draws (Wilson 1927): not empty even at 0 and 1."""
    z2 = _Z95**2
    middle = (share + z2 / (2 * draws)) / (1 + z2 / draws)
    half = _Z95 * np.sqrt(share * (1 - share) / draws + z2 / (4 * draws**2)) / (1 + z2 / draws)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def _plane(risk: RiskOfPlans, level: float) -> tuple[Floats, NDArray[np.int64]]:
    """Cost and CX of the plans (without Today) that have the headroom in a draw, (point, 2), and their draw."""
    there = np.isfinite(risk.cx) & np.isfinite(risk.cost) & (risk.headroom >= level - 1e-9)
    there[0] = False
    plan, draw = np.nonzero(there)
    return np.column_stack([risk.cost[plan, draw], risk.cx[plan, draw]]), draw


def attainment_table(risk: RiskOfPlans, levels: Sequence[float]) -> pd.DataFrame:
    """Curves (cost, CX) that the frontier reaches in 10, 50 and 90 % of the draws, and its mean (Vorob'ev).

    One set per headroom level; a plan counts in a draw if its headroom is at least the level then.
    """
    draws, frames = risk.cx.shape[1], []
    for level in sorted(set(levels)) if draws else ():
        points, owner = _plane(risk, level)
        curves = {name: attainment_surface(points, owner, draws, PLANE, share) for name, share in CURVES.items()}
        mean = _mean_front(risk, level)
        if mean is not None:
            curves["mean"] = mean.expectation
        for name, curve in curves.items():
            frames.append(pd.DataFrame({"headroom": level, "curve": name, "cost": curve[:, 0], "cx": curve[:, 1]}))
    empty = pd.DataFrame(columns=["headroom", "curve", "cost", "cx"])
    return stack(frames) if frames else empty


def _mean_front(risk: RiskOfPlans, level: float) -> Vorobev | None:
    """Vorob'ev mean of a level; the reference is the worst cost and CX of any plan in any draw."""
    points, owner = _plane(risk, level)
    if not len(points):
        return None
    everything = np.isfinite(risk.cx[1:]) & np.isfinite(risk.cost[1:])
    reference = (float(risk.cost[1:][everything].max()), float(risk.cx[1:][everything].min()))
    return vorobev(points, owner, risk.cx.shape[1], reference, PLANE)


def risk_facts(risk: RiskOfPlans, levels: Sequence[float]) -> dict[str, Any]:
    """What stands above the risk tables: draws, who had a part in choosing, how far the frontier moves; in words."""
    draws = risk.cx.shape[1]
    if not draws:
        return {}
    half = float(np.ptp(share_interval(np.array(0.5), draws))) / 2
    facts: dict[str, Any] = {"draws": draws, "error_of_a_share": half}
    words = (
        f"{draws} common draws of demand, handle time, shrinkage and experience, drawn afresh: no plan was chosen or "
        f"named by them. A share read off them is uncertain by up to {100 * half:.0f} points."
    )
    mean = _mean_front(risk, min(levels))
    if mean is not None and mean.mean_hypervolume > 0:
        moves = mean.deviation / mean.mean_hypervolume
        facts |= {"threshold": mean.threshold, "deviation": moves, "headroom": min(levels)}
        words += (
            f" From draw to draw the frontier of cost and CX (headroom at least {min(levels):.0%}) differs from its "
            f"mean by {moves:.0%} of the space it dominates (Vorob'ev deviation)."
        )
    return facts | {"words": words}
