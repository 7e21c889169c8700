"""Facets of a live pool's queue in agents, load and arrivals: for handle times that only a range is known of."""

from __future__ import annotations

import numpy as np

from solvers.queueing.hull import ONE_AT_A_TIME, Floats, queue_corners, queue_hull

__all__ = ["mixed_queue_hull"]

SAFE = 1e-3  # share of a slope that is given away: E[Q] is concave but for what its sums leave out


def mixed_queue_hull(
    load_min: float,
    load_max: float,
    shortest: float,
    longest: float,
    max_occupancy: float,
    speeds: Floats = ONE_AT_A_TIME,
) -> Floats:
    """Bound the mean queue of a live pool from below by planes in agents, load and arrivals.

    Let ν be the contacts that arrive while one is patient: load/ratio, where ratio = AHT/patience. With agents and load
    fixed E[Q] grows with ν and is concave in it (checked numerically: second differences at 801 ratios from 0.02 to 30,
    1–150 agents, occupancies 0.2–2, chats of up to four slots), so that a plane which lies below E[Q] at both ends of a
    range of ratios lies below between them. Each facet (a, b, c) of `queue_hull` at the longest ratio is turned about
    its line there, as far up as the queue at shorter ratios allows:

        E[Q] >= a·agents + b·load + c + d·(ν − load/longest),
        d = min over points at the shortest of (E[Q] − a·agents − b·load − c)/(load·(1/shortest − 1/longest)) >= 0.

    Loads and arrivals of mixes are linear in contacts, their mean handle time is not: so a linear program sees what it
    does to waiting.

    Parameters
    ----------
    load_min, load_max, max_occupancy, speeds
        As for `queue_hull`.
    shortest, longest
        Range of AHT/patience, > 0.

    Returns
    -------
    ndarray
        Shape (facet, 4): a (contacts per agent), b − d/longest (contacts per Erlang), d (contacts per arrival while one
        is patient) and c (contacts). Possibly none.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    if not 0.0 < shortest <= longest:
        raise ValueError(f"shortest = {shortest} — must be above 0 and at most longest = {longest}")
    facets = queue_hull(load_min, load_max, longest, max_occupancy, speeds).coefficients
    slope = np.zeros(len(facets))
    if shortest < longest and len(facets):
        agents, load, queue = queue_corners(load_min, load_max, shortest, max_occupancy, speeds).T
        some = load > 0.0
        above = (queue - facets[:, :2] @ np.vstack([agents, load]) - facets[:, 2:])[:, some]
        slope = np.maximum((above / (load[some] * (1.0 / shortest - 1.0 / longest))).min(axis=1), 0.0) * (1.0 - SAFE)
    return np.column_stack([facets[:, 0], facets[:, 1] - slope / longest, slope, facets[:, 2]])
