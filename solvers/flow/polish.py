"""Plans routed anew where they stand: close to a plan's pool sizes the master sees what its customers wait.

Over all sizes a pool can have it sees hardly any waiting (`queues`), so routing chosen there spreads work too thinly
where pools are small. The plan says which sizes matter; in a box around them facets are close (trust region; Conn,
Gould and Toint 2000).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from solvers.flow.families import HOUR_S
from solvers.flow.queues import Box
from solvers.flow.solution import Instance, Solution
from solvers.flow.sweep import Crew, SweepSettings, master_of

AROUND = 1.3  # a pool's size may change within this factor
SETTLED = 2e-4  # share of cost by which rows cut in must move the optimum for more of them


def polished(instance: Instance, plans: Sequence[Solution], settings: SweepSettings) -> list[Solution | None]:
    """Make each plan again: the cheapest routing with at least its CX around its pool sizes, staffed for its headroom.

    Plans must have a headroom. None where there is no such routing, or it cannot be staffed.
    """
    if not plans:
        return []
    least = min(plan.evaluation.headroom for plan in plans)
    level = master_of(instance).level(least, least=least)
    level.settled = SETTLED
    crew = Crew(instance, settings, level)
    made: list[Solution | None] = []
    for plan in plans:
        headroom = plan.evaluation.headroom
        sizes = plan.evaluation.state.work_s[level.queued_pools].sum(axis=1) / HOUR_S
        level.move(headroom)
        level.serve(plan.cx)
        level.enter(Box(sizes / AROUND, np.minimum(sizes * AROUND, level.root.upper)))
        found = crew.fitted(headroom, level.cheapest)
        made.append(found[-1] if found else None)
    return made
