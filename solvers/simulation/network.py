"""A network of queues as arrays: who comes when, who may serve whom in what order, and what happens next."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.simulation.checks import check_network
from solvers.simulation.distributions import Distribution, exponential

__all__ = ["Calendar", "Network", "NextContacts", "Routes", "Scores", "make_network", "single_queue"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Calendar:
    """When the center is open; one cycle of intervals repeats for ever.

    `starts_s` (interval,) seconds from the start of the cycle, increasing; each interval lasts `interval_s`; what lies
    between two intervals, or after the last one until `cycle_s`, is closed: nobody new comes, nobody works except on
    what was begun.
    """

    interval_s: float
    starts_s: Floats
    cycle_s: float


@dataclass(frozen=True)
class Routes:
    """Ways of being served, axis (route,): pools in order of preference.

    `of_class` the class that takes the route; `share` of its contacts, sums to 1 per class: (route,), or (route,
    interval) where it hangs on the interval they come in; `pool` (route, step), −1
    after the last step; `after_s` (route, step): a step opens after so many seconds of waiting (overflow), 0 for those
    open at once. Contacts are counted at the pool of the first step.
    """

    of_class: Ints
    share: Floats
    pool: Ints
    after_s: Floats


@dataclass(frozen=True)
class NextContacts:
    """Contacts that follow contacts, axis (edge,).

    A share `share` of the contacts of class `of_class` that pool `pool` served (−1: that abandoned) is followed by a
    contact of class `to`, after a time from distribution `delay` (−1: at once). `placed` True: the delay only picks
    the first possible day (run of intervals without a gap, 24 hours at most); light days are passed over just so often
    that contacts which begin on the days of the class, by its weights `comeback`, also come on them (see
    `comeback.acceptance`), and the weights pick the time in the day.
    """

    of_class: Ints
    pool: Ints
    to: Ints
    share: Floats
    delay: Ints
    placed: Bools


@dataclass(frozen=True)
class Scores:
    """What ended contacts are worth, in points of a score.

    `served` (class, pool): points of a contact a pool served without a wait; `lost` (class, pool): of one that
    abandoned while it was counted at a pool. `curve` (class, pool): row of the curves of what waiting costs, −1:
    nothing; `knots_s`, `bend` (curve, knot): a wait w costs Σ bend·max(0, w − knot).
    """

    served: Floats
    lost: Floats
    curve: Ints
    knots_s: Floats
    bend: Floats


@dataclass(frozen=True)
class Network:
    """Everything that is simulated; use `make_network` to leave out what has a usual value.

    Axes: source, class, pool, interval, route, edge.

    `arrivals` (source, interval): expected contacts from outside, a Poisson process with a constant rate per interval;
    `entry` (source, class): share of a source's contacts that is of a class, rows sum to 1. `agents` (pool, interval)
    on task, >= 0, inf: nobody ever waits; a fraction is the probability of one more, drawn per interval; who leaves
    finishes first. `speed` (pool, slot): total speed of an agent with 1..K contacts at once (NaN beyond the cap),
    shared equally among them. `distributions`, and indices into them: `service` (class, pool), −1 where a pool cannot
    serve a class; `patience` (class,), −1: never leaves.

    A free agent of a pool takes, among open steps and waiting contacts, the lowest `priority` (class, pool), then the
    highest `value` + `value_per_s`·(seconds waited) (class, pool), then the longest waiting: (0, 1) is first come
    first served, (v, 1) a credit of v seconds, (v, 0) a fixed order by value, (0, c) the generalized cμ rule. It does
    so only while more than `reserve` (class, pool) of the pool's free slots are left for others.
    `deadline_s` (class, pool): open time until a contact counted at the pool must be finished, inf: none.
    `comeback` (class, interval): weights of the times of later contacts that are placed, or would come while closed.
    `scores`: what is summed per class as `Ending.POINTS`; None: nothing.
    """

    calendar: Calendar
    arrivals: Floats
    entry: Floats
    agents: Floats
    speed: Floats
    distributions: tuple[Distribution, ...]
    service: Ints
    patience: Ints
    routes: Routes
    following: NextContacts
    priority: Ints
    value: Floats
    value_per_s: Floats
    reserve: Ints
    deadline_s: Floats
    comeback: Floats
    scores: Scores | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated.

        Raises
        ------
        ValueError
            Naming argument, index and value.
        """
        check_network(self)

    def scaled(self, factor: float) -> Network:
        """Return the network with all arrivals from outside multiplied by a factor >= 0."""
        if not (np.isfinite(factor) and factor >= 0.0):
            raise ValueError(f"factor = {factor!r} — must be a finite number of at least 0")
        return replace(self, arrivals=self.arrivals * factor)


def _full(value: ArrayLike | None, shape: tuple[int, ...], default: float, kind: type) -> NDArray:
    wanted = default if value is None else value
    array = np.asarray(wanted, dtype=np.float64 if kind is float else np.int64)
    return np.array(np.broadcast_to(array, shape), order="C") if array.ndim < len(shape) else np.array(array, order="C")


def make_network(
    *,
    interval_s: float,
    arrivals: ArrayLike,
    agents: ArrayLike,
    distributions: tuple[Distribution, ...],
    service: ArrayLike,
    patience: ArrayLike | None = None,
    routes: Routes | None = None,
    entry: ArrayLike | None = None,
    following: NextContacts | None = None,
    speed: ArrayLike | None = None,
    priority: ArrayLike | None = None,
    value: ArrayLike | None = None,
    value_per_s: ArrayLike | None = None,
    reserve: ArrayLike | None = None,
    deadline_s: ArrayLike | None = None,
    comeback: ArrayLike | None = None,
    scores: Scores | None = None,
    starts_s: ArrayLike | None = None,
    cycle_s: float | None = None,
) -> Network:
    """Make a network, with the usual value for what is left out; see `Network` for shapes and units.

    Left out, nobody abandons; every source is its own class; contacts go to the pools that can serve them in index
    order, all open at once; nobody comes again; agents serve one at a time, first come first served; the intervals
    follow each other without a gap.

    Raises
    ------
    ValueError
        Naming argument, index and value.
    """
    coming = np.array(np.atleast_2d(np.asarray(arrivals, dtype=np.float64)), order="C")
    people = np.array(np.atleast_2d(np.asarray(agents, dtype=np.float64)), order="C")
    able = np.array(np.atleast_2d(np.asarray(service, dtype=np.int64)), order="C")
    classes, pools, intervals = able.shape[0], people.shape[0], coming.shape[1]
    begin = np.asarray(np.arange(intervals) * float(interval_s) if starts_s is None else starts_s, dtype=np.float64)
    end = float(begin[-1] + interval_s) if cycle_s is None and begin.size else float(cycle_s or 0.0)
    by_pool = (classes, pools)
    return Network(
        calendar=Calendar(float(interval_s), begin, end),
        arrivals=coming,
        entry=np.eye(coming.shape[0], classes) if entry is None else np.asarray(entry, dtype=np.float64),
        agents=people,
        speed=_full(speed, (pools, 1), 1.0, float),
        distributions=tuple(distributions),
        service=able,
        patience=_full(patience, (classes,), -1, int),
        routes=_all_pools(able) if routes is None else routes,
        following=_nothing() if following is None else following,
        priority=_full(priority, by_pool, 0, int),
        value=_full(value, by_pool, 0.0, float),
        value_per_s=_full(value_per_s, by_pool, 1.0, float),
        reserve=_full(reserve, by_pool, 0, int),
        deadline_s=_full(deadline_s, by_pool, np.inf, float),
        comeback=_full(comeback, (classes, intervals), 1.0, float),
        scores=scores,
    )


def _all_pools(service: Ints) -> Routes:
    able = [np.flatnonzero(row >= 0) for row in service]
    steps = max((len(pools) for pools in able), default=0)
    pool = np.full((len(able), max(1, steps)), -1, dtype=np.int64)
    for k, pools in enumerate(able):
        pool[k, : len(pools)] = pools
    return Routes(np.arange(len(able)), np.ones(len(able)), pool, np.zeros(pool.shape))


def _nothing() -> NextContacts:
    none = np.zeros(0, dtype=np.int64)
    return NextContacts(none, none, none, np.zeros(0), none, np.zeros(0, dtype=bool))


def single_queue(
    arrivals_per_s: float,
    service: Distribution,
    agents: float,
    *,
    patience: Distribution | None = None,
    horizon_s: float,
    intervals: int = 10,
) -> Network:
    """Make the network of one class and one pool with constant rates: M/G/n, or M/G/n+G with patience.

    Parameters
    ----------
    arrivals_per_s
        Contacts per second, >= 0.
    service, patience
        Distributions of work and of the time until a waiting contact leaves; None: nobody leaves.
    agents
        Number of agents, >= 0.
    horizon_s
        Length of the cycle, seconds, cut into `intervals` equal parts, so that one of them can be warm-up.
    """
    if intervals < 1:
        raise ValueError(f"intervals = {intervals} — must be at least 1")
    length = horizon_s / intervals
    return make_network(
        interval_s=length,
        arrivals=np.full((1, intervals), arrivals_per_s * length),
        agents=np.full((1, intervals), float(agents)),
        distributions=(service, patience or exponential(np.inf)),
        service=[[0]],
        patience=None if patience is None else [1],
    )
