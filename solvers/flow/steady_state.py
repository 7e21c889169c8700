"""The weekly steady state of a decision: flows, waits and abandonments that agree with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.flow.network import Decision, Floats, FlowNetwork, Ints, Queue
from solvers.flow.spread import spread_of
from solvers.flow.waiting import deferred_delay, live_waiting, pair_lost, pair_wait, pool_arrivals

TOLERANCE = 1e-10  # on abandoned shares between two rounds
MOST_ROUNDS = 200
MIXED = 3  # rounds past that the next one is mixed from
NEW = 1e-8  # a round past that adds a smaller part of direction adds rounding


@dataclass(frozen=True)
class SteadyState:
    """Arrays of one decision at one level of demand.

    `volume` (flow,) contacts per horizon; `lost`, `wait_s` (pair,) abandoned share and mean wait; `arrivals` (pool,
    class, interval) contacts; `work_s` (pool, interval) offered seconds; `p_wait` (pool, interval), `mean_wait_s`,
    `p_abandon` (pool, class, interval); `delay_s` (pool, interval), nights included, and `in_time` (pool,) of deferred
    pools.
    """

    volume: Floats
    lost: Floats
    wait_s: Floats
    arrivals: Floats
    work_s: Floats
    p_wait: Floats
    mean_wait_s: Floats
    p_abandon: Floats
    delay_s: Floats
    in_time: Floats
    converged: bool


@njit(cache=True)
def _first_contacts(
    kind: Ints, natural: Ints, stage: Ints, steer: Ints, acceptance: Floats, issues: Floats, mix: Floats, offer: Floats
) -> Floats:
    """Contacts entering each node, with the `mix` (type, channel) of natural channels."""
    volume, left = np.zeros(kind.size), np.zeros(mix.shape)
    for n in range(kind.size):
        if steer[n] >= 0 and stage[n] == 0:
            volume[n] = issues[kind[n]] * mix[kind[n], natural[n]] * offer[n] * acceptance[n]
            left[kind[n], natural[n]] += volume[n]
    for n in range(kind.size):
        if steer[n] < 0 and stage[n] == 0:
            volume[n] = issues[kind[n]] * mix[kind[n], natural[n]] - left[kind[n], natural[n]]
    return np.maximum(volume, 0.0)


def first_contacts(network: FlowNetwork, offer: Floats) -> Floats:
    """First contacts entering each node, shape (node,): those who accept a steer move, all others stay."""
    nodes = network.nodes
    volume: Floats = _first_contacts(
        *_plain(nodes.kind, nodes.natural, nodes.stage, nodes.steer, nodes.acceptance, network.issues, network.natural),
        *_plain(np.asarray(offer, dtype=np.float64)),
    )
    return volume


@njit(cache=True)
def _node_volumes(
    start: Floats,
    flow_node: Ints,
    share: Floats,
    lost: Floats,
    served_pointer: Ints,
    served_to: Ints,
    served_share: Floats,
    redial_to: Ints,
    redial: Floats,
    volume: Floats,
) -> None:
    """Solve v = start + next(v) in place by sweeps; next contacts of every flow shrink, so this converges."""
    following = np.empty_like(volume)
    for _ in range(2000):
        following[:] = start
        for f in range(flow_node.size):
            contacts = volume[flow_node[f]] * share[f]
            if contacts == 0.0:
                continue
            served = contacts * (1.0 - lost[f])
            for e in range(served_pointer[f], served_pointer[f + 1]):
                following[served_to[e]] += served * served_share[e]
            if redial[f] > 0.0:
                following[redial_to[f]] += contacts * lost[f] * redial[f]
        change = np.abs(following - volume).max()
        volume[:] = following
        if change <= 1e-12 * (1.0 + volume.max()):
            break


@njit(cache=True)
def _next_guess(lost: Floats, step: Floats, damping: float, past_lost: Floats, past_step: Floats) -> Floats:
    """Abandoned shares of the next round from this one and those past, (round, pair): Anderson (1965) mixing.

    The differences of steps are made orthogonal one after another (Gram and Schmidt, twice for rounding); one that
    says next to nothing new is left out.
    """
    mixed = lost + damping * step
    turns, moves = np.empty_like(past_step), np.empty_like(past_step)
    used, largest = 0, 0.0
    for k in range(len(past_step)):
        turn = step - past_step[k]
        move = lost - past_lost[k] + damping * turn
        largest = max(largest, np.sqrt((turn * turn).sum()))
        for _ in range(2):
            for j in range(used):
                along = (turns[j] * turn).sum()
                turn -= along * turns[j]
                move -= along * moves[j]
        length = np.sqrt((turn * turn).sum())
        if length > NEW * largest:
            turns[used], moves[used] = turn / length, move / length
            mixed -= (turns[used] * step).sum() * moves[used]
            used += 1
    return np.minimum(np.maximum(mixed, 0.0), 1.0)


@njit(cache=True)
def _flow_sums(values: Floats, pair: Ints, pairs: int) -> Floats:
    """Sum flows by (pool, type), shape (pair,)."""
    total = np.zeros(pairs)
    for f in range(pair.size):
        total[pair[f]] += values[f]
    return total


@njit(cache=True)
def _settle(
    start: Floats,
    flow_node: Ints,
    flow_pair: Ints,
    share: Floats,
    aht_s: Floats,
    served_pointer: Ints,
    served_to: Ints,
    served_share: Floats,
    redial_to: Ints,
    redial: Floats,
    pair_pool: Ints,
    pair_row: Ints,
    priority: Ints,
    spread: Floats,
    on_task: Floats,
    queue: Ints,
    patience_s: Floats,
    chat_speed: Floats,
    interval_s: float,
    tolerance: float,
    lost: Floats,
    p_wait: Floats,
    wait_s: Floats,
    gone: Floats,
) -> tuple[Floats, Floats, Floats, Floats, bool]:
    """Repeat flows → load → waits → abandoned shares from `lost` until the shares stay.

    Fills `p_wait` (pool, interval), `wait_s` and `gone` (pool, class, interval) of live pools. Returns volume (flow,),
    abandoned shares (pair,), arrivals (pool, class, interval), work (pool, interval) and whether they stay.
    """
    pools, classes = wait_s.shape[0], wait_s.shape[1]
    node_volume = start.copy()
    past_lost, past_step = np.empty((0, lost.size)), np.empty((0, lost.size))
    damping, last_change = 1.0, np.inf
    for _ in range(MOST_ROUNDS):
        _node_volumes(
            start, flow_node, share, lost[flow_pair], served_pointer, served_to, served_share, redial_to, redial,
            node_volume,
        )  # fmt: skip
        volume = node_volume[flow_node] * share
        arrivals, work = pool_arrivals(
            _flow_sums(volume, flow_pair, pair_pool.size), _flow_sums(volume * aht_s, flow_pair, pair_pool.size),
            pair_pool, pair_row, priority, spread, pools, classes,
        )  # fmt: skip
        live_waiting(arrivals, work, on_task, queue, patience_s, chat_speed, interval_s, p_wait, wait_s, gone)
        step = pair_lost(gone, pair_pool, pair_row, priority, queue, spread) - lost
        change = np.abs(step).max() if step.size else 0.0
        if change <= tolerance:
            return volume, lost, arrivals, work, True
        if change > last_change:
            damping = max(0.1, damping * 0.7)
        last_change = change
        following = _next_guess(lost, step, damping, past_lost, past_step)
        past_lost = np.vstack((lost.reshape(1, -1), past_lost[: MIXED - 1]))
        past_step = np.vstack((step.reshape(1, -1), past_step[: MIXED - 1]))
        lost = following
    return volume, lost, arrivals, work, False


def steady_state(
    network: FlowNetwork,
    decision: Decision,
    growth: float = 0.0,
    guess: SteadyState | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> SteadyState:
    """Find the flows at which returns, redials, escalations and abandonments repeat themselves.

    Parameters
    ----------
    network, decision
        The network and what is decided on it.
    growth
        Uniform growth of issues (ratio).
    guess
        Steady state of a similar decision to start from; changes the number of rounds, not the result.
    tolerance
        On abandoned shares between two rounds.
    """
    flows, pools = network.flows, network.pools
    spread = spread_of(network, decision)
    n_pools, n_intervals = len(pools.queue), network.profile.shape[1]
    by_class = (n_pools, int(decision.priority.max(initial=0)) + 1, n_intervals)
    p_wait, wait_s, gone = np.zeros((n_pools, n_intervals)), np.zeros(by_class), np.zeros(by_class)
    priority, row, table = decision.priority, spread.row, spread.table
    volume, lost, arrivals, work, converged = _settle(
        first_contacts(network, decision.offer) * (1.0 + growth),
        *_plain(flows.node, flows.pair, spread.share[flows.split], flows.aht_s),
        np.searchsorted(network.served_from, np.arange(len(flows.node) + 1)),
        *_plain(network.served_to, network.served_share, network.redial_to, pools.redial[flows.pool]),
        *_plain(network.pair_pool, row, priority, table, decision.on_task.astype(np.float64)),
        *_plain(pools.queue, pools.patience_s, pools.chat_speed),
        float(network.interval_s),
        tolerance,
        np.zeros(len(network.pair_pool)) if guess is None else guess.lost.copy(),
        p_wait, wait_s, gone,
    )  # fmt: skip
    delay, in_time = _deferred(network, decision, work)
    where = _plain(network.pair_pool, row, priority, pools.queue, table)
    mean_wait = pair_wait(wait_s, delay, *where)
    return SteadyState(volume, lost, mean_wait, arrivals, work, p_wait, wait_s, gone, delay, in_time, converged)


def _plain(*arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Arrays in one layout that may be written, copied where need be: numba compiles anew for every other kind."""
    return tuple([array if array.flags.carray else np.array(array, order="C") for array in arrays])


def _deferred(network: FlowNetwork, decision: Decision, work: Floats) -> tuple[Floats, Floats]:
    """Delays of deferred pools (pool, interval), 0 elsewhere, and the share done in time (pool,), 1 elsewhere."""
    pools, opened = network.pools, network.opened
    delay, in_time = np.zeros(work.shape), np.ones(len(pools.queue))
    closed_s = _closed_after(network, opened)
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        capacity = decision.on_task[g] * network.interval_s * pools.speed[g]
        delay[g, opened], in_time[g] = deferred_delay(
            work[g, opened], capacity[opened], network.interval_s, float(pools.deadline_s[g]), closed_s
        )
    return delay, in_time


def _closed_after(network: FlowNetwork, opened: Ints) -> Floats:
    """Seconds for which the center is closed between an open interval and the next one, shape (open interval,)."""
    day, slot = np.divmod(opened, network.intervals_per_day)
    day_s = max(86_400.0, network.intervals_per_day * network.interval_s)
    starts_s = day * day_s + slot * network.interval_s
    return np.asarray(np.append(starts_s[1:], starts_s[0] + network.days * day_s) - starts_s - network.interval_s)
