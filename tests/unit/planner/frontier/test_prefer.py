"""Aspirations, weights and profiles over plans that are there, by hand and by loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from toy_frontier import make_frontier

from planner.errors import PlanError
from planner.frontier.prefer import achievements, blended, condition_shares, effectiveness


def test_nearest_by_hand():
    """Plans (3.92, 900, .02), (4.05, 990, .05), (4.20, 1200.5, .30); ranges .28, 300.5, .28."""
    frontier = make_frontier()
    assert frontier.nearest({"cost": 900}).id == "p001"
    assert frontier.nearest({"cx": 4.3}).id == "p003"
    # cx 4.1, cost 1000: p001 misses .18/.28, p002 .05/.28, p003 200.5/300.5
    assert frontier.nearest({"cx": 4.1, "cost": 1000}).id == "p002"
    # Money matters little where 1500 is still acceptable: p003 misses 200.5/500, p002 .05/.05 of CX
    assert frontier.nearest({"cx": 4.1, "cost": 1000}, {"cx": 4.05, "cost": 1500}).id == "p003"
    reached = frontier.reached({"cx": 4.0, "cost": 1000})
    assert [plan for plan, value in reached.items() if value >= 0] == ["p002"]


def test_achievement_by_loops():
    rng = np.random.default_rng(4)
    plans = pd.DataFrame(rng.random((9, 3)), columns=["cx", "cost", "headroom"])
    sense = {"cx": 1, "cost": -1, "headroom": 1}
    goal, floor = {"cx": 0.8, "cost": 0.2, "headroom": 0.6}, {"cx": 0.5, "cost": 0.9, "headroom": 0.1}
    for reservation in (floor, None, {"cx": 0.5}):
        found = achievements(plans, goal, reservation)
        for k in range(len(plans)):
            parts = []
            for name in goal:
                width = plans[name].max() - plans[name].min()
                if reservation and name in reservation:
                    width = abs(goal[name] - reservation[name])
                parts.append(sense[name] * (plans[name][k] - goal[name]) / width)
            assert found[k] == pytest.approx(min(parts), abs=1e-7)
        all_met = (plans["cx"] >= 0.8) & (plans["cost"] <= 0.2) & (plans["headroom"] >= 0.6)
        assert ((found >= 0) == all_met).all()


def test_what_can_be_reached_is_reached_however_narrow_the_reservation():
    """The second plan misses the CX by a thousandth of the width and is cheaper by a thousand widths."""
    plans = pd.DataFrame({"cx": [4.1, 4.0999], "cost": [1000.0, 0.0]})
    wish, reservation = {"cx": 4.1, "cost": 1000.0}, {"cx": 4.0, "cost": 1001.0}
    assert list(achievements(plans, wish, reservation) >= 0) == [True, False]
    # Of equal worst misses the plan that exceeds the rest wins.
    plans = pd.DataFrame({"cx": [4.1, 4.1], "cost": [1000.0, 900.0]})
    assert achievements(plans, wish, reservation).argmax() == 1


def test_a_plan_in_a_dent_is_found_by_a_wish_and_never_by_weights():
    """Points (0, 0), (1, 1) and, in the dent between them, CX .4 at cost .6: no weights pick the third."""
    plans = pd.DataFrame({"cx": [0.0, 1.0, 0.4], "cost": [0.0, 1.0, 0.6]})
    for weight in np.linspace(0, 1, 101):
        assert effectiveness(plans, {"cx": weight, "cost": 1 - weight}).argmax() != 2
    assert achievements(plans, {"cx": 0.4, "cost": 0.6}, None).argmax() == 2


def test_weights_by_hand():
    plans = pd.DataFrame({"cx": [3.0, 4.0, 5.0], "cost": [100.0, 150.0, 300.0]})
    np.testing.assert_allclose(effectiveness(plans, {"cx": 3, "cost": 1}), [25.0, 37.5 + 18.75, 75.0])
    frontier = make_frontier()
    ranked = frontier.ranked({"cx": 1})
    assert list(ranked["plan"]) == ["p003", "p002", "p001"]
    assert ranked["effectiveness"].iloc[0] == pytest.approx(100.0)


def test_profiles_count_by_the_issues_of_their_condition():
    """Peak .4/.2/.4, off-peak .2/.6/.2, three quarters of the issues in the peak."""
    peak, off = {"cx": 4, "cost": 2, "headroom": 4}, {"cx": 0.2, "cost": 0.6, "headroom": 0.2}
    weights = blended({"peak": peak, "off_peak": off}, {"peak": 0.75, "off_peak": 0.25})
    assert weights == pytest.approx({"cx": 0.35, "cost": 0.3, "headroom": 0.35})
    frontier = make_frontier()
    by_profile = frontier.ranked({"peak": peak, "off_peak": off}, {"peak": 0.75, "off_peak": 0.25})
    pd.testing.assert_frame_equal(by_profile, frontier.ranked(weights))
    demand = pd.DataFrame(
        {
            "interval": ["2026-01-05T09:00", "2026-01-05T10:00", "2026-01-06T09:00", "2026-01-06T10:00"] * 2,
            "mean": [2.0, 10.0, 3.0, 2.0, 4.0, 10.0, 5.0, 4.0],
        }
    )
    # Monday 6 and 20, Tuesday 8 and 6: 6/20 is off-peak, 6/8 = .75 is peak
    assert condition_shares(demand) == pytest.approx({"peak": 34 / 40, "off_peak": 6 / 40})


def test_wrong_preferences_are_refused():
    frontier = make_frontier()
    with pytest.raises(ValueError, match="axis 'speed'"):
        frontier.nearest({"speed": 3})
    with pytest.raises(ValueError, match="at least one axis"):
        frontier.nearest({})
    with pytest.raises(ValueError, match="reservation of 'cost'"):
        frontier.nearest({"cx": 4}, {"cost": 900})
    with pytest.raises(ValueError, match="reservation of 'cx' = 4.2 — must be worse than aspiration 4.1"):
        frontier.nearest({"cx": 4.1}, {"cx": 4.2})
    for endless in (np.inf, np.nan):
        with pytest.raises(ValueError, match="aspiration of 'cx' = .* — must be a number"):
            frontier.nearest({"cx": endless})
        with pytest.raises(ValueError, match="weight of 'cx'"):
            frontier.ranked({"cx": endless})
    with pytest.raises(ValueError, match="weight of 'cx' = -1"):
        frontier.ranked({"cx": -1})
    with pytest.raises(ValueError, match="must sum to more than 0"):
        frontier.ranked({"cx": 0})
    with pytest.raises(ValueError, match="condition 'night'"):
        frontier.ranked({"night": {"cx": 1}}, {"peak": 1.0})
    tables = {**frontier.tables, "plans": frontier.table.iloc[:1]}
    with pytest.raises(PlanError, match="no plan"):
        type(frontier)(tables, {}, {}, {}).nearest({"cx": 4})


def test_what_is_not_known_of_any_plan_is_refused_and_counts_nothing_with_no_weight():
    """A run whose customers all had a part in choosing has no second score."""
    frontier = make_frontier()
    plans = frontier.table.assign(cx_rescored=np.nan)
    unknown = type(frontier)({**frontier.tables, "plans": plans}, {}, {}, {})
    for choose in (
        lambda: unknown.nearest({"cx_rescored": 3.0}),
        lambda: unknown.ranked({"cx_rescored": 1.0, "cx": 1.0}),
    ):
        with pytest.raises(ValueError, match="axis 'cx_rescored' — is not known of any plan"):
            choose()
    pd.testing.assert_frame_equal(unknown.ranked({"cx_rescored": 0.0, "cx": 1.0}), unknown.ranked({"cx": 1.0}))
    known = type(frontier)({**frontier.tables, "plans": plans.assign(cx_rescored=[np.nan, 1, np.nan, 2])}, {}, {}, {})
    assert known.nearest({"cx_rescored": 3.0}).id == "p003"
