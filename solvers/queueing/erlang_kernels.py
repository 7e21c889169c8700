"""Erlang B and Erlang A for one class of contacts, compiled for use inside other compiled loops.

Time is counted in mean service times: load = λ·AHT, abandon ratio = AHT/patience, threshold = seconds/AHT. A
non-integer number of agents is the mixture of the two integers around it, because people on task alternate between
them. Inputs are not checked here; the doors in `solvers.queueing` do.
"""

import math

from numba import njit

from solvers.queueing.all_busy import all_busy_sums, answered_wait, offered_wait_tail, served_within

__all__ = ["erlang_a", "erlang_a_answered_wait", "erlang_a_service_level", "erlang_a_wait_tail", "erlang_b"]


@njit(cache=True, error_model="numpy")
def erlang_b(load: float, agents: int) -> float:
    """Blocking probability of a loss system, 1/B(k) = 1 + (k/a)/B(k−1) (Erlang 1917).

    The inverse is free of divisions; it overflows to infinity where B is below any double.

    Parameters
    ----------
    load
        Offered load in Erlang, ≥ 0.
    agents
        Number of servers, ≥ 0.
    """
    inverse = 1.0
    step = 1.0 / load
    servers = 1
    while servers < agents:
        # Two steps in one, because each has to wait for the value before.
        second = (servers + 1) * step
        inverse = 1.0 + second + inverse * (servers * step * second)
        servers += 2
    if servers == agents:
        inverse = 1.0 + inverse * (servers * step)
    return 1.0 / inverse


@njit(cache=True, error_model="numpy")
def wait_probability(blocking: float, total: float) -> float:
    """Probability that all servers are busy, B·S/(1 + B·S1), from Erlang B and S1 of the queue above it."""
    if math.isinf(total):
        return 1.0
    return blocking * (1.0 + total) / (1.0 + blocking * total)


@njit(cache=True, error_model="numpy")
def _erlang_a_whole(load: float, agents: int, blocking: float, abandon_ratio: float) -> tuple[float, float, float]:
    if agents == 0:
        return 1.0, load / abandon_ratio if abandon_ratio > 0.0 else math.inf, 1.0 if abandon_ratio > 0.0 else 0.0
    total, queue = all_busy_sums(load, float(agents), abandon_ratio)
    p_wait = wait_probability(blocking, total)
    queue *= p_wait
    p_abandon = abandon_ratio * queue / load if abandon_ratio > 0.0 else 0.0
    return p_wait, queue, min(1.0, p_abandon)


@njit(cache=True, error_model="numpy")
def erlang_a(load: float, agents: float, abandon_ratio: float) -> tuple[float, float, float]:
    """Steady state of M/M/n+M (Garnett, Mandelbaum, Reiman 2002); Erlang C when nobody abandons.

    P_w = B·S/(1 + B·S1), E[Q] = P_w·L, P_ab = θE[Q]/λ in the notation of `all_busy_sums`.

    Parameters
    ----------
    load
        Offered load λ·AHT in Erlang, ≥ 0.
    agents
        On-task agents, ≥ 0; a fraction mixes the two integers around it.
    abandon_ratio
        AHT/patience, ≥ 0; 0 is Erlang C.

    Returns
    -------
    tuple of float
        Probability of waiting, mean queue length in contacts (inf for an overloaded Erlang C), and probability
        of abandoning.
    """
    if load <= 0.0:
        return 0.0, 0.0, 0.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    blocking = erlang_b(load, whole)
    p_wait, queue, p_abandon = _erlang_a_whole(load, whole, blocking, abandon_ratio)
    if share > 0.0:
        blocking = load * blocking / (whole + 1 + load * blocking)
        upper = _erlang_a_whole(load, whole + 1, blocking, abandon_ratio)
        p_wait += share * (upper[0] - p_wait)
        # An infinite lower end stays infinite; the difference form would give inf − inf.
        queue = (1.0 - share) * queue + share * upper[1]
        p_abandon += share * (upper[2] - p_abandon)
    return p_wait, queue, p_abandon


@njit(cache=True, error_model="numpy")
def _service_level_whole(load: float, agents: int, blocking: float, abandon_ratio: float, threshold: float) -> float:
    if agents == 0:
        return 0.0
    total = all_busy_sums(load, float(agents), abandon_ratio)[0]
    p_wait = wait_probability(blocking, total)
    return 1.0 - p_wait + p_wait * served_within(load, float(agents), abandon_ratio, threshold, total)


@njit(cache=True, error_model="numpy")
def erlang_a_service_level(load: float, agents: float, abandon_ratio: float, threshold: float) -> float:
    """Share of all offered contacts that are served within a threshold.

    1 − P_w + P_w·P(served ≤ T | all busy); see `served_within`. Arguments as in `erlang_a`.

    Parameters
    ----------
    load, agents, abandon_ratio
        As in `erlang_a`.
    threshold
        Seconds/AHT, ≥ 0.

    Returns
    -------
    float
        In [0, 1]; 1 without load, 0 for an overloaded Erlang C or without agents.
    """
    if load <= 0.0:
        return 1.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    blocking = erlang_b(load, whole)
    level = _service_level_whole(load, whole, blocking, abandon_ratio, threshold)
    if share > 0.0:
        blocking = load * blocking / (whole + 1 + load * blocking)
        upper = _service_level_whole(load, whole + 1, blocking, abandon_ratio, threshold)
        level += share * (upper - level)
    return min(1.0, max(0.0, level))


@njit(cache=True, error_model="numpy")
def erlang_a_wait_tail(load: float, agents: float, abandon_ratio: float, threshold: float) -> float:
    """Probability that the offered wait (of a contact who never abandons) exceeds a threshold in AHT."""
    if load <= 0.0:
        return 0.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    tail = 0.0
    for step in range(2):
        servers = whole + step
        portion = share if step == 1 else 1.0 - share
        if portion <= 0.0:
            continue
        if servers == 0:
            tail += portion
            continue
        total = all_busy_sums(load, float(servers), abandon_ratio)[0]
        p_wait = wait_probability(erlang_b(load, servers), total)
        tail += portion * p_wait * offered_wait_tail(load, float(servers), abandon_ratio, threshold)
    return tail


@njit(cache=True, error_model="numpy")
def erlang_a_answered_wait(load: float, agents: float, abandon_ratio: float) -> float:
    """Mean of (wait × served) over all offered contacts, in AHT; divide by 1 − P_ab for the answered ones."""
    if load <= 0.0:
        return 0.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    mean = 0.0
    for step in range(2):
        servers = whole + step
        portion = share if step == 1 else 1.0 - share
        if portion <= 0.0:
            continue
        if servers == 0:
            # Nobody is ever served: without abandonment the wait is endless, with it there is none to count.
            mean += math.inf if abandon_ratio <= 0.0 else 0.0
            continue
        total = all_busy_sums(load, float(servers), abandon_ratio)[0]
        p_wait = wait_probability(erlang_b(load, servers), total)
        mean += portion * p_wait * answered_wait(load, float(servers), abandon_ratio)
    return mean
