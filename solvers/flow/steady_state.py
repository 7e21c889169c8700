"""The weekly steady state of a decision: flows, waits and abandonments that agree with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from solvers.flow.network import Decision, Floats, FlowNetwork, Ints, Queue
from solvers.flow.spread import Spread, spread_of
from solvers.flow.waiting import deferred_delay, live_waiting, pair_means, pool_arrivals

TOLERANCE = 1e-10  # on abandoned shares between two rounds
MOST_ROUNDS = 200
MIXED = 3  # rounds past that the next one is mixed from


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


@dataclass(frozen=True)
class _Waits:
    """Buffers the waits of a round are written to: `p_wait`, `delay` (pool, interval), others with class between."""

    p_wait: Floats
    wait_s: Floats
    gone: Floats
    delay: Floats

    def means(self, network: FlowNetwork, spread: Spread, priority: Ints) -> tuple[Floats, Floats]:
        """Mean wait and abandoned share of each (pool, type), shape (pair,)."""
        return pair_means(
            self.p_wait, self.wait_s, self.gone, self.delay, network.pair_pool, spread.row, priority,
            network.pools.queue, spread.table,
        )  # fmt: skip


def _buffers(network: FlowNetwork, classes: int) -> _Waits:
    pools, intervals = len(network.pools.queue), network.profile.shape[1]
    by_class = (pools, classes, intervals)
    return _Waits(np.zeros((pools, intervals)), np.zeros(by_class), np.zeros(by_class), np.zeros((pools, intervals)))


def _arrive_and_wait(
    network: FlowNetwork, decision: Decision, spread: Spread, volume: Floats, waits: _Waits
) -> tuple[Floats, Floats]:
    """Arrivals and work of flow volumes, with the waits they meet written to `waits`."""
    pools, flows, pairs = network.pools, network.flows, len(network.pair_pool)
    arrivals, work = pool_arrivals(
        np.bincount(flows.pair, volume, pairs), np.bincount(flows.pair, volume * flows.aht_s, pairs),
        network.pair_pool, spread.row, decision.priority, spread.table, len(pools.queue), waits.wait_s.shape[1],
    )  # fmt: skip
    live_waiting(
        arrivals, work, decision.on_task, pools.queue, pools.patience_s, pools.chat_speed, network.interval_s,
        waits.p_wait, waits.wait_s, waits.gone,
    )  # fmt: skip
    return arrivals, work


def _next_guess(lost: Floats, step: Floats, damping: float, past: list[tuple[Floats, Floats]]) -> Floats:
    """Abandoned shares of the next round from this one and those past, as (shares, step): Anderson (1965) mixing."""
    mixed = lost + damping * step
    if past:
        turns = np.column_stack([step - other for _, other in past])
        moves = np.column_stack([lost - other for other, _ in past]) + damping * turns
        mixed = mixed - moves @ np.linalg.lstsq(turns, step, rcond=1e-8)[0]
    return np.asarray(np.clip(mixed, 0.0, 1.0))


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
    flows = network.flows
    start = first_contacts(network, decision.offer) * (1.0 + growth)
    spread = spread_of(network, decision)
    share = spread.share[flows.split]
    pointer = np.searchsorted(network.served_from, np.arange(len(flows.node) + 1)).astype(np.int64)
    waits = _buffers(network, int(decision.priority.max(initial=0)) + 1)
    lost = np.zeros(len(network.pair_pool)) if guess is None else guess.lost.copy()
    node_volume = start.copy()
    converged, damping, last_change = False, 1.0, np.inf
    past: list[tuple[Floats, Floats]] = []
    for _ in range(MOST_ROUNDS):
        _node_volumes(
            start, flows.node, share, lost[flows.pair], pointer, network.served_to, network.served_share,
            network.redial_to, network.pools.redial[flows.pool], node_volume,
        )  # fmt: skip
        volume = node_volume[flows.node] * share
        arrivals, work = _arrive_and_wait(network, decision, spread, volume, waits)
        _, now_lost = waits.means(network, spread, decision.priority)
        change = float(np.abs(now_lost - lost).max(initial=0.0))
        if change <= tolerance:
            converged = True
            break
        damping = max(0.1, damping * 0.7) if change > last_change else damping
        last_change = change
        step = now_lost - lost
        past, lost = [*past[1 - MIXED :], (lost, step)], _next_guess(lost, step, damping, past)
    in_time = _deferred(network, decision, work, waits)
    mean_wait, _ = waits.means(network, spread, decision.priority)
    return SteadyState(
        volume, lost, mean_wait, arrivals, work, waits.p_wait, waits.wait_s, waits.gone, waits.delay, in_time, converged
    )


def _deferred(network: FlowNetwork, decision: Decision, work: Floats, waits: _Waits) -> Floats:
    """Write the delays of deferred pools; return the share of their work done in time, shape (pool,), 1 elsewhere."""
    pools = network.pools
    in_time = np.ones(len(pools.queue))
    night_s = max(0.0, 86_400.0 - network.intervals_per_day * network.interval_s)
    for g in np.flatnonzero(pools.queue == Queue.DEFERRED):
        capacity = decision.on_task[g] * network.interval_s * pools.speed[g]
        waits.delay[g], in_time[g] = deferred_delay(
            work[g], capacity, network.interval_s, float(pools.deadline_s[g]), network.intervals_per_day, night_s
        )
    return in_time
