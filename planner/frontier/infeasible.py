"""When no plan keeps every promise: the smallest set of promises to relax, if that is proven."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from planner.errors import Infeasible, Stopped
from planner.operation.problem import FlowProblem
from solvers.flow.master import Master

SOFT = {
    ("budget",): "limits.budget_max (the budget)",
    ("seats",): "limits.seats (workplaces)",
    ("segment_floor",): "segments.*.cx_min (the floors of segments)",
    ("roster_hours", "roster_days"): "roster.heads, hires_max and overtime (the people that can be had)",
    ("automated_rate",): "pools.*.max_contacts_per_interval (rates of automated pools and vendors)",
    ("occupancy",): "pools.*.occupancy_max (the occupancy caps)",
    ("wait_limit",): "limits.abandon_rate_max (no type may lose more)",
}
"""Families a person could relax together -> what they are called in the scenario."""


def explain_infeasible(problem: FlowProblem, level: float) -> Infeasible | Stopped:
    """Find the smallest set of families without which the master has a plan, by trying sets in order of size.

    Where the master has plans but none was found that keeps every promise with whole people, nothing is proven: that
    is `Stopped`, not `Infeasible`.
    """
    instance = problem.instance
    master = Master(instance.network, instance.limits, instance.payroll, list(instance.catalogues))
    if master.level(level).cheapest() is not None:
        names = ", ".join(f"promises.{name}" for name in problem.promise_names) or "no promise"
        return Stopped(
            "no plan was found, though none is proven impossible: people in whole shifts break a promise or a limit "
            f"that fractions of people keep ({names}; limits.seats, budget_max, rosters). Relax one of them a little, "
            "or raise frontier.cost_points and search_evaluations"
        )
    for size in range(1, len(SOFT) + 1):
        for group in combinations(SOFT, size):
            if master.level(level, frozenset(f for families in group for f in families)).cheapest() is not None:
                return Infeasible(
                    f"proven: no plan keeps every promise at headroom {level:.0%}",
                    [SOFT[g] for g in group],
                    _shortfall(problem),
                )
    return Infeasible(
        "proven: no plan exists even without limits; some work has no shift that covers it",
        ["shifts"],
        _shortfall(problem),
    )


def _shortfall(problem: FlowProblem) -> str:
    """Name the pool and interval with the most natural work per person who could be there."""
    network, payroll = problem.network, problem.instance.payroll
    worst, words = -1.0, ""
    for g in np.flatnonzero(network.pools.staffed & payroll.rostered):
        flows = network.flows.pool == g
        first = flows & (network.nodes.steer[network.flows.node] < 0) & (network.nodes.stage[network.flows.node] == 0)
        kinds = network.flow_kind[first]
        volume = network.first_volume[network.flows.node[first]] * network.flows.aht_s[first]
        load = (volume[:, None] * network.profile[kinds]).sum(axis=0) / network.interval_s
        people = max(float(payroll.heads[g] + payroll.hires_max[g]), 1e-9)
        t = int(load.argmax())
        if load[t] / people > worst:
            worst = float(load[t] / people)
            words = f"tightest: pool {problem.pools[g]} at {problem.starts[t]:%Y-%m-%d %H:%M}"
    return words
