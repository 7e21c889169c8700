"""Quantiles of the wait: of contacts who stay on the line, of all, and of the answered."""

import math
from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.erlang_kernels import erlang_a, erlang_a_service_level, erlang_a_wait_tail
from solvers.queueing.inputs import agent_counts, broadcast, choice, non_negative, patience, positive, share

__all__ = ["WaitOf", "wait_quantile"]

Floats = NDArray[np.float64]


class WaitOf(StrEnum):
    """Whose wait a quantile describes; without abandonment all three are one."""

    VIRTUAL = "virtual"
    """The offered wait: that of a contact who never abandons."""
    ALL = "all"
    """Until answered or abandoned, whichever is first."""
    ANSWERED = "answered"
    """Of those who are answered."""


_VIRTUAL, _ALL, _ANSWERED = range(3)
_KINDS = {WaitOf.VIRTUAL: _VIRTUAL, WaitOf.ALL: _ALL, WaitOf.ANSWERED: _ANSWERED}


@njit(cache=True, error_model="numpy")
def _later(load: float, agents: float, ratio: float, time: float, of: int) -> float:
    """Probability that the wait exceeds a time in AHT."""
    if of == _ANSWERED and ratio > 0.0:
        served = 1.0 - erlang_a(load, agents, ratio)[2]
        return 1.0 - erlang_a_service_level(load, agents, ratio, time) / served
    tail = erlang_a_wait_tail(load, agents, ratio, time)
    return tail * math.exp(-ratio * time) if of == _ALL else tail


@njit(cache=True, error_model="numpy")
def _quantile(load: float, agents: float, ratio: float, late: float, of: int) -> float:
    if load > 0.0 and agents == 0.0 and of == _ANSWERED:
        return math.nan
    if _later(load, agents, ratio, 0.0, of) <= late:
        return 0.0
    if _later(load, agents, ratio, 1e12, of) > late:
        return math.inf
    high = 1.0
    while _later(load, agents, ratio, high, of) > late:
        high *= 2.0
    low = 0.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if _later(load, agents, ratio, middle, of) > late:
            low = middle
        else:
            high = middle
    return high


@njit(cache=True, error_model="numpy")
def _fill_quantiles(load: Floats, agents: Floats, ratio: Floats, late: Floats, of: int, out: Floats) -> None:
    for i in range(load.size):
        out[i] = _quantile(load[i], agents[i], ratio[i], late[i], of)


def wait_quantile(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    probability: ArrayLike,
    *,
    patience_s: ArrayLike | None = None,
    of: WaitOf | str = WaitOf.VIRTUAL,
) -> Floats:
    """Compute the wait, in seconds, that a share of contacts does not exceed.

    Inverts, for the offered wait V and patience X, P(V > t) = P_w·e^{φ(t)}·S_t/S (Baccelli & Hébuterne 1981), the
    same times e^{−θt} for all contacts, and P(served ≤ t)/(1 − P_ab) for the answered. All arguments broadcast.

    Parameters
    ----------
    arrivals_per_s, aht_s, agents, patience_s
        As in `waiting`.
    probability
        Share of contacts, in [0, 1): 0.9 gives the 90th percentile.
    of
        Whose wait: `virtual` (contacts who stay on the line), `all` or `answered` (NaN when nobody is).

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, (arrivals, aht, staff, leave, level) = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        probability=share("probability", probability, closed=True),
    )
    out = np.empty(arrivals.size)
    kind = _KINDS[choice("of", of, WaitOf)]
    _fill_quantiles(arrivals * aht, staff, leave * aht, 1.0 - level, kind, out)
    return (out * aht).reshape(shape)
