"""A small event loop for one pool, to measure formulas against: any service, patience, priorities, changing staff."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _push(heap, size, value):
    i = size
    while i > 0 and heap[(i - 1) // 2] > value:
        heap[i] = heap[(i - 1) // 2]
        i = (i - 1) // 2
    heap[i] = value


@njit(cache=True)
def _pop(heap, size):
    """Take the smallest of `size` values away."""
    last = heap[size - 1]
    i, end = 0, size - 1
    while True:
        child = 2 * i + 1
        if child >= end:
            break
        if child + 1 < end and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = last


@njit(cache=True)
def run_queue(arrival, group, service, patience, n_groups, change, staff, wait, served):
    """Fill wait and served of every contact; group 0 goes first, in order of arrival within a group.

    `change` holds the times at which the agents become `staff`, the first at or before the first arrival. Agents who
    leave finish their contact.
    """
    count = arrival.size
    heap = np.empty(staff.max() + count)
    line = np.empty((n_groups, count), dtype=np.int64)
    head, tail = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=np.int64)
    busy, agents, following, step = 0, 0, 0, 0
    while True:
        next_arrival = arrival[following] if following < count else np.inf
        next_end = heap[0] if busy > 0 else np.inf
        next_change = change[step] if step < change.size else np.inf
        now = min(next_arrival, next_end, next_change)
        if now == np.inf:
            break
        if next_change == now:
            agents = staff[step]
            step += 1
        elif next_end == now:
            _pop(heap, busy)
            busy -= 1
        else:
            line[group[following], tail[group[following]]] = following
            tail[group[following]] += 1
            following += 1
        while busy < agents:
            first = -1
            for g in range(n_groups):
                while head[g] < tail[g]:
                    here = line[g, head[g]]
                    if arrival[here] + patience[here] >= now:
                        break
                    wait[here], served[here] = patience[here], False
                    head[g] += 1
                if head[g] < tail[g]:
                    first = g
                    break
            if first < 0:
                break
            here = line[first, head[first]]
            head[first] += 1
            wait[here], served[here] = now - arrival[here], True
            _push(heap, busy, now + service[here])
            busy += 1
    for g in range(n_groups):
        while head[g] < tail[g]:
            here = line[g, head[g]]
            wait[here], served[here] = patience[here], False
            head[g] += 1


def simulate_steady(rng, arrivals, agents, draw_service, draw_patience, contacts, within):
    """P(abandon), E[wait], P(served in time) per group in steady state, and two standard errors of the first.

    `draw_service(group)` and `draw_patience(group)` draw one value for each contact's group.
    """
    total = arrivals.sum()
    arrival = np.cumsum(rng.exponential(1 / total, contacts))
    group = rng.choice(arrivals.size, contacts, p=arrivals / total)
    wait, served = np.empty(contacts), np.empty(contacts, dtype=np.bool_)
    service, patience = draw_service(group), draw_patience(group)
    run_queue(arrival, group, service, patience, arrivals.size, np.zeros(1), np.array([agents]), wait, served)
    warm = contacts // 20
    figures = np.empty((arrivals.size, 4))
    for g in range(arrivals.size):
        mine = np.flatnonzero(group[warm:] == g) + warm
        blocks = np.array([1 - served[part].mean() for part in np.array_split(mine, 40)])
        figures[g] = (
            1 - served[mine].mean(),
            wait[mine].mean(),
            (served[mine] & (wait[mine] <= within)).mean(),
            2 * blocks.std(ddof=1) / np.sqrt(40),
        )
    return figures.T
