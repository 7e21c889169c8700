"""One replication: the compiled loop with room made as it needs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.simulation.event_loop import run, start
from solvers.simulation.model import Model, make_model
from solvers.simulation.network import Network
from solvers.simulation.single_line import is_single_line, run_line
from solvers.simulation.state import empty_state, grown

__all__ = ["Settings", "replicate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How a network is simulated.

    `seed`; `warm_up` intervals before the measured time; `cycles` measured; `drain_s` how long after them contacts are
    waited for; `within_s` thresholds of the service level, seconds; `records` whether every contact is kept.
    """

    seed: int
    warm_up: int
    cycles: int
    drain_s: float
    within_s: tuple[float, ...]
    records: bool


def replicate(job: tuple[Network, Settings, range]) -> list[tuple[Floats, Floats, NDArray[np.void]]]:
    """Run replications by number; return what they counted per pool and per class, and their records."""
    network, settings, numbers = job
    model = make_model(network)
    line = is_single_line(network) and not settings.records
    return [_one(model, settings, number, line=line) for number in numbers]


def _one(model: Model, settings: Settings, number: int, *, line: bool) -> tuple[Floats, Floats, NDArray[np.void]]:
    state = empty_state(model, np.array(settings.within_s, dtype=np.float64), records=settings.records)
    lap, change = _beginning(model, settings.warm_up)
    end_s = settings.cycles * model.cycle_s
    start(model, state, settings.seed, number, lap, change, end_s, end_s + settings.drain_s)
    if line:
        run_line(model, state, np.full(int(model.agents[0, 0]), -np.inf))
    else:
        while not run(model, state):
            state = grown(state, state.slot.size)
    return state.tally, state.endings, state.record[: int(state.now["records"][0])].copy()


def _beginning(model: Model, warm_up: int) -> tuple[int, int]:
    """Lap and change of the calendar that lie `warm_up` intervals before time 0."""
    if warm_up == 0:
        return 0, 0
    lap, interval = divmod(-warm_up, model.starts_s.size)
    return lap, int(np.flatnonzero(model.change_cell == interval)[0])
