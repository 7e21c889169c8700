"""Groups of intervals on which the master's rows live: intervals of like demand.

Means over a group are a valid relaxation: caps, seats and rates are linear, and the hull of Erlang A is convex
(Jensen). Facets of waiting must hold for every load in a group, so the nearer the demands of its intervals are to each
other, the closer facets come. Load, covers, evaluation and headroom stay at full resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.flow.network import Floats, FlowNetwork, Ints

GROUPS, FEWER = 20, 16  # of a large network fewer; and as many more as there are other limits of intervals
LEAST = 0.05  # of a channel's mean demand; all that is less counts as that
SAME = 1e-9  # log of a factor of demand: rounding
SMALL = 0.05  # of the largest channel's demand; whether a smaller one is alike does not count


@dataclass(frozen=True)
class TimeGroups:
    """`member` (interval,) group of each interval, `size` (group,) intervals in it, `profile` (type, group) mean."""

    member: Ints
    size: Ints
    profile: Floats


def time_groups(network: FlowNetwork) -> TimeGroups:
    """Group intervals that have the same limits (pools closed, people at least) by likeness of demand.

    As long as there are fewer than wanted, the group in which some channel's demand differs by the largest factor is
    cut in the middle of it (median cut; Heckbert, 1982).
    """
    demand = (network.issues[:, None] * network.natural).T @ network.profile
    mean = demand.mean(axis=1, keepdims=True)
    counted = (mean[:, 0] >= SMALL * mean.max()) & (mean[:, 0] > 0)
    height = np.log(np.maximum(demand, LEAST * mean)[counted])
    limits = np.vstack([network.closed, network.people_min])
    member = np.unique(limits, axis=1, return_inverse=True)[1].ravel().astype(np.int64)
    wanted = FEWER if network.large else GROUPS
    for new in range(member.max() + 1, member.max() + wanted if counted.any() else 0):
        spread = np.array([np.ptp(height[:, member == k], axis=1) for k in range(new)])
        widest, channel = np.unravel_index(int(spread.argmax()), spread.shape)
        if spread[widest, channel] <= SAME:
            break
        here = height[channel, member == widest]
        member[(member == widest) & (height[channel] > here.min() + spread[widest, channel] / 2)] = new
    size = np.bincount(member)
    profile = np.array([np.bincount(member, row, len(size)) for row in network.profile]) / size
    return TimeGroups(member, size, profile)
