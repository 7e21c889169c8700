"""Waiting in one queue with priority classes."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive
from solvers.queueing.nested_kernels import nested_priority
from solvers.queueing.priority_kernels import priority_queue_lengths, priority_service_levels

__all__ = ["PriorityWaiting", "priority_waiting"]

Floats = NDArray[np.float64]
# Beyond both, the error map says: simulate.
_WIDEST_SERVICE_RATIO = 2.5
_HIGHEST_LOAD = 0.85
# Further apart than the map goes: simulate unless few wait.
_WIDEST_MAPPED_RATIO = 4.0
_FEW_WAIT = 0.2


@dataclass(frozen=True, slots=True)
class PriorityWaiting:
    """Steady state of a queue with priority classes; case axes as the inputs broadcast, class axis last."""

    p_wait: Floats
    """Probability that a contact, of any class, finds every agent busy, shape (…,)."""
    asa_s: Floats
    """Mean wait of all contacts of a class, seconds, shape (…, class); inf when its queue is unstable."""
    service_level: Floats
    """Share of a class's offered contacts answered within its threshold, shape (…, class)."""
    abandon_rate: Floats
    """Share of a class's offered contacts that abandon, shape (…, class)."""
    queue_length: Floats
    """Mean number of waiting contacts, shape (…, class)."""
    occupancy: Floats
    """Mean share of agents in use, shape (…,)."""
    simulate: NDArray[np.bool_]
    """True where the approximation's error map is too wide to plan on: simulate these instead, shape (…, class)."""


@njit(cache=True, error_model="numpy")
def _alike(arrivals: Floats, values: Floats) -> bool:
    """Tell whether all classes with arrivals share a value."""
    first = math.nan
    for k in range(values.size):
        if arrivals[k] > 0.0:
            if math.isnan(first):
                first = values[k]
            elif values[k] != first:
                return False
    return True


@njit(cache=True, error_model="numpy")
def _fill_alike(
    arrivals: Floats, aht: float, leave: float, agents: float, within: Floats, row: Floats, level: Floats
) -> float:
    """Fill queues, losses and service levels of classes with common rates; returns P_w."""
    loads = arrivals * aht
    p_wait = priority_queue_lengths(loads, agents, leave * aht, row[0])
    for k in range(arrivals.size):
        if arrivals[k] > 0.0:
            row[1, k] = min(1.0, leave * row[0, k] / arrivals[k]) if leave > 0.0 else 0.0
    if _alike(np.ones(within.size), within):
        priority_service_levels(loads, agents, leave * aht, within[0] / aht, row[2])
        return p_wait
    for k in range(arrivals.size):
        priority_service_levels(loads, agents, leave * aht, within[k] / aht, level)
        row[2, k] = level[k]
    return p_wait


@njit(cache=True, error_model="numpy")
def _fill_nested(
    arrivals: Floats, aht: Floats, leave: Floats, agents: float, within: Floats, row: Floats, part: Floats
) -> float:
    """Fill queues, losses and service levels of classes that differ, mixing two whole numbers of agents."""
    whole = int(agents)
    p_wait = 0.0
    for step in range(2):
        servers = whole + step
        portion = agents - whole if step == 1 else 1.0 - (agents - whole)
        if portion <= 0.0:
            continue
        if servers > 0:
            p_wait += portion * nested_priority(arrivals, 1.0 / aht, leave, servers, within, part[0], part[1], part[2])
        else:
            p_wait += portion
            for k in range(arrivals.size):
                part[0, k] = (arrivals[k] / leave[k] if leave[k] > 0.0 else math.inf) if arrivals[k] > 0.0 else 0.0
                part[1, k] = 1.0 if leave[k] > 0.0 else 0.0
                part[2, k] = 0.0
        row += portion * part
    return p_wait


@njit(cache=True, error_model="numpy")
def _fill_priorities(
    arrivals: Floats, aht: Floats, leave: Floats, agents: Floats, within: Floats, out: Floats, whole: Floats
) -> None:
    part = np.empty((3, arrivals.shape[1]))
    for i in range(agents.size):
        rates, row = arrivals[i], out[i]
        row[:] = 0.0
        whole[i, :] = 0.0
        if rates.sum() <= 0.0:
            row[2, :] = 1.0
            continue
        if _alike(rates, aht[i]) and _alike(rates, leave[i]):
            first = 0
            while rates[first] <= 0.0:
                first += 1
            whole[i, 0] = _fill_alike(rates, aht[i, first], leave[i, first], agents[i], within[i], row, part[0])
        else:
            whole[i, 0] = _fill_nested(rates, aht[i], leave[i], agents[i], within[i], row, part)
        for k in range(rates.size):
            whole[i, 1] += rates[k] * aht[i, k] * (1.0 - row[1, k])
        whole[i, 1] = min(1.0, whole[i, 1] / agents[i]) if agents[i] > 0.0 else 0.0


def _to_simulate(arrivals: Floats, aht: Floats, agents: Floats, p_wait: Floats) -> NDArray[np.bool_]:
    """Mark the classes the error map calls unsafe, shape (case, class)."""
    there = arrivals > 0.0
    slowest = np.where(there, aht, 0.0).max(axis=1)
    fastest = np.where(there, aht, np.inf).min(axis=1)
    loaded = (slowest > _WIDEST_SERVICE_RATIO * fastest) & ((arrivals * aht).sum(axis=1) > _HIGHEST_LOAD * agents)
    unmapped = (slowest > _WIDEST_MAPPED_RATIO * fastest) & (p_wait > _FEW_WAIT)
    return (loaded | unmapped)[:, None] & there


def priority_waiting(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    patience_s: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
) -> PriorityWaiting:
    """Compute how long each priority class waits; class 0 is served first, in order of arrival within a class.

    Non-preemptive, Poisson arrivals, exponential service and patience, steady state. Common rates are exact:
    E[Q_k] = P_w·(L(Λ_k) − L(Λ_{k−1})) as in `priority_kernels`. Otherwise each class is a queue interrupted by those
    above it, `nested_kernels`. The arguments broadcast as (…, class), `agents` as (…,).

    Errors (absolute of abandonment and service level, relative of E[W]; median / 95th percentile / worst). Patience
    of their own, up to 5 times apart, against solved chains: abandonment below .0005. Service of their own, against
    240 simulated queues of 2–3 classes, 3–200 agents, load .7–1.2, noise of abandonment .001/.005/.01:

    ==================  ==================  ==============  ==================
    services apart      abandonment         E[W]            service level
    ==================  ==================  ==============  ==================
    up to 1.5 times     .0004/.0032/.0102   .01/.04/.10     .001/.006/.013
    1.5–2.5             .0010/.0103/.0218   .01/.09/.15     .003/.018/.051
    2.5–4               .0018/.0171/.0413   .03/.16/.34     .004/.031/.060
    2.5–4, load ≤ .85   .0003/.0030/.0041   .01/.09/.16     .001/.006/.010
    2.5–4, load .85–1   .0023/.0148/.0208   .04/.24/.34     .004/.016/.037
    2.5–4, load > 1     .003/.023/.041      .03/.13/.19     .007/.035/.060
    ==================  ==================  ==============  ==================

    Beyond 2.5 times and a load of .85 `simulate` is set; the lowest class is the least certain. Beyond 4 times it is
    set at any load where more than .2 wait: against solved chains of 1–4 agents with services up to 40 times apart,
    abandonment is off by up to .08 there, and by up to .004 where fewer wait.
    `bench_queueing_errors.py` makes the table anew.

    Parameters
    ----------
    arrivals_per_s
        Offered contacts per second and class, ≥ 0, shape (…, class).
    aht_s, patience_s, answer_within_s
        As in `waiting`, a number or shape (…, class).
    agents
        On-task agents, ≥ 0, shape (…,); a fraction mixes the two integers around it.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    rates = non_negative("arrivals_per_s", arrivals_per_s)
    if rates.ndim == 0 or rates.shape[-1] == 0:
        raise ValueError(f"arrivals_per_s of shape {rates.shape} — must have shape (…, class) with one class at least")
    staff = agent_counts(agents)
    shape, (arrivals, aht, leave, within, spread) = broadcast(
        arrivals_per_s=rates,
        aht_s=positive("aht_s", aht_s),
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
        agents=staff[..., None],
    )
    classes = shape[-1]
    table = (-1, classes)
    count = spread.reshape(table)[:, 0].copy()
    out, whole = np.empty((count.size, 3, classes)), np.empty((count.size, 2))
    _fill_priorities(
        arrivals.reshape(table), aht.reshape(table), leave.reshape(table), count, within.reshape(table), out, whole
    )
    queue, lost, level = (out[:, i].reshape(shape) for i in range(3))
    offered = arrivals.reshape(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        asa = np.where(offered > 0.0, queue / offered, 0.0)
    simulate = _to_simulate(arrivals.reshape(table), aht.reshape(table), count, whole[:, 0]).reshape(shape)
    p_wait, occupancy = (whole[:, i].reshape(shape[:-1]) for i in range(2))
    return PriorityWaiting(p_wait, asa, level, lost, queue, occupancy, simulate)
