"""Every file that can be executed decides as the rules do, whatever the names; a refusal says why."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from random_rules import FACTS, HOSTILE, TAME, random_contacts, random_rules

from planner.errors import PlanError
from planner.routing import FORMATS, RuleSet, make_export, prove
from planner.routing.binding import binding_of
from planner.routing.export import TARGETS
from planner.routing.replay import replay

EXECUTED = [fmt for fmt in FORMATS if TARGETS[fmt].run is not None]
ANY_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda name: name != "*")
NAMES = st.lists(st.sampled_from(HOSTILE) | st.sampled_from(TAME) | ANY_TEXT, min_size=5, max_size=9, unique=True)


def disagreements(rules: RuleSet, contacts: pd.DataFrame) -> tuple[list[str], int]:
    """Sentences about what differs, and how many formats refused."""
    found, refused = [], 0
    for fmt in EXECUTED:
        try:
            made = make_export(rules, fmt)
        except PlanError:
            refused += 1
            continue
        found += [proof.words() for proof in prove(made, contacts) if not proof.holds]
    return found, refused


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(NAMES, st.integers(0, 10**6), st.integers(1, 6), st.booleans())
@example(list(HOSTILE), 7, 8, False)
@example(list(TAME), 11, 8, True)
def test_random_rules_with_hostile_names_agree_or_are_refused(
    names: list[str], seed: int, rows: int, rich: bool
) -> None:
    rules, contacts = random_rules(seed, rows, names, rich), random_contacts(seed + 1, 60, names)
    assert replay(rules, contacts).to_dict("records") == [dict(rules.decide(c)) for c in contacts.to_dict("records")]
    assert disagreements(rules, contacts)[0] == []


def test_plain_names_are_refused_by_nobody() -> None:
    refused = [disagreements(random_rules(seed, 6, TAME, False), random_contacts(seed, 200, TAME)) for seed in range(6)]
    assert refused == [([], 0)] * 6


@pytest.mark.parametrize("fmt", EXECUTED)
def test_a_file_that_decides_otherwise_is_found(fmt: str) -> None:
    """The proof can fail: a pool changed in the file alone is seen in the contacts it concerns, and only there."""
    rules, contacts = random_rules(3, 5, TAME, False), random_contacts(4, 300, TAME)
    made = make_export(rules, fmt)
    wrong = replace(rules, rows=rules.rows.assign(priority=[*rules.rows["priority"].iloc[:-1], 0]))
    assert made.bundles["main"].files != make_export(wrong, fmt).bundles["main"].files
    swapped = replace(made, bundles=make_export(wrong, fmt).bundles)
    proof = prove(swapped, contacts)[0]
    concerned = int((replay(rules, contacts)["rule"] == 6).sum())
    assert concerned > 20
    assert proof.contacts - proof.agreed == concerned
    assert "priority" in proof.words()


def test_unidentified_customers_have_neither_segment_nor_value() -> None:
    rows = random_rules(1, 1, TAME, False).rows.iloc[[0, 0, 1]].reset_index(drop=True)
    rows = rows.assign(rule=[1, 2, 3], pool=["gold", "dear", "all"], entry_reason="*", channel="*", segment="*")
    rows = rows.assign(offer_from=0.0, offer_to=1.0, pool_from=0.0, pool_to=1.0, value_from=[None, 500.0, None])
    rules = RuleSet("p", rows.assign(segment=["vip", "*", "*"]).astype(object))
    known = {"contact_id": "c", "segment": "vip", "value": 900.0}
    assert rules.decide(known)["pool"] == "gold"
    assert rules.decide(known | {"segment": "std"})["pool"] == "dear"
    assert rules.decide(known | {"value": 499.9, "segment": "std"})["pool"] == "all"
    for unknown in ({"identified": False}, {"customer_id": None}, {"customer_id": float("nan")}):
        assert rules.decide(known | unknown)["pool"] == "all"
    assert rules.decide(known | {"customer_id": None, "identified": True})["pool"] == "gold"


def test_facts_that_do_not_exist_at_routing_are_refused() -> None:
    rules = random_rules(1, 2, TAME, False)
    late = RuleSet("p007", rules.rows.assign(disposition="*", csat="*"))
    with pytest.raises(PlanError, match=r"'disposition' is no fact that exists when a contact is routed.*\n.*'csat'"):
        make_export(late, "jdm")


def test_every_fault_of_a_rule_set_is_listed() -> None:
    rows = random_rules(1, 4, TAME, False).rows.copy()
    rows.loc[0, ["offer_from", "offer_to"]] = [0.6, 0.2]
    rows.loc[1, "rule"] = 1
    rows.loc[2, "priority"] = 1.5
    rows.loc[3, "channel"] = "voice"
    rows.loc[3, ["overflow_pool", "overflow_after_s"]] = ["x", None]
    rows = rows.iloc[:4]
    with pytest.raises(PlanError) as found:
        make_export(RuleSet("p007", rows), "csv")
    text = str(found.value)
    assert "rule 1: offer_bucket in [0.6, 0.2) holds nobody" in text
    assert "rule 1 comes 2 times" in text
    assert "priority = 1.5 must be a whole class" in text
    assert "overflow_pool and overflow_after_s go together" in text
    assert "no default row" in text


def test_bound_names_are_the_systems_and_still_agree() -> None:
    rules, contacts = random_rules(5, 6, TAME, False), random_contacts(6, 400, TAME)
    pools = sorted({str(rule.actions[n]) for rule in rules.table for n in ("pool", "overflow_pool")} - {"None"})
    document = {
        "pools": {pool: f"WQ{k:032d}" for k, pool in enumerate(pools)},
        "reasons": {name: f"R-{k}" for k, name in enumerate(TAME)},
        "facts": {"entry_reason": "contact.reason", "pool_bucket": "cx.bucket"},
        "settings": {"division_id": "d", "schema_id": "s"},
    }
    binding = binding_of(document, {"pools": pools, "reasons": TAME, "facts": FACTS + ("pool_bucket",)})
    for fmt in ("taskrouter", "genesys", "connect"):
        made = make_export(rules, fmt, binding=binding)
        assert prove(made, contacts)[0].holds
        assert made.bundles["main"].deployable == (fmt != "connect")
    assert "contact.reason" in made.bundles["main"].files["4-flow-module.json"]
    assert prove(make_export(rules, "taskrouter"), contacts)[0].holds
    text = make_export(rules, "taskrouter", binding=binding).bundles["main"].files["workflow.json"]
    assert "R-" in text
    assert not [pool for pool in pools if json.dumps(pool) in text]


def test_formats_that_nothing_runs_say_so() -> None:
    for fmt in set(FORMATS) - set(EXECUTED):
        proof = prove(make_export(random_rules(2, 4, TAME, False), fmt), random_contacts(1, 10))[0]
        assert not proof.executed
        assert "not executed" in proof.words()
