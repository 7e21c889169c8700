"""Demand from a table and from an agreed forecast."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "experience"))

from toy_scenarios import toy

from planner.demand.quantiles import interval_quantiles
from planner.demand.stated import stated_demand
from planner.errors import ScenarioError
from planner.experience import ExperienceModel, model_for
from planner.scenario import Scenario


def table(scenario: Scenario, segment: bool = True) -> pd.DataFrame:
    rows = [
        (start, reason, channel, 10.0 + k, "gold")
        for k, start in enumerate(scenario.horizon.starts())
        for reason, channel in (("card", "voice"), ("card", "chat"), ("fraud", "voice"))
    ]
    frame = pd.DataFrame(rows, columns=["interval_start", "reason", "channel", "contacts", "segment"])
    return frame if segment else frame.drop(columns="segment")


def seen(scenario: Scenario) -> ExperienceModel:
    """The stated model with a history of contacts: gold 30, base 10 in every cell of the first stage."""
    model = model_for(scenario)
    first = model.outcomes["stage"] == "first"
    n = np.where(model.outcomes["segment"] == "gold", 30.0, 10.0) * first
    return dataclasses.replace(model, outcomes=model.outcomes.assign(n_contacts=n))


def test_issues_profile_and_natural_channels() -> None:
    scenario = toy(demand={"source": "toy.csv", "growth": 0.1})
    demand = stated_demand(scenario, table(scenario), model_for(scenario))
    assert demand.types == (("card", "gold"), ("card", "base"), ("fraud", "gold"), ("fraud", "base"))
    np.testing.assert_allclose(demand.issues, [2 * 46 * 1.1, 0, 46 * 1.1, 0])
    np.testing.assert_allclose(demand.profile.sum(axis=1), [1, 0, 1, 0])
    np.testing.assert_allclose(demand.profile[0], np.array([10, 11, 12, 13]) / 46)
    np.testing.assert_allclose(demand.natural, [[0.5, 0.5], [0.5, 0.5], [1, 0], [0.5, 0.5]])
    assert (demand.p10 <= demand.p50).all()
    assert (demand.p50 <= demand.p90).all()


def test_contacts_become_issues_and_totals_reconcile() -> None:
    scenario = toy(demand={"source": "toy.csv", "counts": "contacts"})
    demand = stated_demand(scenario, table(scenario), model_for(scenario))
    voice, chat = demand.issues[0] * demand.natural[0]
    assert chat == pytest.approx(46 * (1 - 0.08))
    assert demand.issues[2] == pytest.approx(46 * 0.9)
    assert voice == pytest.approx((46 - chat * 0.2 / 0.9 / 0.92) * 0.9)
    assert "138 contacts" in " ".join(demand.notes)


def test_segments_are_split_by_the_historical_mix_or_asked_for() -> None:
    scenario = toy()
    demand = stated_demand(scenario, table(scenario, segment=False), seen(scenario))
    np.testing.assert_allclose(demand.issues[2:], [46 * 0.75, 46 * 0.25])
    assert demand.issues.sum() == pytest.approx(138)
    with pytest.raises(ScenarioError, match=r"toy\.csv.*no segment column"):
        stated_demand(scenario, table(scenario, segment=False), model_for(scenario))


def test_a_queue_forecast_is_split_by_the_historical_mix() -> None:
    scenario = toy(demand={"source": "agreed.csv", "planning_date": "2025-12-01", "uncertainty": 0.08})
    rows = [(start, "phone", 40.0) for start in scenario.horizon.starts()]
    frame = pd.DataFrame(rows, columns=["interval_start", "queue", "contacts"])
    demand = stated_demand(scenario, frame, seen(scenario))
    np.testing.assert_allclose(demand.issues, [60, 20, 60, 20])
    assert "agreed on 2025-12-01" in demand.source
    assert demand.level_cv == 0.08
    with pytest.raises(ScenarioError, match="queue nowhere is neither"):
        stated_demand(scenario, frame.assign(queue="nowhere"), seen(scenario))


def test_unknown_labels_and_foreign_dates_are_refused() -> None:
    scenario = toy()
    with pytest.raises(ScenarioError, match="loan/gold/voice"):
        stated_demand(scenario, table(scenario).replace({"reason": {"fraud": "loan"}}), model_for(scenario))
    early = table(scenario).assign(interval_start="2020-01-01 08:00")
    with pytest.raises(ScenarioError, match="no interval_start lies in the horizon"):
        stated_demand(scenario, early, model_for(scenario))


def test_quantiles_match_poisson_without_spread_and_widen_with_it() -> None:
    mean = np.array([0.0, 4.0, 100.0])
    low, mid, high = interval_quantiles(mean, np.zeros(3))
    assert (low[0], mid[0], high[0]) == (0, 0, 0)
    assert (low[2], mid[2], high[2]) == (87, 100, 113)
    wide_low, _, wide_high = interval_quantiles(mean, np.full(3, 0.2))
    draws = np.random.default_rng(1).poisson(np.random.default_rng(2).gamma(25, 100 / 25, 200_000))
    assert abs(wide_low[2] - np.quantile(draws, 0.1)) <= 1
    assert abs(wide_high[2] - np.quantile(draws, 0.9)) <= 1
