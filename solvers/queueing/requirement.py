"""The smallest number of agents that keeps given service promises."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from solvers.queueing.all_busy import all_busy_sums, answered_wait, offered_wait_tail, served_within
from solvers.queueing.erlang_kernels import wait_probability
from solvers.queueing.inputs import broadcast, choice, non_negative, patience, positive, share
from solvers.queueing.patience_curve import PatienceCurve
from solvers.queueing.service_definitions import ServiceLevelOf
from solvers.queueing.steady_state import waiting

__all__ = ["agents_required"]

Floats = NDArray[np.float64]
# Columns of the table of promises; a NaN is a promise not given.
_LEVEL, _WITHIN, _ASA, _ASA_ANSWERED, _ABANDON, _CAP, _SHORT = range(7)
_TIMES = [_WITHIN, _ASA, _ASA_ANSWERED, _SHORT]
_OFFERED, _ANSWERED, _WITHOUT_SHORT, _ENDED = range(4)
_KINDS = {
    ServiceLevelOf.OFFERED: _OFFERED,
    ServiceLevelOf.ANSWERED: _ANSWERED,
    ServiceLevelOf.WITHOUT_SHORT_ABANDONS: _WITHOUT_SHORT,
    ServiceLevelOf.ENDED: _ENDED,
}


@njit(cache=True, error_model="numpy")
def _extend_inverse(load: float, inverse: Floats, known: int, agents: int) -> Floats:
    """Continue the recursion of 1/B, B of Erlang, in its buffer, which grows when it is too short."""
    if agents >= inverse.size:
        longer = np.empty(2 * agents + 1)
        longer[: inverse.size] = inverse
        inverse = longer
    step = 1.0 / load
    value = inverse[known]
    n = known + 1
    while n + 3 <= agents:
        # Four steps in one, because each has to wait for the value before.
        one, two, three, four = n * step, (n + 1) * step, (n + 2) * step, (n + 3) * step
        half, pair = 1.0 + two, one * two
        inverse[n] = 1.0 + value * one
        inverse[n + 1] = half + value * pair
        inverse[n + 2] = 1.0 + three * half + value * (pair * three)
        value = 1.0 + four + three * four * half + value * (pair * (three * four))
        inverse[n + 3] = value
        n += 4
    for k in range(n, agents + 1):
        value = 1.0 + value * (k * step)
        inverse[k] = value
    return inverse


@njit(cache=True, error_model="numpy")
def _level(
    load: float, ratio: float, capacity: float, p_wait: float, total: float, p_abandon: float, promise: Floats, of: int
) -> float:
    """Service level by the definition asked for."""
    within = promise[_WITHIN]
    if of == _ENDED:
        return 1.0 - p_wait * offered_wait_tail(load, capacity, ratio, within) * math.exp(-ratio * within)
    level = 1.0 - p_wait + p_wait * served_within(load, capacity, ratio, within, total)
    if of == _ANSWERED:
        return level / (1.0 - p_abandon)
    if of == _WITHOUT_SHORT:
        short = promise[_SHORT]
        late = offered_wait_tail(load, capacity, ratio, short) * math.exp(-ratio * short)
        return level / (1.0 - p_wait * (1.0 - late - served_within(load, capacity, ratio, short, total)))
    return level


@njit(cache=True, error_model="numpy")
def _keeps(load: float, ratio: float, agents: int, blocking: float, promise: Floats, of: int) -> bool:
    """Tell whether a number of agents keeps every promise; times are in AHT."""
    if agents == 0:
        return False
    capacity = float(agents)
    total, queue = all_busy_sums(load, capacity, ratio)
    if math.isinf(queue):
        return False
    p_wait = wait_probability(blocking, total)
    queue *= p_wait
    p_abandon = ratio * queue / load
    if queue > promise[_ASA] * load or p_abandon > promise[_ABANDON]:
        return False
    if not math.isnan(promise[_ASA_ANSWERED]):
        answered = p_wait * answered_wait(load, capacity, ratio)
        if answered > promise[_ASA_ANSWERED] * (1.0 - p_abandon):
            return False
    target = promise[_LEVEL]
    if math.isnan(target) or 1.0 - p_wait >= target:
        return True
    return _level(load, ratio, capacity, p_wait, total, p_abandon, promise, of) >= target


@njit(cache=True, error_model="numpy")
def _fewest(load: float, cap: float) -> int:
    """Smallest n with load/n ≤ cap, forgiving the rounding of the division."""
    agents = int(math.ceil(load / cap))
    while agents > 0 and load <= (agents - 1) * cap * (1.0 + 1e-12):
        agents -= 1
    return agents


@njit(cache=True, error_model="numpy")
def _required(load: float, ratio: float, promise: Floats, of: int, inverse: Floats) -> tuple[int, Floats]:
    """Search by galloping from a + ½√a and bisection; one recursion of Erlang B serves all probes."""
    if load <= 0.0:
        return 0, inverse
    fewest = _fewest(load, promise[_CAP])
    if not math.isnan(promise[_ABANDON]):
        # Even an infinite queue lets through no more than n per AHT: P_ab ≥ 1 − n/a.
        fewest = max(fewest, int(math.ceil(load * (1.0 - promise[_ABANDON]) * (1.0 - 1e-12))))
    if ratio <= 0.0:
        fewest = max(fewest, int(math.floor(load)) + 1)
    fewest = max(fewest, 1)
    stride = max(1, int(math.sqrt(load) / 8.0))
    probe = max(fewest, int(math.ceil(load + 0.5 * math.sqrt(load))))
    inverse[0] = 1.0
    inverse = _extend_inverse(load, inverse, 0, probe)
    low = fewest - 1
    high = probe
    if _keeps(load, ratio, probe, 1.0 / inverse[probe], promise, of):
        while high > fewest:
            probe = max(fewest, high - stride)
            if not _keeps(load, ratio, probe, 1.0 / inverse[probe], promise, of):
                low = probe
                break
            high = probe
            stride *= 2
    else:
        while True:
            low = high
            high = low + stride
            stride *= 2
            inverse = _extend_inverse(load, inverse, low, high)
            if _keeps(load, ratio, high, 1.0 / inverse[high], promise, of):
                break
    while high - low > 1:
        probe = (low + high) // 2
        if _keeps(load, ratio, probe, 1.0 / inverse[probe], promise, of):
            high = probe
        else:
            low = probe
    return high, inverse


@njit(cache=True, error_model="numpy")
def _fill_required(load: Floats, ratio: Floats, promises: Floats, of: int, out: NDArray[np.int64]) -> None:
    inverse = np.empty(256)
    for i in range(load.size):
        out[i], inverse = _required(load[i], ratio[i], promises[i], of, inverse)


@dataclass(frozen=True, slots=True)
class _Queue:
    """What `waiting` needs besides agents, shape (case,)."""

    arrivals_per_s: Floats
    aht_s: Floats
    patience_s: Floats | PatienceCurve
    gini: Floats

    def keeps(self, agents: NDArray[np.int64], promises: Floats, cases: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of the cases keep every promise, in seconds, with their agents."""
        patience_s = self.patience_s if isinstance(self.patience_s, PatienceCurve) else self.patience_s[cases]
        promise = promises[cases].T
        found = waiting(
            self.arrivals_per_s[cases],
            self.aht_s[cases],
            agents,
            patience_s=patience_s,
            answer_within_s=promise[_WITHIN],
            service_gini=self.gini[cases],
        )
        broken = (found.service_level < promise[_LEVEL]) | (found.asa_s > promise[_ASA]) | np.isinf(found.asa_s)
        broken |= (found.asa_answered_s > promise[_ASA_ANSWERED]) | (found.abandon_rate > promise[_ABANDON])
        return ~broken


def _required_in_general(queue: _Queue, promises: Floats) -> NDArray[np.int64]:
    """Double the agents above the fewest allowed until the promises are kept, then bisect; all cases at once."""
    load = queue.arrivals_per_s * queue.aht_s
    fewest = np.array([max(1, _fewest(a, cap)) for a, cap in zip(load, promises[:, _CAP], strict=True)])
    low, high, stride = fewest - 1, fewest.copy(), np.maximum(1, np.sqrt(load).astype(np.int64) // 4)
    growing = np.flatnonzero(load > 0.0)
    while growing.size:
        growing = growing[~queue.keeps(high[growing], promises, growing)]
        low[growing] = high[growing]
        high[growing] += stride[growing]
        stride[growing] *= 2
    while (wide := np.flatnonzero((high - low > 1) & (load > 0.0))).size:
        middle = (low[wide] + high[wide]) // 2
        kept = queue.keeps(middle, promises, wide)
        high[wide[kept]] = middle[kept]
        low[wide[~kept]] = middle[~kept]
    return np.where(load > 0.0, high, 0)


def _required_by_erlang(arrivals: Floats, aht: Floats, leave: Floats, promises: Floats, of: int) -> NDArray[np.int64]:
    """Count the agents of Erlang C and A, whose kernels take times in AHT."""
    in_aht = promises.copy()
    in_aht[:, _TIMES] /= aht[:, None]
    out = np.empty(arrivals.size, dtype=np.int64)
    _fill_required(arrivals * aht, leave * aht, in_aht, of, out)
    return out


def agents_required(
    arrivals_per_s: ArrayLike,
    aht_s: ArrayLike,
    *,
    patience_s: ArrayLike | PatienceCurve | None = None,
    service_level: ArrayLike | None = None,
    service_level_of: ServiceLevelOf | str = ServiceLevelOf.OFFERED,
    answer_within_s: ArrayLike = 20.0,
    short_abandon_s: ArrayLike | None = None,
    asa_s: ArrayLike | None = None,
    asa_answered_s: ArrayLike | None = None,
    abandon_rate: ArrayLike | None = None,
    max_occupancy: ArrayLike = 1.0,
    service_gini: ArrayLike = 0.5,
) -> NDArray[np.int64]:
    """Find the smallest number of on-task agents that keeps every promise given.

    The model is that of `waiting`. Every figure improves with each agent, so the answer equals a linear scan; it is
    found by galloping and bisection. Without patience the queue is also kept stable. All arguments but a curve of
    patience broadcast.

    Parameters
    ----------
    arrivals_per_s, aht_s, patience_s, service_gini
        As in `waiting`.
    service_level
        Least service level, in (0, 1).
    service_level_of
        Its definition: by default the share of offered contacts that are answered in time. With `ended` it is a
        promise on a quantile of the wait.
    answer_within_s
        Threshold, seconds, ≥ 0.
    short_abandon_s
        As in `service_levels`; used by `without_short_abandons` alone.
    asa_s, asa_answered_s
        Largest mean wait of all contacts, and of the answered, seconds, > 0.
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
    curve = patience_s if isinstance(patience_s, PatienceCurve) else None
    unset = np.full((), np.nan)
    # The promises stand in the order of their columns.
    shape, flat = broadcast(
        arrivals_per_s=non_negative("arrivals_per_s", arrivals_per_s),
        aht_s=positive("aht_s", aht_s),
        patience_s=patience(None) if isinstance(patience_s, PatienceCurve) else patience(patience_s),
        service_gini=share("service_gini", service_gini, closed=True),
        service_level=unset if service_level is None else share("service_level", service_level, closed=False),
        answer_within_s=non_negative("answer_within_s", answer_within_s),
        asa_s=unset if asa_s is None else positive("asa_s", asa_s),
        asa_answered_s=unset if asa_answered_s is None else positive("asa_answered_s", asa_answered_s),
        abandon_rate=unset if abandon_rate is None else share("abandon_rate", abandon_rate, closed=False),
        max_occupancy=positive("max_occupancy", max_occupancy),
        short_abandon_s=non_negative(
            "short_abandon_s", answer_within_s if short_abandon_s is None else short_abandon_s
        ),
    )
    arrivals, aht, leave, gini, *given = flat
    promises = np.stack(given, axis=1)
    definition = choice("service_level_of", service_level_of, ServiceLevelOf)
    if curve is None and (gini == 0.5).all():
        return _required_by_erlang(arrivals, aht, leave, promises, _KINDS[definition]).reshape(shape)
    if definition is not ServiceLevelOf.OFFERED:
        raise ValueError(
            f"service_level_of = {str(definition)!r} — must be 'offered' for a curve of patience or a service_gini "
            "other than 0.5"
        )
    with np.errstate(divide="ignore"):
        queue = _Queue(arrivals, aht, curve or 1.0 / leave, gini)
    return _required_in_general(queue, promises).reshape(shape)
