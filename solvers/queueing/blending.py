"""Deferred work beside a live channel: how many agents must be kept free for callers."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.all_busy import all_busy_sums, answered_wait, served_within
from solvers.queueing.erlang_kernels import erlang_a, erlang_a_service_level
from solvers.queueing.inputs import agent_counts, broadcast, non_negative, patience, positive, refuse, share
from solvers.queueing.steady_state import Waiting, make_waiting

__all__ = ["BlendedWaiting", "blended_waiting", "blending_reserve"]

Floats = NDArray[np.float64]
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class BlendedWaiting:
    """Live contacts and deferred jobs of a blended pool; every field has the shape to which the inputs broadcast."""

    live: Waiting
    """Waiting of the live contacts; `occupancy` counts both kinds of work."""
    deferred_per_s: Floats
    """Deferred jobs done per second."""


@njit(cache=True, error_model="numpy")
def _truncated(
    arrival: float, service: float, deferred: float, jobs: float, floor: int, agents: int
) -> tuple[float, float, float]:
    """Erlang's chain kept at `floor` busy or more, `jobs` of them deferred: P(all busy), P(floor busy), mean busy.

    Before any queue; B(k) = λB(k−1)/(d_k + λB(k−1)) with d_k = (k − jobs)μ + jobs·μ_d.
    """
    top, bottom, mean = 1.0, 1.0, float(floor)
    for k in range(floor + 1, agents + 1):
        death = (k - jobs) * service + jobs * deferred
        top = arrival * top / (death + arrival * top)
        bottom *= 1.0 - top
        mean += top * (k - mean)
    return top, bottom, mean


@njit(cache=True, error_model="numpy")
def _blend_whole(
    arrival: float, service: float, deferred: float, agents: int, reserve: int, leave: float, within: float, row: Floats
) -> None:
    """Fill P_w, E[W], E[W·served], level, P_ab, busy agents, queue and deferred jobs per unit of time."""
    floor = max(0, agents - reserve)
    started, p_wait, queue, busy, total, capacity = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    jobs = 0.5 * floor
    for _ in range(_ROUNDS):
        capacity = (agents - jobs) * service + jobs * deferred
        total, length = all_busy_sums(arrival, capacity, leave)
        top, bottom, mean = _truncated(arrival, service, deferred, jobs, floor, agents)
        stretch = math.inf if math.isinf(total) else 1.0 + top * total
        p_wait = 1.0 if math.isinf(total) else top * (1.0 + total) / stretch
        queue = p_wait * length
        busy = agents - (agents - mean) / stretch
        # Every job or contact that ends with no more than `floor` busy makes room for a job.
        started = ((floor - jobs) * service + jobs * deferred) * bottom / stretch
        fresh = min(started / deferred, float(floor))
        if abs(fresh - jobs) < 1e-12 * agents:
            break
        jobs = 0.5 * (jobs + fresh)
    level = 1.0 - p_wait + p_wait * served_within(arrival, capacity, leave, within, total)
    if deferred != service:
        # Jobs never make live contacts wait less; the fixed point can say so.
        load, ratio = arrival / service, leave / service
        alone = erlang_a(load, float(agents), ratio)
        p_wait, queue = max(p_wait, alone[0]), max(queue, alone[1])
        level = min(level, erlang_a_service_level(load, float(agents), ratio, within * service))
    row[0], row[1] = p_wait, queue / arrival
    row[2] = p_wait * answered_wait(arrival, capacity, leave)
    row[3] = level
    row[4] = min(1.0, leave * queue / arrival) if leave > 0.0 else 0.0
    row[5], row[6], row[7] = busy, queue, started


@njit(cache=True, error_model="numpy")
def _blend(
    arrival: float,
    service: float,
    deferred: float,
    agents: float,
    reserve: int,
    leave: float,
    within: float,
    part: Floats,
    row: Floats,
) -> None:
    """Fill the columns of `Waiting` and the deferred jobs, mixing two whole numbers of agents."""
    row[:] = 0.0
    whole = int(agents)
    for step in range(2):
        servers = whole + step
        portion = agents - whole if step == 1 else 1.0 - (agents - whole)
        if portion <= 0.0:
            continue
        part[:] = 0.0
        if arrival <= 0.0:
            floor = max(0, servers - reserve)
            part[3], part[5], part[7] = 1.0, float(floor), floor * deferred
        elif servers > 0:
            _blend_whole(arrival, service, deferred, servers, reserve, leave, within, part)
        else:
            part[0], part[1] = 1.0, 1.0 / leave if leave > 0.0 else math.inf
            part[2], part[4] = 0.0 if leave > 0.0 else math.inf, 1.0 if leave > 0.0 else 0.0
            part[6] = arrival * part[1]
        row += portion * part
    # Nobody served at all gives 0/0, which is the NaN that is wanted.
    row[2] = math.nan if agents <= 0.0 and arrival > 0.0 else row[2] / (1.0 - row[4])
    row[5] = min(1.0, row[5] / agents) if agents > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def _fill_blended(
    arrivals: Floats,
    aht: Floats,
    deferred: Floats,
    agents: Floats,
    reserve: Floats,
    leave: Floats,
    within: Floats,
    out: Floats,
) -> None:
    part = np.empty(8)
    for i in range(arrivals.size):
        row = out[i]
        _blend(arrivals[i], 1.0 / aht[i], 1.0 / deferred[i], agents[i], int(reserve[i]), leave[i], within[i], part, row)


@njit(cache=True, error_model="numpy")
def _fewest_free(
    arrival: float, service: float, deferred: float, agents: float, leave: float, within: float, promise: Floats
) -> float:
    """Bisect for the smallest reserve that keeps level, wait and abandonment: all improve with every agent free."""
    part, row = np.empty(8), np.empty(8)
    low, high = -1, int(math.ceil(agents))
    first = True
    while first or high - low > 1:
        probe = high if first else (low + high) // 2
        _blend(arrival, service, deferred, agents, probe, leave, within, part, row)
        kept = row[3] >= promise[0] and row[1] <= promise[1] and row[4] <= promise[2]
        if first and not kept:
            return math.nan
        first = False
        if kept:
            high = probe
        else:
            low = probe
    return float(high)


@njit(cache=True, error_model="numpy")
def _fill_reserves(
    arrivals: Floats,
    aht: Floats,
    deferred: Floats,
    agents: Floats,
    leave: Floats,
    within: Floats,
    promises: Floats,
    out: Floats,
) -> None:
    for i in range(arrivals.size):
        out[i] = _fewest_free(arrivals[i], 1.0 / aht[i], 1.0 / deferred[i], agents[i], leave[i], within[i], promises[i])


def blended_waiting(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    reserve: ArrayLike,
    deferred_aht_s: ArrayLike | None = None,
    patience_s: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
) -> BlendedWaiting:
    """Compute the waiting of live contacts whose agents do deferred jobs when more than a reserve of them are free.

    There is always a deferred job; one is started whenever more than `reserve` agents are free, and not interrupted
    (threshold policy, optimal at equal service rates: Bhulai & Koole 2003). With one handle time the number of busy
    agents is Erlang's chain kept at n − reserve or more, exact. With two, the number of deferred jobs in service is
    taken at its mean, a fixed point. Against 100 solved chains of 2–12 agents, handle times up to 3 times apart,
    median / 95th percentile / worst: abandonment .001/.008/.014, service level .001/.012/.032, deferred jobs per
    second 1/19/27 % (many of whose jobs are few). All arguments broadcast.

    Parameters
    ----------
    arrivals_per_s, aht_s, agents, patience_s, answer_within_s
        As in `waiting`, of the live contacts.
    reserve
        Agents kept free of deferred jobs, ≥ 0, a whole number; at least n is no blending at all.
    deferred_aht_s
        Mean handle time of a deferred job, seconds, > 0; None is `aht_s`.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    kept = agent_counts(reserve, "reserve")
    refuse("reserve", kept, kept != np.floor(kept), "a whole number")
    shape, (arrivals, aht, deferred, staff, spare, leave, within) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        deferred_aht_s=positive("deferred_aht_s", aht_s if deferred_aht_s is None else deferred_aht_s),
        agents=agent_counts(agents),
        reserve=kept,
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
    )
    out = np.empty((arrivals.size, 8))
    _fill_blended(arrivals, aht, deferred, staff, spare, leave, within, out)
    return BlendedWaiting(make_waiting(out[:, :7], arrivals, shape), out[:, 7].reshape(shape))


def blending_reserve(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    deferred_aht_s: ArrayLike | None = None,
    patience_s: ArrayLike | None = None,
    service_level: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
    asa_s: ArrayLike | None = None,
    abandon_rate: ArrayLike | None = None,
) -> Floats:
    """Find the fewest agents to keep free of deferred jobs so that the live promises are kept.

    Arguments as in `blended_waiting` and `agents_required`.

    Returns
    -------
    ndarray
        Whole numbers; NaN where the promises are broken even without deferred jobs.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (arrivals, aht, deferred, staff, leave, within, level, asa, abandon) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        deferred_aht_s=positive("deferred_aht_s", aht_s if deferred_aht_s is None else deferred_aht_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
        service_level=np.zeros(()) if service_level is None else share("service_level", service_level, closed=False),
        asa_s=np.full((), np.inf) if asa_s is None else positive("asa_s", asa_s),
        abandon_rate=np.ones(()) if abandon_rate is None else share("abandon_rate", abandon_rate, closed=False),
    )
    out = np.empty(arrivals.size)
    _fill_reserves(arrivals, aht, deferred, staff, leave, within, np.stack([level, asa, abandon], axis=1), out)
    return out.reshape(shape)
