"""Waiting in steady state for given agents: Erlang C, Erlang A where contacts abandon, and M/M/n+G."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.erlang_kernels import erlang_a, erlang_a_answered_wait, erlang_a_service_level
from solvers.queueing.general_kernels import general_queue
from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive, refuse, share
from solvers.queueing.patience_curve import PatienceCurve
from solvers.queueing.service_spread import service_scale, spread_erlang_a

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
def _fill_waiting(
    arrivals: Floats, aht: Floats, agents: Floats, leave: Floats, within: Floats, scale: Floats, out: Floats
) -> None:
    for i in range(arrivals.size):
        load = arrivals[i] * aht[i]
        ratio = leave[i] * aht[i]
        p_wait, queue, p_abandon = erlang_a(load, agents[i], ratio)
        level = erlang_a_service_level(load, agents[i], ratio, within[i] / aht[i])
        answered = 0.0
        if scale[i] != 1.0 and load > 0.0:
            queue, answered = spread_erlang_a(load, agents[i], ratio, scale[i])
            p_abandon = min(1.0, ratio * queue / load)
        elif p_abandon > 0.0:
            answered = erlang_a_answered_wait(load, agents[i], ratio)
        asa = queue / arrivals[i] if load > 0.0 else 0.0
        if p_abandon <= 0.0:
            answered = math.nan if load > 0.0 and agents[i] == 0.0 else asa
        else:
            # Nobody served at all gives 0/0, which is the NaN that is wanted.
            answered *= aht[i] / (1.0 - p_abandon)
        _write(load, agents[i], (p_wait, asa, answered, level, p_abandon, queue), out[i])


@njit(cache=True, error_model="numpy")
def _fill_general(
    arrivals: Floats,
    aht: Floats,
    agents: Floats,
    within: Floats,
    scale: Floats,
    start: Floats,
    survival: Floats,
    hazard: Floats,
    out: Floats,
) -> None:
    found = np.empty(6)
    for i in range(arrivals.size):
        general_queue(arrivals[i], aht[i], agents[i], start, survival, hazard, scale[i], within[i], found)
        p_wait, asa, served, level, p_abandon = found[0], found[1], found[2], found[3], found[4]
        answered = served / (1.0 - p_abandon)
        if arrivals[i] > 0.0 and agents[i] == 0.0:
            answered = math.nan
        queue = arrivals[i] * asa if arrivals[i] > 0.0 else 0.0
        _write(arrivals[i] * aht[i], agents[i], (p_wait, asa, answered, level, p_abandon, queue), out[i])


@njit(cache=True, error_model="numpy")
def _write(load: float, agents: float, figures: tuple[float, float, float, float, float, float], row: Floats) -> None:
    """Write one case's columns in the order of `Waiting`."""
    p_wait, asa, answered, level, p_abandon, queue = figures
    occupancy = min(1.0, load * (1.0 - p_abandon) / agents) if agents > 0.0 else 0.0
    row[0], row[1], row[2], row[3], row[4], row[5], row[6] = p_wait, asa, answered, level, p_abandon, occupancy, queue


def waiting(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike | PatienceCurve | None = None,
    answer_within_s: ArrayLike = 20.0,
    service_gini: ArrayLike = 0.5,
) -> Waiting:
    """Compute how long contacts wait: Erlang C, Erlang A, or M/M/n+G for a patience curve.

    Assumes Poisson arrivals and a steady state. Erlang A: E[W] = E[Q]/λ and P_ab = E[W]/patience (Garnett,
    Mandelbaum, Reiman 2002); an overloaded Erlang C has infinite waits and service level 0. A patience curve is
    exact (Baccelli & Hébuterne 1981; Zeltyn & Mandelbaum 2005), and its shape matters: its mean alone is off by
    points of abandonment. All arguments but the curve broadcast.

    Service is exponential, or corrected by its Gini coefficient G: abandonment and waits are those of the same
    queue with the exponent of the offered wait's density divided by s = 1 + 0.4(2G − 1). Absolute errors of
    abandonment and service level, relative ones of E[W], median / 95th percentile / worst, over 384 cases of 3–150
    agents, occupancy .7–1.2, mean patience .3–5 AHT, cv .5–1.5: abandonment .001/.005/.011, E[W] .013/.064/.12,
    service level .004/.030/.051; without the correction .002/.013/.025, .023/.14/.36. The bench
    `bench_queueing_errors.py` draws its own cases and prints the same map.

    Parameters
    ----------
    arrivals_per_s
        Offered contacts per second, ≥ 0.
    aht_s
        Mean handle time, seconds, > 0.
    agents
        On-task agents, ≥ 0; a fraction mixes the two integers around it.
    patience_s
        Mean time to abandon, seconds, > 0, None or inf if nobody abandons; or the curve of patience.
    answer_within_s
        Threshold of the service level, seconds, ≥ 0.
    service_gini
        Gini coefficient of the handle time, in [0, 1): ½ is exponential; see `service_spread`. Another one needs
        patience: the correction was found where people abandon.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    curve, leave = (
        (patience_s, patience(None)) if isinstance(patience_s, PatienceCurve) else (None, patience(patience_s))
    )
    gini = share("service_gini", service_gini, closed=True)
    shape, (arrivals, aht, staff, leave, within, scale) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        agents=agent_counts(agents),
        patience_s=leave,
        answer_within_s=non_negative("answer_within_s", answer_within_s),
        service_gini=service_scale(gini),
    )
    out = np.empty((arrivals.size, 7))
    if curve:
        _fill_general(arrivals, aht, staff, within, scale, curve.start_s, curve.survival, curve.hazard_per_s, out)
    else:
        endless = ((scale != 1.0) & (leave == 0.0)).reshape(shape)
        refuse("service_gini", np.broadcast_to(gini, shape), endless, "0.5 where nobody abandons (patience_s)")
        _fill_waiting(arrivals, aht, staff, leave, within, scale, out)
    return make_waiting(out, arrivals, shape)


def make_waiting(columns: Floats, arrivals: Floats, shape: tuple[int, ...]) -> Waiting:
    """Shape the columns of a compiled loop, (case, field) in the order of `Waiting`, into a result."""
    p_wait, asa, answered, level, abandon, occupancy, queue = (column.reshape(shape) for column in columns.T.copy())
    return Waiting(p_wait, asa, answered, level, abandon, occupancy, queue, arrivals.reshape(shape))
