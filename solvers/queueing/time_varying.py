"""Waiting through intervals whose load and staff change: what one interval leaves to the next."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.inputs import agent_counts, broadcast, choice, duration, non_negative, patience, positive
from solvers.queueing.offered_load_kernels import fill_moving_load, fill_offered_load
from solvers.queueing.steady_state import Waiting, make_waiting, waiting
from solvers.queueing.transient_kernels import fill_chain

__all__ = ["IntervalMethod", "IntervalWaiting", "Purpose", "interval_waiting"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Purpose(StrEnum):
    """What the figures are for."""

    SEARCH = "search"
    """Many plans, quickly: stationary or modified offered load, interval by interval."""
    REPORT = "report"
    """Few plans, as exactly as possible: the transient chain throughout."""


class IntervalMethod(StrEnum):
    """How an interval was, or should be, computed."""

    STATIONARY = "stationary"
    """Steady state of the interval alone."""
    OFFERED_LOAD = "offered_load"
    """Steady state at the load carried over from before."""
    CHAIN = "chain"
    """The number in system followed through time."""


_METHODS = np.array([str(method) for method in IntervalMethod])
_STATIONARY, _OFFERED_LOAD, _CHAIN = range(3)


@dataclass(frozen=True, slots=True)
class IntervalWaiting:
    """Waiting of contacts by the interval they arrive in; arrays of shape (…, interval)."""

    waiting: Waiting
    method: NDArray[np.str_]
    """The `IntervalMethod` used."""
    advised: NDArray[np.str_]
    """The `IntervalMethod` the rule asks for when there is time: where it is `chain` and another was used, report."""


@njit(cache=True, error_model="numpy")
def _fill_chains(
    arrivals: Floats,
    services: Floats,
    agents: Floats,
    leaves: Floats,
    within: Floats,
    length: float,
    start: Floats,
    out: Floats,
) -> None:
    for i in range(arrivals.shape[0]):
        fill_chain(arrivals[i], services[i], agents[i], leaves[i], within[i], length, start[i], out[i])


@njit(cache=True, error_model="numpy")
def _fill_loads(arrivals: Floats, services: Floats, length: float, start: Floats, out: Floats) -> None:
    for i in range(arrivals.shape[0]):
        fill_moving_load(arrivals[i], services[i], length, start[i], out[i])


@njit(cache=True, error_model="numpy")
def _fill_moved(
    wanted: Codes,
    arrivals: Floats,
    services: Floats,
    agents: Floats,
    leaves: Floats,
    within: Floats,
    length: float,
    loads: Floats,
    out: Floats,
) -> None:
    for i in range(arrivals.shape[0]):
        for t in range(arrivals.shape[1]):
            if wanted[i, t] != _STATIONARY:
                fill_offered_load(
                    arrivals[i, t],
                    services[i, t],
                    agents[i, t],
                    leaves[i, t],
                    within[i, t],
                    length,
                    loads[i, t],
                    out[i, t],
                )


def _advise(arrivals: Floats, services: Floats, agents: Floats, leaves: Floats, loads: Floats) -> Codes:
    """Choose a method by x = |m(start) − a|/√a, and by the queue q = (λ − c)⁺/(θ√n) the interval before leaves."""
    own = arrivals / services
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(own > 0.0, abs(loads - own) / np.sqrt(own), 0.0)
        surplus = np.maximum(arrivals - agents * services, 0.0)
        backlog = np.where(surplus > 0.0, surplus / leaves, 0.0)[:, :-1] / np.sqrt(np.maximum(agents[:, 1:], 1.0))
    q = np.concatenate([np.zeros((len(own), 1)), backlog], axis=1)
    code = np.where(x < 0.1, _STATIONARY, _OFFERED_LOAD)
    code[(x >= 0.5) | ((x >= 0.25) & (q > 0.1))] = _CHAIN
    return code


def interval_waiting(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    agents: ArrayLike,
    *,
    interval_s: float,
    patience_s: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
    purpose: Purpose | str = Purpose.REPORT,
    in_system: ArrayLike | None = None,
) -> IntervalWaiting:
    """Compute how long contacts wait in each interval of a day, carrying over what was left before.

    Poisson arrivals at a rate constant within an interval, exponential service and patience. For reports the
    transient chain: uniformization of the number in system, contacts charged to the interval they arrive in. For the
    search, by |m − a|/√a with m the load carried at the interval's start: below .1 the steady state, else modified
    offered load. Against 60 simulated days of half hours (AHT 5–15 min, 8–60 agents; errors weighted by arrivals,
    mean over days): chain .003 of abandonment and .009 of service level, search .005 and .014, steady states .015
    and .057. What is left to the chain is staff that changes: a contact is taken to meet the agents of the interval
    it arrives in, and leaving agents not to finish their contact. `bench_queueing_errors.py` prints the same map.

    Parameters
    ----------
    arrivals_per_s
        Offered contacts per second, ≥ 0, shape (…, interval).
    aht_s, agents, patience_s, answer_within_s
        As in `waiting`; all broadcast to (…, interval).
    interval_s
        Length of an interval, seconds, > 0.
    purpose
        `report` or `search`.
    in_system
        Contacts in system at the start of the first interval, ≥ 0, shape (…,): 0 when doors open. None is the first
        interval's steady state (all agents busy and nobody waiting where it has none).

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    shape, flat = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        agents=agent_counts(agents),
        patience_s=patience(patience_s),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
    )
    if len(shape) == 0 or shape[-1] == 0:
        raise ValueError(f"arrivals_per_s, aht_s and agents of shape {shape} — must broadcast to (…, interval)")
    length = duration("interval_s", interval_s)
    start = _in_system(in_system, shape[:-1])
    days = (-1, shape[-1])
    arrivals, aht, staff, leaves, within = (values.reshape(days) for values in flat)
    services = 1.0 / aht
    loads = np.empty_like(arrivals)
    _fill_loads(arrivals, services, length, start, loads)
    advised = _advise(arrivals, services, staff, leaves, loads)
    used = np.full_like(advised, _CHAIN)
    out = np.empty((*arrivals.shape, 7))
    if choice("purpose", purpose, Purpose) is Purpose.REPORT:
        _fill_chains(arrivals, services, staff, leaves, within, length, start, out)
    else:
        used = np.minimum(advised, _OFFERED_LOAD)
        steady = waiting(*flat[:3], patience_s=_patience(flat[3]), answer_within_s=flat[4])
        out[:] = np.stack([getattr(steady, name) for name in steady.__slots__[:7]], axis=-1).reshape(out.shape)
        _fill_moved(used, arrivals, services, staff, leaves, within, length, loads, out)
    found = make_waiting(out.reshape(-1, 7), flat[0], shape)
    return IntervalWaiting(found, _METHODS[used].reshape(shape), _METHODS[advised].reshape(shape))


def _in_system(given: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    """Contacts in system when each day starts, shape (day,); NaN asks for the steady state of its first interval."""
    first = np.full((), np.nan) if given is None else non_negative("in_system", given)
    try:
        return np.array(np.broadcast_to(first, shape), order="C").ravel()
    except ValueError as err:
        raise ValueError(f"in_system of shape {first.shape} — must broadcast to {shape}") from err


def _patience(leaves: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return 1.0 / leaves
