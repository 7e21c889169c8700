"""Prices of minutes are duals: what more handling does to the optimum, found by solving again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.frontier.frontier import Frontier
from planner.frontier.held import Held, held_from
from planner.frontier.pool_price import minute_prices
from planner.routing.worth import rule_worth
from solvers.flow.solution import Instance
from solvers.flow.sweep import master_of


@pytest.fixture(scope="module")
def held(toy_planned: Frontier) -> Held:
    return held_from(toy_planned.model, "the toy")


def longer(instance: Instance, pair: int, growth: float) -> Instance:
    flows = instance.network.flows
    aht_s = np.where(flows.pair == pair, flows.aht_s * (1 + growth), flows.aht_s)
    return replace(instance, network=replace(instance.network, flows=replace(flows, aht_s=aht_s)))


def test_a_little_more_handling_costs_its_price(held: Held) -> None:
    """By the envelope theorem CX falls by price · hours · (CX per money); facets of waiting are switched off."""
    instance = held.instance
    low = master_of(instance).level(0.0).cheapest()
    assert low is not None
    ceiling = low.cost * 1.05
    point = master_of(instance).level(0.0).point(ceiling, 1e-9)
    assert point is not None
    used = 0
    for pair in range(len(instance.network.pair_pool)):
        own = instance.network.flows.pair == pair
        hours = float((point.flow * instance.network.flows.aht_s)[own].sum() / 3600)
        if hours < 1.0:
            continue
        other = master_of(longer(instance, pair, 1e-3)).level(0.0).point(ceiling, 1e-9)
        assert other is not None
        fall, said = point.cx - other.cx, point.work_price[pair] * hours * 1e-3 * point.slope
        assert fall == pytest.approx(said, rel=0.1, abs=2e-7)
        used += said > 1e-6
    assert used >= 2


def test_rules_are_weighed_by_duals_where_the_run_holds_its_model(toy_planned: Frontier, held: Held) -> None:
    plan = toy_planned.plan("best_cx")
    prices = minute_prices(held, plan.id)
    assert list(prices.columns) == ["pool", "reason", "segment", "price"]
    assert len(prices) == len(held.instance.network.pair_pool)
    assert (prices["price"] >= 0.0).all()
    assert (prices.loc[prices["pool"].isin(["phone", "desk"]), "price"] > 0.0).any()
    worth = rule_worth(toy_planned, plan, plan.rules, 1000.0, minutes=prices.assign(price=2.5))
    assert worth["shadow_price"].to_numpy() == pytest.approx(2.5)
    by_wages = rule_worth(toy_planned, plan, plan.rules, 1000.0)
    assert not np.allclose(by_wages["shadow_price"], 2.5)
    left = worth["value"] - worth["cost"] - 2.5 * worth["handle_min"]
    assert worth["worth"].to_numpy() == pytest.approx(left.to_numpy())
