"""The shipped scenario whose team may start later, from the file to rules and simulation."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner

HOURS = Path(__file__).resolve().parents[2] / "scenarios" / "hours.yaml"


def test_closed_teams_serve_nobody_and_rules_say_where_to_go() -> None:
    frontier = planner.plan(planner.load_scenario(HOURS, ("frontier.risk_draws=4",)), seed=1)
    plans = frontier.table.set_index("plan")
    assert (plans["cost"] >= plans["cost_bound"].fillna(0.0) * (1 - 1e-6)).all()
    shut = plans.index[plans["closed"] == "advisers closed first_hour"]
    assert len(shut)
    for name, row in plans.iterrows():
        plan = frontier.plan(str(name))
        items = plan.costs.groupby("item")["amount"].sum()
        assert items.sum() == pytest.approx(row["cost"], abs=1e-6)
        people = plan.staffing.query("pool == 'advisers'").set_index("interval")["scheduled"]
        early = [start for start in people.index if start[-5:] < "10:00"]
        served = plan.service.query("pool == 'advisers'").set_index("interval")["offered"]
        if row["closed"]:
            assert "day parts" not in items
            assert (served[early] == 0).all()
            sent = plan.overflow.query("from_pool == 'advisers'").set_index("interval")["share"]
            assert (sent[early] == 1.0).all()
            contact = {"channel": "voice", "entry_reason": "billing", "reason": "billing", "segment": "all"}
            for k in range(40):
                answer = plan.rules.decide(contact | {"contact_id": f"c{k}", "interval": early[0]})
                assert answer["pool"] != "advisers"
        elif name != "today":
            assert items["day parts"] == 25
            assert (people[early] >= 2).all()
    words = frontier.tables["says"].query("topic == 'initiatives'")["words"]
    assert words.str.contains("advisers closed first_hour").any()
    assert not frontier.tables["agreement"]["failed"].any()
