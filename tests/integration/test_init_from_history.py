"""From a history of contacts to a planned scenario, with nothing edited in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy_history import toy_contacts

import planner
from planner.cli import main

TINY = {
    "horizon.days": 1,
    "frontier.headroom_levels": "[0]",
    "frontier.cost_points": 2,
    "frontier.plans": 0,
    "frontier.risk_draws": 0,
    "frontier.bound_boxes": 1,
    "frontier.bound_prices": 2,
    "experience.rescore": "none",
}


def test_a_scenario_proposed_from_a_history_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    contacts = toy_contacts(1500, seed=3, days=28)
    contacts.to_csv("contacts.csv", index=False)
    assert main(["init", "center", "--from-history", "contacts.csv", "--timezone", "Europe/Zurich"]) == 0
    assert main(["validate", "center/scenario.yaml"]) == 0
    settings = [f"--set={name}={value}" for name, value in TINY.items()]
    assert main(["run", "center/scenario.yaml", "--out", "runs", "--workers", "1", *settings]) in (0, 5)
    frontier = planner.load_run(next(Path("runs").iterdir()))
    assert len(frontier.table) >= 2
    offered = frontier.plan("today").tables["service"]["offered"].sum()
    monday = contacts[contacts["started_at"].dt.day_of_week == 0]
    # Redials and returns are in both: the planned Monday is like the mean Monday of the past.
    assert offered == pytest.approx(len(monday) / 4, rel=0.25)
    capsys.readouterr()
    assert main(["gap", str(next(Path("runs").iterdir())), "--plan", "today", "--attrition", "0.3"]) == 0
    assert "phone" in capsys.readouterr().out


def test_a_history_round_the_clock_has_days_that_begin_where_it_is_quietest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    contacts = toy_contacts(20_000, seed=3, days=28)
    rng = np.random.default_rng(1)
    hours = (5 + np.floor(24 * rng.beta(2.0, 1.6, len(contacts)))) % 24  # few come around five in the morning
    contacts["started_at"] = (
        contacts["started_at"].dt.normalize()
        + pd.to_timedelta(hours, unit="h")
        + pd.to_timedelta(rng.integers(0, 3600, len(contacts)), unit="s")
    )
    contacts.to_csv("contacts.csv", index=False)
    assert main(["init", "center", "--from-history", "contacts.csv", "--timezone", "Europe/Zurich"]) == 0
    assert main(["validate", "center/scenario.yaml"]) == 0
    horizon = planner.load_scenario("center/scenario.yaml").horizon
    quietest = int(np.bincount(hours.astype(int), minlength=24).argmin())
    assert (horizon.opens, horizon.closes) == (quietest * 60, quietest * 60 + 1440)
    settings = [f"--set={name}={value}" for name, value in (TINY | {"horizon.days": 7}).items()]
    assert main(["run", "center/scenario.yaml", "--out", "runs", "--workers", "1", *settings]) in (0, 5)
    frontier = planner.load_run(next(Path("runs").iterdir()))
    offered = frontier.plan("today").service.groupby("interval")["offered"].sum()
    assert offered.sum() == pytest.approx(len(contacts) / 4, rel=0.25)
    demand = frontier.tables["demand"].groupby("interval")["mean"].sum()
    by_hour = demand.groupby(demand.index.str[11:13]).sum().to_numpy()
    seen = np.bincount(hours.astype(int), minlength=24)
    np.testing.assert_allclose(by_hour / by_hour.sum(), seen / seen.sum(), atol=0.004)  # nights are where they were
    capsys.readouterr()
