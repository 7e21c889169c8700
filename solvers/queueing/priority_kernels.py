"""Non-preemptive priorities with common service and abandonment rates, exact, compiled.

All-busy periods begin and end with an empty queue, so the queue of classes 0..k, watched only while all servers are
busy, is a birth–death chain of its own with births Λ_k = Σ_{i≤k} λ_i (Kella & Yechiali 1985 without abandonment).
Class 0 is served first, in order of arrival within a class. Units as in `erlang_kernels`.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.all_busy import all_busy_sums, is_saturated, served_within
from solvers.queueing.erlang_kernels import erlang_b, wait_probability

__all__ = ["priority_queue_lengths", "priority_service_levels"]


@njit(cache=True, error_model="numpy")
def _add_queue_lengths(
    loads: NDArray[np.float64], agents: int, abandon_ratio: float, portion: float, out: NDArray[np.float64]
) -> float:
    """Add one integer's share of the queue lengths to `out` and return its probability of waiting."""
    if agents == 0:
        for k in range(loads.size):
            if loads[k] > 0.0:
                out[k] += portion * loads[k] / abandon_ratio if abandon_ratio > 0.0 else math.inf
        return 1.0
    whole_load = loads.sum()
    total, whole_queue = all_busy_sums(whole_load, float(agents), abandon_ratio)
    p_wait = wait_probability(erlang_b(whole_load, agents), total)
    above = 0.0
    load = 0.0
    for k in range(loads.size):
        if loads[k] <= 0.0:
            continue
        load += loads[k]
        # Down to the last class with load it is the whole queue, which is known.
        queue = whole_queue if load == whole_load else all_busy_sums(load, float(agents), abandon_ratio)[1]
        # Below an endless queue there is another endless one, not inf − inf.
        own = math.inf if math.isinf(queue) else p_wait * max(0.0, queue - above)
        if abandon_ratio > 0.0:
            # Nobody abandons twice; the difference loses this for a class that is a rounding error of the others.
            own = min(own, loads[k] / abandon_ratio)
        out[k] += portion * own
        above = queue
    return p_wait


@njit(cache=True, error_model="numpy")
def priority_queue_lengths(
    loads: NDArray[np.float64], agents: float, abandon_ratio: float, out: NDArray[np.float64]
) -> float:
    """Mean queue of each priority class, E[Q_k] = P_w·(L(Λ_k) − L(Λ_{k−1})).

    Parameters
    ----------
    loads
        Offered load per class in Erlang, shape (class,), class 0 served first.
    agents, abandon_ratio
        As in `erlang_a`.
    out
        Receives the mean queue per class in contacts, shape (class,).

    Returns
    -------
    float
        Probability that a contact of any class waits.
    """
    out[:] = 0.0
    if loads.sum() <= 0.0:
        return 0.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    p_wait = (1.0 - share) * _add_queue_lengths(loads, whole, abandon_ratio, 1.0 - share, out)
    if share > 0.0:
        p_wait += share * _add_queue_lengths(loads, whole + 1, abandon_ratio, share, out)
    return p_wait


@njit(cache=True, error_model="numpy")
def _law_reach(load: float, capacity: float, theta: float, most: float) -> int:
    """Find the queue length, at most `most`, beyond which the all-busy law has no mass worth a double."""
    if theta <= 0.0:
        return int(min(most, 45.0 / -math.log(load / capacity))) + 2
    position = max(0.0, math.floor((load - capacity) / theta))
    weight = 1.0
    while weight > 1e-20 and position < most:
        position += 1.0
        weight *= load / (capacity + position * theta)
    return int(position) + 2


@njit(cache=True, error_model="numpy")
def service_reach(capacity: float, theta: float, threshold: float) -> float:
    """Find how many contacts ahead are certainly too many to be served within the threshold.

    Of x contacts ahead x·e^{−θT} neither are served nor leave before T on average, less c(1 − e^{−θT})/θ services;
    eleven standard deviations are left on top.
    """
    keep = math.exp(-theta * threshold)
    services = capacity * threshold if theta <= 0.0 else -capacity * math.expm1(-theta * threshold) / theta
    reach = services + 20.0
    while reach < 1e7:
        spread = math.sqrt(reach * keep * (1.0 - keep) + services)
        if reach * keep - services > 11.0 * spread + 20.0:
            break
        reach = reach * 1.1 + 1.0
    return reach


@njit(cache=True, error_model="numpy")
def _fill_queue_law(load: float, capacity: float, theta: float, law: NDArray[np.float64]) -> None:
    """Write the all-busy law of the queue, r_j/S, for j < law.size; when saturated, summed from the mode."""
    if not is_saturated(load, capacity, theta):
        weight = 1.0 / (1.0 + all_busy_sums(load, capacity, theta)[0])
        for position in range(law.size):
            law[position] = weight
            weight *= load / (capacity + (position + 1) * theta)
        return
    mode = 0
    if theta > 0.0:
        mode = int(max(0.0, math.floor((load - capacity) / theta)))
    law[:] = 0.0
    total = 0.0
    weight = 1.0
    position = mode
    while weight > 1e-20:
        total += weight
        if position < law.size:
            law[position] = weight
        position += 1
        weight *= load / (capacity + position * theta)
    weight = 1.0
    position = mode
    while position > 0:
        weight *= (capacity + position * theta) / load
        position -= 1
        if weight < 1e-20:
            break
        total += weight
        if position < law.size:
            law[position] = weight
    law /= total


@njit(cache=True, error_model="numpy")
def absorb(
    law: NDArray[np.float64], births: float, capacity: float, theta: float, own: float, threshold: float
) -> float:
    """Probability of being served within the threshold, by uniformization.

    The number ahead starts from `law`, is born at rate `births`, dies at c + jθ; the contact itself
    leaves at rate `own` and is served when a server frees with nobody ahead.
    """
    size = law.size
    rate = births + capacity + (size - 1) * theta + own
    jumps = rate * threshold
    stay, down = np.empty(size), np.empty(size + 1)
    for j in range(size):
        stay[j] = (rate - births - capacity - j * theta - own) / rate
        down[j] = (capacity + j * theta) / rate
    stay[size - 1] += births / rate
    down[size] = 0.0
    up = births / rate
    # More jumps than this happen with probability below 1e-13.
    last = int(jumps + 7.5 * math.sqrt(jumps)) + 15
    now, after = np.zeros(size + 1), np.zeros(size + 1)
    now[:size] = law
    left, served = 1.0, 0.0
    chance = math.exp(-jumps)
    for step in range(last):
        # `left` becomes P(at least step + 1 jumps within the threshold).
        if jumps > 600.0:
            chance = math.exp(-jumps + step * math.log(jumps) - math.lgamma(step + 1.0))
        left -= chance
        if chance < 1e-15 and step > jumps:
            break
        served += max(left, 0.0) * now[0] * down[0]
        # Whoever is further than the jumps that are left cannot get to the front.
        active = min(size, last - step)
        after[0] = now[0] * stay[0] + now[1] * down[1]
        for j in range(1, active):
            after[j] = now[j] * stay[j] + now[j - 1] * up + now[j + 1] * down[j + 1]
        now, after = after, now
        chance *= jumps / (step + 1)
    return served


@njit(cache=True, error_model="numpy")
def served_behind(load: float, births: float, capacity: float, theta: float, own: float, threshold: float) -> float:
    """P(served within the threshold | all busy) of a class with `births` above it and `load` down to itself.

    Those ahead leave at rate `theta` each, the contact itself at rate `own`.
    """
    if threshold <= 0.0:
        return 0.0
    if theta <= 0.0 and load >= capacity:
        return 0.0
    reach = service_reach(capacity, theta, threshold)
    if is_saturated(load, capacity, theta):
        mode = (load - capacity) / theta
        # The law is a bell of variance load/θ around its mode; fourteen deviations below there is nothing.
        if reach < mode - 14.0 * math.sqrt(load / theta):
            return 0.0
    size = int(min(reach, float(_law_reach(load, capacity, theta, reach)))) + 1
    law = np.empty(size)
    _fill_queue_law(load, capacity, theta, law)
    return absorb(law, births, capacity, theta, own, threshold)


@njit(cache=True, error_model="numpy")
def _add_service_levels(
    loads: NDArray[np.float64],
    agents: int,
    abandon_ratio: float,
    threshold: float,
    portion: float,
    out: NDArray[np.float64],
) -> None:
    if agents == 0:
        return
    capacity = float(agents)
    whole_load = loads.sum()
    total = all_busy_sums(whole_load, capacity, abandon_ratio)[0]
    p_wait = wait_probability(erlang_b(whole_load, agents), total)
    load = 0.0
    for k in range(loads.size):
        births = load
        load += loads[k]
        if births <= 0.0:
            served = served_within(load, capacity, abandon_ratio, threshold)
        else:
            served = served_behind(load, births, capacity, abandon_ratio, abandon_ratio, threshold)
        out[k] += portion * min(1.0, max(0.0, 1.0 - p_wait + p_wait * served))


@njit(cache=True, error_model="numpy")
def priority_service_levels(
    loads: NDArray[np.float64],
    agents: float,
    abandon_ratio: float,
    threshold: float,
    out: NDArray[np.float64],
) -> None:
    """Share of each class's offered contacts that are served within a threshold.

    The first class with load has the closed form of `served_within`; for the others the number ahead at arrival has
    the law r_j(Λ_k)/S and then moves with births Λ_{k−1} and deaths c + jθ until the contact is served or leaves.

    Parameters
    ----------
    loads, agents, abandon_ratio
        As in `priority_queue_lengths`.
    threshold
        Seconds/AHT, ≥ 0.
    out
        Receives the share per class in [0, 1], shape (class,); a class without load gets what a single contact of
        it would meet, and every class gets 1 when there is no load at all.
    """
    if loads.sum() <= 0.0:
        out[:] = 1.0
        return
    out[:] = 0.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    _add_service_levels(loads, whole, abandon_ratio, threshold, 1.0 - share, out)
    if share > 0.0:
        _add_service_levels(loads, whole + 1, abandon_ratio, threshold, share, out)
