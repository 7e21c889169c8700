"""Agents who hold several contacts at once, each contact slowing the others: a balanced birth–death chain, compiled.

Rates are per second here, because a slowing curve has no single handle time. Contacts are spread evenly: with
kn + r contacts in service, r of the n agents hold k + 1 and the others k, so the death rate is (n − r)μ_k + rμ_{k+1}
(after Tezcan & Zhang 2014; Luo & Zhang 2013). With one contact per agent this is Erlang A.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.all_busy import all_busy_sums, answered_wait, served_within
from solvers.queueing.erlang_kernels import wait_probability

__all__ = ["chat_answered_wait", "chat_queue", "chat_service_level"]


@njit(cache=True, error_model="numpy")
def _slots(load_rate: float, completion_rates: NDArray[np.float64], agents: int) -> tuple[float, float]:
    """Blocking probability and mean contacts of the chain without a queue, by Erlang B's recursion."""
    blocking = 1.0
    mean = 0.0
    contacts = 0
    for each in range(completion_rates.size):
        for extra in range(1, agents + 1):
            contacts += 1
            death = extra * completion_rates[each]
            if each > 0:
                death += (agents - extra) * completion_rates[each - 1]
            blocking = load_rate * blocking / (death + load_rate * blocking)
            mean += blocking * (contacts - mean)
    return blocking, mean


@njit(cache=True, error_model="numpy")
def _chat_whole(
    load_rate: float, completion_rates: NDArray[np.float64], agents: int, abandon_rate_per_s: float
) -> tuple[float, float, float, float]:
    if agents == 0:
        if abandon_rate_per_s <= 0.0:
            return 1.0, math.inf, 0.0, 0.0
        return 1.0, load_rate / abandon_rate_per_s, 1.0, 0.0
    blocking, mean = _slots(load_rate, completion_rates, agents)
    total, queue = all_busy_sums(load_rate, agents * completion_rates[-1], abandon_rate_per_s)
    p_wait = wait_probability(blocking, total)
    queue *= p_wait
    p_abandon = min(1.0, abandon_rate_per_s * queue / load_rate) if abandon_rate_per_s > 0.0 else 0.0
    # P(somebody waits) = B·S1/(1 + B·S1): then all slots are full.
    queued = 1.0 if math.isinf(total) else blocking * total / (1.0 + blocking * total)
    busy = mean + queued * (agents * completion_rates.size - mean)
    return p_wait, queue, p_abandon, busy


@njit(cache=True, error_model="numpy")
def chat_queue(
    load_rate: float, completion_rates: NDArray[np.float64], agents: float, abandon_rate_per_s: float
) -> tuple[float, float, float, float]:
    """Steady state of agents with several slots each.

    Parameters
    ----------
    load_rate
        Contacts per second, ≥ 0.
    completion_rates
        μ_k: completions per second of one agent who holds k = 1..K contacts, shape (K,), positive.
    agents
        On-task agents, ≥ 0; a fraction mixes the two integers around it.
    abandon_rate_per_s
        1/patience, per second; 0 if nobody leaves the queue.

    Returns
    -------
    tuple of float
        Probability of waiting, mean queue in contacts (inf when unstable), probability of abandoning, and mean
        number of contacts in service.
    """
    if load_rate <= 0.0:
        return 0.0, 0.0, 0.0, 0.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    p_wait, queue, p_abandon, busy = _chat_whole(load_rate, completion_rates, whole, abandon_rate_per_s)
    if share > 0.0:
        upper = _chat_whole(load_rate, completion_rates, whole + 1, abandon_rate_per_s)
        p_wait += share * (upper[0] - p_wait)
        queue = (1.0 - share) * queue + share * upper[1]
        p_abandon += share * (upper[2] - p_abandon)
        busy += share * (upper[3] - busy)
    return p_wait, queue, p_abandon, busy


@njit(cache=True, error_model="numpy")
def chat_service_level(
    load_rate: float,
    completion_rates: NDArray[np.float64],
    agents: float,
    abandon_rate_per_s: float,
    answer_within_s: float,
) -> float:
    """Share of all offered contacts that get a slot within a threshold.

    Once all slots are full they free at n·μ_K, so the wait has the law of an Erlang A with that capacity.
    Arguments as in `chat_queue`; the threshold is in seconds.
    """
    if load_rate <= 0.0:
        return 1.0
    whole = int(max(agents, 0.0))
    share = max(agents, 0.0) - whole
    level = 0.0
    for step in range(2):
        servers = whole + step
        portion = share if step == 1 else 1.0 - share
        if portion <= 0.0 or servers == 0:
            continue
        capacity = servers * completion_rates[-1]
        total = all_busy_sums(load_rate, capacity, abandon_rate_per_s)[0]
        p_wait = wait_probability(_slots(load_rate, completion_rates, servers)[0], total)
        served = served_within(load_rate, capacity, abandon_rate_per_s, answer_within_s, total)
        level += portion * (1.0 - p_wait + p_wait * served)
    return min(1.0, max(0.0, level))


@njit(cache=True, error_model="numpy")
def chat_answered_wait(
    load_rate: float, completion_rates: NDArray[np.float64], agents: float, abandon_rate_per_s: float
) -> float:
    """Mean of (wait × served) over all offered contacts, in seconds; arguments as in `chat_queue`."""
    if load_rate <= 0.0:
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
            mean += math.inf if abandon_rate_per_s <= 0.0 else 0.0
            continue
        capacity = servers * completion_rates[-1]
        total = all_busy_sums(load_rate, capacity, abandon_rate_per_s)[0]
        p_wait = wait_probability(_slots(load_rate, completion_rates, servers)[0], total)
        mean += portion * p_wait * answered_wait(load_rate, capacity, abandon_rate_per_s)
    return mean
