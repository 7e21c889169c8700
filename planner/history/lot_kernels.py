"""Compiled sweeps over the contacts of customers: pairs of reasons, parents, and stages of issues.

The rules are those of `links` and `journeys`, which say them in SQL; entries, codes and times are those of `lots.Lot`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FIRST, REDIALED, RETURNED, ESCALATED = 0, 1, 2, 3
REDIAL, RETURN, ESCALATION = 0, 1, 2


@njit(cache=True, nogil=True)
def pair_keys(
    begins: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    at: NDArray[np.float64],
    topic: NDArray[np.int32],
    uppers: NDArray[np.float64],
    unit_s: float,
    topics: int,
) -> NDArray[np.int64]:
    """All pairs of contacts of one customer at different times, as (topic * topics + later topic) * bins + bin of gap.

    Parameters
    ----------
    wanted
        Customers whose pairs are listed.
    uppers
        Upper ends of the bins of the gap, in units, rising; bins do not hold their upper end, but the last one does.
    """
    size, last = 0, len(uppers) - 1
    for c in range(len(begins) - 1):
        if wanted[c]:
            size += (begins[c + 1] - begins[c]) * (begins[c + 1] - begins[c] - 1) // 2
    out, count = np.empty(size, dtype=np.int64), 0
    for c in range(len(begins) - 1):
        if not wanted[c]:
            continue
        for i in range(begins[c], begins[c + 1]):
            for j in range(i + 1, begins[c + 1]):
                gap = (at[j] - at[i]) / unit_s
                if gap > uppers[last]:
                    break
                if gap > 0:
                    which = min(np.searchsorted(uppers, gap, side="right"), last)
                    out[count] = (np.int64(topic[i]) * topics + topic[j]) * len(uppers) + which
                    count += 1
    return out[:count]


@njit(cache=True, nogil=True)
def gaps(
    begins: NDArray[np.int64], seconds: NDArray[np.float64], at: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whole seconds to the nearer neighbor of the same customer (inf without one), and to the next one (NaN)."""
    nearer, following = np.full(len(at), np.inf), np.full(len(at), np.nan)
    for c in range(len(begins) - 1):
        for i in range(begins[c], begins[c + 1]):
            if i > begins[c]:
                nearer[i] = at[i] - seconds[i - 1]
            if i + 1 < begins[c + 1]:
                following[i] = seconds[i + 1] - at[i]
                nearer[i] = min(nearer[i], following[i])
            nearer[i] = np.rint(nearer[i])
    return nearer, following


@njit(cache=True, nogil=True)
def _linked_pair(
    a: int, b: int, gap: float, firsts: NDArray[np.int64], seconds_of: NDArray[np.int64], spans: NDArray[np.float64]
) -> bool:
    """Whether topic b follows topic a beyond chance at this gap."""
    for k in range(firsts[a], firsts[a + 1]):  # noqa: SIM110, the compiler has no any()
        if seconds_of[k] == b and spans[k, 0] <= gap < spans[k, 1]:
            return True
    return False


@njit(cache=True, nogil=True)
def parents(
    begins: NDArray[np.int64],
    near: NDArray[np.bool_],
    at: NDArray[np.float64],
    topic: NDArray[np.int32],
    entry: NDArray[np.int32],
    abandoned: NDArray[np.bool_],
    until: NDArray[np.float64],
    no_topic: int,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    reach_s: float,
    hand_over_s: float,
) -> NDArray[np.int64]:
    """Entry of the contact that each near one belongs to, -1 without one: see `links._own_parent`.

    Parameters
    ----------
    near
        Contacts that are looked at.
    no_topic
        Code of the topic that says nothing.
    pairs
        Linked topics: where those that follow topic a begin, the topics that follow, from and to which gap (seconds).
    """
    found = np.full(len(at), -1, dtype=np.int64)
    last_of_topic = np.full(len(pairs[0]) - 1, -1, dtype=np.int64)
    for c in range(len(begins) - 1):
        was = -1
        for i in range(begins[c], begins[c + 1]):
            if not near[i]:
                continue
            if was >= 0:
                gap = at[i] - at[was]
                redial = abandoned[was] and (entry[was] == entry[i] or entry[was] < 0)
                handed = at[i] - until[was] <= hand_over_s
                same = last_of_topic[topic[i]]
                if gap <= reach_s and (redial or handed or _linked_pair(topic[was], topic[i], gap, *pairs)):
                    found[i] = was
                elif topic[i] != no_topic and same >= begins[c] and at[i] - at[same] <= reach_s:
                    found[i] = same
            was = i
            last_of_topic[topic[i]] = i
    return found


@njit(cache=True, nogil=True)
def stages(
    begins: NDArray[np.int64],
    parent: NDArray[np.int64],
    at: NDArray[np.float64],
    abandoned: NDArray[np.bool_],
    until: NDArray[np.float64],
    hand_over_s: float,
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
    """Where contacts stand in their issue: see `journeys._staged` and `journeys._followed`.

    Returns
    -------
    stage, attempt, root, later, later_kind
        One of `FIRST, ...`; from 1; entry of the issue's first contact; entry of its next contact, -1 without one; one
        of `REDIAL, ...`, -1 without one.
    """
    n = len(at)
    stage, kind, later_kind = np.zeros(n, np.int8), np.zeros(n, np.int8), np.full(n, -1, np.int8)
    attempt, served = np.ones(n, np.int32), np.zeros(n, np.bool_)
    root, later, last = np.arange(n), np.full(n, -1, dtype=np.int64), np.arange(n)
    for c in range(len(begins) - 1):
        for i in range(begins[c], begins[c + 1]):
            if parent[i] < 0:
                continue
            root[i] = root[parent[i]]
            was = last[root[i]]
            last[root[i]] = later[was] = i
            attempt[i] = attempt[was] + 1
            served[i] = served[was] or not abandoned[was]
            handed = at[i] - until[was] <= hand_over_s
            if abandoned[was]:
                kind[i], later_kind[was] = kind[was], REDIAL
            else:
                later_kind[was] = ESCALATION if handed else RETURN
                kind[i] = ESCALATED if handed else RETURNED
            if kind[i] == ESCALATED:
                stage[i] = ESCALATED
            else:
                stage[i] = RETURNED if served[i] else REDIALED
    return stage, attempt, root, later, later_kind
