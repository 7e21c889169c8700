"""Preferences over plans that are there already: aspiration and reservation levels, weights, weights by condition."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SENSES: Mapping[str, float] = {
    "cx": 1.0,
    "cost": -1.0,
    "headroom": 1.0,
    "cx_rescored": 1.0,
    "p_shortfall": -1.0,
    "p_cx_at_least_today": 1.0,
    "peak_fte": -1.0,
    "abandon_rate": -1.0,
    "hires": -1.0,
    "overtime_h": -1.0,
}
"""Columns of the table of plans that can be preferred by -> 1 where more is better, −1 where less is."""

AUGMENTATION = 1e-9  # so little that it decides among equal worst misses alone, however narrow the widths
PEAK = 0.75  # of the busiest interval of the day


def achievement(values: Floats, senses: Floats, aspiration: Floats, reservation: Floats) -> Floats:
    """Achievement of points, shape (point,): at least 0 where all that is aspired to is reached.

    min_k q_k + ρ·mean_k q_k, q_k = sense·(value − aspiration) / (sense·(aspiration − reservation)): −1 in an axis that
    is just acceptable (Wierzbicki 1980). It is augmented by ρ = 1e-9, so that of equal worst misses the smaller others
    win; a larger ρ would pass over a plan that reaches everything for one that misses a little and exceeds much.

    Parameters
    ----------
    values
        Shape (point, objective).
    senses, aspiration, reservation
        Shape (objective,); senses 1 or −1.

    Raises
    ------
    ValueError
        A reservation is not worse than its aspiration.
    """
    width = senses * (aspiration - reservation)
    for k in range(len(width)):
        if not width[k] > 0:
            raise ValueError(f"reservation[{k}] = {reservation[k]:g} — must be worse than aspiration {aspiration[k]:g}")
    reached = senses * (values - aspiration) / width
    return np.asarray(reached.min(axis=1) + AUGMENTATION * reached.mean(axis=1))


def best_reached(reached: Mapping[str, float]) -> str:
    """Return the plan of the largest achievement, the first of equals; one that is not known comes last."""
    return max(reached, key=lambda plan: np.nan_to_num(reached[plan], nan=-np.inf))


def achievements(
    plans: pd.DataFrame,
    aspiration: Mapping[str, float],
    reservation: Mapping[str, float] | None,
    senses: Mapping[str, float] = SENSES,
) -> Floats:
    """Achievement of every row of a table of plans; NaN where a value is not known.

    Raises
    ------
    ValueError
        An unknown axis or one without values, no axis, an aspiration that is no number, a reservation that is no worse
        than its aspiration or has none.
    """
    names, reserved = list(aspiration), reservation or {}
    if not names:
        raise ValueError("aspiration = {} — must name at least one axis")
    values = np.column_stack([_values(plans, name, senses) for name in (*names, *reserved)])[:, : len(names)]
    sense, level = np.array([senses[n] for n in names]), np.array([float(aspiration[n]) for n in names])
    span = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
    floor = level - sense * np.where(span > 0, span, 1.0)  # the range of the plans, where an axis has no reservation
    for name, value in aspiration.items():
        if not np.isfinite(value):
            raise ValueError(f"aspiration of {name!r} = {value:g} — must be a number")
    for name, value in reserved.items():
        if name not in names:
            raise ValueError(f"reservation of {name!r} — must have an aspiration, too")
        if not senses[name] * (aspiration[name] - value) > 0:
            raise ValueError(
                f"reservation of {name!r} = {value:g} — must be worse than aspiration {aspiration[name]:g}"
            )
        floor[names.index(name)] = value
    return achievement(values, sense, level, floor)


def _values(plans: pd.DataFrame, name: str, senses: Mapping[str, float]) -> Floats:
    """Values of an axis of a table of plans, shape (plan,), some of them known."""
    if name not in senses or name not in plans:
        raise ValueError(f"axis {name!r} — must be one of {', '.join(n for n in senses if n in plans)}")
    values = plans[name].to_numpy(float)
    if not np.isfinite(values).any():
        raise ValueError(f"axis {name!r} — is not known of any plan of this run; leave it out")
    return values


def effectiveness(plans: pd.DataFrame, weights: Mapping[str, float], senses: Mapping[str, float] = SENSES) -> Floats:
    """Score of every plan, 0–100: 100·Σ weight·score, each axis scaled by the range of the plans, weights by their sum.

    (The weighted score of WFM practice. A weighted sum never picks a plan inside a dent of the frontier; aspiration
    levels do.)

    Raises
    ------
    ValueError
        An unknown axis or one without values, a negative or endless weight, or weights that sum to 0.
    """
    total = 0.0
    score = np.zeros(len(plans))
    for name, weight in weights.items():
        if not 0 <= weight < np.inf:
            raise ValueError(f"weight of {name!r} = {weight} — must be at least 0")
        if weight == 0 and name in senses:
            continue
        values = senses.get(name, 1.0) * _values(plans, name, senses)
        low, high = np.nanmin(values), np.nanmax(values)
        score += weight * ((values - low) / (high - low) if high > low else 1.0)
        total += weight
    if not total > 0:
        raise ValueError(f"weights = {dict(weights)} — must sum to more than 0")
    return np.asarray(100.0 * score / total)


def blended(profiles: Mapping[str, Mapping[str, float]], shares: Mapping[str, float]) -> dict[str, float]:
    """Weights of one axis each from profiles per condition: Σ_condition share·weight, every profile scaled to sum 1.

    The axes of a plan are means or sums over all issues, so a profile counts by the share of issues in its condition.

    Raises
    ------
    ValueError
        A profile without a share, or one whose weights sum to 0.
    """
    weights: dict[str, float] = {}
    for condition, profile in profiles.items():
        if condition not in shares:
            raise ValueError(f"condition {condition!r} — must be one of {', '.join(shares)}")
        total = sum(profile.values())
        if not total > 0:
            raise ValueError(f"weights of {condition!r} = {dict(profile)} — must sum to more than 0")
        for name, weight in profile.items():
            weights[name] = weights.get(name, 0.0) + shares[condition] * weight / total
    return weights


def condition_shares(demand: pd.DataFrame) -> dict[str, float]:
    """Share of issues in peak intervals (at least 75 % of the busiest of their day) and off-peak."""
    total = demand.groupby("interval", sort=False)["mean"].sum()
    day = total.index.str[:10]
    busiest = total.groupby(day).transform("max")
    peak = float(total[total >= PEAK * busiest].sum() / max(float(total.sum()), 1e-300))
    return {"peak": peak, "off_peak": 1.0 - peak}
