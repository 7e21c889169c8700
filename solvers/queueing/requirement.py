"""The smallest number of agents that keeps given service promises."""

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.all_busy import all_busy_sums, served_within
from solvers.queueing.erlang_kernels import wait_probability
from solvers.queueing.inputs import broadcast, non_negative, patience, positive, share

__all__ = ["agents_required"]

Floats = NDArray[np.float64]
# Columns of the table of promises; a NaN is a promise not given.
_LEVEL, _WITHIN, _ASA, _ABANDON, _CAP = range(5)


@njit(cache=True, error_model="numpy")
def _extend_blocking(load: float, blocking: Floats, known: int, agents: int) -> Floats:
    """Continue the recursion of Erlang B in its buffer, which grows when it is too short."""
    if agents >= blocking.size:
        longer = np.empty(2 * agents + 1)
        longer[: blocking.size] = blocking
        blocking = longer
    for n in range(known + 1, agents + 1):
        blocking[n] = load * blocking[n - 1] / (n + load * blocking[n - 1])
    return blocking


@njit(cache=True, error_model="numpy")
def _keeps(load: float, ratio: float, agents: int, blocking: float, promise: Floats) -> bool:
    """Tell whether a number of agents keeps every promise; times are in AHT."""
    if agents == 0:
        return False
    capacity = float(agents)
    total, queue = all_busy_sums(load, capacity, ratio)
    if math.isinf(queue):
        return False
    p_wait = wait_probability(blocking, total)
    queue *= p_wait
    if queue > promise[_ASA] * load or ratio * queue > promise[_ABANDON] * load:
        return False
    target = promise[_LEVEL]
    if math.isnan(target) or 1.0 - p_wait >= target:
        return True
    return 1.0 - p_wait + p_wait * served_within(load, capacity, ratio, promise[_WITHIN], total) >= target


@njit(cache=True, error_model="numpy")
def _fewest(load: float, cap: float) -> int:
    """Smallest n with load/n ≤ cap, forgiving the rounding of the division."""
    agents = int(math.ceil(load / cap))
    while agents > 0 and load <= (agents - 1) * cap * (1.0 + 1e-12):
        agents -= 1
    return agents


@njit(cache=True, error_model="numpy")
def _required(load: float, ratio: float, promise: Floats, blocking: Floats) -> tuple[int, Floats]:
    """Search by galloping from a + ½√a and bisection; one recursion of Erlang B serves all probes."""
    if load <= 0.0:
        return 0, blocking
    fewest = _fewest(load, promise[_CAP])
    if not math.isnan(promise[_ABANDON]):
        # Even an infinite queue lets through no more than n per AHT: P_ab ≥ 1 − n/a.
        fewest = max(fewest, int(math.ceil(load * (1.0 - promise[_ABANDON]) * (1.0 - 1e-12))))
    if ratio <= 0.0:
        fewest = max(fewest, int(math.floor(load)) + 1)
    fewest = max(fewest, 1)
    stride = max(1, int(math.sqrt(load) / 8.0))
    probe = max(fewest, int(math.ceil(load + 0.5 * math.sqrt(load))))
    blocking[0] = 1.0
    blocking = _extend_blocking(load, blocking, 0, probe)
    low = fewest - 1
    high = probe
    if _keeps(load, ratio, probe, blocking[probe], promise):
        while high > fewest:
            probe = max(fewest, high - stride)
            if not _keeps(load, ratio, probe, blocking[probe], promise):
                low = probe
                break
            high = probe
            stride *= 2
    else:
        while True:
            low = high
            high = low + stride
            stride *= 2
            blocking = _extend_blocking(load, blocking, low, high)
            if _keeps(load, ratio, high, blocking[high], promise):
                break
    while high - low > 1:
        probe = (low + high) // 2
        if _keeps(load, ratio, probe, blocking[probe], promise):
            high = probe
        else:
            low = probe
    return high, blocking


@njit(cache=True, error_model="numpy")
def _fill_required(load: Floats, ratio: Floats, promises: Floats, out: NDArray[np.int64]) -> None:
    blocking = np.empty(256)
    for i in range(load.size):
        out[i], blocking = _required(load[i], ratio[i], promises[i], blocking)


def agents_required(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    *,
    patience_s: ArrayLike | None = None,
    service_level: ArrayLike | None = None,
    answer_within_s: ArrayLike = 20.0,
    asa_s: ArrayLike | None = None,
    abandon_rate: ArrayLike | None = None,
    max_occupancy: ArrayLike = 1.0,
) -> NDArray[np.int64]:
    """Find the smallest number of on-task agents that keeps every promise given.

    The model is that of `waiting`. Every figure improves with each agent, so the answer equals a linear scan; it is
    found by galloping and bisection. Without patience the queue is also kept stable. All arguments broadcast.

    Parameters
    ----------
    arrivals_per_s, aht_s, patience_s
        As in `waiting`.
    service_level
        Least share of offered contacts answered within `answer_within_s`, in (0, 1).
    answer_within_s
        Threshold, seconds, ≥ 0.
    asa_s
        Largest mean wait of all contacts, seconds, > 0.
    abandon_rate
        Largest share of contacts that abandon, in (0, 1).
    max_occupancy
        Largest offered load per agent, > 0; above 1 it allows fewer agents than load, which needs patience.

    Returns
    -------
    ndarray of int
        Agents; 0 where nothing arrives.

    Raises
    ------
    ValueError
        If a value is outside its range, or the shapes do not broadcast.
    """
    unset = np.full((), np.nan)
    shape, flat = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        patience_s=patience(patience_s),
        service_level=unset if service_level is None else share("service_level", service_level, closed=False),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
        asa_s=unset if asa_s is None else positive("asa_s", asa_s),
        abandon_rate=unset if abandon_rate is None else share("abandon_rate", abandon_rate, closed=False),
        max_occupancy=positive("max_occupancy", max_occupancy),
    )
    arrivals, aht, leave, level, within, asa, abandon, cap = flat
    promises = np.stack([level, within / aht, asa / aht, abandon, cap], axis=1)
    out = np.empty(arrivals.size, dtype=np.int64)
    _fill_required(arrivals * aht, leave * aht, promises, out)
    return out.reshape(shape)
