"""Kept parts of a plan: a relaxation of the plans that keep them, exact in those plans, and never an escape."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from small_centers import open_master, problem_of, random_plans, write_center  # noqa: E402
from test_flow_relaxation import set_columns, worst_row  # noqa: E402

from solvers.flow.decode import even_split  # noqa: E402
from solvers.flow.families import FAMILIES  # noqa: E402
from solvers.flow.pins import Pins, faults  # noqa: E402
from solvers.flow.sweep import SweepSettings, master_of, sweep_level  # noqa: E402

SEEDS = (1, 2)
SETTINGS = dict(cost_points=4, step=None, classes=2)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Seed -> (instance, feasible plans)."""
    found = {}
    for seed in SEEDS:
        problem = problem_of(write_center(tmp_path_factory.mktemp(f"pinned{seed}"), seed))
        plans = [plan for plan in random_plans(problem.instance, seed, 40) if plan.feasible]
        found[seed] = (problem.instance, plans)
    return found


def pins_of(instance, plan, rng) -> Pins:
    """Keep a random part of a plan: some offers, some shares, the shifts of some pools."""
    network = instance.network
    offer = np.where(rng.random(len(plan.routing.offer)) < 0.5, plan.routing.offer, np.nan)
    split = np.where(rng.random(len(plan.routing.split)) < 0.5, plan.routing.split, np.nan)
    people = tuple(p if p is not None and rng.random() < 0.5 else None for p in plan.staffing.people)
    none = Pins.none(network)
    return Pins(np.where(network.nodes.steer >= 0, offer, np.nan), split, none.priority, people)


def whole(instance, plan) -> Pins:
    """Keep all of a plan."""
    network = instance.network
    offer = np.where(network.nodes.steer >= 0, plan.routing.offer, np.nan)
    return Pins(offer, plan.routing.split, plan.routing.priority, plan.staffing.people)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_satisfies_the_rows_of_its_own_pins(cases, seed):
    """Every row of the pinned master holds at the plan the pins come from, and fails at a plan that differs."""
    instance, plans = cases[seed]
    rng = np.random.default_rng(seed)
    differed = 0
    for plan, other in zip(plans[:6], plans[6:12], strict=True):
        pinned = replace(instance, pins=pins_of(instance, plan, rng))
        model = open_master(pinned).model
        for headroom in (0.0, plan.evaluation.headroom):
            model.shrink.set_value(1 / (1 + headroom))
            set_columns(model, pinned, plan)
            worst = {family.__name__: worst_row(model, family.__name__) for family in FAMILIES}
            assert {name: value for name, value in worst.items() if value > 1e-7} == {}
        set_columns(model, pinned, other)
        differed += max(worst_row(model, name) for name in ("pinned_offers", "pinned_shares", "pinned_people")) > 1e-3
    assert differed == 6


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_found_keep_the_pins_and_the_bound_tightens(cases, seed):
    instance, plans = cases[seed]
    network = instance.network
    rng = np.random.default_rng([seed, 3])
    settings = SweepSettings(**SETTINGS, fallback=even_split(network))
    free = master_of(instance).level(0.0)
    best, cheapest = free.point(np.inf, 1e-9), free.cheapest()
    for plan in plans[:4]:
        pins = pins_of(instance, plan, rng)
        found = sweep_level(replace(instance, pins=pins), 0.0, settings)
        # The plan itself is one of those sought, so there is an answer and it is no better than without pins.
        assert found.cheapest <= plan.cost * (1 + 1e-6)
        assert found.cheapest >= cheapest.intercept * (1 - 1e-6)
        assert max(p.cx for p in found.planes) <= best.cx + 1e-6
        assert found.solutions
        for other in found.solutions:
            kept = np.isfinite(pins.offer)
            np.testing.assert_array_equal(other.routing.offer[kept], pins.offer[kept])
            kept = np.isfinite(pins.split)
            np.testing.assert_array_equal(other.routing.split[kept], pins.split[kept])
            for g in pins.pools:
                np.testing.assert_array_equal(other.staffing.people[g], pins.people[g])
            group = network.split_kind * 10 + network.split_channel
            np.testing.assert_allclose(np.bincount(group, other.routing.split)[np.unique(group)], 1.0, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_kept_gives_the_plan_back(cases, seed):
    instance, plans = cases[seed]
    settings = SweepSettings(**SETTINGS, fallback=even_split(instance.network))
    for plan in plans[:3]:
        pins = whole(instance, plan)
        assert pins.complete(instance.network)
        pinned = replace(instance, pins=pins)
        assert faults(instance.network, pins) == []
        target = max(0.0, plan.evaluation.headroom - 1e-6)
        (again, *more) = sweep_level(pinned, target, settings).solutions
        assert again.objectives == plan.objectives
        assert all(other.objectives == plan.objectives for other in more)
        # Fewer people than it takes: proven impossible at once.
        assert np.isnan(sweep_level(pinned, plan.evaluation.headroom + 0.5, settings).cheapest)


def test_contradictory_pins_are_named(cases):
    instance, _ = cases[1]
    network = instance.network
    none = Pins.none(network)
    assert faults(network, none) == []
    shares = none.split.copy()
    several = np.flatnonzero(np.bincount(network.split_kind * 10 + network.split_channel) > 1)[0]
    members = np.flatnonzero(network.split_kind * 10 + network.split_channel == several)
    shares[members] = 0.7
    assert [(what, where) for what, where, _ in faults(network, replace(none, split=shares))] == [
        ("shares", members[0])
    ]
    shares[members] = 0.1  # all kept, and a part of the customers nowhere
    assert [what for what, _, _ in faults(network, replace(none, split=shares))] == ["shares"]
    offers = np.where(network.nodes.steer >= 0, 0.8, np.nan)
    together = np.bincount(
        network.nodes.kind[network.nodes.steer >= 0] * 10 + network.nodes.natural[network.nodes.steer >= 0]
    )
    found = [what for what, _, _ in faults(network, replace(none, offer=offers))]
    assert found.count("offers") == (together > 1).sum()
    tight = replace(network, nodes=replace(network.nodes, most=np.zeros(len(network.nodes.kind))))
    assert "support" in [what for what, _, _ in faults(tight, replace(none, offer=np.where(offers > 0, 0.1, np.nan)))]
