"""What whole people cost beyond fractions of people: the part of a plan's distance from its bound that is rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.network import Floats
from solvers.flow.solution import Instance, Solution, decision_of
from solvers.flow.staff import needed_on_task
from solvers.flow.steady_state import steady_state
from solvers.shifts.horizon_cover import HorizonCover


@dataclass(frozen=True)
class Rounding:
    """Money of a plan's live pools: the least wages and hires for fractions of people, and for whole people.

    Both are relaxed covers of the same evaluated load at the plan's own headroom, on any shifts. `agents` (pool,):
    people needed on the floor where there is work, mean, fractions too; NaN for pools without a queue or work.
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

    min paid·x, cover'x >= need, x >= 0 with need and with ⌈need⌉, day by day, and whom these people need beyond the
    payroll, whole heads in the second case: the difference is what rounding alone costs; promises, repairs and whole
    shifts come on top of it and are not counted.
    """
    network = instance.network
    pools = network.pools
    decision = decision_of(instance, solution.routing, solution.staffing.scheduled)
    growth = max(solution.evaluation.headroom, -0.9)
    state = steady_state(network, decision, growth, solution.evaluation.state)
    need = needed_on_task(instance, state) / (1.0 - pools.shrinkage)[:, None]
    covers = {id(c): HorizonCover(c, network.days) for c in instance.catalogues if c is not None}
    fractions = whole = 0.0
    agents = np.full(len(pools.queue), np.nan)
    for g, catalogue in enumerate(instance.catalogues):
        if catalogue is None or not pools.waits[g]:
            continue
        busy = need[g] > 1e-9
        if busy.any():
            agents[g] = float(need[g][busy].mean())
        days = np.where(catalogue.reachable_on(network.days), need[g].reshape(network.days, -1), 0.0)
        cover = covers[id(catalogue)]
        fractions += _money(instance, g, cover, days, whole=False)
        whole += _money(instance, g, cover, np.ceil(days - 1e-9), whole=True)
    return Rounding(fractions, whole, agents)


def _money(instance: Instance, g: int, covers: HorizonCover, days: Floats, *, whole: bool) -> float:
    """Wages of relaxed covers of a pool's days, shape (day, interval), and hires for the heads they need at least."""
    payroll, wage = instance.payroll, float(instance.network.pools.wage_per_h[g])
    paid_h, people = np.array([c.relaxed(day, c.start())[:2] for c, day in zip(covers.days, days, strict=True)]).T
    if not payroll.rostered[g]:
        return wage * float(paid_h.sum())
    most_h = float(payroll.contract_h[g] + payroll.overtime_h[g])
    heads = max(people.max(), people.sum() / payroll.days[g], paid_h.sum() / most_h)
    hires = max(0.0, (np.ceil(heads - 1e-9) if whole else heads) - float(payroll.heads[g]))
    return wage * float(paid_h.sum()) + float(payroll.hire_cost[g]) * float(hires)
