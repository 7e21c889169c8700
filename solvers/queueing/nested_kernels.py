"""Non-preemptive priorities whose classes differ in service or patience: nested queues, compiled.

Each class is a queue that the classes above it interrupt (`interruption_kernels`). Where service differs, the servers
free at c = nμ̄, the mean rate of the mix in service while all are busy; the mix follows from what each class loses,
hence a fixed point. The spread of the mix enters as in `service_spread`: rates over s, queues times s, with
s = 1 + ½(2G − 1) and G the Gini coefficient of the served. Rates are per unit of time, class 0 is served first.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.all_busy import all_busy_sums, served_within
from solvers.queueing.erlang_kernels import erlang_b
from solvers.queueing.interruption_kernels import interrupted_queue
from solvers.queueing.priority_kernels import served_behind

__all__ = ["nested_priority"]

Floats = NDArray[np.float64]
_ROUNDS = 60
_SETTLED = 1e-8
# Patience of ten million handle times stands for any longer one, where the queue is stable.
_HARDLY_LEAVING = 1e-7


@njit(cache=True, error_model="numpy")
def _rates(arrivals: Floats, services: Floats, lost: Floats, agents: int, filler: float) -> tuple[float, float]:
    """Mean service rate of all contacts, and of those who enter service while all agents are busy.

    `lost` is the share that abandons given all agents busy; with a filler, agents without work are busy at that rate.
    """
    flow, work, calm_flow, calm_work = 0.0, 0.0, 0.0, 0.0
    for k in range(arrivals.size):
        calm_flow += arrivals[k]
        calm_work += arrivals[k] / services[k]
        flow += arrivals[k] * (1.0 - lost[k])
        work += arrivals[k] * (1.0 - lost[k]) / services[k]
    if filler > 0.0 and work < agents:
        flow += (agents - work) * filler
        work = float(agents)
    calm = calm_flow / calm_work
    return calm, flow / work if work > 0.0 else calm


@njit(cache=True, error_model="numpy")
def _gini(arrivals: Floats, services: Floats, lost: Floats) -> float:
    """Gini coefficient of the service time of those who are served, a mixture of exponentials."""
    flow, work, pairs = 0.0, 0.0, 0.0
    for i in range(arrivals.size):
        one = arrivals[i] * (1.0 - lost[i])
        flow += one
        work += one / services[i]
        for j in range(arrivals.size):
            pairs += one * arrivals[j] * (1.0 - lost[j]) / (services[i] + services[j])
    return 1.0 - pairs / (flow * work) if flow > 0.0 else 0.5


@njit(cache=True, error_model="numpy")
def _busy_capacity(
    arrivals: Floats,
    services: Floats,
    lost: Floats,
    agents: int,
    filler: float,
    p_wait: float,
    empty: float,
) -> float:
    """Capacity given all agents busy: the mix in service lags behind the mix that enters.

    It relaxes at μ = c/n towards the mix of all arrivals while agents are free, and towards the mix of those who do
    not abandon while none is; busy periods last 1/(c·P(nobody waits)) on average. For two states that alternate at
    random this is linear.
    """
    calm, tight = _rates(arrivals, services, lost, agents, filler)
    if filler > 0.0 or p_wait >= 1.0:
        return agents * tight
    # Busy periods end at the rate c·P(nobody waits), and μ = c/n.
    ends = agents * empty
    return agents * (tight - ends * (tight - calm) / (1.0 + ends / (1.0 - p_wait)))


@njit(cache=True, error_model="numpy")
def _nest(arrivals: Floats, leaves: Floats, capacity: float, mixed: Floats, out: Floats) -> float:
    """Fill mean queues given all servers busy, and θ̄_k of the queue of classes 0..k; returns P(nobody waits)."""
    above, theta, queue, empty = 0.0, 0.0, 0.0, 1.0
    for k in range(arrivals.size):
        out[k] = 0.0
        mixed[k] = theta
        if arrivals[k] <= 0.0:
            continue
        if above <= 0.0:
            total, out[k] = all_busy_sums(arrivals[k], capacity, leaves[k])
            empty = 0.0 if math.isinf(total) else 1.0 / (1.0 + total)
        else:
            leave = max(leaves[k], _HARDLY_LEAVING * capacity)
            out[k], empty = interrupted_queue(arrivals[k], leave, above, theta, capacity, empty)
            if 0.0 < leaves[k] < leave:
                # Where the queue is not stable, it grows until all who cannot be served leave.
                out[k] = max(out[k], (above + arrivals[k] - capacity - theta * queue) / leaves[k])
        above += arrivals[k]
        # The mean rate at which those waiting down to class k leave.
        theta = (theta * queue + leaves[k] * out[k]) / (queue + out[k]) if out[k] > 0.0 else theta
        queue += out[k]
        mixed[k] = theta
    return empty


@njit(cache=True, error_model="numpy")
def _settle(
    arrivals: Floats,
    services: Floats,
    leaves: Floats,
    agents: int,
    filler: float,
    mixed: Floats,
    queues: Floats,
    lost: Floats,
) -> tuple[float, float]:
    """Find the capacity that the mix in service has, by secants; returns P_w and c.

    All agents are left at Λ·π(n − 1) = c·π(n, nobody waits), and below n is Erlang B's chain, so
    P_w = 1/(1 + c·P(nobody waits)/(Λ·B(n − 1, a))). filler > 0: agents without work always find some of that service
    rate, so that P_w = 1. `queues` and `lost` are given all agents busy until the end.
    """
    load = 0.0
    for k in range(arrivals.size):
        load += arrivals[k] / services[k]
    blocking = erlang_b(load, agents - 1)
    lost[:] = 0.0
    capacity = agents * _rates(arrivals, services, lost, agents, filler)[1]
    before, excess_before, p_wait = 0.0, 0.0, 1.0
    for step in range(_ROUNDS):
        scale = 1.0 + 0.5 * (2.0 * _gini(arrivals, services, lost) - 1.0)
        empty = _nest(arrivals / scale, leaves, capacity / scale, mixed, queues)
        queues *= scale
        if filler <= 0.0:
            p_wait = 1.0 / (1.0 + capacity * empty / (arrivals.sum() * blocking))
        for k in range(arrivals.size):
            lost[k] = min(1.0, leaves[k] * queues[k] / arrivals[k]) if arrivals[k] > 0.0 and leaves[k] > 0.0 else 0.0
        excess = _busy_capacity(arrivals, services, lost, agents, filler, p_wait, empty) - capacity
        if abs(excess) <= _SETTLED * capacity:
            break
        change = excess
        if step > 0 and excess != excess_before:
            change = -excess * (capacity - before) / (excess - excess_before)
        before, excess_before = capacity, excess
        # Between the slowest and the fastest class, whatever a secant says.
        capacity = min(max(capacity + change, agents * services.min()), agents * services.max())
    for k in range(arrivals.size):
        lost[k] *= p_wait
        queues[k] *= p_wait
        if leaves[k] > 0.0:
            queues[k] = lost[k] * arrivals[k] / leaves[k]
    return p_wait, capacity


@njit(cache=True, error_model="numpy")
def _first_endless(
    arrivals: Floats, services: Floats, leaves: Floats, agents: int, mixed: Floats, queues: Floats, lost: Floats
) -> int:
    """Find the first class without patience that the classes above leave too little capacity for; else the count."""
    for k in range(arrivals.size):
        if leaves[k] > 0.0 or arrivals[k] <= 0.0:
            continue
        left = float(agents)
        if k > 0:
            _settle(arrivals[:k], services[:k], leaves[:k], agents, services[k], mixed[:k], queues[:k], lost[:k])
            for i in range(k):
                left -= arrivals[i] * (1.0 - lost[i]) / services[i]
        if arrivals[k] / services[k] >= left:
            return k
    return arrivals.size


@njit(cache=True, error_model="numpy")
def _fill_levels(
    arrivals: Floats, leaves: Floats, within: Floats, capacity: float, mixed: Floats, p_wait: float, levels: Floats
) -> None:
    """Service level of each class, behind the busy times of those above it."""
    load = 0.0
    for k in range(arrivals.size):
        births = load
        load += arrivals[k]
        if births <= 0.0:
            served = served_within(load, capacity, leaves[k], within[k])
        else:
            served = served_behind(load, births, capacity, mixed[k], leaves[k], within[k])
        levels[k] = min(1.0, max(0.0, 1.0 - p_wait + p_wait * served))


@njit(cache=True, error_model="numpy")
def nested_priority(
    arrivals: Floats,
    services: Floats,
    leaves: Floats,
    agents: int,
    within: Floats,
    queues: Floats,
    lost: Floats,
    levels: Floats,
) -> float:
    """Solve the priority classes of a whole number of agents, 1 at least.

    Parameters
    ----------
    arrivals, services, leaves
        λ_k ≥ 0, μ_k > 0 and θ_k ≥ 0 per class, shape (class,).
    agents
        Servers n ≥ 1.
    within
        Threshold of each class's service level, shape (class,).
    queues, lost, levels
        Receive mean queue, share that abandons, and share of the offered that is served in time, shape (class,).

    Returns
    -------
    float
        Probability that a contact of any class waits.
    """
    mixed = np.zeros(arrivals.size)
    endless = _first_endless(arrivals, services, leaves, agents, mixed, queues, lost)
    mixed[:] = 0.0
    p_wait, capacity = 1.0, 0.0
    if endless > 0:
        filler = services[endless] if endless < arrivals.size else 0.0
        found = _settle(
            arrivals[:endless],
            services[:endless],
            leaves[:endless],
            agents,
            filler,
            mixed[:endless],
            queues[:endless],
            lost[:endless],
        )
        p_wait, capacity = found[0], found[1]
    _fill_levels(arrivals[:endless], leaves, within, capacity, mixed, p_wait, levels)
    for k in range(endless, arrivals.size):
        # Behind a queue without end nobody is served; whoever can, leaves.
        levels[k] = 0.0
        lost[k] = 1.0 if leaves[k] > 0.0 else 0.0
        queues[k] = arrivals[k] / leaves[k] if leaves[k] > 0.0 else math.inf
        if arrivals[k] <= 0.0:
            queues[k] = 0.0
    return p_wait
