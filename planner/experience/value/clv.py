"""Customer lifetime value from margins, churn hazards and a discount rate."""

from __future__ import annotations

import numpy as np

LONGEST_HORIZON = 36
"""Most months that are counted: what lies further off is not known today."""


def lifetime_value(margins: np.ndarray, hazards: np.ndarray, discount: float) -> float:
    """Value of a customer over a finite horizon, in money.

    `CLV = sum over t = 0..H-1 of m_t * prod over s = 1..t of (1 - h_s) / (1 + d)^t`; the first margin is certain.

    Parameters
    ----------
    margins
        Shape (month,), money per month, H at most 36.
    hazards
        Shape (month,), probability to leave in each month; the first is not used.
    discount
        Per month, at least 0.

    Raises
    ------
    ValueError
        If the horizon, a hazard or the discount lies outside its range.
    """
    margins, hazards = np.asarray(margins, float), np.asarray(hazards, float)
    if not 1 <= len(margins) <= LONGEST_HORIZON or len(hazards) != len(margins):
        raise ValueError(f"a horizon of {len(margins)} months: it must be 1 to {LONGEST_HORIZON}, one hazard a month")
    _check(hazards, discount)
    stays = np.concatenate([[1.0], np.cumprod(1 - hazards[1:])])
    return float((margins * stays / (1 + discount) ** np.arange(len(margins))).sum())


def perpetual_value(margin: float, hazard: float, discount: float) -> float:
    """Value at a constant hazard without horizon, `m (1 + d) / (d + h)`, in money."""
    _check(np.array([hazard]), discount)
    return margin * (1 + discount) / (discount + hazard) if discount + hazard > 0 else float("inf")


def retention_value(margin: float, retention: float, discount: float) -> float:
    """Value by the convention that leaves out the current margin, `m r / (1 + d - r)`, in money."""
    _check(np.array([1 - retention]), discount)
    rest = 1 + discount - retention
    return margin * retention / rest if rest > 0 else float("inf")


def worth_of_change(change: float, effect: float, value_rest: float) -> float:
    """Money per issue of a change in a probability: `V = change * AME * CLV_rest`.

    With `change` 1 and `effect` .01 it is the worth of a one-off churn risk of one point.
    """
    return change * effect * value_rest


def _check(hazards: np.ndarray, discount: float) -> None:
    if not ((hazards >= 0) & (hazards <= 1)).all():
        raise ValueError(f"hazards from {hazards.min():g} to {hazards.max():g}: each must be in [0, 1]")
    if not discount >= 0:
        raise ValueError(f"discount {discount:g} per month must be at least 0")
