"""Waits and CX by an attribute that must not count: by hand, even where rules take no part, uneven where they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.history.load import load_history
from planner.routing import RuleSet
from planner.routing.agents import agent_index, agents_seen, with_values
from planner.routing.fairness import fairness, fairness_words, plan_figures
from planner.routing.guards import groups_of, influence
from planner.routing.worth import reason_values

SIZE = 4000


@pytest.fixture(scope="module")
def contacts(toy_planned: Frontier) -> pd.DataFrame:
    """Contacts of the toy; women ask more often about faults, which is no doing of the rules."""
    rng = np.random.default_rng(3)
    reason, gender = rng.choice(["billing", "fault"], SIZE), rng.choice(["f", "m"], SIZE)
    reason = np.where((gender == "f") & (rng.random(SIZE) < 0.5), "fault", reason)
    segment = toy_planned.plan("today").segments["segment"].iloc[0]
    facts = {"contact_id": [f"c{k}" for k in range(SIZE)], "entry_reason": reason, "segment": segment}
    known = pd.DataFrame(facts | {"channel": rng.choice(["voice", "chat"], SIZE), "gender": gender})
    known.loc[:9, "gender"] = None
    return known.assign(wait_s=rng.exponential(30.0, SIZE), score=rng.integers(1, 6, SIZE))


def test_figures_are_those_of_the_plan(toy_planned: Frontier) -> None:
    plan = toy_planned.plan("best_cx")
    found = plan_figures(toy_planned, plan).set_index(["reason", "segment", "channel", "pool"])
    first = plan.flows[(plan.flows["stage"] == "first") & (plan.flows["contacts"] > 0)]
    for key, part in first.groupby(["reason", "segment", "channel", "pool"]):
        wait = (part["wait_s"] * part["contacts"]).sum() / part["contacts"].sum()
        assert found.loc[key, "wait_s"] == pytest.approx(wait)
        assert found.loc[key, "cx"] <= part["score"].max()
    low, high = toy_planned.meta["scale"]
    assert found["cx"].between(low, high).all()


def test_groups_are_even_where_rules_do_not_look(toy_planned: Frontier, contacts: pd.DataFrame) -> None:
    plan, today = toy_planned.plan("best_cx"), toy_planned.plan("today").rules
    found = fairness(toy_planned, plan, plan.rules, contacts, "gender", today).set_index("group")
    assert found["contacts"].to_dict() == contacts["gender"].fillna("(unknown)").value_counts().to_dict()
    assert found.loc["(unknown)"].drop("contacts").isna().all()  # ten people say nothing about a group
    seen = contacts[contacts["gender"] == "f"]
    assert found.loc["f", "seen_wait_s"] == pytest.approx(seen["wait_s"].mean())
    assert found.loc["f", "seen_score"] == pytest.approx(seen["score"].mean())
    known = found.loc[["f", "m"]]
    assert known["wait_s"].to_numpy() == pytest.approx(known["wait_even_s"].to_numpy(), rel=0.1)
    assert known["cx"].to_numpy() == pytest.approx(known["cx_even"].to_numpy(), abs=0.02)
    test = influence(plan.rules, contacts, "gender")
    assert test.holds
    text = fairness_words("gender", found.reset_index(), test.words())
    assert "changes no decision of 4,000 contacts" in text
    assert text.count("\n| ") == 4


def test_a_proxy_shows_in_the_waits_and_fails_the_test(toy_planned: Frontier, contacts: pd.DataFrame) -> None:
    """Ids dealt by gender send women to other pools although no rule asks: seen in the report and by the test."""
    plan, today = toy_planned.plan("best_cx"), toy_planned.plan("today").rules
    flows = plan.flows.copy()
    flows = pd.concat([flows, flows[flows["pool"] == "phone"].assign(pool="slow", wait_s=500.0)], ignore_index=True)
    slow = replace(plan, tables={**plan.tables, "flows": flows})
    row = {"entry_reason": "*", "channel": "voice", "segment": "*", "priority": 0}
    rows = [
        {**row, "rule": 1, "pool": "slow", "pool_from": 0.0, "pool_to": 0.5},
        {**row, "rule": 2, "pool": "phone", "pool_from": 0.5, "pool_to": 1.0},
        {**row, "rule": 3, "channel": "*", "pool": "desk"},
    ]
    rules = RuleSet("proxy", pd.DataFrame(rows))
    women = contacts["gender"] == "f"
    dealt = contacts.assign(pool_bucket=np.where(women, 0.2, 0.8))
    found = fairness(toy_planned, slow, rules, dealt, "gender", today).set_index("group")
    assert found.loc["f", "wait_s"] > found.loc["f", "wait_even_s"] + 50 > found.loc["m", "wait_s"] + 50
    assert not influence(rules, dealt, "gender").holds


def test_ages_are_looked_at_in_fifths_and_a_proxy_of_age_is_found(
    toy_planned: Frontier, contacts: pd.DataFrame
) -> None:
    age = pd.Series(np.random.default_rng(4).integers(18, 90, SIZE)).astype(float)
    age[:10] = np.nan
    groups = groups_of(age)
    assert groups.nunique() == 6
    assert (groups == "(unknown)").sum() == 10
    assert groups[groups != "(unknown)"].value_counts().between(SIZE / 5 * 0.85, SIZE / 5 * 1.15).all()
    rules = toy_planned.plan("today").rules
    people = contacts.assign(age=age)
    found = fairness(toy_planned, toy_planned.plan("today"), rules, people, "age", rules)
    assert found["contacts"].sum() == SIZE
    split = [{"pool": "a", "pool_to": 0.5}, {"pool": "b", "pool_to": 1.0}]
    rows = [{"rule": k, "entry_reason": "*", "channel": "*", "segment": "*", "priority": 0, "pool_from": 0.0, **row}
            for k, row in enumerate(split, 1)]  # fmt: skip
    dealt = people.assign(pool_bucket=(age.fillna(40) / 90 * 0.98).to_numpy())
    assert not influence(RuleSet("proxy", pd.DataFrame(rows)), dealt, "age").holds
    assert influence(RuleSet("fair", pd.DataFrame(rows)), people, "age").holds


def test_an_attribute_history_does_not_have_is_named(toy_planned: Frontier, contacts: pd.DataFrame) -> None:
    plan = toy_planned.plan("best_cx")
    with pytest.raises(PlanError, match="no column 'religion'"):
        fairness(toy_planned, plan, plan.rules, contacts, "religion", plan.rules)


def test_agents_are_counted_from_history_and_valued_by_reason(toy_planned: Frontier, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    agent = rng.integers(0, 12, SIZE)
    resolved = rng.random(SIZE) < np.linspace(0.3, 0.95, 12)[agent]
    frame = pd.DataFrame(
        {
            "contact_id": range(SIZE),
            "started_at": pd.Timestamp("2025-11-03") + pd.to_timedelta(rng.integers(0, 9 * 86_400, SIZE), "s"),
            "channel": "voice",
            "entry_reason": rng.choice(["billing", "fault"], SIZE),
            "agent_id": [f"a{k:02d}" for k in agent],
            "resolved": resolved,
            "handle_s": rng.uniform(200, 400, SIZE),
        }
    )
    frame.loc[:50, "agent_id"] = None
    frame.to_parquet(tmp_path / "contacts.parquet")
    seen = agents_seen(load_history(tmp_path / "contacts.parquet", timezone="UTC"))
    known = frame[frame["agent_id"].notna()].groupby(["entry_reason", "agent_id"])
    expected = known.agg(contacts=("resolved", "size"), resolved=("resolved", "sum"), handle_s=("handle_s", "mean"))
    order = ["entry_reason", "contacts", "handle_s"]  # names of agents are hashed
    found, expected = (one.reset_index().sort_values(order) for one in (seen, expected))
    for name in ("contacts", "resolved", "handle_s"):
        assert found[name].to_numpy(float) == pytest.approx(expected[name].to_numpy(float))
    values, patience = reason_values(toy_planned, toy_planned.plan("best_cx"), 1000.0)
    assert set(values) == {"billing", "fault"}
    index = with_values(agent_index(seen), values, patience)
    first = index.iloc[0]
    best = expected[(expected["agent_id"] == "a11") & (expected["entry_reason"] == first["entry_reason"])]
    assert first["contacts"] == best["contacts"].iloc[0]
    assert first["value_per_hour"] == pytest.approx(values[first["entry_reason"]] * first["index"])
    hours = patience[first["entry_reason"]] / 3600
    assert first["value_over_patience"] == pytest.approx(first["value_per_hour"] * hours)
    frame.drop(columns="resolved").to_parquet(tmp_path / "mute.parquet")
    with pytest.raises(PlanError, match="no served contact of the history has agent"):
        agents_seen(load_history(tmp_path / "mute.parquet", timezone="UTC"))
