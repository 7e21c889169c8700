"""Whole covers by diving: round one shift of the relaxation up, solve it again for what is left, and repeat.

Several dives round in several orders; each is pruned and shrunk. Where shifts are runs of intervals with a break the
relaxation is nearly whole, and the best of a few dives is within a tenth of a percent of the optimum (diving as in
Berthold 2006, Primal Heuristics for Mixed Integer Programs, chapter 4).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.shifts.catalogue import Floats, Ints
from solvers.shifts.simplex import Columns, reoptimize, set_need

WHOLE = 1e-7  # a value this near to a whole number is one
MISSING = 1e-5  # people this few are not missing
NEAR = 5e-4  # a cover this near to the relaxation is not searched further


@njit(cache=True)
def _spend_whole(
    value: Floats, basis: Ints, cover: Floats, cost: Floats, people: Ints, rest: Floats, part: Floats
) -> float:
    """Take the whole people of the relaxation into the cover; leave its fractions in `part` and what is missing."""
    spent = 0.0
    part[:] = 0.0
    for row in range(value.size):
        j = basis[row]
        if j < cost.size:
            whole = np.floor(value[row] + WHOLE)
            part[j] = value[row] - whole if value[row] - whole > WHOLE else 0.0
            if whole > 0.0:
                people[j] += np.int64(whole)
                spent += whole * cost[j]
                for t in range(rest.size):
                    rest[t] -= whole * cover[j, t]
    return spent


@njit(cache=True)
def _next_shift(part: Floats, start: int, state: np.uint64) -> tuple[int, np.uint64]:
    """Largest fraction, weighed by chance in all starts but the first (a linear congruential generator)."""
    chosen, largest = -1, 0.0
    for j in range(part.size):
        if part[j] > 0.0:
            value = part[j]
            if start > 0:
                state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                value *= 0.3 + np.float64(state >> np.uint64(40)) / 16777216.0
            if value > largest:
                chosen, largest = j, value
    return chosen, state


@njit(cache=True)
def dive(
    columns: Columns,
    inverse: Floats,
    reduced: Floats,
    value: Floats,
    basis: Ints,
    cost: Floats,
    need: Floats,
    start: int,
    budget: float,
    people: Ints,
) -> float:
    """Fill `people` with a cover of `need` from the solved relaxation; its cost, inf once it must exceed `budget`."""
    people[:] = 0
    rest = need.copy()
    part = np.zeros(cost.size)
    spent = 0.0
    state = np.uint64(start)
    while True:
        spent += _spend_whole(value, basis, columns.cover, cost, people, rest, part)
        if rest.max() <= MISSING:
            return spent
        chosen, state = _next_shift(part, start, state)
        if chosen < 0:
            return np.inf
        people[chosen] += 1
        spent += cost[chosen]
        rest -= columns.cover[chosen]
        if rest.max() <= MISSING:
            return spent
        set_need(inverse, rest, value)
        if reoptimize(columns, inverse, reduced, value, basis) < 0:
            return np.inf
        if spent + objective(value, basis, cost) > budget - WHOLE:
            return np.inf


@njit(cache=True)
def objective(value: Floats, basis: Ints, cost: Floats) -> float:
    """Cost of the basic shifts."""
    total = 0.0
    for row in range(value.size):
        if basis[row] < cost.size:
            total += cost[basis[row]] * value[row]
    return total


@njit(cache=True)
def prune_and_shrink(cover: Floats, cost: Floats, need: Floats, people: Ints) -> float:
    """Drop people nobody needs, dearest first, and give others the cheapest shift that can stand in for theirs."""
    slack = -need
    total = 0.0
    for j in range(cost.size):
        if people[j] > 0:
            slack = slack + people[j] * cover[j]
    for j in np.argsort(-cost, kind="mergesort"):
        while people[j] > 0:
            slack -= cover[j]
            if slack.min() >= -MISSING:
                people[j] -= 1
                continue
            other = _cheaper(cover, cost, slack, cost[j])
            if other < 0:
                slack += cover[j]
                break
            people[j] -= 1
            people[other] += 1
            slack += cover[other]
        total += people[j] * cost[j]
    # A shorter shift comes later in the order, so its people were counted when their turn came.
    return total


@njit(cache=True)
def _cheaper(cover: Floats, cost: Floats, slack: Floats, below: float) -> int:
    """Cheapest shift under a cost that makes good what is missing, or -1."""
    best = -1
    for k in range(cost.size):
        if cost[k] < below - 1e-9 and (best < 0 or cost[k] < cost[best] - 1e-9):
            fits = True
            for t in range(slack.size):
                if slack[t] + cover[k, t] < -MISSING:
                    fits = False
                    break
            if fits:
                best = k
    return best


@njit(cache=True)
def best_dive(
    columns: Columns,
    inverse: Floats,
    reduced: Floats,
    value: Floats,
    basis: Ints,
    cost: Floats,
    need: Floats,
    step: float,
    starts: int,
) -> tuple[Ints, float]:
    """Best of several dives from a solved relaxation, and its cost; stops near the bound.

    `step`: every cost is a multiple of it, and so is that of every whole cover (0: there is no such step).
    """
    bound = objective(value, basis, cost)
    enough = bound * (1.0 + NEAR)
    if step > 0.0:
        enough = max(enough, np.ceil(bound / step - 1e-6) * step)
    best, least = np.zeros(cost.size, dtype=np.int64), np.inf
    people = np.zeros(cost.size, dtype=np.int64)
    for start in range(starts):
        found = dive(
            columns, inverse.copy(), reduced.copy(), value.copy(), basis.copy(), cost, need, start, least, people
        )
        if found < np.inf:
            found = prune_and_shrink(columns.cover, cost, need, people)
            if found < least - 1e-9:
                best[:], least = people, found
                if least <= enough + 1e-6:
                    break
    return best, least
