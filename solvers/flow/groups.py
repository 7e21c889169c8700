"""Groups of intervals on which the master's rows live: hours of similar days.

Means over a group are a valid relaxation: caps, seats and rates are linear, and the hull of Erlang A is convex
(Jensen). Load, covers, evaluation and headroom stay at full resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.network import Floats, FlowNetwork, Ints

ALIKE = 0.30  # days whose demand differs by less of its total share their groups
GROUP_H = 2.0  # hours of the clock in a group


@dataclass(frozen=True)
class TimeGroups:
    """`member` (interval,) group of each interval, `size` (group,) intervals in it, `profile` (type, group) mean."""

    member: Ints
    size: Ints
    profile: Floats


def time_groups(network: FlowNetwork) -> TimeGroups:
    """Group intervals by hours of the clock, class of days, and which pools are closed or must have people."""
    per_day = network.intervals_per_day
    demand = (network.issues @ network.profile).reshape(network.days, per_day)
    representatives: list[int] = []
    classes = np.zeros(network.days, dtype=np.int64)
    for day in range(network.days):
        for k, other in enumerate(representatives):
            if np.abs(demand[day] - demand[other]).sum() <= ALIKE * max(demand[other].sum(), 1e-12):
                classes[day] = k
                break
        else:
            classes[day] = len(representatives)
            representatives.append(day)
    in_group = max(1, int(round(GROUP_H * 3600 / network.interval_s)))
    hours = np.arange(per_day) // in_group
    label = classes[:, None] * (hours[-1] + 1) + hours[None, :]
    limits = np.vstack([label.ravel(), network.closed, network.people_min])
    _, member = np.unique(limits, axis=1, return_inverse=True)
    size = np.bincount(member)
    profile = np.array([np.bincount(member, row, len(size)) for row in network.profile]) / size
    return TimeGroups(member.astype(np.int64), size, profile)
