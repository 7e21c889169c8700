"""Headroom: how much more demand a decision can take."""

from __future__ import annotations

import math

import numpy as np

from solvers.flow.kept import capacity_ratio, holds, missed_by
from solvers.flow.network import Decision, FlowNetwork, Promises
from solvers.flow.steady_state import SteadyState, steady_state

HEADROOM_TOLERANCE = 1e-5
STEP = 2.0**-17  # within that: where promises bind, headroom is a multiple, the same from wherever it is looked for
ENOUGH = HEADROOM_TOLERANCE / 10  # by which the caps may admit more than the headroom found
MOST_HEADROOM = 9.0


def headroom(network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState) -> float:
    """Largest uniform growth of issues at which caps on offered load, deadlines, rates and promises all hold.

    The caps must hold both for the load of the grown steady state (more waiting brings more redials) and for today's
    load scaled up (customers who give up instead of coming back create no headroom). `state` is the nominal steady
    state. −1 where nothing holds at any demand.
    """
    ceiling = min(capacity_ratio(network, decision, state) - 1.0, MOST_HEADROOM)
    if ceiling <= -1.0:
        return -1.0
    growth, here = _caps_hold(network, decision, ceiling, state)
    over = missed_by(network, promises, decision, here)
    if over <= 0:
        return growth
    low, high, under = -1.0, growth, -np.inf
    if growth > 0:
        nominal = missed_by(network, promises, decision, state)
        low, high, under, over = (0.0, growth, nominal, over) if nominal <= 0 else (-1.0, 0.0, -np.inf, nominal)
    return _last_kept(network, promises, decision, (low, high), (under, over), here)


def _last_kept(
    network: FlowNetwork,
    promises: Promises,
    decision: Decision,
    between: tuple[float, float],
    short: tuple[float, float],
    here: SteadyState,
) -> float:
    """Largest multiple of `STEP` up to which promises are kept: they are at the first of two growths.

    Steps between are taken where the line through what falls short there meets zero (Illinois; Dowell and Jarratt
    1971), and in the middle where that is not known.
    """
    low, high = round(between[0] / STEP), math.ceil(between[1] / STEP)
    under, over = short
    before = 0
    while high - low > 1:
        part = under / (under - over) if np.isfinite(under) and np.isfinite(over) else 0.5
        step = min(max(round(low + (high - low) * part), low + 1), high - 1)
        here = steady_state(network, decision, step * STEP, here)
        found = missed_by(network, promises, decision, here)
        side = 1 if found <= 0 else -1
        if side > 0:
            over /= 2 if before == side else 1
            low, under = step, found
        else:
            under /= 2 if before == side else 1
            high, over = step, found
        before = side
    return low * STEP


def keeps(
    network: FlowNetwork, promises: Promises, decision: Decision, growth: float, guess: SteadyState | None = None
) -> bool:
    """Tell if a decision has a headroom: caps, deadlines and promises hold there, and caps for today's load scaled."""
    if not holds(network, promises, decision, steady_state(network, decision, growth, guess)):
        return False
    nominal = steady_state(network, decision, 0.0, guess)
    return capacity_ratio(network, decision, nominal) >= (1.0 + growth) * (1 - 1e-9)


def _caps_hold(
    network: FlowNetwork, decision: Decision, ceiling: float, state: SteadyState
) -> tuple[float, SteadyState]:
    """Largest growth up to `ceiling` at which the caps hold in the grown steady state, by bracketed false position."""
    here = steady_state(network, decision, ceiling, state)
    margin = capacity_ratio(network, decision, here) - 1.0
    if margin >= -1e-9 and here.converged:
        return ceiling, here
    high, high_margin = ceiling, margin
    low, low_margin, kept = -1.0, np.nan, state
    step, before = (1.0 + high) * (1.0 + high_margin) - 1.0, 0
    for _ in range(60):
        if high - low <= ENOUGH:
            break
        if not low < step < high:
            step = (low + high) / 2
        here = steady_state(network, decision, step, kept)
        margin = capacity_ratio(network, decision, here) - 1.0 if here.converged else -1.0
        side = 1 if margin >= -1e-9 else -1
        # Whoever stays where it is a second time counts half (Dowell and Jarratt 1971).
        if side > 0:
            high_margin /= 2 if before == side else 1
            low, low_margin, kept = step, max(margin, 0.0), here
            if margin <= ENOUGH:
                break
        else:
            low_margin /= 2 if before == side else 1
            high, high_margin = step, margin
        before = side
        if np.isfinite(low_margin):
            step = low + (high - low) * (low_margin - ENOUGH / 2) / max(low_margin - high_margin, 1e-300)
        else:
            step = (1.0 + high) * (1.0 + 1.05 * high_margin) - 1.0
    return low, kept if low > -1.0 else steady_state(network, decision, low, kept)
