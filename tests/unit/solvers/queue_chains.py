"""Queues solved as Markov chains, state by state: the truth that formulas are tested against."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import expm_multiply, splu


def stationary_law(states, moves):
    """Stationary probabilities of a chain; `moves(state)` yields (next state, rate), unknown next states are cut."""
    index = {state: i for i, state in enumerate(states)}
    rows, columns, rates = [], [], []
    for state, here in index.items():
        for target, rate in moves(state):
            there = index.get(target)
            if there is not None and rate > 0:
                rows += [there, here]
                columns += [here, here]
                rates += [rate, -rate]
    size = len(index)
    rows, columns, rates = np.array(rows), np.array(columns), np.array(rates)
    keep = rows != 0
    flow = coo_matrix(
        (
            np.r_[rates[keep], np.ones(size)],
            (np.r_[rows[keep], np.zeros(size, int)], np.r_[columns[keep], np.arange(size)]),
        ),
        shape=(size, size),
    )
    return index, splu(flow.tocsc()).solve(np.eye(size)[0])


def priority_chain(arrivals, services, leaves, agents, room):
    """Two non-preemptive classes, rates per class; P(wait), mean queues and shares that abandon.

    States: (class 0 in service, class 1 in service, class 0 waiting, class 1 waiting).
    """
    states = [(one, two, 0, 0) for one in range(agents + 1) for two in range(agents + 1 - one)]
    for one, first, second in itertools.product(range(agents + 1), range(room + 1), range(room + 1)):
        if first or second:
            states.append((one, agents - one, first, second))

    def moves(state):
        one, two, first, second = state
        if one + two < agents:
            yield (one + 1, two, 0, 0), arrivals[0]
            yield (one, two + 1, 0, 0), arrivals[1]
        else:
            yield (one, two, first + 1, second), arrivals[0]
            yield (one, two, first, second + 1), arrivals[1]
            yield (one, two, first - 1, second), first * leaves[0]
            yield (one, two, first, second - 1), second * leaves[1]
        for done, rate in (((1, 0), one * services[0]), ((0, 1), two * services[1])):
            left = (one - done[0], two - done[1])
            if first:
                yield (left[0] + 1, left[1], first - 1, second), rate
            elif second:
                yield (left[0], left[1] + 1, first, second - 1), rate
            else:
                yield (*left, 0, 0), rate

    index, law = stationary_law(states, moves)
    table = np.array(list(index))
    queues = law @ table[:, 2:]
    p_wait = law[table[:, 0] + table[:, 1] == agents].sum()
    edge = law[(table[:, 2] == room) | (table[:, 3] == room)].sum()
    assert edge < 1e-7, f"room {room} is too small: {edge}"
    return p_wait, queues, leaves * queues / arrivals


def blended_chain(arrival, service, deferred, leave, agents, reserve, within, room):
    """Live contacts beside deferred jobs that start when more than `reserve` agents are free.

    P(wait), mean queue, P(served in time), deferred jobs per unit of time. States: (live in service, deferred jobs in
    service, live waiting).
    """
    floor = max(0, agents - reserve)
    states = [(i, d, 0) for d in range(floor + 1) for i in range(agents + 1 - d) if i + d >= floor]
    states += [(agents - d, d, q) for d in range(floor + 1) for q in range(1, room + 1)]

    def moves(state):
        live, jobs, waiting = state
        if live + jobs < agents:
            yield (live + 1, jobs, 0), arrival
        else:
            yield (live, jobs, waiting + 1), arrival
            yield (live, jobs, waiting - 1), waiting * leave
        for left, rate in (((live - 1, jobs), live * service), ((live, jobs - 1), jobs * deferred)):
            if waiting:
                yield (left[0] + 1, left[1], waiting - 1), rate
            elif sum(left) < floor:
                if left[0] != live:
                    yield (left[0], left[1] + 1, 0), rate
            else:
                yield (*left, 0), rate

    index, law = stationary_law(states, moves)
    table = np.array(list(index))
    full = table[:, 0] + table[:, 1] == agents
    # A contact that arrives now, by (deferred jobs in service, waiting ahead).
    ahead = {pair: i for i, pair in enumerate(itertools.product(range(floor + 1), range(room + 1)))}
    flow = np.zeros((len(ahead) + 2,) * 2)
    served, start = len(ahead), np.zeros(len(ahead) + 2)
    for (jobs, queue), here in ahead.items():
        for after, rate in ((jobs, (agents - jobs) * service), (jobs - 1, jobs * deferred)):
            if rate > 0:
                flow[here, ahead[after, queue - 1] if queue else served] += rate
        if queue:
            flow[here, ahead[jobs, queue - 1]] += queue * leave
        flow[here, served + 1] += leave
    for (_, jobs, queue), share in zip(table[full], law[full], strict=True):
        start[ahead[jobs, queue]] += share
    flow -= np.diag(flow.sum(axis=1))
    level = law[~full].sum() + expm_multiply(flow.T * within, start)[served]
    return law[full].sum(), law @ table[:, 2], level, law @ table[:, 1] * deferred
