"""What whole people cost beyond fractions of people: the part of a plan's distance from its bound that is rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Solution, decision_of
from solvers.flow.staff import needed_on_task
from solvers.flow.steady_state import steady_state
from solvers.shifts.cover import DayCover


@dataclass(frozen=True)
class Rounding:
    """Money of a plan's live pools: the least wages for fractions of people, and for whole people, on any shifts.

    Both are relaxed covers of the same evaluated load at the plan's own headroom. `agents` (pool,): people needed on
    the floor where there is work, mean, fractions too; NaN for pools without a queue or work.
    """

    fractions: float
    whole: float
    agents: Floats

    @property
    def money(self) -> float:
        """What rounding the need of each pool in each interval up to whole people costs."""
        return self.whole - self.fractions


def rounding_of(instance: Instance, solution: Solution) -> Rounding:
    """Price a plan's load for fractions of people and for whole people in every pool and interval.

    min paid·x, cover'x >= need, x >= 0 with need and with ⌈need⌉, day by day: the difference is what rounding alone
    costs; promises, repairs and whole shifts come on top of it and are not counted.
    """
    network = instance.network
    pools = network.pools
    decision = decision_of(instance, solution.routing, solution.staffing.scheduled)
    growth = max(solution.evaluation.headroom, -0.9)
    state = steady_state(network, decision, growth, solution.evaluation.state)
    need = needed_on_task(instance, state) / (1.0 - pools.shrinkage)[:, None]
    covers = {id(c): DayCover(c) for c in instance.catalogues if c is not None}
    fractions = whole = 0.0
    agents = np.full(len(pools.queue), np.nan)
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None or not pools.waits[g]:
            continue
        cover, wage = covers[id(catalogue)], float(pools.wage_per_h[g])
        busy = need[g] > 1e-9
        if busy.any():
            agents[g] = float(need[g][busy].mean())
        for day in need[g].reshape(network.days, -1):
            there = np.where(catalogue.reachable, day, 0.0)
            fractions += wage * cover.price(there)[0]
            whole += wage * cover.price(np.ceil(there - 1e-9))[0]
    return Rounding(fractions, whole, agents)
