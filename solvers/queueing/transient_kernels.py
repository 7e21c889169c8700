"""The number in system from interval to interval, by uniformization, and what contacts that arrive meet; compiled.

Each interval starts with the law the one before ended with. Figures are charged to the interval a contact *arrives*
in, as switches report them: Little's law within an interval is wrong by the backlog. A fraction of agents is the chance
of one more in that interval, as in steady state and in the simulation: the laws of two whole numbers are mixed. Times
share one unit.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.priority_kernels import absorb, service_reach

__all__ = ["fill_chain"]

Floats = NDArray[np.float64]
_FIRST_LAW = 64
_SETTLED = 1e-13
_LEAK = 1e-10
# No day starts with a longer queue; a steady state that has one takes years to come about.
_LONGEST_QUEUE = 1_000_000
P_WAIT, ASA, ASA_ANSWERED, LEVEL, ABANDON, OCCUPANCY, QUEUE = range(7)


@njit(cache=True, error_model="numpy")
def _death(k: int, agents: int, service: float, leave: float) -> float:
    """Rate at which one of k contacts in system is served or leaves."""
    busy = min(k, agents)
    return busy * service + (k - busy) * leave


@njit(cache=True, error_model="numpy")
def _reach(mean: float, arrival: float, agents: int, service: float, leave: float, length: float) -> int:
    """Guess a number in system that is hardly exceeded in an interval: the fluid's largest and eight deviations."""
    steps = 40
    level, highest = mean, mean
    for _ in range(steps):
        busy = min(level, agents)
        drift = arrival - busy * service - (level - busy) * leave
        level = max(0.0, level + drift * min(length / steps, 1.0 / (service + leave)))
        highest = max(highest, level)
    walk = (arrival + agents * service) * length
    spread = min(walk, highest + arrival / leave) if leave > 0.0 else walk
    return int(highest + 8.0 * math.sqrt(spread)) + 25


@njit(cache=True, error_model="numpy")
def _step(law: Floats, deaths: Floats, arrival: float, rate: float, out: Floats) -> float:
    """One jump of the uniformized chain; returns the total change."""
    change, last = 0.0, law.size - 1
    for k in range(law.size):
        here = law[k] * (rate - deaths[k] - (arrival if k < last else 0.0))
        if k > 0:
            here += law[k - 1] * arrival
        if k < last:
            here += law[k + 1] * deaths[k + 1]
        out[k] = here / rate
        change += abs(out[k] - law[k])
    return change


@njit(cache=True, error_model="numpy")
def _advance(law: Floats, deaths: Floats, arrival: float, length: float, average: Floats) -> Floats:
    """Return the law after an interval, and fill its average over the interval.

    p(t) = Σ_m P(N = m)·v_m and (1/t)∫p = Σ_m P(N > m)·v_m/(rate·t) with N Poisson; once v_m has settled, it stays.
    """
    rate = arrival + deaths.max()
    average[:] = 0.0
    if rate <= 0.0:
        average[:] = law
        return law.copy()
    jumps = rate * length
    vector, other = law.copy(), np.empty_like(law)
    after = np.zeros_like(law)
    left, covered, m = 1.0, 0.0, 0
    while True:
        chance = math.exp(-jumps + m * math.log(jumps) - math.lgamma(m + 1.0))
        left = max(0.0, left - chance)
        weight = left / jumps
        for k in range(law.size):
            after[k] += chance * vector[k]
            average[k] += weight * vector[k]
        covered += weight
        m += 1
        if m > jumps and chance < 1e-17:
            break
        if _step(vector, deaths, arrival, rate, other) < _SETTLED:
            after += left * other
            average += max(0.0, 1.0 - covered) * other
            break
        vector, other = other, vector
    return after / after.sum()


@njit(cache=True, error_model="numpy")
def _arriving(
    average: Floats,
    arrival: float,
    agents: int,
    service: float,
    leave: float,
    within: float,
    portion: float,
    row: Floats,
) -> None:
    """Add one whole number's share of what contacts meet who arrive at the interval's average law.

    With j = k − n ahead: P_ab = (j + 1)θ/(c + (j + 1)θ), E[W] = P_ab/θ, by the stages 1/(c + iθ) that pass.
    """
    size = average.size
    capacity = agents * service
    there = arrival > 0.0
    early = 0.0
    for k in range(min(agents, size)):
        early += average[k]
    row[P_WAIT] += portion * max(0.0, 1.0 - early) if there else 0.0
    elapsed = 0.0
    for k in range(agents, size):
        ahead = k - agents
        row[QUEUE] += portion * ahead * average[k]
        if not there:
            continue
        stage = capacity + (ahead + 1) * leave
        if stage <= 0.0:
            row[ASA] = math.inf
            row[ASA_ANSWERED] = math.nan
            continue
        elapsed += 1.0 / stage
        row[ABANDON] += portion * average[k] * (ahead + 1) * leave / stage
        row[ASA] += portion * average[k] * (ahead + 1) / stage
        row[ASA_ANSWERED] += portion * average[k] * capacity / stage * elapsed
    if not there:
        row[LEVEL] += portion
        return
    level = early
    if agents > 0 and within > 0.0 and size > agents:
        reach = min(size, agents + int(service_reach(capacity, leave, within)) + 1)
        level += absorb(average[agents:reach], 0.0, capacity, leave, leave, within)
    row[LEVEL] += portion * min(1.0, level)


@njit(cache=True, error_model="numpy")
def _stationary(arrival: float, agents: int, service: float, leave: float) -> Floats:
    """Steady state of an interval; where there is none within reach, all agents busy and nobody waiting."""
    most = agents + (0 if leave <= 0.0 and arrival >= agents * service else _LONGEST_QUEUE)
    logs = np.zeros(_FIRST_LAW)
    k, peak = 0, 0.0
    while True:
        k += 1
        if k > most:
            law = np.zeros(agents + 1)
            law[agents] = 1.0
            return law
        if k >= logs.size:
            logs = np.concatenate((logs, np.zeros(logs.size)))
        logs[k] = logs[k - 1] + math.log(arrival / _death(k, agents, service, leave)) if arrival > 0.0 else -1e3
        peak = max(peak, logs[k])
        if logs[k] < peak - 45.0 and k > agents:
            break
    law = np.exp(logs[: k + 1] - peak)
    return law / law.sum()


@njit(cache=True, error_model="numpy")
def fill_chain(
    arrivals: Floats,
    services: Floats,
    agents: Floats,
    leaves: Floats,
    within: Floats,
    length: float,
    start: float,
    out: Floats,
) -> None:
    """Run one sequence of intervals and fill the columns of `Waiting`, shape (interval, 7).

    Parameters
    ----------
    arrivals, services, agents, leaves, within
        λ, μ, n, θ and threshold of each interval, shape (interval,).
    length
        Length of an interval.
    start
        Contacts in system at the start; NaN for the steady state of the first interval.
    """
    if math.isnan(start):
        whole = int(agents[0])
        law = _mixed(
            _stationary(arrivals[0], whole, services[0], leaves[0]),
            _stationary(arrivals[0], whole + 1, services[0], leaves[0]),
            agents[0] - whole,
        )
    else:
        whole = int(start)
        law = np.zeros(whole + 2)
        law[whole], law[whole + 1] = 1.0 - (start - whole), start - whole
    for t in range(arrivals.size):
        row = out[t]
        row[:] = 0.0
        whole = int(agents[t])
        share = agents[t] - whole
        after = _followed(law, arrivals[t], whole, services[t], leaves[t], within[t], length, 1.0 - share, row)
        if share > 0.0:
            more = _followed(law, arrivals[t], whole + 1, services[t], leaves[t], within[t], length, share, row)
            after = _mixed(after, more, share)
        law = after
        if arrivals[t] > 0.0:
            # Nobody served at all gives 0/0, which is the NaN that is wanted.
            row[ASA_ANSWERED] /= 1.0 - row[ABANDON]
        if agents[t] > 0.0:
            row[OCCUPANCY] = min(1.0, row[OCCUPANCY] / agents[t])


@njit(cache=True, error_model="numpy")
def _mixed(one: Floats, other: Floats, share: float) -> Floats:
    """Mix two laws of the number in system; `share` is that of the other."""
    law = np.zeros(max(one.size, other.size))
    law[: one.size] += (1.0 - share) * one
    law[: other.size] += share * other
    return law


@njit(cache=True, error_model="numpy")
def _followed(
    law: Floats,
    arrival: float,
    agents: int,
    service: float,
    leave: float,
    within: float,
    length: float,
    portion: float,
    row: Floats,
) -> Floats:
    """Follow an interval with a whole number of agents, add its portion to the row, and return the law after it.

    The busy agents are added to the column of occupancy.
    """
    top = law.size - 1
    while top > 0 and law[top] < 1e-15:
        top -= 1
    mean = (law * np.arange(law.size)).sum()
    size = max(top + 1, _reach(mean, arrival, agents, service, leave, length)) + 1
    while True:
        wide = np.zeros(size)
        kept = min(size, law.size)
        wide[:kept] = law[:kept]
        deaths = np.empty(size)
        for k in range(size):
            deaths[k] = _death(k, agents, service, leave)
        average = np.empty(size)
        after = _advance(wide, deaths, arrival, length, average)
        if not average[-1] > _LEAK:
            break
        size = int(1.5 * size)
    _arriving(average, arrival, agents, service, leave, within, portion, row)
    busy = 0.0
    for k in range(average.size):
        busy += average[k] * min(k, agents)
    row[OCCUPANCY] += portion * busy
    return after
