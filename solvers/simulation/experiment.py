"""The door: replications of a network, as many as asked for or as a precision needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor

import numpy as np
from numpy.lib import recfunctions
from numpy.typing import NDArray

from solvers.executor import map_in_order
from solvers.simulation.network import Network
from solvers.simulation.replication import Settings, replicate
from solvers.simulation.result import Metric, SimulationResult

__all__ = ["simulate"]

_PIECES = 16
"""Jobs per batch where there is an executor; replications do not depend on it."""

Piece = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.void]]


def simulate(
    network: Network,
    *,
    replications: int,
    seed: int,
    executor: Executor | None = None,
    warm_up: int = 0,
    cycles: int = 1,
    drain_s: float | None = None,
    answer_within_s: float | tuple[float, ...] = 20.0,
    confidence: float = 0.95,
    until: Mapping[Metric | str, float] | None = None,
    most_replications: int = 10_000,
    records: bool = False,
) -> SimulationResult:
    """Simulate a network of queues, event by event.

    Each replication starts empty, runs `warm_up` intervals unmeasured, then measures `cycles` cycles, and goes on
    (with new contacts still coming) until every measured contact has ended. Every random number belongs to a contact,
    so that two networks simulated with the same seed meet the same contacts, and the result is the same for any
    executor.

    Parameters
    ----------
    network
        What is simulated.
    replications
        Independent runs, >= 1; at least 2 for confidence intervals. With `until`, the size of a batch.
    seed
        Seed of everything random, 0 <= seed < 2^63.
    executor
        Where replications run; None: here, one after the other.
    warm_up
        Intervals simulated before the measured time, >= 0.
    cycles
        Measured cycles of the calendar per replication, >= 1.
    drain_s
        How long measured contacts are waited for after the measured time, seconds; left out: one cycle.
    answer_within_s
        Thresholds of the service level, seconds, >= 0.
    confidence
        Of the intervals, in (0, 1).
    until
        Metric -> half-width: batches of replications are added until the interval of every pool is at most so wide.
    most_replications
        Where `until` stops anyway.
    records
        Keep one row per measured contact; memory then grows with the number of contacts.

    Raises
    ------
    ValueError
        Naming the argument and its value.
    """
    within = tuple(np.atleast_1d(np.asarray(answer_within_s, dtype=np.float64)).tolist())
    _check(replications, seed, warm_up, cycles, most_replications, confidence, within)
    wait_s = network.calendar.cycle_s if drain_s is None else float(drain_s)
    if not wait_s >= 0.0:
        raise ValueError(f"drain_s = {drain_s!r} — must be at least 0")
    targets = _half_widths(until or {})
    settings = Settings(seed, warm_up, cycles, wait_s, within, records)
    pieces: list[Piece] = []
    while True:
        stop = min(len(pieces) + replications, most_replications) if targets else replications
        pieces += _batch(network, settings, range(len(pieces), stop), executor)
        result = _result(network, settings, pieces, confidence)
        if not targets or len(pieces) >= most_replications or _precise(result, targets):
            return result


def _check(
    replications: int,
    seed: int,
    warm_up: int,
    cycles: int,
    most_replications: int,
    confidence: float,
    within: tuple[float, ...],
) -> None:
    least = {"replications": 1, "warm_up": 0, "cycles": 1, "most_replications": 1}
    for name, value in zip(least, (replications, warm_up, cycles, most_replications), strict=True):
        if not (value >= least[name] and value == int(value)):
            raise ValueError(f"{name} = {value} — must be a whole number of at least {least[name]}")
    if not (0 <= seed < 2**63 and seed == int(seed)):
        raise ValueError(f"seed = {seed} — must be a whole number of at least 0 and below 2^63")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence = {confidence:g} — must be strictly between 0 and 1")
    for k, value_s in enumerate(within):
        if not value_s >= 0.0:
            raise ValueError(f"answer_within_s[{k}] = {value_s:g} — must be at least 0")


def _half_widths(until: Mapping[Metric | str, float]) -> dict[Metric, float]:
    for metric in until:
        if metric not in list(Metric):
            raise ValueError(f"until[{metric!r}] — must be one of {', '.join(Metric)}")
    targets = {Metric(name): float(width) for name, width in until.items()}
    for name, width in targets.items():
        if not width > 0.0:
            raise ValueError(f"until[{name.value!r}] = {width:g} — must be above 0")
    return targets


def _batch(network: Network, settings: Settings, numbers: range, executor: Executor | None) -> list[Piece]:
    size = max(1, len(numbers) if executor is None else math.ceil(len(numbers) / _PIECES))
    jobs = [(network, settings, numbers[k : k + size]) for k in range(0, len(numbers), size)]
    return [piece for done in map_in_order(replicate, jobs, executor) for piece in done]


def _precise(result: SimulationResult, targets: Mapping[Metric, float]) -> bool:
    if result.replications < 2:
        return False
    return all(np.nanmax(result.estimate(m, by="pool").half_width, initial=0.0) <= w for m, w in targets.items())


def _result(network: Network, settings: Settings, pieces: list[Piece], confidence: float) -> SimulationResult:
    rows = None
    if settings.records:
        rows = np.concatenate(
            [
                recfunctions.append_fields(part, "replication", np.full(len(part), r), usemask=False)
                for r, (_, _, part) in enumerate(pieces)
            ]
        )
    return SimulationResult(
        tally=np.stack([tally for tally, _, _ in pieces]),
        endings=np.stack([endings for _, endings, _ in pieces]),
        cycles=settings.cycles,
        cycle_s=network.calendar.cycle_s,
        interval_s=network.calendar.interval_s,
        within_s=settings.within_s,
        confidence=confidence,
        records=rows,
    )
