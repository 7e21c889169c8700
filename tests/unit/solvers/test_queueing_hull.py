"""The facets below Erlang A's queue are valid, and as high as a convex bound can be."""

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from solvers.queueing import chat_waiting, waiting
from solvers.queueing.hull import erlang_a_hull, queue_hull, queue_lengths

CASES = [(6.0, 0.5, 0.87), (30.0, 0.05, 0.95), (30.0, 3.0, 0.9), (100.0, 0.4, 1.2)]


def queue(agents, load, ratio):
    return waiting(load, 1.0, agents, patience_s=1 / ratio).queue_length


@pytest.mark.parametrize(("load_max", "ratio", "cap"), CASES)
def test_planes_are_never_above_the_queue(load_max, ratio, cap):
    facets = erlang_a_hull(load_max, ratio, cap)
    rng = np.random.default_rng(8)
    load = rng.uniform(0, load_max, 2000)
    agents = rng.uniform(0, facets.agents_max, 2000)
    # Half of the points where the queue bends, a third at whole agents.
    agents[::2] = np.clip(load[::2] + rng.normal(0, 2, 1000) * np.sqrt(load[::2] + 1), 0, facets.agents_max)
    agents[::3] = np.round(agents[::3])
    planes = facets.coefficients @ np.stack([agents, load, np.ones(2000)])
    excess = planes.max(axis=0) - queue(agents, load, ratio)
    assert excess.max() <= 1e-9
    np.testing.assert_allclose(facets.value(agents, load), np.maximum(planes.max(axis=0), 0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("load_max", "ratio", "cap"), CASES)
def test_planes_reach_the_hull_of_the_exact_queue(load_max, ratio, cap):
    """Against the hull of unlowered samples, which no convex bound exceeds at the samples."""
    facets = erlang_a_hull(load_max, ratio, cap)
    staff, work = np.meshgrid(np.arange(facets.agents_max + 1.0), np.linspace(0, load_max, 120), indexing="ij")
    exact = np.stack([staff.ravel(), work.ravel(), queue(staff, work, ratio).ravel()], axis=1)
    scale = np.array([facets.agents_max, load_max, load_max / ratio])
    equations = ConvexHull(exact / scale).equations
    lower = equations[equations[:, 2] < -1e-9]
    rng = np.random.default_rng(9)
    load = rng.uniform(0, load_max, 300)
    agents = rng.uniform(load / cap, facets.agents_max)
    ceiling = -(lower[:, [0, 1, 3]] @ np.stack([agents / scale[0], load / scale[1], np.ones(300)])) / lower[:, [2]]
    shortfall = ceiling.max(axis=0) * scale[2] - facets.value(agents, load)
    assert shortfall.max() < 0.02 * max(1.0, queue(load_max / cap, load_max, ratio))


def test_planes_touch_the_queue_of_the_largest_pool():
    facets = erlang_a_hull(100.0, 0.4, 0.95)
    for agents in (106.0, 110.0, 115.0):
        assert facets.value(agents, 100.0) == pytest.approx(queue(agents, 100.0, 0.4), rel=0.02)


def test_more_agents_never_raise_the_bound():
    for load_max, ratio, cap in CASES:
        assert erlang_a_hull(load_max, ratio, cap).coefficients[:, 0].max() <= 0


RANGES = [(2.0, 8.0, 2.2), (8.0, 32.0, 3.7), (20.0, 60.0, 1.1), (0.5, 2.0, 0.3), (0.0, 0.5, 4.0)]
SPEEDS = [(1.0,), (1.0, 1.65, 2.1)]


@pytest.mark.parametrize("speeds", SPEEDS, ids=["voice", "chat"])
@pytest.mark.parametrize(("low", "high", "ratio"), RANGES)
def test_planes_over_a_range_of_loads(low, high, ratio, speeds):
    """Never above the queue, also far beyond the people the samples end at, and close to it where pools work."""
    speeds = np.array(speeds)
    facets = queue_hull(low, high, ratio, 1.0, speeds)
    rng = np.random.default_rng(10)
    load = rng.uniform(low, high, 3000)
    agents = np.where(rng.random(3000) < 0.7, load * rng.uniform(1.0, 1.7, 3000), rng.uniform(load, 15 * high))
    exact = queue_lengths(load, agents, np.full_like(load, ratio), speeds)
    assert (facets.value(agents, load) - exact).max() <= 1e-9
    busy = (load > 1.0) & (agents < 1.25 * load)
    if busy.any():
        assert facets.value(agents, load)[busy].sum() > 0.5 * exact[busy].sum()


def test_queue_lengths_are_those_of_the_doors():
    load, agents = np.array([0.7, 4.0, 11.0]), np.array([1.0, 5.0, 12.0])
    np.testing.assert_allclose(
        queue_lengths(load, agents, np.full(3, 2.0), np.ones(1)), queue(agents, load, 2.0), rtol=1e-12
    )
    speeds = np.array([1.0, 1.6])
    patient = chat_waiting(load * 1.6 / 300, speeds / 300, agents)
    found = queue_lengths(load, agents, np.full(3, 1e-9), speeds)
    np.testing.assert_allclose(found, patient.queue_length, rtol=1e-4)


def test_queue_is_convex_in_load_and_in_agents():
    """What the lowering of the samples rests on."""
    for ratio in (0.05, 0.4, 1.0, 3.0, 20.0):
        for agents in (1, 2, 5, 20, 80):
            bend = np.diff(queue(agents, np.linspace(0, 3 * agents, 800), ratio), 2)
            assert bend.min() > -1e-9 * max(1.0, 3 * agents / ratio)
        for load in (0.5, 4.0, 30.0):
            bend = np.diff(queue(np.arange(0, 90), load, ratio), 2)
            assert bend.min() > -1e-9 * max(1.0, load / ratio)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0, 0.4, 0.9), "load_max = 0"), ((10, 0, 0.9), "abandon_ratio = 0"), ((10, 0.4, 0), "max_occupancy = 0")],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        erlang_a_hull(*arguments)
