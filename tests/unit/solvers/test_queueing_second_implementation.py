"""Ten thousand random cases each of Erlang C, Erlang A and two priority classes, by other means than the package's.

Erlang C by scipy's gamma functions, Erlang A by tridiagonal solves of the birth–death chain, priorities by block
elimination of the two-class chain; service levels by uniformization. None shares a formula with the package.
"""

import numpy as np
import pytest
from scipy.linalg import solve_banded
from scipy.special import gammaln, pdtr

from solvers.queueing import agents_required, loss_probability, priority_waiting, service_levels, waiting
from solvers.queueing.kernels import priority_queue_lengths, priority_service_levels

CASES = 10_000


def uniformize(step, start, jumps, gain):
    """Σ_m P(more than m jumps)·gain(v_m): what a uniformized chain collects in a time of `jumps` mean jumps."""
    vector, chance, m = start, np.exp(-jumps), 0
    left = 1.0 - chance
    collected = np.zeros_like(jumps)
    while (left > 1e-15).any():
        collected = collected + left * gain(vector)
        vector = step(vector)
        m += 1
        chance = chance * jumps / m
        left = np.where((chance < 1e-16) & (m > jumps), 0.0, np.maximum(left - chance, 0.0))
    return collected


def test_erlang_c_by_gamma_functions():
    rng = np.random.default_rng(40)
    agents = rng.integers(1, 400, CASES)
    load = agents * rng.uniform(0.2, 0.995, CASES)
    aht, within = rng.uniform(30, 900, CASES), rng.uniform(0, 120, CASES)
    blocking = np.exp(agents * np.log(load) - load - gammaln(agents + 1)) / pdtr(agents, load)
    np.testing.assert_allclose(loss_probability(load, agents), blocking, rtol=1e-10)
    p_wait = agents * blocking / (agents - load * (1 - blocking))
    case = waiting(load / aht, aht, agents, answer_within_s=within)
    np.testing.assert_allclose(case.p_wait, p_wait, rtol=1e-9)
    np.testing.assert_allclose(case.asa_s, p_wait * aht / (agents - load), rtol=1e-9)
    np.testing.assert_allclose(case.queue_length, p_wait * load / (agents - load), rtol=1e-9)
    np.testing.assert_allclose(1 - case.service_level, p_wait * np.exp(-(agents - load) * within / aht), atol=1e-12)


def solve_birth_death(load, agents, theta, room):
    """Stationary law from its tridiagonal balance equations, the likeliest state set to 1."""
    state = np.arange(agents + room + 1)
    death = np.minimum(state, agents) + np.maximum(state - agents, 0) * theta
    birth = np.full(state.size, load)
    birth[-1] = 0.0
    bands = np.stack([np.r_[0.0, death[1:]], -(birth + death), np.r_[birth[:-1], 0.0]])
    mode = int(np.argmax(np.cumsum(np.log(np.r_[1.0, birth[:-1] / death[1:]]))))
    bands[1, mode] = 1.0
    if mode + 1 < state.size:
        bands[0, mode + 1] = 0.0
    if mode > 0:
        bands[2, mode - 1] = 0.0
    law = solve_banded((1, 1), bands, np.eye(state.size)[mode])
    return law / law.sum()


DEEPEST = 250


def erlang_a_by_solve(load, agents, theta):
    """P(wait), mean queue, and the law of the number waiting with all agents busy, of length DEEPEST."""
    room = int(max(load - agents, 0) / theta + 14 * np.sqrt(load / theta + 1) + 30)
    queued = solve_birth_death(load, agents, theta, room)[agents:]
    return queued.sum(), queued @ np.arange(queued.size), np.r_[queued, np.zeros(DEEPEST)][:DEEPEST]


def served_from_law(law, agents, theta, within):
    """P(waits and is answered in time) from the number ahead; those DEEPEST down cannot be reached in time."""
    ahead = np.arange(DEEPEST)
    rate = agents + DEEPEST * theta
    keep = 1 - (agents[:, None] + (ahead + 1) * theta[:, None]) / rate[:, None]
    move = ((agents[:, None] + ahead * theta[:, None]) / rate[:, None])[:, 1:]

    def step(v):
        after = v * keep
        after[:, :-1] += v[:, 1:] * move
        return after

    return uniformize(step, law, rate * within, lambda v: v[:, 0] * agents / rate)


def test_erlang_a_by_linear_solve():
    rng = np.random.default_rng(41)
    agents = rng.integers(1, 60, CASES)
    load = agents * rng.uniform(0.7, 1.4, CASES)
    theta = np.exp(rng.uniform(np.log(0.15), np.log(5), CASES))
    within = rng.uniform(0, 0.2, CASES)
    p_wait, queue, law = map(
        np.array, zip(*(erlang_a_by_solve(*one) for one in zip(load, agents, theta, strict=True)), strict=True)
    )
    p_abandon = theta * queue / load
    parts = np.array_split(np.argsort(theta), 40)
    served = np.empty(CASES)
    for part in parts:
        served[part] = served_from_law(law[part], agents[part], theta[part], within[part])
    level = 1 - p_wait + served
    case = waiting(load, 1.0, agents, patience_s=1 / theta, answer_within_s=within)
    np.testing.assert_allclose(case.p_wait, p_wait, rtol=1e-8)
    np.testing.assert_allclose(case.queue_length, queue, rtol=1e-8)
    np.testing.assert_allclose(case.abandon_rate, p_abandon, rtol=1e-8)
    # Down to 1e-8, where 1 − P_w has lost its last digits in either way of computing it.
    np.testing.assert_allclose(case.service_level, level, rtol=1e-8, atol=1e-12)
    levels = service_levels(load, 1.0, agents, patience_s=1 / theta, answer_within_s=within)
    np.testing.assert_array_equal(levels.offered, case.service_level)
    np.testing.assert_allclose(levels.answered, level / (1 - p_abandon), rtol=1e-8, atol=1e-12)


ROOM = 20


def two_class_law(loads, agents, theta):
    """All-busy law of both queues, shape (case, class 1 waiting, class 0 waiting), by block elimination from the top.

    Watched while all servers are busy: a server that frees with nobody waiting returns to the same state. `theta`
    has shape (case, class).
    """
    queue = np.arange(ROOM + 1)
    first = np.zeros((agents.size, ROOM + 1, ROOM + 1))
    first[:, queue[:-1], queue[1:]] = loads[:, :1]
    first[:, queue[1:], queue[:-1]] = agents[:, None] + theta[:, :1] * queue[1:]
    outflow = first.sum(axis=2)
    down = np.zeros((ROOM + 1, agents.size, ROOM + 1))
    for level in range(1, ROOM + 1):
        down[level] = level * theta[:, 1:]
        down[level, :, 0] += agents
    up = np.full(ROOM + 1, 1.0)
    up[-1] = 0.0
    ratios = [np.zeros_like(first)] * (ROOM + 2)
    diagonal = np.eye(ROOM + 1)
    for level in range(ROOM, -1, -1):
        local = first - diagonal * (outflow + down[level] + up[level] * loads[:, 1:])[:, :, None]
        if level < ROOM:
            local += ratios[level + 1] * down[level + 1][:, None, :]
        if level:
            ratios[level] = loads[:, 1, None, None] * np.linalg.inv(-local)
    system = local.transpose(0, 2, 1).copy()
    system[:, -1, :] = 1.0
    law = [np.linalg.solve(system, np.broadcast_to(diagonal[-1][:, None], (agents.size, ROOM + 1, 1)))[:, :, 0]]
    for level in range(1, ROOM + 1):
        law.append(np.einsum("ci,cij->cj", law[-1], ratios[level]))
    whole = np.stack(law, axis=1)
    return whole / whole.sum(axis=(1, 2), keepdims=True)


def lower_class_served(law, loads, agents, theta, within):
    """P(served in time) of a contact of class 1 who joins behind `law`; later contacts of class 0 overtake it."""
    queue = np.arange(ROOM + 1.0)
    c, leave = agents[:, None, None], theta[:, None, None]
    births = loads[:, 0, None, None] * np.r_[np.ones(ROOM), 0.0]
    overtaken = (c + leave * queue) * (queue > 0)
    ahead = leave * queue[:, None] + c * ((queue == 0) & (queue[:, None] > 0))
    rate = (loads[:, 0] + agents + (2 * ROOM + 1) * theta)[:, None, None]
    served = c * ((queue == 0) & (queue[:, None] == 0))
    stay = rate - births - overtaken - ahead - leave - served

    def step(v):
        after = v * stay
        after[:, :, 1:] += (v * births)[:, :, :-1]
        after[:, :, :-1] += (v * overtaken)[:, :, 1:]
        after[:, :-1, :] += (v * ahead)[:, 1:, :]
        return after / rate

    flat = rate[:, 0, 0]
    return uniformize(step, law, flat * within, lambda v: v[:, 0, 0] * agents / flat)


def priority_cases():
    rng = np.random.default_rng(42)
    agents = rng.integers(1, 6, CASES).astype(float)
    split = rng.uniform(0.1, 0.9, CASES)
    load = agents * rng.uniform(0.5, 1.1, CASES)
    loads = np.stack([split * load, (1 - split) * load], axis=1)
    return loads, agents, rng.uniform(1, 3, CASES), rng.uniform(0.01, 0.1, CASES)


def test_priorities_by_block_elimination():
    loads, agents, theta, within = priority_cases()
    queues, levels, p_wait = np.empty((CASES, 2)), np.empty((CASES, 2)), np.empty(CASES)
    for i in range(CASES):
        p_wait[i] = priority_queue_lengths(loads[i], agents[i], theta[i], queues[i])
        priority_service_levels(loads[i], agents[i], theta[i], within[i], levels[i])
    for part in np.split(np.arange(CASES), 20):
        law = two_class_law(loads[part], agents[part], np.stack([theta[part]] * 2, axis=1))
        assert max(law[:, -1, :].sum(axis=1).max(), law[:, :, -1].sum(axis=1).max()) < 1e-9
        total = waiting(loads[part].sum(axis=1), 1.0, agents[part], patience_s=1 / theta[part])
        np.testing.assert_allclose(p_wait[part], total.p_wait, rtol=1e-12)
        length = np.arange(ROOM + 1)
        first, second = law.sum(axis=1) @ length, law.sum(axis=2) @ length
        expected = p_wait[part, None] * np.stack([first, second], axis=1)
        np.testing.assert_allclose(queues[part], expected, rtol=1e-8)
        served = lower_class_served(law, loads[part], agents[part], theta[part], within[part])
        np.testing.assert_allclose(levels[part, 1], 1 - p_wait[part] * (1 - served), rtol=1e-8)


def test_priorities_with_patience_of_their_own():
    """Five hundred cases, patience up to five times apart; with common service the chain below n is Erlang B's."""
    loads, agents, theta, _ = (values[:500] for values in priority_cases())
    apart = np.exp(np.random.default_rng(44).uniform(-0.8, 0.8, (500, 2)))
    leaves = np.clip(theta[:, None] * apart, 0.7, None)
    law = two_class_law(loads, agents, leaves)
    assert max(law[:, -1, :].sum(axis=1).max(), law[:, :, -1].sum(axis=1).max()) < 1e-6
    load = loads.sum(axis=1)
    idle = law[:, 0, 0] * agents / load / loss_probability(load, agents - 1)
    p_wait = 1 / (1 + idle)
    length = np.arange(ROOM + 1)
    queues = p_wait[:, None] * np.stack([law.sum(axis=1) @ length, law.sum(axis=2) @ length], axis=1)
    found = priority_waiting(loads, 1.0, agents, patience_s=1 / leaves)
    assert abs(found.p_wait - p_wait).max() < 0.0005
    assert abs(found.abandon_rate - leaves * queues / loads).max() < 0.001
    assert not found.simulate.any()


@pytest.mark.parametrize("of", ["offered", "answered", "without_short_abandons", "ended"])
def test_agents_required_equals_linear_scan_under_every_definition(of):
    rng = np.random.default_rng(43)
    load = np.exp(rng.uniform(np.log(0.3), np.log(60), 400))
    patience = np.exp(rng.uniform(-2, 2, 400))
    level, within, short = rng.uniform(0.4, 0.97, 400), rng.uniform(0.0, 0.3, 400), rng.uniform(0, 0.1, 400)
    answered = np.where(rng.random(400) < 0.5, rng.uniform(0.01, 0.5, 400), 1e9)
    agents = np.arange(1, 200)[:, None]
    levels = service_levels(load, 1, agents, patience_s=patience, answer_within_s=within, short_abandon_s=short)
    wait = waiting(load, 1, agents, patience_s=patience, answer_within_s=within).asa_answered_s
    scan = ((getattr(levels, of) >= level) & (wait <= answered)).argmax(axis=0) + 1
    found = agents_required(
        load,
        1,
        patience_s=patience,
        service_level=level,
        service_level_of=of,
        answer_within_s=within,
        short_abandon_s=short,
        asa_answered_s=answered,
        max_occupancy=1e9,
    )
    np.testing.assert_array_equal(found, scan)
