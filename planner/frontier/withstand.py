"""Headroom in words: past weeks in which every promise is kept, how many may be absent, what gives way first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.frontier.labels import label
from planner.frontier.shown import Shown
from planner.operation.problem import FlowProblem
from solvers.flow.kept import capacity_ratio, holds, in_time, pool_volume, promise_values, promises_kept
from solvers.flow.network import Decision, Floats, Queue
from solvers.flow.steady_state import SteadyState, steady_state

LAST_WEEKS = 52
SHARE_TOLERANCE = 1e-3  # of the staff
BEYOND = 2e-3  # growth past the headroom at which something is broken for sure


@dataclass(frozen=True)
class Withstood:
    """What a plan withstands.

    `weeks` past weeks looked at, `kept` of them with every promise kept, `fewer_staff` the largest uniform share of
    people on task that may be missing at planned demand with caps and promises kept (negative: so many more are
    needed; NaN: not even twice as many do), `first` what give way first as demand grows, in words.
    """

    weeks: int
    kept: int
    fewer_staff: float
    first: tuple[str, ...]


def withstood(shown: Shown) -> Withstood:
    """Measure what a plan withstands, each figure by the evaluator."""
    problem, state = shown.problem, shown.evaluation.state
    kept = weeks_kept(problem, shown.decision, state)
    fewer = fewer_staff(problem, shown.decision, state)
    return Withstood(len(kept), int(kept.sum()), fewer, first_to_give_way(shown))


def weeks_kept(problem: FlowProblem, decision: Decision, state: SteadyState) -> np.ndarray:
    """Tell for each of the last weeks of the history whether its demand, by type, would keep every promise.

    The week's total of each type comes on the planned profile; bool (week,), the oldest first.
    """
    network, promises = problem.network, problem.instance.promises
    kept = []
    for factor in problem.demand.weeks[-LAST_WEEKS:]:
        week = replace(network, issues=network.issues * factor)
        there = steady_state(week, decision, 0.0, state)
        kept.append(all(promises_kept(promises, promise_values(week, promises, decision, there))))
    return np.array(kept, dtype=bool)


def fewer_staff(problem: FlowProblem, decision: Decision, state: SteadyState) -> float:
    """Largest uniform share of people on task that may be missing: caps, deadlines, rates and promises still hold."""
    network, promises = problem.network, problem.instance.promises

    def enough(share: float) -> bool:
        left = replace(decision, on_task=decision.on_task * (1 - share))
        return holds(network, promises, left, steady_state(network, left, 0.0, state))

    low, high = (0.0, 1.0) if enough(0.0) else (-1.0, 0.0)
    if low < 0 and not enough(low):
        return float("nan")
    while high - low > SHARE_TOLERANCE:
        middle = (low + high) / 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low


def first_to_give_way(shown: Shown) -> tuple[str, ...]:
    """Name what is broken just past the plan's headroom: a promise, or the cap of a pool and when; () where nothing."""
    problem, growth = shown.problem, shown.evaluation.headroom
    network, promises = problem.network, problem.instance.promises
    if growth <= -1 + 1e-9:
        return ()
    grown = steady_state(network, shown.decision, growth + BEYOND, shown.evaluation.state)
    parts = []
    values = promise_values(network, promises, shown.decision, grown)
    for name, kept in zip(problem.promise_names, promises_kept(promises, values), strict=True):
        if not kept:
            parts.append(f"promise {name}")
    nominal = capacity_ratio(network, shown.decision, shown.evaluation.state) / (1 + growth + BEYOND)
    if capacity_ratio(network, shown.decision, grown) < 1 or nominal < 1:
        g, t = tightest_interval(network_load(shown, grown))
        where = f" at {problem.starts[t]:%a %H:%M}" if t >= 0 else ""
        parts.append(f"the limit of {label(problem, 'pools', problem.pools[g])}{where}")
    if not in_time(network, promises, grown):
        parts.append("a deadline")
    return tuple(parts)


def network_load(shown: Shown, state: SteadyState) -> Floats:
    """Load of each pool and interval as a share of its cap or rate, (pool, interval); deferred work over all time."""
    network = shown.problem.network
    pools = network.pools
    capacity = shown.decision.on_task * (pools.speed * pools.occupancy_max)[:, None] * network.interval_s
    load = state.work_s / np.maximum(capacity, 1e-9)
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        load[g] = state.work_s[g].sum() / max(float(capacity[g].sum()), 1e-9)
    rated = np.isfinite(pools.rate_max)
    load[~pools.staffed] = 0.0
    load[rated] = np.maximum(load[rated], state.arrivals[rated].sum(axis=1) / pools.rate_max[rated][:, None])
    volume, most = pool_volume(network, state), pools.contract_max
    taken = np.isfinite(most)
    load[taken] = np.maximum(load[taken], (volume[taken] / most[taken])[:, None])
    return np.asarray(load)


def tightest_interval(load: Floats) -> tuple[int, int]:
    """Pool and interval of the largest load; interval −1 where the load of the pool is the same all the time."""
    g, t = np.unravel_index(int(load.argmax()), load.shape)
    return int(g), -1 if np.ptp(load[g]) <= 1e-12 else int(t)


def withstood_words(found: Withstood) -> list[str]:
    """Say what a plan withstands, for leaders."""
    parts = []
    if found.weeks:
        few = f" ({found.weeks} is all the history has)" if found.weeks < LAST_WEEKS else ""
        parts.append(f"keeps every promise in {found.kept} of the last {found.weeks} weeks{few}")
    if 0 <= found.fewer_staff < 0.005:
        parts.append("can spare nobody")
    elif found.fewer_staff >= 0:
        parts.append(f"survives {found.fewer_staff:.0%} fewer people")
    elif np.isfinite(found.fewer_staff):
        parts.append(f"would need {-found.fewer_staff:.0%} more people")
    else:
        parts.append("would break a limit or promise even with twice the people")
    words = ["It " + " and ".join(parts) + "."]
    if found.first:
        verb = "is" if len(found.first) == 1 else "are"
        words.append(f"As demand grows, the first to give way {verb} {' and '.join(found.first)}.")
    return words


def withstood_columns(found: Mapping[str, Withstood]) -> dict[str, dict[str, float]]:
    """Return the figures by plan, for the table of plans: `weeks_seen, weeks_kept, fewer_staff`."""
    return {
        plan: {"weeks_seen": one.weeks, "weeks_kept": one.kept, "fewer_staff": one.fewer_staff}
        for plan, one in found.items()
    }
