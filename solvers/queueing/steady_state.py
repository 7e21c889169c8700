"""Waiting in steady state for given agents: Erlang C, and Erlang A where contacts abandon."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.erlang_kernels import erlang_a, erlang_a_answered_wait, erlang_a_service_level
from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive

__all__ = ["Waiting", "waiting"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Steady state of a queue; every field is an array of the shape to which the inputs broadcast."""

    p_wait: Floats
    """Probability that a contact finds every agent (or slot) busy."""
    asa_s: Floats
    """Mean wait of all contacts, those who abandon included, seconds; inf when the queue is unstable."""
    asa_answered_s: Floats
    """Mean wait of the answered contacts, seconds; NaN when nobody is answered."""
    service_level: Floats
    """Share of all offered contacts answered within the threshold."""
    abandon_rate: Floats
    """Share of all offered contacts that abandon."""
    occupancy: Floats
    """Mean share of agents (or slots) in use."""
    queue_length: Floats
    """Mean number of waiting contacts; inf when the queue is unstable."""
    arrivals_per_s: Floats
    """Contacts per second that the figures are for, redials and reconnects included."""


@njit(cache=True, error_model="numpy")
def _fill_waiting(arrivals: Floats, aht: Floats, agents: Floats, leave: Floats, within: Floats, out: Floats) -> None:
    for i in range(arrivals.size):
        load = arrivals[i] * aht[i]
        ratio = leave[i] * aht[i]
        p_wait, queue, p_abandon = erlang_a(load, agents[i], ratio)
        level = erlang_a_service_level(load, agents[i], ratio, within[i] / aht[i])
        asa = queue / arrivals[i] if load > 0.0 else 0.0
        answered = asa
        if p_abandon > 0.0:
            # Nobody served at all gives 0/0, which is the NaN that is wanted.
            answered = erlang_a_answered_wait(load, agents[i], ratio) * aht[i] / (1.0 - p_abandon)
        elif load > 0.0 and agents[i] == 0.0:
            answered = math.nan
        busy = load * (1.0 - p_abandon)
        occupancy = min(1.0, busy / agents[i]) if agents[i] > 0.0 else 0.0
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = p_wait, asa, answered, level
        out[i, 4], out[i, 5], out[i, 6] = p_abandon, occupancy, queue


def waiting(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
) -> Waiting:
    """Compute how long contacts wait, by Erlang A, or Erlang C when patience is None.

    Assumes Poisson arrivals, exponential handle times and patience, and a steady state. E[W] = E[Q]/λ and
    P_ab = E[W]/patience (Garnett, Mandelbaum, Reiman 2002); an overloaded Erlang C has infinite waits and service
    level 0. All arguments broadcast.

    Parameters
    ----------
    arrivals_per_s
        Offered contacts per second, ≥ 0.
    aht_s
        Mean handle time, seconds, > 0.
    agents
        On-task agents, ≥ 0; a fraction mixes the two integers around it.
    patience_s
        Mean time to abandon, seconds, > 0; None or inf if nobody abandons.
    answer_within_s
        Threshold of the service level, seconds, ≥ 0.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (arrivals, aht, staff, leave, within) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
    )
    out = np.empty((arrivals.size, 7))
    _fill_waiting(arrivals, aht, staff, leave, within, out)
    return make_waiting(out, arrivals, shape)


def make_waiting(columns: Floats, arrivals: Floats, shape: tuple[int, ...]) -> Waiting:
    """Shape the columns of a compiled loop, (case, field) in the order of `Waiting`, into a result."""
    p_wait, asa, answered, level, abandon, occupancy, queue = (column.reshape(shape) for column in columns.T.copy())
    return Waiting(p_wait, asa, answered, level, abandon, occupancy, queue, arrivals.reshape(shape))
