"""Risk at its limits: without uncertainty every draw is the plan itself, with more of it ranges are wider."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.frontier import risk
from planner.scenario import Scenario

MINIMAL = Path(__file__).resolve().parents[2] / "scenarios" / "minimal.yaml"
AXES = ("cx", "cost", "headroom")


def toy(factor: float, *settings: str) -> Scenario:
    """The toy center with `factor` times its uncertainty of demand and scores."""
    few = ("frontier.share_step=0.5", "frontier.risk_draws=12", f"demand.uncertainty={0.05 * factor}")
    scenario = planner.load_scenario(MINIMAL, (*few, *settings))
    rows = tuple(
        row.model_copy(update={"score_sd": None if row.score_sd is None else factor * row.score_sd})
        for row in scenario.experience.outcomes
    )
    experience = scenario.experience.model_copy(update={"outcomes": rows})
    return scenario.model_copy(update={"experience": experience})


def risk_of(factor: float, monkeypatch: pytest.MonkeyPatch, *settings: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    monkeypatch.setattr(risk, "AHT_CV", 0.03 * factor)
    frontier = planner.plan(toy(factor, *settings), seed=1)
    plans = frontier.table.set_index("plan")
    return plans, frontier.risk.pivot(index="plan", columns="axis").loc[plans.index]


@pytest.mark.parametrize("more", [(), ("frontier.objectives=[cx, cost, headroom, occupancy_peak, p_shortfall]",)])
def test_without_uncertainty_every_plan_is_what_it_is_and_stays_efficient(monkeypatch, more):
    plans, found = risk_of(0.0, monkeypatch, *more)
    for axis in AXES:
        for quantile in ("p10", "p50", "p90"):
            pd.testing.assert_series_equal(found[quantile, axis], plans[axis], check_names=False, rtol=0, atol=1e-9)
    chosen = plans.index[plans["origin"] != "today"]
    assert (found.loc[chosen, ("p50", "p_promises")] == 1.0).all()
    assert (found.loc[chosen, ("p50", "p_efficient")] == 1.0).all()
    if not more:
        assert (found.loc[chosen, ("p50", "regret")] <= 1e-9).all()


def test_more_uncertainty_widens_every_range(monkeypatch):
    _, little = risk_of(0.5, monkeypatch)
    _, much = risk_of(2.0, monkeypatch)
    for axis in ("cx", "headroom"):
        width = [found["p90", axis] - found["p10", axis] for found in (little, much)]
        assert (width[1] > 2 * width[0]).all()
    assert (much["p50", "regret"] >= -1e-12).all()
