"""Waiting for agents who hold several contacts at once."""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.chat_kernels import chat_answered_wait, chat_queue, chat_service_level
from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive
from solvers.queueing.steady_state import Waiting, make_waiting

__all__ = ["chat_waiting"]

Floats = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def _fill_chat(arrivals: Floats, rates: Floats, agents: Floats, leave: Floats, within: Floats, out: Floats) -> None:
    for i in range(arrivals.size):
        p_wait, queue, p_abandon, busy = chat_queue(arrivals[i], rates, agents[i], leave[i])
        asa = queue / arrivals[i] if arrivals[i] > 0.0 else 0.0
        answered = asa
        if p_abandon > 0.0:
            # Nobody served at all gives 0/0, which is the NaN that is wanted.
            answered = chat_answered_wait(arrivals[i], rates, agents[i], leave[i]) / (1.0 - p_abandon)
        elif arrivals[i] > 0.0 and agents[i] == 0.0:
            answered = math.nan
        occupancy = min(1.0, busy / (agents[i] * rates.size)) if agents[i] > 0.0 else 0.0
        level = chat_service_level(arrivals[i], rates, agents[i], leave[i], within[i])
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = p_wait, asa, answered, level
        out[i, 4], out[i, 5], out[i, 6] = p_abandon, occupancy, queue


def chat_waiting(
    arrivals_per_s: ArrayLike,
    completion_rates_per_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
) -> Waiting:
    """Compute how long chats wait for a free slot.

    Balanced birth–death chain (after Tezcan & Zhang 2014; Luo & Zhang 2013): with kn + r contacts in service the
    death rate is (n − r)μ_k + rμ_{k+1}. One contact per agent is Erlang C, or A with patience.

    Parameters
    ----------
    arrivals_per_s
        Offered chats per second, ≥ 0.
    completion_rates_per_s
        Completions per second of one agent who holds 1..K chats, shape (K,), > 0; K is the cap per agent.
    agents
        On-task agents, ≥ 0; a fraction mixes the two integers around it.
    patience_s
        Mean time to leave the queue, seconds, > 0; None or inf if nobody leaves.
    answer_within_s
        Threshold of the service level, seconds, ≥ 0.

    Returns
    -------
    Waiting
        `occupancy` is the mean share of the agents·K slots in use.
    """
    rates = np.ascontiguousarray(positive("completion_rates_per_s", completion_rates_per_s))
    if rates.ndim != 1 or rates.size == 0:
        raise ValueError(f"completion_rates_per_s of shape {rates.shape} — must have shape (K,) with K ≥ 1")
    shape, (arrivals, staff, leave, within) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
    )
    out = np.empty((arrivals.size, 7))
    _fill_chat(arrivals, rates, staff, leave, within, out)
    return make_waiting(out, arrivals, shape)
