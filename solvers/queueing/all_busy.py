"""The queue while every server is busy: a birth–death chain with constant births and growing deaths.

Births come at rate `arrival`, deaths at `capacity + j·theta` with j contacts waiting. Everything here is
conditional on "all servers busy" and free of units as long as the three rates share one. How often all servers
are busy, and what that means for agents and chats, is in the sibling kernel files.

Normally the stationary weights r_j = Π_{i≤j} arrival/(capacity + iθ) are summed. In deep overload (`is_saturated`)
they reach e^90 and beyond and an empty queue has probability below 1e-39; near the critical load with almost endless
patience (`_is_slow`) a sum would take √(c/θ) terms. In both the density of the offered wait is integrated around its
mode instead: no rescaling, no overflow, no long loops.
"""

import math

import numpy as np
from numba import njit

__all__ = [
    "all_busy_sums",
    "answered_wait",
    "is_saturated",
    "offered_wait_tail",
    "served_within",
]

# e^90 against the weight of an empty queue: far below double precision, far from overflow.
_SATURATION_EXPONENT = 90.0
# Weights below e^-45 of the largest (3e-20) cannot change a double.
_NEGLIGIBLE_EXPONENT = 45.0
# Beyond this c/θ, and with 1 − ρ below the margin, a sum has thousands of terms, whose rounding adds up.
_MOST_STAGES = 1e5
_SLOW_MARGIN = 0.004
_PANELS = 24
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(8)


@njit(cache=True, error_model="numpy")
def _bend(x: float) -> float:
    """Return e^{−x} − 1 + x without cancellation."""
    if abs(x) > 0.05:
        return math.expm1(-x) + x
    return x * x * (1 / 2 - x * (1 / 6 - x * (1 / 24 - x * (1 / 120 - x * (1 / 720 - x * (1 / 5040 - x / 40320))))))


@njit(cache=True, error_model="numpy")
def is_saturated(arrival: float, capacity: float, theta: float) -> bool:
    """Tell whether an empty queue is out of reach: (c/θ)(ρ − 1 − ln ρ) > 90 with ρ = arrival/capacity > 1."""
    if theta <= 0.0 or arrival <= capacity:
        return False
    excess = (arrival - capacity) / capacity
    # ρ − 1 − ln ρ is below (ρ − 1)²/2, which mostly settles it without a logarithm.
    if excess * excess * capacity <= 2.0 * _SATURATION_EXPONENT * theta:
        return False
    return _bend(-math.log1p(excess)) * capacity / theta > _SATURATION_EXPONENT


@njit(cache=True, error_model="numpy")
def _is_slow(arrival: float, capacity: float, theta: float) -> bool:
    """Tell whether the weights fall so slowly that summing them would take too many terms; needs theta > 0."""
    return theta * _MOST_STAGES < capacity and arrival > capacity * (1.0 - _SLOW_MARGIN)


@njit(cache=True, error_model="numpy")
def all_busy_sums(arrival: float, capacity: float, theta: float) -> tuple[float, float]:
    """Sum the stationary weights of the queue while all servers are busy.

    With r_j = Π_{i=1..j} arrival/(capacity + iθ): S1 = Σ_{j≥1} r_j and L = Σ j·r_j / (1 + S1)
    (Garnett, Mandelbaum, Reiman 2002). θ = 0 is Erlang C with its geometric sums.

    Parameters
    ----------
    arrival, capacity, theta
        Rates in one unit; capacity > 0, the others ≥ 0.

    Returns
    -------
    tuple of float
        S1 (inf when saturated or unstable) and the mean queue L in contacts, given all servers are busy.
    """
    if arrival <= 0.0:
        return 0.0, 0.0
    if theta <= 0.0:
        if arrival >= capacity:
            return math.inf, math.inf
        geometric = arrival / (capacity - arrival)
        return geometric, geometric
    if is_saturated(arrival, capacity, theta):
        return math.inf, (arrival - capacity) / theta
    if _is_slow(arrival, capacity, theta):
        return _slow_sums(arrival, capacity, theta)
    weight = 1.0
    total = 0.0
    moment = 0.0
    death = capacity
    position = 0.0
    while True:
        death += theta
        position += 1.0
        ratio = arrival / death
        weight *= ratio
        total += weight
        moment += position * weight
        # Everything left is below a geometric series with this ratio; written without a second division.
        fall = 1.0 - ratio
        if not (fall <= 0.0 or weight * ratio * (position * fall + 1.0) > 1e-17 * moment * fall * fall):
            break  # or a rate is not a number
    return total, moment / (1.0 + total)


@njit(cache=True, error_model="numpy")
def _log_density(offset: float, arrival: float, capacity: float, theta: float) -> float:
    """Log density of the offered wait at an offset from its mode, less that at the mode.

    −(c/θ)(e^{−θu} − 1 + θu) where the mode is above 0, else −(c − λ)u − (λ/θ)(e^{−θu} − 1 + θu).
    """
    slope = max(0.0, capacity - arrival)
    return -slope * offset - min(arrival, capacity) * (_bend(theta * offset) / theta)


@njit(cache=True, error_model="numpy")
def _decay_distance(arrival: float, capacity: float, theta: float, side: float) -> float:
    """Find the distance from the mode of the offered wait where its log density has fallen by 45."""
    distance = 1.0 / max(math.sqrt(capacity) * math.sqrt(theta), capacity - arrival)
    while _log_density(side * distance, arrival, capacity, theta) >= -_NEGLIGIBLE_EXPONENT:
        distance *= 1.25
    return distance


@njit(cache=True, error_model="numpy")
def _mode_integrals(
    arrival: float, capacity: float, theta: float, low: float, high: float
) -> tuple[float, float, float, float]:
    """Integrate the offered wait around its mode, at offset u from it.

    With g the log density: ∫e^g, ∫e^{g−θu}, ∫u·e^{g−θu} and ∫(1 − e^{−θu})/θ·e^g over [low, high], by Gauss–Legendre
    panels.
    """
    mass = 0.0
    served = 0.0
    moment = 0.0
    elapsed = 0.0
    half = 0.5 * (high - low) / _PANELS
    for panel in range(_PANELS):
        center = low + (2 * panel + 1) * half
        for node in range(_NODES.size):
            offset = center + half * _NODES[node]
            density = math.exp(_log_density(offset, arrival, capacity, theta)) * (half * _NODE_WEIGHTS[node])
            fallen = -math.expm1(-theta * offset)
            survival = density * (1.0 - fallen)
            mass += density
            served += survival
            moment += offset * survival
            elapsed += density * (fallen / theta)
    return mass, served, moment, elapsed


@njit(cache=True, error_model="numpy")
def _mode_window(arrival: float, capacity: float, theta: float) -> tuple[float, float, float]:
    """Return the most likely offered wait, and the window of offsets around it that carries all mass."""
    mode = math.log1p(max(0.0, arrival - capacity) / capacity) / theta
    low = 0.0 if mode <= 0.0 else max(-mode, -_decay_distance(arrival, capacity, theta, -1.0))
    return mode, low, _decay_distance(arrival, capacity, theta, 1.0)


@njit(cache=True, error_model="numpy")
def _slow_sums(arrival: float, capacity: float, theta: float) -> tuple[float, float]:
    """S1 and L of `all_busy_sums` as integrals: S = c∫e^{λ(1 − e^{−θv})/θ − cv}dv and L = λ·E[(1 − e^{−θV})/θ]."""
    mode, low, high = _mode_window(arrival, capacity, theta)
    mass, _, _, elapsed = _mode_integrals(arrival, capacity, theta, low, high)
    peak = _bend(-mode * theta) * capacity / theta
    before = -math.expm1(-mode * theta) / theta
    return capacity * math.exp(peak) * mass - 1.0, arrival * before + min(arrival, capacity) * elapsed / mass


@njit(cache=True, error_model="numpy")
def served_within(arrival: float, capacity: float, theta: float, threshold: float, total: float = math.nan) -> float:
    """Probability that a contact who finds all servers busy is served within a threshold.

    (S1 − e^{φ(T)}·S1_T)/(ρS) with φ(T) = λ(1 − e^{−θT})/θ − cT and S1_T the sum S1 at λ·e^{−θT}; derived from the
    density of the offered wait, f(v) ∝ exp(λ(1 − e^{−θv})/θ − cv) (Baccelli & Hébuterne 1981).

    Parameters
    ----------
    arrival, capacity, theta
        Rates in one unit.
    threshold
        In the inverse unit of the rates.
    total
        S1 of these rates where the caller has it already.

    Returns
    -------
    float
        In [0, 1]; all contacts who wait are in the denominator, those who abandon included.
    """
    if threshold <= 0.0 or capacity <= 0.0:
        return 0.0
    if theta <= 0.0:
        if arrival >= capacity:
            return 0.0
        return -math.expm1(-(capacity - arrival) * threshold)
    if arrival <= 0.0:
        return -math.expm1(-(capacity + theta) * threshold) * capacity / (capacity + theta)
    if is_saturated(arrival, capacity, theta) or _is_slow(arrival, capacity, theta):
        mode, low, high = _mode_window(arrival, capacity, theta)
        reach = min(threshold - mode, high)
        if reach <= low:
            return 0.0
        whole = _mode_integrals(arrival, capacity, theta, low, high)[0]
        part = _mode_integrals(arrival, capacity, theta, low, reach)[1]
        return min(1.0, part / whole * min(1.0, capacity / arrival))
    if math.isnan(total):
        total = all_busy_sums(arrival, capacity, theta)[0]
    late_total = all_busy_sums(arrival * math.exp(-theta * threshold), capacity, theta)[0]
    exponent = -arrival * math.expm1(-theta * threshold) / theta - capacity * threshold
    share = (total - math.exp(exponent) * late_total) / (1.0 + total) * capacity / arrival
    return min(1.0, max(0.0, share))


@njit(cache=True, error_model="numpy")
def offered_wait_tail(arrival: float, capacity: float, theta: float, threshold: float) -> float:
    """Probability that the offered wait exceeds a threshold, given all servers are busy.

    The offered wait is that of a contact who never abandons: e^{φ(T)}·S_T/S in the notation of `served_within`.
    """
    if threshold <= 0.0:
        return 1.0
    if theta <= 0.0:
        return 1.0 if arrival >= capacity else math.exp(-(capacity - arrival) * threshold)
    if is_saturated(arrival, capacity, theta) or _is_slow(arrival, capacity, theta):
        mode, low, high = _mode_window(arrival, capacity, theta)
        start = max(threshold - mode, low)
        if start >= high:
            return 0.0
        whole = _mode_integrals(arrival, capacity, theta, low, high)[0]
        return min(1.0, _mode_integrals(arrival, capacity, theta, start, high)[0] / whole)
    total = all_busy_sums(arrival, capacity, theta)[0]
    late_total = all_busy_sums(arrival * math.exp(-theta * threshold), capacity, theta)[0]
    exponent = -arrival * math.expm1(-theta * threshold) / theta - capacity * threshold
    return min(1.0, math.exp(exponent) * (1.0 + late_total) / (1.0 + total))


@njit(cache=True, error_model="numpy")
def answered_wait(arrival: float, capacity: float, theta: float) -> float:
    """Mean of (wait × served), given all servers are busy, in the inverse unit of the rates.

    With j contacts ahead each stage lasts 1/(c + iθ), i = 1..j+1, whoever leaves, and the contact is served with
    probability c/(c + (j+1)θ); hence Σ_{j≥1} r_j·h_j/(ρS) with h_j = Σ_{i≤j} 1/(c + iθ).
    """
    if arrival <= 0.0 and theta <= 0.0:
        return 1.0 / capacity
    if arrival <= 0.0:
        return capacity / (capacity + theta) ** 2
    if theta <= 0.0:
        return math.inf if arrival >= capacity else 1.0 / (capacity - arrival)
    if is_saturated(arrival, capacity, theta) or _is_slow(arrival, capacity, theta):
        mode, low, high = _mode_window(arrival, capacity, theta)
        mass, served, moment, _ = _mode_integrals(arrival, capacity, theta, low, high)
        return (mode * served + moment) / mass * min(1.0, capacity / arrival)
    weight = 1.0
    total = 0.0
    moment = 0.0
    death = capacity
    elapsed = 0.0
    while True:
        death += theta
        stage = 1.0 / death
        elapsed += stage
        ratio = arrival * stage
        weight *= ratio
        total += weight
        moment += elapsed * weight
        fall = 1.0 - ratio
        if not (fall <= 0.0 or weight * ratio * (elapsed * fall + stage) > 1e-17 * moment * fall * fall):
            break
    return moment / (1.0 + total) * capacity / arrival
