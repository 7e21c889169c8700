"""Waiting in every pool and interval for given work, compiled.

Live pools are stationary Erlang A per interval (priority classes with common rates, exact; Garnett, Mandelbaum and
Reiman 2002), chat pools a balanced birth–death chain, deferred pools a first-in first-out backlog, automated pools do
not wait. A pool's handle time in an interval is the mean of its mix.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.flow.network import Bools, Floats, Ints
from solvers.queueing.kernels import (
    chat_queue,
    chat_service_level,
    erlang_a_service_level,
    priority_queue_lengths,
    priority_service_levels,
)

LONGEST_WAIT_S = 1e7  # stands for an endless queue, so that sums stay finite
VOICE, CHAT, DEFERRED = 0, 1, 2


@njit(cache=True)
def pool_arrivals(
    pair_volume: Floats,
    pair_work: Floats,
    pair_pool: Ints,
    pair_row: Ints,
    priority: Ints,
    spread: Floats,
    n_pools: int,
    n_classes: int,
) -> tuple[Floats, Floats]:
    """Spread volume and work over intervals: arrivals (pool, class, interval) and work (pool, interval) in seconds.

    The contacts of a (pool, type) come by row `pair_row` of `spread` (row, interval).
    """
    n_intervals = spread.shape[1]
    arrivals = np.zeros((n_pools, n_classes, n_intervals))
    work = np.zeros((n_pools, n_intervals))
    for p in range(pair_pool.size):
        volume = pair_volume[p]
        if volume <= 0.0:
            continue
        row = arrivals[pair_pool[p], priority[p]]
        busy = work[pair_pool[p]]
        shares = spread[pair_row[p]]
        for t in range(n_intervals):
            row[t] += volume * shares[t]
            busy[t] += pair_work[p] * shares[t]
    return arrivals, work


@njit(cache=True)
def live_waiting(
    arrivals: Floats,
    work: Floats,
    on_task: Floats,
    queue: Ints,
    patience_s: Floats,
    chat_speed: Floats,
    interval_s: float,
    p_wait: Floats,
    mean_wait_s: Floats,
    p_abandon: Floats,
) -> None:
    """Fill `p_wait` (pool, interval), `mean_wait_s` and `p_abandon` (pool, class, interval) of live pools."""
    n_pools, n_classes, n_intervals = arrivals.shape
    loads, lengths = np.zeros(n_classes), np.zeros(n_classes)
    for g in range(n_pools):
        if queue[g] > CHAT:
            continue
        theta = 0.0 if np.isinf(patience_s[g]) else 1.0 / patience_s[g]
        speeds = chat_speed[g][~np.isnan(chat_speed[g])]
        rates = np.empty_like(speeds)
        for t in range(n_intervals):
            total = arrivals[g, :, t].sum()
            if total <= 0.0:
                p_wait[g, t] = 0.0
                mean_wait_s[g, :, t] = 0.0
                p_abandon[g, :, t] = 0.0
                continue
            aht_s = work[g, t] / total
            if queue[g] == VOICE:
                for k in range(n_classes):
                    loads[k] = arrivals[g, k, t] / interval_s * aht_s
                p_wait[g, t] = priority_queue_lengths(loads, on_task[g, t], theta * aht_s, lengths)
            else:
                for k in range(speeds.size):
                    rates[k] = speeds[k] / aht_s
                chain = chat_queue(total / interval_s, rates, on_task[g, t], theta)
                p_wait[g, t] = chain[0]
                for k in range(n_classes):
                    lengths[k] = chain[1] * arrivals[g, k, t] / total
            for k in range(n_classes):
                rate = arrivals[g, k, t] / interval_s
                wait = min(lengths[k] / rate, LONGEST_WAIT_S) if rate > 0.0 else 0.0
                mean_wait_s[g, k, t] = wait
                p_abandon[g, k, t] = min(1.0, theta * wait)


@njit(cache=True)
def deferred_delay(
    work_s: Floats,
    capacity_s: Floats,
    interval_s: float,
    deadline_s: float,
    closed_s: Floats | None = None,
) -> tuple[Floats, float]:
    """First-in first-out backlog of a repeating horizon: mean delay per arrival interval, share done in time.

    The delay is what the customer waits, in seconds of the clock: `closed_s` (interval,) are the seconds for which the
    center is closed between an interval and the next one, the last and the first too. The deadline counts open seconds.

    `work_s`, `capacity_s` shape (interval,), those in which the center is open. The horizon is run through until its
    backlog repeats (a second lap starts with what the first left behind); work that never gets done within two laps
    waits `LONGEST_WAIT_S`.
    """
    n = work_s.size
    delay = np.zeros(n)
    if work_s.sum() <= 0.0:
        return delay, 1.0
    arrived = np.zeros(2 * n + 1)
    done, shut_s = np.zeros(3 * n + 1), np.zeros(3 * n + 1)
    if closed_s is not None:
        for t in range(3 * n):
            shut_s[t + 1] = shut_s[t] + closed_s[t % n]
    for t in range(2 * n):
        arrived[t + 1] = arrived[t] + work_s[t % n]
    for t in range(3 * n):
        there = arrived[min(t + 1, 2 * n)]
        done[t + 1] = min(there, done[t] + capacity_s[t % n])
    kept = 0.0
    cursor = 0
    for t in range(n, 2 * n):
        if work_s[t - n] <= 0.0:
            continue
        middle = (arrived[t] + arrived[t + 1]) / 2.0
        while cursor < 3 * n and done[cursor + 1] < middle - 1e-9:
            cursor += 1
        if cursor >= 3 * n:
            wait = LONGEST_WAIT_S
        else:
            step = done[cursor + 1] - done[cursor]
            part = (middle - done[cursor]) / step if step > 0.0 else 0.0
            wait = max(0.0, (cursor + part - t - 0.5) * interval_s)
        delay[t - n] = wait if cursor >= 3 * n else wait + (shut_s[cursor] - shut_s[t])
        if wait <= deadline_s:
            kept += work_s[t - n]
    return delay, kept / work_s.sum()


@njit(cache=True)
def service_level(
    arrivals: Floats,
    work: Floats,
    on_task: Floats,
    queue: Ints,
    patience_s: Floats,
    chat_speed: Floats,
    interval_s: float,
    wanted: Bools,
    within_s: float,
) -> Floats:
    """Share of offered contacts answered within `within_s`, (pool, interval); 1 where nothing arrives or waits."""
    n_pools, n_classes, n_intervals = arrivals.shape
    level = np.ones((n_pools, n_intervals))
    by_class = np.zeros(n_classes)
    for g in range(n_pools):
        if not wanted[g] or queue[g] > CHAT:
            continue
        theta = 0.0 if np.isinf(patience_s[g]) else 1.0 / patience_s[g]
        for t in range(n_intervals):
            total = arrivals[g, :, t].sum()
            if total <= 0.0:
                continue
            aht_s = work[g, t] / total
            loads = arrivals[g, :, t] / interval_s * aht_s
            if queue[g] == CHAT:
                rates = chat_speed[g][~np.isnan(chat_speed[g])] / aht_s
                level[g, t] = chat_service_level(total / interval_s, rates, on_task[g, t], theta, within_s)
            elif loads.max() >= loads.sum():
                level[g, t] = erlang_a_service_level(loads.sum(), on_task[g, t], theta * aht_s, within_s / aht_s)
            else:
                priority_service_levels(loads, on_task[g, t], theta * aht_s, within_s / aht_s, by_class)
                level[g, t] = (by_class * loads).sum() / loads.sum()
    return level


@njit(cache=True)
def pair_lost(
    p_abandon: Floats, pair_pool: Ints, pair_row: Ints, priority: Ints, queue: Ints, spread: Floats
) -> Floats:
    """Abandoned share of each (pool, type), weighted by its own arrivals, shape (pair,)."""
    lost = np.zeros(pair_pool.size)
    for p in range(pair_pool.size):
        if queue[pair_pool[p]] > CHAT:
            continue
        shares, gone, total = spread[pair_row[p]], p_abandon[pair_pool[p], priority[p]], 0.0
        for t in range(shares.size):
            total += shares[t] * gone[t]
        lost[p] = total
    return lost


@njit(cache=True)
def pair_wait(
    mean_wait_s: Floats,
    delay_s: Floats,
    pair_pool: Ints,
    pair_row: Ints,
    priority: Ints,
    queue: Ints,
    spread: Floats,
) -> Floats:
    """Mean wait (s) of each (pool, type), weighted by its own arrivals, shape (pair,)."""
    mean = np.zeros(pair_pool.size)
    for p in range(pair_pool.size):
        if queue[pair_pool[p]] > DEFERRED:
            continue
        live = queue[pair_pool[p]] <= CHAT
        wait = mean_wait_s[pair_pool[p], priority[p]] if live else delay_s[pair_pool[p]]
        shares, total = spread[pair_row[p]], 0.0
        for t in range(shares.size):
            total += shares[t] * wait[t]
        mean[p] = total
    return mean


@njit(cache=True)
def pair_wait_loss(
    p_wait: Floats,
    mean_wait_s: Floats,
    delay_s: Floats,
    pair_pool: Ints,
    pair_row: Ints,
    priority: Ints,
    queue: Ints,
    spread: Floats,
    knots_s: Floats,
    bend: Floats,
) -> Floats:
    """Points lost by waiting, mean over a type's own arrivals in a pool, shape (pair,).

    A live wait is 0 with probability 1 − P_w and otherwise taken as exponential with mean m = E[W]/P_w (exact for
    Erlang C), so a bend of the curve at κ costs P_w·m·e^{−κ/m} times its change of slope. A deferred delay is taken
    as it is.
    """
    loss = np.zeros(pair_pool.size)
    for p in range(pair_pool.size):
        g, k, shares = pair_pool[p], priority[p], spread[pair_row[p]]
        if queue[g] > DEFERRED or np.all(bend[p] == 0.0):
            continue
        for t in range(shares.size):
            if shares[t] <= 0.0:
                continue
            value = 0.0
            if queue[g] == DEFERRED:
                for j in range(knots_s.shape[1]):
                    value += bend[p, j] * max(0.0, delay_s[g, t] - knots_s[p, j])
            elif p_wait[g, t] > 1e-12 and mean_wait_s[g, k, t] > 0.0:
                mean = mean_wait_s[g, k, t] / p_wait[g, t]
                for j in range(knots_s.shape[1]):
                    if bend[p, j] != 0.0:
                        value += bend[p, j] * p_wait[g, t] * mean * np.exp(-knots_s[p, j] / mean)
            loss[p] += shares[t] * value
    return loss
