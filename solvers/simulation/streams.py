"""Random numbers that belong to a contact, not to a moment of the simulation.

Every uniform is a hash of (seed, replication, source, number of the contact, purpose). Two networks that differ in
agents, routing or load therefore give the same contact the same patience, work and choices (common random numbers),
and no result depends on the order of events or the number of workers. The hash is the finalizer of SplitMix64
(Steele, Lea and Flood 2014), applied once per level of the key.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.simulation.distributions import Kind
from solvers.simulation.model import Model

__all__ = ["child_key", "contact_key", "draw", "start_key", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)

ARRIVAL, ENTRY, ROUTE, PATIENCE, WORK, NEXT, DELAY, PLACE, STAFF = range(1, 10)
"""Purposes of a uniform."""

_CONSTANT, _EXPONENTIAL, _LOG_NORMAL = int(Kind.CONSTANT), int(Kind.EXPONENTIAL), int(Kind.LOG_NORMAL)
_GAMMA = int(Kind.GAMMA)
_TWO_PI = 2.0 * math.pi


@njit(cache=True, error_model="numpy", inline="always")
def _mix(key: Any) -> Any:
    z = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, error_model="numpy")
def start_key(seed: int, replication: int, stream: int) -> Any:
    """Key of a stream of a replication: all that is drawn for one source of contacts, or for one pool."""
    key = _mix(np.uint64(seed) + _GOLDEN)
    key = _mix(key ^ (np.uint64(replication) + _ONE) * _GOLDEN)
    return _mix(key ^ (np.uint64(stream) + _ONE) * np.uint64(0xD1B54A32D192ED03))


@njit(cache=True, error_model="numpy", inline="always")
def contact_key(stream_key: Any, number: int) -> Any:
    """Key of the n-th contact of a stream."""
    return _mix(stream_key + (np.uint64(number) + _ONE) * _GOLDEN)


@njit(cache=True, error_model="numpy", inline="always")
def child_key(key: Any) -> Any:
    """Key of the contact that follows a contact."""
    return _mix(key ^ np.uint64(0xA0761D6478BD642F))


@njit(cache=True, error_model="numpy", inline="always")
def uniform(key: Any, purpose: int) -> float:
    """Number strictly between 0 and 1 that a contact has for a purpose."""
    z = _mix(key + np.uint64(purpose) * np.uint64(0xE7037ED1A0B428DB))
    return (float(z >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@njit(cache=True, error_model="numpy")
def _normal(key: Any, purpose: int) -> float:
    """Box and Muller (1958); the two uniforms belong to the contact and the purpose."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, purpose)))
    return radius * math.cos(_TWO_PI * uniform(key, purpose + 64))


@njit(cache=True, error_model="numpy")
def _unit_gamma(shape: float, key: Any, purpose: int) -> float:
    """Gamma variate of scale 1 (Marsaglia and Tsang 2000), from as many sub-keys as it takes."""
    boost = 1.0
    if shape < 1.0:
        boost = uniform(key, purpose + 128) ** (1.0 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    own = key
    while True:
        x = _normal(own, purpose)
        v = (1.0 + c * x) ** 3
        if v > 0.0 and math.log(uniform(own, purpose + 192)) < 0.5 * x * x + d - d * v + d * math.log(v):
            return boost * d * v
        own = _mix(own + _GOLDEN)


@njit(cache=True, error_model="numpy")
def _step(values: NDArray[np.float64], cumulative: NDArray[np.float64], low: int, stop: int, u: float) -> float:
    """Smallest value whose cumulative probability exceeds u; inf beyond the last."""
    high = stop
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > u:
            high = middle
        else:
            low = middle + 1
    return values[low] if low < stop else math.inf


@njit(cache=True, error_model="numpy")
def draw(model: Model, which: int, key: Any, purpose: int) -> float:
    """Time from distribution `which` that a contact has for a purpose, seconds."""
    row = model.draws[which]
    if row.kind == _EXPONENTIAL:
        return -row.mean_s * math.log(uniform(key, purpose))
    if row.kind == _CONSTANT:
        return row.mean_s
    if row.kind == _LOG_NORMAL:
        return row.mean_s * math.exp(row.spread * _normal(key, purpose) - 0.5 * row.spread * row.spread)
    if row.kind == _GAMMA:
        return row.mean_s * _unit_gamma(row.spread, key, purpose) / row.spread
    return _step(model.values, model.cumulative, row.start, row.stop, uniform(key, purpose))
