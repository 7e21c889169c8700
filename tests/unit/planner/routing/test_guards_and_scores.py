"""Guards and scores: must-human, floors, what must not count; every (value, capability) has exactly one pool."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_rules import TAME, random_contacts, random_rules

from planner.errors import PlanError
from planner.frontier.frontier import Frontier
from planner.routing import RuleSet
from planner.routing.effects import cells_of, effects
from planner.routing.exceptions import with_exceptions
from planner.routing.guards import floors, guard_words, influence, must_human_faults, not_to_be_used
from planner.routing.pools import Center, PoolFacts
from planner.routing.scoring import TOP, Dimension, Handling, Scoring, Thresholds, pool_of
from planner.routing.sheet import change_sheet
from planner.routing.worth import rule_worth

VALUES, RATIOS = st.floats(0, 10), st.floats(0, 1)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(VALUES, RATIOS)
def test_every_value_and_capability_has_exactly_one_pool(value: float, capability: float) -> None:
    rules = {
        Handling.SPECIALIST: value >= 8 or capability < 0.3,
        Handling.AUTONOMOUS: capability > 0.8 and value <= 4,
    }
    rules[Handling.AUTONOMOUS] = rules[Handling.AUTONOMOUS] and not rules[Handling.SPECIALIST]
    rules[Handling.COLLABORATIVE] = not any(rules.values())
    assert sum(rules.values()) == 1
    assert rules[Handling(str(pool_of(value, capability)))]


def test_pools_change_at_the_thresholds_and_only_there() -> None:
    grid = pool_of(np.linspace(0, 10, 101)[:, None], np.linspace(0, 1, 101)[None, :])
    assert set(np.unique(grid)) == {"autonomous", "collaborative", "specialist"}
    assert pool_of([7.99, 8.0, 4.0, 4.01], [0.9] * 4).tolist() == [
        "collaborative", "specialist", "autonomous", "collaborative"]  # fmt: skip
    assert pool_of(1.0, [0.29, 0.3, 0.8, 0.81]).tolist() == [
        "specialist", "collaborative", "collaborative", "autonomous"]  # fmt: skip
    assert str(pool_of(5.0, 0.5, Thresholds(value_specialist=5.0))) == "specialist"
    for value, capability in ((-1, 0.5), (11, 0.5), (5, 1.1), (np.nan, 0.5), (5, np.nan)):
        with pytest.raises(PlanError, match="value must lie in"):
            pool_of(value, capability)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(VALUES, min_size=6, max_size=6), st.floats(0, 5))
def test_people_and_automata_are_scored_apart_with_polarity(scores: list[float], band: float) -> None:
    scoring = Scoring((Dimension("clv", 0.5), Dimension("effort", 0.3, False), Dimension("churn", 0.2)), band)
    human, automated = scores[:3], scores[3:]
    value = 0.5 * human[0] + 0.3 * (10 - human[1]) + 0.2 * human[2]
    assert float(scoring.value(human)) == pytest.approx(value)
    gain = float(scoring.value(human) - scoring.value(automated))
    expected = "specialist" if gain > band else "autonomous" if gain < -band else "collaborative"
    assert str(scoring.handling(human, automated)) == expected
    easier = [human[0], max(0.0, human[1] - 1), human[2]]
    assert float(scoring.value(easier)) >= value - 1e-12
    swap = {"specialist": "autonomous", "autonomous": "specialist", "collaborative": "collaborative"}
    assert str(scoring.handling(automated, human)) == swap[expected]


def test_weights_and_scores_out_of_range_are_refused() -> None:
    with pytest.raises(PlanError, match="sum to 1"):
        Scoring((Dimension("a", 0.5),))
    with pytest.raises(PlanError, match="tie_band = 10"):
        Scoring((Dimension("a", 1.0),), TOP)
    for scores in ([11.0], [1.0, 2.0], [np.nan]):
        with pytest.raises(PlanError, match="one per dimension"):
            Scoring((Dimension("a", 1.0),)).value(scores)


POOLS = {
    "phone": PoolFacts("voice"),
    "desk": PoolFacts("chat", discipline="live_chat"),
    "bot": PoolFacts("chat", kind="automated", discipline="automated"),
}
CENTER = Center(POOLS, ("fraud",), ("fraud", "fees"), ("vip",), ("voice", "chat"), ("age",), {})
ROW = {"segment": "*", "offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0, "priority": 0,
       "channel_offer": None, "overflow_pool": None, "overflow_after_s": None, "why": "", "entry_reason": "*",
       "channel": "*"}  # fmt: skip


def rules_for(*rows: dict) -> RuleSet:
    return RuleSet("p", pd.DataFrame([{"rule": k} | ROW | row for k, row in enumerate(rows, 1)]).astype(object))


def test_must_human_reasons_and_flags_never_meet_an_automaton() -> None:
    chat = {"channel": "chat", "pool": "bot"}
    open_ = rules_for(chat, {"pool": "phone"})
    faults = must_human_faults(open_, CENTER)
    assert any("entry_reason fraud goes to the automaton bot" in fault for fault in faults)
    assert any("must_human yes" in fault for fault in faults)
    careful = rules_for({"entry_reason": "fraud", "channel": "chat", "pool": "desk"}, chat, {"pool": "phone"})
    assert not [f for f in must_human_faults(careful, CENTER) if "entry_reason fraud" in f and "must_human" not in f]
    assert must_human_faults(with_exceptions(careful, POOLS, CENTER.must_human), CENTER) == []
    some = rules_for(chat | {"pool_to": 0.01}, {"channel": "chat", "pool": "desk"}, {"pool": "phone"})
    assert must_human_faults(some, CENTER)


def test_a_protected_attribute_has_no_influence_and_an_indirect_one_is_found() -> None:
    rules = rules_for(
        {"channel": "voice", "pool": "a", "pool_to": 0.5},
        {"channel": "voice", "pool": "b", "priority": 1},
        {"pool": "c"},
    )
    size, rng = 4000, np.random.default_rng(1)
    contacts = pd.DataFrame({"contact_id": [f"c{k}" for k in range(size)], "channel": "voice", "entry_reason": "x"})
    contacts["segment"], contacts["age"] = "all", rng.choice(["young", "old"], size)
    fair = influence(rules, contacts, "age")
    assert (fair.direct, fair.holds) == (0, True)
    assert "nor do its groups" in fair.words()
    assert fair.groups["contacts"].sum() == size
    dealt = contacts.assign(pool_bucket=np.where(contacts["age"] == "old", 0.6, 0.4))
    unfair = influence(rules, dealt, "age")
    assert unfair.direct == 0
    assert not unfair.holds
    assert "reach other pools" in unfair.words()
    with pytest.raises(PlanError, match="no column 'sex'"):
        influence(rules, contacts, "sex")
    valued = rules_for({"segment": "vip", "pool": "a"}, {"pool": "b"})
    with pytest.raises(PlanError, match="'segment' must not be used, but rules ask about it"):
        influence(valued, contacts, "segment")
    assert not_to_be_used(valued, ["segment", "age"]) == ["rule 1 asks about segment, which must not be used"]


def test_random_rules_are_blind_to_what_they_may_not_ask() -> None:
    contacts = random_contacts(5, 500, TAME).assign(age=np.random.default_rng(2).integers(0, 3, 500))
    for seed in range(3):
        assert influence(random_rules(seed, 6, TAME), contacts, "age").direct == 0


@pytest.fixture
def run(toy_planned: Frontier) -> Frontier:
    return toy_planned


def test_floors_worth_and_change_sheet_of_the_toy(run: Frontier) -> None:
    plan = run.plan("best_cx")
    today = run.plan("today")
    found = floors(run, plan, {"all": 99.0})
    assert found["cx"].iloc[0] == pytest.approx(plan.cx, abs=1e-9)
    assert found["cx_today"].iloc[0] == pytest.approx(run.baseline["cx"], abs=1e-9)
    assert not found["kept"].iloc[0]
    assert "99.00 **missed**" in guard_words(found)
    total = plan.flows["contacts"].sum()
    assert found["contacts"].sum() == pytest.approx(total)
    assert found["wait_s"].iloc[0] == pytest.approx((plan.flows["contacts"] * plan.flows["wait_s"]).sum() / total)
    cells = cells_of(plan)
    first = plan.flows[plan.flows["stage"] == "first"]
    assert sum(cells.values()) == pytest.approx(first["contacts"].sum())
    table = effects(run, plan)
    assert len(table) == len(cells)
    assert (table["lower"] <= table["effect"]).all()
    worth = rule_worth(run, plan, plan.rules, 1000.0)
    assert worth["contacts"].sum() == pytest.approx(sum(cells.values()))
    assert (worth["shadow_price"] > 0).all()
    for row in worth.to_dict("records"):
        left = row["value"] - row["cost"] - row["shadow_price"] * row["handle_min"]
        assert (row["worth"], row["index"]) == pytest.approx((left, left / row["handle_min"]))
    sheet = change_sheet(run, plan, today.rules, plan.rules)
    assert change_sheet(run, today, today.rules, today.rules).rows.empty
    assert sheet.markdown().count("\n|") == len(sheet.rows) + 2
    assert len(sheet.csv().splitlines()) == len(sheet.rows) + 1
