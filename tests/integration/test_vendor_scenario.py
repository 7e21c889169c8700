"""The shipped scenario with a partner on contract, from the file to the tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import planner

VENDOR = Path(__file__).resolve().parents[2] / "scenarios" / "vendor.yaml"


def paid(volume: float) -> float:
    """Written out from the scenario: 15 committed, 3 each up to 25, 5 beyond."""
    return max(45.0, 3 * min(volume, 25) + 5 * max(volume - 25, 0))


def test_contracts_are_paid_kept_and_told() -> None:
    frontier = planner.plan(planner.load_scenario(VENDOR, ("frontier.risk_draws=4",)), seed=1)
    plans, contracts = frontier.table.set_index("plan"), frontier.tables["contracts"].set_index("plan")
    assert list(contracts.index) == list(plans.index)
    assert contracts["contacts"].max() > 15 > contracts["contacts"].min()
    for plan, row in contracts.iterrows():
        assert row["paid"] == pytest.approx(paid(row["contacts"]), abs=1e-3)
        assert row["unused"] == pytest.approx(max(0.0, 45 - 3 * row["contacts"]), abs=1e-3)
        own = frontier.plan(str(plan))
        items = own.costs.groupby("item")["amount"].sum()
        assert items["contract"] == pytest.approx(row["paid"], abs=1e-3)
        assert items.sum() == pytest.approx(plans.loc[plan, "cost"], abs=1e-6)
        assert plans.loc[plan, "committed"] >= 45
        if plan != "today":
            assert row["contacts"] * (1 + max(plans.loc[plan, "headroom"], 0.0)) <= 40 * (1 + 1e-4)
            assert "Partner takes" in frontier.explain(str(plan))
    found = plans.drop("today")
    assert (found["cost"] >= found["cost_bound"] * (1 - 1e-6)).all()
    # Six contracts of 1.5 h at the phones hold 9 hours, and shifts last 2: five people work one hour of overtime.
    people = frontier.tables["hires"].query("pool == 'phone' and plan != 'today'").set_index("plan")
    hours = frontier.tables["shifts"].query("pool == 'phone'").groupby("plan")["people"].sum() * 2.0
    owed = (people["heads"] + people["hires"]) * 1.5
    expected = (hours.reindex(people.index).fillna(0.0) - owed).clip(lower=0.0)
    np.testing.assert_allclose(people["overtime_h"], expected, atol=1e-9)
    assert people["overtime_h"].max() > 0
    assert not frontier.tables["agreement"]["failed"].any()
