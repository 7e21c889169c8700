"""The weekly steady state of a decision: flows, waits and abandonments that agree with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from solvers.flow.network import Decision, Floats, FlowNetwork, Ints, Queue
from solvers.flow.waiting import deferred_delay, live_waiting, pair_means, pool_arrivals

TOLERANCE = 1e-10  # on abandoned shares between two rounds
MOST_ROUNDS = 200


@dataclass(frozen=True)
class SteadyState:
    """Arrays of one decision at one level of demand.

    `volume` (flow,) contacts per horizon; `lost`, `wait_s` (pair,) abandoned share and mean wait; `arrivals` (pool,
    class, interval) contacts; `work_s` (pool, interval) offered seconds; `p_wait` (pool, interval), `mean_wait_s`,
    `p_abandon` (pool, class, interval); `delay_s` (pool, interval) and `in_time` (pool,) of deferred pools.
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


def first_contacts(network: FlowNetwork, offer: Floats) -> Floats:
    """First contacts entering each node, shape (node,): those who accept a steer move, all others stay."""
    nodes = network.nodes
    possible = network.first_volume
    steered = nodes.steer >= 0
    moved = np.where(steered, possible * offer * nodes.acceptance, 0.0)
    left = np.zeros((len(network.issues), network.natural.shape[1]))
    np.add.at(left, (nodes.kind[steered], nodes.natural[steered]), moved[steered])
    stays = (nodes.stage == 0) & ~steered
    volume = moved.copy()
    volume[stays] = possible[stays] - left[nodes.kind[stays], nodes.natural[stays]]
    return np.asarray(np.maximum(volume, 0.0))


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


def steady_state(
    network: FlowNetwork, decision: Decision, growth: float = 0.0, guess: SteadyState | None = None
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
    """
    pools, flows = network.pools, network.flows
    start = first_contacts(network, decision.offer) * (1.0 + growth)
    share = decision.split[flows.split]
    redial = pools.redial[flows.pool]
    pointer = np.searchsorted(network.served_from, np.arange(len(flows.node) + 1)).astype(np.int64)
    n_pools, n_intervals = len(pools.queue), network.profile.shape[1]
    n_classes = int(decision.priority.max(initial=0)) + 1
    p_wait = np.zeros((n_pools, n_intervals))
    wait = np.zeros((n_pools, n_classes, n_intervals))
    gone = np.zeros((n_pools, n_classes, n_intervals))
    delay = np.zeros((n_pools, n_intervals))
    lost = np.zeros(len(network.pair_pool)) if guess is None else guess.lost.copy()
    node_volume = start.copy()
    converged = False
    damping = 1.0
    last_change = np.inf
    for _ in range(MOST_ROUNDS):
        _node_volumes(
            start,
            flows.node,
            share,
            lost[flows.pair],
            pointer,
            network.served_to,
            network.served_share,
            network.redial_to,
            redial,
            node_volume,
        )
        volume = node_volume[flows.node] * share
        pair_volume = np.bincount(flows.pair, volume, len(lost))
        pair_work = np.bincount(flows.pair, volume * flows.aht_s, len(lost))
        arrivals, work = pool_arrivals(
            pair_volume,
            pair_work,
            network.pair_pool,
            network.pair_kind,
            decision.priority,
            network.profile,
            n_pools,
            n_classes,
        )
        live_waiting(
            arrivals,
            work,
            decision.on_task,
            pools.queue,
            pools.patience_s,
            pools.chat_speed,
            network.interval_s,
            p_wait,
            wait,
            gone,
        )
        mean_wait, now_lost = pair_means(
            p_wait,
            wait,
            gone,
            delay,
            network.pair_pool,
            network.pair_kind,
            decision.priority,
            pools.queue,
            network.profile,
        )
        change = float(np.abs(now_lost - lost).max(initial=0.0))
        if change <= TOLERANCE:
            converged = True
            break
        damping = max(0.1, damping * 0.7) if change > last_change else damping
        last_change = change
        lost = lost + damping * (now_lost - lost)
    in_time = np.ones(n_pools)
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        capacity = decision.on_task[g] * network.interval_s * pools.speed[g]
        delay[g], in_time[g] = deferred_delay(work[g], capacity, network.interval_s, pools.deadline_s[g])
    mean_wait, _ = pair_means(
        p_wait,
        wait,
        gone,
        delay,
        network.pair_pool,
        network.pair_kind,
        decision.priority,
        pools.queue,
        network.profile,
    )
    return SteadyState(volume, lost, mean_wait, arrivals, work, p_wait, wait, gone, delay, in_time, converged)
