"""Polish the plans that were found, as long as that pays: where pools are small, and where CX is dear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from planner.frontier.certificate import gaps_under, reached
from planner.frontier.envelope import Envelope
from planner.frontier.evolving import Hunt
from planner.frontier.jobs import polish_job
from planner.frontier.records import Record, axes

TOGETHER = 8  # plans polished before it is asked whether that pays
WORTH = 2e-3  # share by which these must raise the volume of all plans for the next ones to follow
A_JOB = 2


def polish(hunt: Hunt, plans: Sequence[Record], surface: Envelope) -> list[Record]:
    """Plans routed anew near some plans, from the widest gap to the narrowest, as long as that fills more volume."""
    there = axes(plans)
    gap = gaps_under(surface, there)
    order = [int(k) for k in np.argsort(-gap, kind="stable") if np.isfinite(gap[k])]
    made: list[Record] = []
    volume = reached(surface, there)
    for first in range(0, len(order), TOGETHER):
        if hunt.work.out_of_time:
            break
        some = order[first : first + TOGETHER]
        new = _made(hunt, [plans[k] for k in some], f"polish/{first}")
        made += new
        there = np.vstack([there, axes([record for record in new if record.feasible]).reshape(-1, 3)])
        before, volume = volume, reached(surface, there)
        if len(new) < len(some) or volume - before < WORTH * volume:  # the time is over, or it does not pay
            break
    return made


def _made(hunt: Hunt, plans: Sequence[Record], stage: str) -> list[Record]:
    """Polish plans in order, in jobs of fixed size and one portfolio."""
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    owners: list[int] = []
    for plan in plans:
        alike = owners and owners[-1] == plan.portfolio and len(jobs[-1][1][1]) < A_JOB
        if not alike:
            own: list[Record] = []
            given = (hunt.problems[plan.portfolio].instance, own, hunt.settings, hunt.objectives)
            jobs.append((f"{stage}/{len(jobs)}", given))
            owners.append(plan.portfolio)
        own.append(plan)
    return hunt.records("polish", polish_job, jobs, owners)
