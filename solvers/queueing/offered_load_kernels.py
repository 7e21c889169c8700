"""Modified offered load: steady state at the load that a pool without limits would carry at that moment; compiled.

m′(t) = λ(t) − μ·m(t) is the mean number in service with agents without number; at each moment the queue is taken to be
in the steady state of that load (Jagerman 1975; Massey & Whitt 1997). Times share one unit.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.queueing.erlang_kernels import erlang_a, erlang_a_answered_wait, erlang_a_service_level

__all__ = ["fill_moving_load", "fill_offered_load"]

Floats = NDArray[np.float64]
_POINTS = 6


@njit(cache=True, error_model="numpy")
def fill_moving_load(arrivals: Floats, services: Floats, length: float, start: float, out: Floats) -> None:
    """Fill the load m carried at the start of each interval; a NaN start is the first interval's own load."""
    load = arrivals[0] / services[0] if math.isnan(start) else start
    for t in range(arrivals.size):
        out[t] = load
        own = arrivals[t] / services[t]
        load = own + (load - own) * math.exp(-services[t] * length)


@njit(cache=True, error_model="numpy")
def fill_offered_load(
    arrival: float, service: float, agents: float, leave: float, within: float, length: float, start: float, row: Floats
) -> None:
    """Average the steady states at six moments of an interval that starts with the load `start`."""
    row[:] = 0.0
    own = arrival / service
    ratio = leave / service
    for point in range(_POINTS):
        load = own + (start - own) * math.exp(-service * length * (point + 0.5) / _POINTS)
        p_wait, queue, p_abandon = erlang_a(load, agents, ratio)
        row[0] += p_wait / _POINTS
        row[1] += (queue / (load * service) if load > 0.0 else 0.0) / _POINTS
        row[2] += erlang_a_answered_wait(load, agents, ratio) / service / _POINTS
        row[3] += erlang_a_service_level(load, agents, ratio, within * service) / _POINTS
        row[4] += p_abandon / _POINTS
        row[5] += (min(1.0, load * (1.0 - p_abandon) / agents) if agents > 0.0 else 0.0) / _POINTS
        row[6] += queue / _POINTS
    if arrival > 0.0:
        # Nobody served at all gives 0/0, which is the NaN that is wanted.
        row[2] /= 1.0 - row[4]
    else:
        row[0], row[1], row[2], row[3], row[4] = 0.0, 0.0, 0.0, 1.0, 0.0
