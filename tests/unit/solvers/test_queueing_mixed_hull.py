"""Facets of the queue in agents, load and arrivals: below it for every mix in a range, and closer than without."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.queueing.hull import queue_hull, queue_lengths
from solvers.queueing.mixed_hull import mixed_queue_hull

RANGES = [(2.0, 8.0), (8.0, 32.0), (20.0, 60.0), (0.5, 2.0), (0.0, 0.5), (0.0, 6.0), (55.0, 61.0)]
RATIOS = [(1.0, 2.2), (0.05, 0.4), (0.9, 1.0), (0.3, 6.0), (4.0, 4.2)]
SPEEDS = [(1.0,), (1.0, 1.65, 2.1)]


def bound_of(planes, agents, load, ratio):
    """The highest plane or 0; `planes` (facet, 4)."""
    there = np.vstack([agents, load, load / ratio, np.ones_like(load)])
    return np.maximum(planes @ there, 0.0).max(axis=0, initial=0.0)


@pytest.mark.parametrize("speeds", SPEEDS, ids=["voice", "chat"])
@pytest.mark.parametrize("ratios", RATIOS)
@pytest.mark.parametrize("loads", RANGES)
def test_planes_are_below_the_queue_of_every_mix(loads, ratios, speeds):
    """Both ends of every range among them, and people far beyond those the samples end at."""
    curve = np.array(speeds) / speeds[-1]
    planes = mixed_queue_hull(*loads, *ratios, 1.0, curve)
    rng = np.random.default_rng(7)
    share = rng.choice([0.0, 1.0, 0.5, np.nan], 4000)
    share = np.where(np.isnan(share), rng.random(4000), share)
    load = np.clip(rng.uniform(loads[0] - 0.1, loads[1] + 0.1, 4000), *loads)
    ratio = 1.0 / (share / ratios[0] + (1.0 - share) / ratios[1])
    agents = np.where(rng.random(4000) < 0.7, load * rng.uniform(1.0, 1.7, 4000), rng.uniform(load, 15 * loads[1]))
    exact = queue_lengths(load, agents, ratio, curve)
    assert (bound_of(planes, agents, load, ratio) - exact).max() <= 1e-9


@pytest.mark.parametrize("speeds", SPEEDS, ids=["voice", "chat"])
def test_planes_see_more_of_the_queue_than_those_of_the_longest_contacts(speeds):
    """At the caps pools work at; never less, and as much where contacts are as long as can be."""
    curve = np.array(speeds) / speeds[-1]
    load = np.linspace(8.0, 20.0, 60)
    agents = load / 0.87
    seen = []
    for ratio in (0.8, 1.1, 1.6):
        planes = mixed_queue_hull(8.0, 20.0, 0.8, 1.6, 1.0, curve)
        flat = queue_hull(8.0, 20.0, 1.6, 1.0, curve)
        exact = queue_lengths(load, agents, np.full(60, ratio), curve)
        mixed, longest = bound_of(planes, agents, load, ratio), flat.value(agents, load)
        assert (mixed >= longest - 1e-12).all()
        seen.append((mixed.sum() / exact.sum(), longest.sum() / exact.sum()))
    short, middle, long = seen
    assert middle[0] - middle[1] > 0.5 * (long[0] - middle[1])  # more than half of what was not seen
    assert short[0] > short[1] + 0.15
    assert long[0] == pytest.approx(long[1])


@pytest.mark.parametrize("speeds", [(1.0,), (1.0, 1.7), (1.0, 1.65, 2.1), (1.0, 1.2, 1.3, 1.35)])
def test_queue_is_concave_in_arrivals_at_the_same_load(speeds):
    """What the planes rest on; sums that end early leave a little of a slope."""
    curve = np.array(speeds) / speeds[-1]
    for agents in (1.0, 1.5, 2.0, 5.0, 13.0, 40.0, 150.0):
        for occupancy in (0.2, 0.6, 0.8, 0.87, 1.0, 1.3, 2.0):
            load = agents * occupancy
            arrivals = load / np.geomspace(30.0, 0.02, 401)
            there = np.full(401, load), np.full(401, agents)
            slope = np.diff(queue_lengths(*there, load / arrivals, curve)) / np.diff(arrivals)
            assert (np.diff(slope) <= 1e-3 * slope[:-1] + 1e-9).all()
            assert (slope >= -1e-12).all()


def test_one_handle_time_needs_no_arrivals():
    planes = mixed_queue_hull(4.0, 9.0, 1.2, 1.2, 1.0)
    flat = queue_hull(4.0, 9.0, 1.2, 1.0).coefficients
    assert (planes[:, 2] == 0.0).all()
    np.testing.assert_array_equal(planes[:, [0, 1, 3]], flat)


@pytest.mark.parametrize(("shortest", "longest"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0)])
def test_bad_ranges_are_named(shortest, longest):
    with pytest.raises(ValueError, match="shortest = "):
        mixed_queue_hull(1.0, 2.0, shortest, longest, 1.0)
