"""What the next CX point costs, by hand: only steps that some plan reaches are spoken of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.frontier.explain import explain_plan, largest_moves, next_point_price, prices_table


@pytest.fixture
def plans():
    """Today and four plans; p4 has too little headroom to count for the others."""
    return pd.DataFrame(
        {
            "plan": ["today", "p1", "p2", "p3", "p4"],
            "origin": ["today", "master", "master", "master", "master"],
            "cx": [4.0, 4.0, 4.03, 4.06, 4.30],
            "cost": [900.0, 1000.0, 1006.0, 1030.0, 1001.0],
            "headroom": [0.1, 0.10, 0.10, 0.09, 0.02],
        }
    )


def test_two_of_three_steps_are_reached(plans):
    """p2 gives .03 for 6, p3 .06 for 30; nobody gives .1."""
    words, price, low, high = next_point_price(plans, "p1", "EUR", 0.05)
    assert (price, low, high) == pytest.approx((500.0, 200.0, 500.0))
    assert "(200 to 500 for steps of 0.025 to 0.05 points; none has 0.1 more)" in words


def test_one_step_alone_has_no_range(plans):
    words, price, low, high = next_point_price(plans, "p2", "EUR", 0.05)
    assert price == low == high == pytest.approx(800.0)
    assert "(for a step of 0.025 points; none has 0.05 more)" in words


def test_at_the_top_no_price_is_named(plans):
    words, price, _, _ = next_point_price(plans, "p3", "EUR", 0.05)
    assert np.isnan(price)
    assert words == "No plan with this headroom has 0.025 more CX (the most is +0.000)."


def test_the_dual_is_not_called_the_least_price_between_plans(plans):
    """Between plans a point may cost less than the dual says: they lie above the bound, each by another gap."""

    class Surface:
        def price(self, cx, headroom):
            return 650.0

    table = prices_table(plans, Surface(), "EUR", 0.05)
    of_p1 = table[table["plan"] == "p1"]
    assert of_p1["price"].tolist() == pytest.approx([500.0, 650.0])
    assert not of_p1["what"].str.contains("no plan buys").any()


def test_a_single_hire_is_one(plans):
    row = plans.iloc[1].copy()
    row["name"], row["status"], row["gap"], row["doable"] = "", "found", np.nan, False
    row["overtime_h"] = row["time_off_h"] = 0.0
    moves = pd.DataFrame(columns=["issues", "reason", "from_channel", "channel"])
    for hires, words in ((1, "It needs 1 hire first."), (2, "It needs 2 hires first.")):
        row["hires"] = hires
        assert words in explain_plan(row, plans.iloc[0], moves, "", "EUR")


def test_a_plan_like_today_and_one_that_falls_short_are_said_so(plans):
    row, today = plans.iloc[1].copy(), plans.iloc[0].copy()
    row["name"], row["status"], row["gap"], row["doable"], row["hires"] = "", "found", np.nan, True, 0
    row["overtime_h"] = row["time_off_h"] = 0.0
    row["cost"], row["cx"], row["headroom"], today["headroom"] = today["cost"] + 0.3, today["cx"] - 1e-5, -0.05, 0.02
    moves = pd.DataFrame(columns=["issues", "reason", "from_channel", "channel"])
    said = explain_plan(row, today, moves, "", "EUR")
    assert "costs as much as Today, leaves CX as it is and keeps its caps and promises only at 5% less demand" in said
    assert "(Today +2%)" in said
    assert "It is doable with the people there are." in said


def test_what_the_bound_proves_is_not_said_of_a_grid(plans):
    row = plans.iloc[1].copy()
    row["name"], row["status"], row["gap"], row["doable"], row["hires"] = "", "proven", 0.0, True, 0
    row["overtime_h"] = row["time_off_h"] = 0.0
    moves = pd.DataFrame({"issues": [3.0], "reason": ["a"], "from_channel": ["b"], "channel": ["c"]})
    said = explain_plan(row, plans.iloc[0], moves, "", "EUR")
    assert said.startswith("No plan with this CX and headroom is cheaper (proven).")
    grid = explain_plan(row, plans.iloc[0], moves, "", "EUR", enumerated=True)
    assert grid.startswith("No plan of the decision grid does better on one axis without losing on another.")


def test_moves_of_nobody_are_no_moves():
    mix = pd.DataFrame(
        {"reason": ["a", "b", "b"], "from_channel": "voice", "channel": "chat", "issues": [0.2, 7.0, 0.1]}
    )
    assert largest_moves(mix)["reason"].tolist() == ["b"]
