"""Erlang queues with patience of any law, M/M/n+G, exact, compiled.

With Ḡ(v) = P(patience > v) and H(v) = ∫₀ᵛ Ḡ the offered wait of a contact who finds all servers busy has density
f(v) ∝ exp((λH(v) − cv)/s), s = 1 (Baccelli & Hébuterne 1981; Zeltyn & Mandelbaum 2005). The exponent is concave.
Pieces without hazard have closed forms; the others are integrated by Gauss–Legendre panels short enough that neither
the exponent nor the survival changes much in one. Rates and times share one unit; what s is for, is in
`service_spread`.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.erlang_kernels import erlang_b

__all__ = ["general_queue"]

Floats = NDArray[np.float64]
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(8)
_FEW_NODES, _FEW_WEIGHTS = np.polynomial.legendre.leggauss(3)
# A density e^-50 of the largest (2e-22) cannot change a double.
_NEGLIGIBLE = 50.0
# Moments of the offered wait: ∫f, ∫f(1 − Ḡ), ∫fH, ∫vfḠ, ∫f up to the threshold, ∫fḠ up to the threshold.
_MASS, _LOST, _WAIT, _ANSWERED, _EARLY, _IN_TIME = range(6)


@njit(cache=True, error_model="numpy")
def _area(survival: float, hazard: float, length: float) -> float:
    """∫ of survival over a part of a piece."""
    return survival * length if hazard <= 0.0 else -survival * math.expm1(-hazard * length) / hazard


@njit(cache=True, error_model="numpy")
def _mode(arrival: float, capacity: float, start: Floats, survival: Floats, hazard: Floats) -> tuple[float, float]:
    """Return the likeliest offered wait, where λḠ(v) falls to c, and λH − cv there; inf if it never does."""
    value = 0.0
    last = start.size - 1
    for i in range(start.size):
        if i == last and hazard[i] <= 0.0 and arrival * survival[i] >= capacity:
            return math.inf, math.inf
        if arrival * survival[i] <= capacity:
            return start[i], value
        reach = math.inf if hazard[i] <= 0.0 else math.log(arrival * survival[i] / capacity) / hazard[i]
        length = math.inf if i == last else start[i + 1] - start[i]
        if reach <= length:
            return start[i] + reach, value + arrival * _area(survival[i], hazard[i], reach) - capacity * reach
        value += arrival * _area(survival[i], hazard[i], length) - capacity * length
    return math.inf, math.inf


@njit(cache=True, error_model="numpy")
def _exponential_moments(change: float) -> tuple[float, float]:
    """∫₀¹e^{xu}du and ∫₀¹u·e^{xu}du for x ≤ 0."""
    if change > -0.02:
        zeroth = 1.0 + change * (1 / 2 + change * (1 / 6 + change * (1 / 24 + change * (1 / 120 + change / 720))))
        first = 1 / 2 + change * (1 / 3 + change * (1 / 8 + change * (1 / 30 + change * (1 / 144 + change / 840))))
        return zeroth, first
    zeroth = math.expm1(change) / change
    return zeroth, (math.exp(change) - zeroth) / change


@njit(cache=True, error_model="numpy")
def _add_flat(
    time: float, area: float, exponent: float, length: float, slope: float, survival: float, early: bool, out: Floats
) -> None:
    """Add a stretch without hazard, where the density is an exponential."""
    change = slope * length
    if change > 0.0:
        # From the far end, so that nothing overflows.
        zeroth, first = _exponential_moments(-change)
        weight = math.exp(exponent + change) * length
        first = zeroth - first
    else:
        zeroth, first = _exponential_moments(change)
        weight = math.exp(exponent) * length
    mass, moment = weight * zeroth, weight * length * first
    out[_MASS] += mass
    out[_LOST] += mass * (1.0 - survival)
    out[_WAIT] += mass * area + survival * moment
    out[_ANSWERED] += survival * (mass * time + moment)
    if early:
        out[_EARLY] += mass
        out[_IN_TIME] += mass * survival


@njit(cache=True, error_model="numpy")
def _add_panel(
    time: float,
    area: float,
    exponent: float,
    length: float,
    rates: tuple[float, float],
    survival: float,
    hazard: float,
    early: bool,
    out: Floats,
) -> None:
    """Add a stretch with hazard by one panel; `rates` are λ/s and c/s."""
    nodes, weights = _NODES, _NODE_WEIGHTS
    if length * max(rates[0] * survival, rates[1], hazard) < 0.2:
        nodes, weights = _FEW_NODES, _FEW_WEIGHTS
    for node in range(nodes.size):
        offset = 0.5 * length * (1.0 + nodes[node])
        decay = math.expm1(-hazard * offset)
        here = survival * (1.0 + decay)
        grown = -survival * decay / hazard
        mass = 0.5 * length * weights[node] * math.exp(exponent + rates[0] * grown - rates[1] * offset)
        out[_MASS] += mass
        out[_LOST] += mass * (1.0 - here)
        out[_WAIT] += mass * (area + grown)
        out[_ANSWERED] += mass * here * (time + offset)
        if early:
            out[_EARLY] += mass
            out[_IN_TIME] += mass * here


@njit(cache=True, error_model="numpy")
def _moments(
    arrival: float,
    capacity: float,
    start: Floats,
    survival: Floats,
    hazard: Floats,
    scale: float,
    threshold: float,
    out: Floats,
) -> float:
    """Fill `out` with the moments of the offered wait over e^M, and return M, the largest exponent."""
    out[:] = 0.0
    mode, peak = _mode(arrival, capacity, start, survival, hazard)
    if math.isinf(mode):
        return math.inf
    rates = (arrival / scale, capacity / scale)
    peak /= scale
    time, area, exponent = 0.0, 0.0, -peak
    for i in range(start.size):
        end = math.inf if i + 1 == start.size else start[i + 1]
        while time < end:
            if time >= mode and exponent < -_NEGLIGIBLE:
                return peak
            here = survival[i] * math.exp(-hazard[i] * (time - start[i])) if hazard[i] > 0.0 else survival[i]
            slope = rates[0] * here - rates[1]
            length = end - time
            # Long after everybody has left, the piece is as good as one without hazard.
            flat = hazard[i] <= 0.0 or (time - max(mode, start[i])) * hazard[i] > _NEGLIGIBLE
            if flat:
                if slope < 0.0:
                    length = min(length, (2.0 * _NEGLIGIBLE + exponent) / -slope)
            else:
                steepest = max(abs(slope), math.sqrt(rates[0] * here * hazard[i]), hazard[i])
                length = min(length, 2.0 / steepest)
            if time < threshold < time + length:
                length = threshold - time
            following = time + length
            if following >= end or following <= time:
                following = end
                length = end - time
            grown = _area(here, hazard[i], length)
            after = exponent + rates[0] * grown - rates[1] * length
            if max(exponent, after) > -_NEGLIGIBLE or time <= mode <= following:
                early = following <= threshold
                if flat:
                    _add_flat(time, area, exponent, length, slope, here, early, out)
                else:
                    _add_panel(time, area, exponent, length, rates, here, hazard[i], early, out)
            time, area, exponent = following, area + grown, after
    return peak


@njit(cache=True, error_model="numpy")
def _general_whole(
    arrival: float,
    aht: float,
    agents: int,
    start: Floats,
    survival: Floats,
    hazard: Floats,
    scale: float,
    threshold: float,
    moments: Floats,
    out: Floats,
) -> None:
    """Fill `out`: P_w, E[W], E[W·served], P(served in time), P_ab, P(V > T)."""
    capacity = agents / aht
    peak = _moments(arrival, capacity, start, survival, hazard, 1.0, threshold, moments)
    if math.isinf(peak):
        # All who can lose patience do; the others, more than are served, wait for ever.
        out[:] = 1.0, math.inf, math.inf, 0.0, 1.0 - survival[-1], 1.0
        return
    mass = arrival * moments[_MASS]
    p_wait = mass / (math.exp(-peak) / erlang_b(arrival * aht, agents - 1) + mass)
    out[0] = p_wait
    out[3] = min(1.0, 1.0 - p_wait + p_wait * moments[_IN_TIME] / moments[_MASS])
    out[5] = p_wait * max(0.0, 1.0 - moments[_EARLY] / moments[_MASS])
    if scale != 1.0:
        _moments(arrival, capacity, start, survival, hazard, scale, threshold, moments)
    out[1] = p_wait * moments[_WAIT] / moments[_MASS]
    out[2] = p_wait * moments[_ANSWERED] / moments[_MASS]
    out[4] = p_wait * moments[_LOST] / moments[_MASS]


@njit(cache=True, error_model="numpy")
def general_queue(
    arrival: float,
    aht: float,
    agents: float,
    start: Floats,
    survival: Floats,
    hazard: Floats,
    scale: float,
    threshold: float,
    out: Floats,
) -> None:
    """Steady state of M/M/n+G.

    P_w = λJ/(1/B(n − 1, a) + λJ) with J = ∫exp(λH − cv)dv; P_ab = P_w·E[1 − Ḡ(V)]; E[W] = P_w·E[H(V)];
    P(served ≤ T) = 1 − P_w + P_w·∫₀ᵀfḠ (Zeltyn & Mandelbaum 2005).

    Parameters
    ----------
    arrival, aht, agents
        Contacts per unit of time, handle time, and on-task agents; a fraction mixes the two integers around it.
    start, survival, hazard
        The fields of a `PatienceCurve`, in the same unit of time.
    scale
        s of `service_spread` for abandonment and waits; 1 is exponential service, exact.
    threshold
        T of the service level.
    out
        Receives P_w, E[W], E[W·served], P(served in time), P_ab and P(offered wait > T), shape (6,).
    """
    out[:] = 0.0
    if arrival <= 0.0:
        out[3] = 1.0
        return
    moments, part = np.empty(6), np.empty(6)
    whole = int(agents)
    for step in range(2):
        servers = whole + step
        portion = agents - whole if step == 1 else 1.0 - (agents - whole)
        if portion <= 0.0:
            continue
        if servers > 0:
            _general_whole(arrival, aht, servers, start, survival, hazard, scale, threshold, moments, part)
        else:
            _without_agents(start, survival, hazard, part)
        out += portion * part


@njit(cache=True, error_model="numpy")
def _without_agents(start: Floats, survival: Floats, hazard: Floats, out: Floats) -> None:
    """Everybody waits until they leave; those who never leave wait for ever."""
    mean = 0.0
    for i in range(start.size):
        if i + 1 < start.size:
            mean += _area(survival[i], hazard[i], start[i + 1] - start[i])
        elif survival[i] > 0.0:
            mean += survival[i] / hazard[i] if hazard[i] > 0.0 else math.inf
    endless = math.isinf(mean)
    lost = 1.0 - survival[-1] if endless else 1.0
    out[:] = 1.0, mean, math.inf if endless else 0.0, 0.0, lost, 1.0
