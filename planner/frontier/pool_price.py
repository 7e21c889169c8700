"""What a minute of handling costs at a plan: the duals of the work of pools in the master, solved at the plan again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.frontier.held import Held
from planner.frontier.what_if import AROUND
from solvers.flow.queues import Box
from solvers.flow.sweep import FLAT, master_of

SOURCE = "dual of the pool's work in the master at this plan"
"""Words for where these prices come from."""


def minute_prices(held: Held, plan: str) -> pd.DataFrame:
    """Return what one more minute of handling costs, by pool and type.

    The master of the plan's center is solved at the plan's headroom, within pool sizes near the plan's, for the best CX
    at its cost. The dual of the row work = Σ handle time · flow of a (pool, type), over the dual of money, is the money
    that one more hour takes there at the same CX: paid time at the busiest intervals of the type's profile, heads, and
    the waiting that the hour causes to others.

    Returns
    -------
    DataFrame
        `pool, reason, segment, price` (money per minute; 0 where handling is free).

    Raises
    ------
    PlanError
        The plan is not held, or its master has no optimum there.
    """
    record = held.plan(plan)
    instance = held.instance_of(record)
    solution = record.judged(instance)
    level = master_of(instance).level(max(0.0, solution.evaluation.headroom))
    sizes = solution.evaluation.state.work_s[level.queued_pools].sum(axis=1) / 3600
    level.enter(Box(sizes / AROUND, np.minimum(np.maximum(sizes, 1.0) * AROUND, level.root.upper)))
    least = level.cheapest()
    most = None if least is None else level.point(np.inf, FLAT * 1e-3 / max(least.cost, 1e-9))
    if least is None or most is None:
        raise PlanError(f"plan {plan}: its master has no optimum near its pool sizes, so minutes have no dual price")
    rise, spent = max(most.cx - least.cx, 1e-6), max(most.cost - least.cost, 1e-6 * max(least.cost, 1e-9))
    point = level.point(max(solution.cost, least.cost * (1 + 1e-6)), FLAT * rise / spent)
    if point is None:
        raise PlanError(f"plan {plan}: its master has no optimum at its cost, so minutes have no dual price")
    network, pairs = instance.network, held.labels.pairs
    return pd.DataFrame(
        {
            "pool": [held.labels.pools[g] for g in network.pair_pool],
            "reason": [pairs[k][0] for k in network.pair_kind],
            "segment": [pairs[k][1] for k in network.pair_kind],
            "price": point.work_price / 60.0,
        }
    )
