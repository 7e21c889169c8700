"""Possible weeks of a center: the queues of its live pools simulated, and the formulas that carry the plans."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.backtest.calibration import WorkAndPatience
from planner.backtest.center import CenterFacts, PoolFacts
from planner.backtest.seen import WEEK
from solvers.executor import map_in_order
from solvers.flow.waiting import CHAT, VOICE, live_waiting, service_level
from solvers.simulation import Distribution, Network, exponential, make_network, simulate
from solvers.simulation.state import Measure

Floats = NDArray[np.float64]

_DAY_S = 86_400.0
_PIECES = 8


@dataclass(frozen=True)
class Worlds:
    """Simulated weeks, each array of shape (world, pool, interval of the week); waits in seconds are sums."""

    offered: Floats
    abandoned: Floats
    ended: Floats
    wait_s: Floats
    in_time: Floats


@dataclass(frozen=True)
class FormulaWaiting:
    """Stationary waiting per interval as in the evaluation of plans, shape (pool, interval)."""

    abandon_rate: Floats
    asa_s: Floats
    service_level: Floats


def simulate_worlds(
    arrivals: Floats,
    on_task: Floats,
    known: tuple[WorkAndPatience, ...],
    facts: CenterFacts,
    pools: NDArray[np.int64],
    *,
    seed: int,
    executor: Executor | None = None,
) -> Worlds:
    """Simulate possible weeks of some pools, each with arrivals of its own.

    People on task at closing time stay for one more interval, without new contacts, to empty their queue.

    Parameters
    ----------
    arrivals
        Expected contacts, shape (world, pool, interval of the week).
    on_task
        Agents, shape (pool, interval of the week).
    known
        Work and patience of the pools.
    pools
        Positions in `facts.pools` of the pools given, shape (pool,).
    """
    network = _network(arrivals[0], on_task, known, facts, pools)
    within = tuple(facts.pools[g].within_s for g in pools)
    seeds = np.random.SeedSequence(seed).generate_state(len(arrivals), np.uint64) >> np.uint64(1)
    jobs = [
        (network, _with_closing(arrivals[part], facts), seeds[part], within)
        for part in np.array_split(np.arange(len(arrivals)), min(_PIECES, len(arrivals)))
    ]
    tally = np.concatenate(map_in_order(_weeks, jobs, executor))
    inner = tally.reshape(*tally.shape[:2], WEEK, -1, tally.shape[-1])[:, :, :, : facts.slots]
    counts = inner.reshape(*tally.shape[:2], WEEK * facts.slots, -1)
    distinct = sorted(set(within))
    level = np.stack([counts[:, k, :, Measure.WITHIN + distinct.index(value)] for k, value in enumerate(within)], 1)
    ended = counts[..., Measure.ANSWERED] + counts[..., Measure.ABANDONED]
    return Worlds(
        counts[..., Measure.OFFERED], counts[..., Measure.ABANDONED], ended, counts[..., Measure.WAIT_S], level
    )


def _weeks(job: tuple[Network, Floats, NDArray[np.uint64], tuple[float, ...]]) -> Floats:
    """Tallies of the weeks of one job, shape (world, pool, interval, measure)."""
    network, arrivals, seeds, within = job
    found = []
    for week, seed in zip(arrivals, seeds, strict=True):
        one = replace(network, arrivals=np.ascontiguousarray(week))
        result = simulate(one, replications=1, seed=int(seed), answer_within_s=tuple(sorted(set(within))))
        found.append(result.tally[0, :, :-1])
    return np.stack(found)


def _has_night(facts: CenterFacts) -> bool:
    return facts.opens + 24 * 60 - facts.closes >= facts.interval_min


def _with_closing(values: Floats, facts: CenterFacts, *, last: bool = False) -> Floats:
    """Add the interval after closing to every day: empty, or like the last one of the day."""
    if not _has_night(facts):
        return values
    days = values.reshape(*values.shape[:-1], WEEK, facts.slots)
    extra = days[..., -1:] if last else np.zeros_like(days[..., :1])
    return np.concatenate([days, extra], axis=-1).reshape(*values.shape[:-1], -1)


def _network(
    arrivals: Floats,
    on_task: Floats,
    known: tuple[WorkAndPatience, ...],
    facts: CenterFacts,
    pools: NDArray[np.int64],
) -> Network:
    count, length = len(pools), facts.interval_min * 60.0
    slots = facts.slots + (1 if _has_night(facts) else 0)
    distributions: list[Distribution] = []
    service, patience = np.full((count, count), -1), np.full(count, -1)
    for k, one in enumerate(known):
        service[k, k] = len(distributions)
        distributions.append(one.service or exponential(np.inf))
        if one.patience is not None:
            patience[k] = len(distributions)
            distributions.append(one.patience)
    widest = max(len(facts.pools[g].speed) for g in pools)
    speed = np.full((count, widest), np.nan)
    for k, g in enumerate(pools):
        speed[k, : len(facts.pools[g].speed)] = facts.pools[g].speed
    # Time 0 is the first opening, so that the interval after the last closing still lies in the week.
    starts = (np.arange(WEEK)[:, None] * _DAY_S + np.arange(slots) * length).ravel()
    return make_network(
        interval_s=length,
        arrivals=_with_closing(arrivals, facts),
        agents=_with_closing(on_task, facts, last=True),
        distributions=tuple(distributions),
        service=service,
        patience=patience,
        speed=speed,
        starts_s=starts,
        cycle_s=WEEK * _DAY_S,
    )


def formula_waiting(
    arrivals: Floats, on_task: Floats, known: tuple[WorkAndPatience, ...], facts: CenterFacts, pools: NDArray[np.int64]
) -> FormulaWaiting:
    """Compute the waiting of some pools as the evaluation of plans does: a steady state in each interval.

    Parameters
    ----------
    arrivals, on_task
        Expected contacts and agents, shape (pool, interval).
    """
    members: list[PoolFacts] = [facts.pools[g] for g in pools]
    length = facts.interval_min * 60.0
    queue = np.array([CHAT if len(pool.speed) > 1 else VOICE for pool in members], dtype=np.int64)
    speed = np.full((len(members), max(len(pool.speed) for pool in members)), np.nan)
    for k, pool in enumerate(members):
        speed[k, : len(pool.speed)] = pool.speed
    patience = np.array([one.patience_s for one in known])
    coming = np.ascontiguousarray(arrivals)[:, None, :]
    work = arrivals * np.array([one.aht_s for one in known])[:, None]
    p_wait, wait, lost = np.zeros(arrivals.shape), np.zeros(coming.shape), np.zeros(coming.shape)
    people = np.ascontiguousarray(on_task)
    live_waiting(coming, work, people, queue, patience, speed, length, p_wait, wait, lost)
    level = np.empty(arrivals.shape)
    for value in {pool.within_s for pool in members}:
        wanted = np.array([pool.within_s == value for pool in members])
        filled = service_level(coming, work, people, queue, patience, speed, length, wanted, value)
        level[wanted] = filled[wanted]
    return FormulaWaiting(lost[:, 0], wait[:, 0], level)
