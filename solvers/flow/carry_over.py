"""Waits of live voice pools when every interval starts with what the one before left: the chain, for few decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.flow.kept import over_periods, promise_quality
from solvers.flow.network import Bools, Decision, Floats, FlowNetwork, Ints, Promises, Queue
from solvers.flow.steady_state import SteadyState
from solvers.flow.waiting import LONGEST_WAIT_S, service_level
from solvers.queueing import interval_waiting, waiting

SERVICE_LEVEL, WAIT, ABANDON = range(3)
"""Codes of `Promises.measure` that carry-over has a figure for."""

DAY_S = 86_400.0


@dataclass(frozen=True)
class CarriedWaits:
    """Waits with carry-over, arrays of shape (pool, interval); NaN, and "" in words, for pools that are not live voice.

    `wait_s` mean wait of all contacts, `lost` share that abandons, `level` share answered within `within_s` seconds; 0,
    0 and 1 where nothing arrives. `method` is how it was computed and `advised` what the rule of `interval_waiting`
    asks for there: where that is `stationary`, the evaluator's own figure is as good.
    """

    within_s: float
    wait_s: Floats
    lost: Floats
    level: Floats
    method: NDArray[np.str_]
    advised: NDArray[np.str_]


def carries_over(network: FlowNetwork) -> Bools:
    """Pools whose waits the chain can follow, shape (pool,): live voice, one contact per agent."""
    return np.asarray(network.pools.queue == Queue.VOICE)


def carried_waits(network: FlowNetwork, decision: Decision, state: SteadyState, within_s: float) -> CarriedWaits:
    """Follow the number in system of live voice pools through the horizon, at the flows of a steady state.

    Arrivals, mean handle times and patience are those of the stationary formulas, interval by interval, redials and
    returns included; only what an interval leaves to the next is new. Days begin empty where doors close at night;
    where they never do, the horizon repeats, and its last day runs before its first. Contacts of all priority classes
    are followed as one class, which has the mean wait and abandonment of them all: they share the mean handle time of
    the interval, as in the evaluator. The service level of classes is not that of one class: the share not answered in
    time grows with carry-over as that of one class does. On 40 simulated days of 10 half hours (two classes, 8–40
    Erlang, AHT 5–15 min) its error is .006 on average and .011 at the 95th percentile of days; .023 and .066 if the
    classes are forgotten, .064 and .118 if the carry-over is.

    Parameters
    ----------
    network, decision, state
        What there is, what is decided, and the steady state of it.
    within_s
        Threshold of the service level, seconds.
    """
    pools, shape = network.pools, state.work_s.shape
    voice = carries_over(network)
    found = CarriedWaits(
        within_s, *(np.full(shape, np.nan) for _ in range(3)), *(np.full(shape, "", "U16") for _ in range(2))
    )
    if not voice.any():
        return found
    offered, work = state.arrivals[voice].sum(axis=1), state.work_s[voice]
    comes = work > 0.0
    rate = np.where(comes, offered, 0.0) / network.interval_s
    aht_s = np.where(comes, work / np.maximum(offered, 1e-300), 1.0)
    staff, patience_s = decision.on_task[voice], pools.patience_s[voice][:, None]
    single = waiting(rate, aht_s, staff, patience_s=patience_s, answer_within_s=within_s).service_level
    classes = service_level(
        state.arrivals, state.work_s, decision.on_task, pools.queue, pools.patience_s, pools.chat_speed,
        network.interval_s, voice, within_s,
    )[voice]  # fmt: skip
    wait_s, lost, level, method, advised = _followed(network, rate, aht_s, staff, patience_s, within_s)
    found.wait_s[voice] = np.minimum(wait_s, LONGEST_WAIT_S)
    found.lost[voice] = lost
    found.level[voice] = _of_classes(classes, single, level)
    found.method[voice] = method
    found.advised[voice] = advised
    return found


def _followed(
    network: FlowNetwork, rate: Floats, aht_s: Floats, staff: Floats, patience_s: Floats, within_s: float
) -> tuple[Floats, Floats, Floats, NDArray[np.str_], NDArray[np.str_]]:
    """Wait, share lost, service level, method and method advised, shape (pool, interval); nobody waits while closed."""
    shape = rate.shape
    wait_s, lost, level = np.zeros(shape), np.zeros(shape), np.ones(shape)
    method, advised = np.full(shape, "", "U16"), np.full(shape, "", "U16")
    for sequence, before in _sequences(network):
        chain = interval_waiting(
            *(values[:, sequence] for values in (rate, aht_s, staff)),
            interval_s=network.interval_s, patience_s=patience_s[:, None], answer_within_s=within_s, in_system=0.0,
        )  # fmt: skip
        here, flat = (slice(None), sequence[:, before:].ravel()), (len(rate), -1)
        wait_s[here] = chain.waiting.asa_s[:, :, before:].reshape(flat)
        lost[here] = chain.waiting.abandon_rate[:, :, before:].reshape(flat)
        level[here] = chain.waiting.service_level[:, :, before:].reshape(flat)
        method[here] = chain.method[:, :, before:].reshape(flat)
        advised[here] = chain.advised[:, :, before:].reshape(flat)
    return wait_s, lost, level, method, advised


def _of_classes(classes: Floats, single: Floats, carried: Floats) -> Floats:
    """Service level of priority classes with carry-over, from theirs and one class's in steady state and one's with."""
    missed, own = 1.0 - single, 1.0 - classes
    # The difference says the same where next to nobody misses, and has no rounding to blow up.
    grown = np.where(missed > 1e-6, own * (1.0 - carried) / np.maximum(missed, 1e-6), own + single - carried)
    return np.asarray(np.clip(1.0 - grown, 0.0, 1.0))


def _sequences(network: FlowNetwork) -> list[tuple[Ints, int]]:
    """Intervals of sequences that begin empty, shape (sequence, interval), and how many of each only lead up to it.

    Days where doors close at night. Where they never do, one: the horizon repeats, its last day leads up to its first.
    Where they close for some days only, one from every opening to the next closing.
    """
    per_day, everything = network.intervals_per_day, np.arange(network.profile.shape[1])
    if per_day * network.interval_s < DAY_S:
        return [(everything.reshape(-1, per_day), 0)]
    if network.shut is None or not network.shut.any():
        return [(np.concatenate([everything[-per_day:], everything])[None], per_day)]
    first = int(np.flatnonzero(network.shut)[0])
    opened = np.roll(everything, -first)[~np.roll(network.shut, -first)]
    ends = np.flatnonzero(np.diff(opened) % len(everything) != 1) + 1
    return [(run[None], 0) for run in np.split(opened, ends)]


def carried_promises(
    network: FlowNetwork, promises: Promises, decision: Decision, state: SteadyState, carried: CarriedWaits
) -> tuple[Floats | None, ...]:
    """Value of each promise in each of its periods with carry-over; None for promises without a live voice pool.

    Pools that are not live voice count with the figures of the evaluator. `carried` are the waits of the same decision
    at any threshold; promises of other thresholds are followed anew.
    """
    voice, offered = carries_over(network), state.arrivals.sum(axis=1)
    followed = {carried.within_s: carried}
    values: list[Floats | None] = []
    for k, measure in enumerate(promises.measure):
        wanted = promises.pools[k]
        if measure > ABANDON or not (wanted & voice).any():
            values.append(None)
            continue
        within_s = float(promises.within_s[k]) if measure == SERVICE_LEVEL else carried.within_s
        if within_s not in followed:
            followed[within_s] = carried_waits(network, decision, state, within_s)
        here = followed[within_s]
        quality = promise_quality(network, promises, decision, state, k)
        quality[voice] = (here.level, here.wait_s, here.lost)[measure][voice]
        values.append(over_periods(quality, offered, wanted, int(promises.period_intervals[k])))
    return tuple(values)
