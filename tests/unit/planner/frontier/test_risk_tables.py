"""Risk as tables: shares, quantiles, regret and bands against plain counting over a few draws."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from planner.frontier.risk import RiskOfPlans, efficient_share
from planner.frontier.risk_tables import (
    attainment_table,
    median_interval,
    risk_facts,
    risk_table,
    share_interval,
)

PLANS, DRAWS = 7, 12


@pytest.fixture(scope="module")
def risk() -> RiskOfPlans:
    """Today and six plans; small whole numbers, so that ties and dominated plans occur."""
    rng = np.random.default_rng(3)
    cx, cost, headroom = (rng.integers(0, 6, (PLANS, DRAWS)).astype(float) for _ in range(3))
    return RiskOfPlans(cx, 100 + cost, headroom - 2, rng.random((PLANS, DRAWS)) < 0.7)


@pytest.fixture(scope="module")
def table(risk) -> pd.DataFrame:
    plans = pd.DataFrame({"plan": ["today", *(f"p{k}" for k in range(1, PLANS))]})
    return risk_table(plans, risk).set_index(["plan", "axis"])


def name(plan: int) -> str:
    return f"p{plan}" if plan else "today"


def test_shares_and_quantiles_are_counts(risk, table):
    for p in range(PLANS):
        assert table.loc[(name(p), "p_promises"), "p50"] == pytest.approx(sum(risk.kept[p]) / DRAWS)
        ordered = sorted(risk.cost[p])
        at = 0.9 * (DRAWS - 1)
        low, part = int(at), at - int(at)
        p90 = ordered[low] + part * (ordered[low + 1] - ordered[low])
        assert table.loc[(name(p), "cost"), "p90"] == pytest.approx(p90)


def test_efficiency_and_regret_by_pairs(risk, table):
    for p in range(PLANS):
        efficient, short = 0, 0.0
        for d in range(DRAWS):
            mine = (risk.cx[p, d], -risk.cost[p, d], risk.headroom[p, d])
            rivals = [(risk.cx[q, d], -risk.cost[q, d], risk.headroom[q, d]) for q in range(PLANS)]
            beaten = any(all(a >= b for a, b in zip(r, mine, strict=True)) and r != mine for r in rivals)
            efficient += not beaten  # equal plans are efficient together
            short += max(r[0] for r in rivals if r[1] >= mine[1] and r[2] >= mine[2]) - mine[0]
        assert table.loc[(name(p), "p_efficient"), "p50"] == pytest.approx(efficient / DRAWS)
        assert table.loc[(name(p), "regret"), "p50"] == pytest.approx(short / DRAWS)


def test_monte_carlo_intervals_hold_their_share_of_the_truth():
    """95 % intervals of many samples of 40 draws: 93 to 99 % hold the true median and the true share."""
    rng = np.random.default_rng(5)
    low, high = median_interval(rng.exponential(size=(4000, 40)))
    inside = (low <= np.log(2)) & (high >= np.log(2))
    assert 0.94 < inside.mean() < 0.99
    hits = rng.binomial(40, 0.15, 4000) / 40
    low, high = share_interval(hits, 40)
    assert 0.93 < ((low <= 0.15) & (high >= 0.15)).mean() < 0.99
    # Wilson's interval is where a test of the share does not reject: (share - p)^2 = z^2 p (1 - p) / n at its ends.
    for end in share_interval(np.array(0.2), 40):
        assert (0.2 - end) ** 2 == pytest.approx(stats.norm.ppf(0.975) ** 2 * end * (1 - end) / 40)
    assert share_interval(np.array(1.0), 40)[0] == pytest.approx(1 / (1 + stats.norm.ppf(0.975) ** 2 / 40))
    assert np.isnan(median_interval(np.ones((2, 5)))[0]).all()


def test_the_band_is_where_enough_draws_have_a_plan(risk):
    levels = (0.0, 2.0)
    found = attainment_table(risk, levels)
    for level, share in itertools.product(levels, (0.1, 0.5, 0.9)):
        own = found[(found["headroom"] == level) & (found["curve"] == f"p{round(100 * share)}")]
        for cost, cx in itertools.product(np.arange(99, 107), np.arange(-1, 7)):
            reached = 0
            for d in range(DRAWS):
                fits = (risk.cost[1:, d] <= cost) & (risk.cx[1:, d] >= cx) & (risk.headroom[1:, d] >= level)
                reached += fits.any()
            attained = ((own["cost"] <= cost) & (own["cx"] >= cx)).any()
            assert attained == (reached >= share * DRAWS - 1e-9), (level, share, cost, cx)
    assert set(found["curve"]) == {"p10", "p50", "p90", "mean"}


def test_facts_say_draws_and_error(risk):
    facts = risk_facts(risk, (0.0, 2.0))
    assert facts["draws"] == DRAWS
    low, high = share_interval(np.array(0.5), DRAWS)
    assert facts["error_of_a_share"] == pytest.approx((high - low) / 2)
    assert f"{DRAWS} common draws" in facts["words"]
    assert 0 < facts["deviation"] < 2
    assert f"{facts['deviation']:.0%} of the space" in facts["words"]


def test_without_draws_there_is_nothing():
    nothing = RiskOfPlans(*(np.zeros((2, 0)) for _ in range(3)), np.zeros((2, 0), dtype=bool))
    plans = pd.DataFrame({"plan": ["today", "p1"]})
    assert risk_table(plans, nothing).empty
    assert attainment_table(nothing, (0.0,)).empty
    assert risk_facts(nothing, (0.0,)) == {}


def test_plans_left_out_by_the_deadline_stay_unknown(risk):
    holes = RiskOfPlans(risk.cx.copy(), risk.cost.copy(), risk.headroom.copy(), risk.kept)
    for values in (holes.cx, holes.cost, holes.headroom):
        values[4] = np.nan
    plans = pd.DataFrame({"plan": [name(p) for p in range(PLANS)]})
    found = risk_table(plans, holes).set_index(["plan", "axis"])["p50"]
    assert found.loc["p4"].drop("regret").isna().all()
    assert np.isfinite(attainment_table(holes, (0.0,))["cost"]).all()
    rest = np.delete(np.arange(PLANS), 4)
    without = RiskOfPlans(*(values[rest] for values in (risk.cx, risk.cost, risk.headroom, risk.kept)))
    alone = risk_table(plans.iloc[rest], without).set_index(["plan", "axis"])["p50"]
    for axis in ("p_efficient", "regret"):
        pd.testing.assert_series_equal(found[alone.index].xs(axis, level=1), alone.xs(axis, level=1))


def test_a_plan_kept_for_a_further_objective_is_efficient_by_it(risk):
    values = np.array([[np.nan], *([float(k)] for k in range(1, PLANS))])
    plain, least = efficient_share(risk), efficient_share(risk, values, ("min",))
    assert least[1] == 1.0  # no other has as little of it
    assert (least >= plain).all()
    assert least[0] == plain[0]  # Today's value is not known: it is judged by the axes alone
    np.testing.assert_array_equal(efficient_share(risk, -values, ("max",)), least)
