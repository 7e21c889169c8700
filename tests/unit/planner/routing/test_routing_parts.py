"""The small parts: expressions, S-FEEL cells, priorities, bindings, platforms, exceptional rows."""

from __future__ import annotations

import itertools
import operator

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlanError
from planner.routing import RuleSet, make_export, prove
from planner.routing.binding import Binding, binding_of
from planner.routing.columns import columns_of
from planner.routing.exceptions import with_exceptions, without_exceptions
from planner.routing.pools import PoolFacts, center_of
from planner.routing.priority import FIELDS, from_vendor, to_vendor
from planner.routing.replay import replay
from planner.routing.targets.sfeel import literal, strings, unary_test
from planner.routing.targets.task_expression import parse, true_for

CONTACTS = pd.DataFrame(
    {
        "entry_reason": ["a", "b", "it's", None, "a"],
        "channel": ["voice", "chat", "voice", "voice", None],
        "value": [10.0, 20.0, np.nan, 30.0, 20.0],
        "contact_id": list("12345"),
    }
)
BASE = {"entry_reason": "*", "segment": "*", "offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0}
NONE = {"priority": 0, "channel_offer": None, "overflow_pool": None, "overflow_after_s": None, "why": ""}


def rules_for(*rows: dict) -> RuleSet:
    frame = pd.DataFrame([{"rule": k} | BASE | {"channel": "*"} | NONE | row for k, row in enumerate(rows, 1)])
    return RuleSet("p1", frame.astype(object).where(frame.notna(), None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 == 1", [1, 1, 1, 1, 1]),
        ("entry_reason == 'a'", [1, 0, 0, 0, 1]),
        ('entry_reason == "it\'s"', [0, 0, 1, 0, 0]),
        ("entry_reason != 'a'", [0, 1, 1, 0, 0]),
        ("entry_reason IN ['a', \"b\"] AND channel == 'voice'", [1, 0, 0, 0, 0]),
        ("value >= 20 AND value < 30", [0, 1, 0, 0, 1]),
        ("value > 20 OR channel == 'chat'", [0, 1, 0, 1, 0]),
        ("(value > 20 OR channel == 'chat') AND entry_reason == 'b'", [0, 1, 0, 0, 0]),
        ("value > 20 OR channel == 'chat' AND entry_reason == 'a'", [0, 0, 0, 1, 0]),
        ("entry_reason NOT IN ['a']", [0, 1, 1, 1, 0]),
        ("nothing.known == 'a'", [0, 0, 0, 0, 0]),
    ],
)
def test_task_expressions_mean_what_is_documented(text: str, expected: list[int]) -> None:
    assert true_for(parse(text), columns_of(CONTACTS)).astype(int).tolist() == expected


@pytest.mark.parametrize(
    "text", ["a-b == 1", "a ==", "a IN 'x'", "a == 'x", "AND a == 1", "(a == 1", "a == 1)", "a 1", "a == \\"]
)
def test_task_expressions_outside_the_syntax_are_refused(text: str) -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        parse(text)


def test_s_feel_ranges_equal_brute_force() -> None:
    numbers = np.arange(-2, 8) / 2
    columns = columns_of(pd.DataFrame({"value": [*numbers, np.nan], "contact_id": "x"}))
    inside = {"[": operator.ge, "(": operator.gt, "]": operator.gt, "]end": operator.le, ")": operator.lt}
    for (left, right), low, high in itertools.product(itertools.product("[(]", "])["), (0, 0.5), (1.5, 3)):
        ends = inside[left], inside["]end"] if right == "]" else operator.lt
        expected = [bool(ends[0](n, low) and ends[1](n, high)) for n in numbers] + [False]
        assert unary_test(f"{left}{low}..{high}{right}", columns, "value", False).tolist() == expected
    signs = (("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge))
    for sign, compare in signs:
        assert unary_test(f"{sign} 1.5", columns, "value", False).tolist() == [*map(bool, compare(numbers, 1.5)), False]
    assert unary_test("-", columns, "value", False).all()


def test_s_feel_texts() -> None:
    assert strings('"a, b","c"') == ["a, b", "c"]
    assert [literal(cell) for cell in ("null", '"x"', "2", "2.5")] == [None, "x", 2, 2.5]
    for cell in ('"a" "b"', "a", '"a",', '"a\\"b"', ""):
        with pytest.raises(PlanError, match="S-FEEL"):
            strings(cell)
    with pytest.raises(PlanError, match="outside the portable"):
        unary_test("1e3", columns_of(CONTACTS), "value", False)


@pytest.mark.parametrize("target", FIELDS)
def test_class_0_is_served_first_in_every_system(target: str) -> None:
    numbers = [to_vendor(target, priority, 3) for priority in range(4)]
    first = max if FIELDS[target].higher_first else min
    assert first(numbers) == numbers[0]
    assert [from_vendor(target, number, 3) for number in numbers] == [0, 1, 2, 3]
    assert all(FIELDS[target].least <= number <= FIELDS[target].most for number in numbers)
    with pytest.raises(PlanError, match="merge classes"):
        to_vendor(target, 0 if FIELDS[target].higher_first else 10**19, 10**19)


def test_binding_faults_are_listed() -> None:
    document = {"pols": {}, "pools": {"phne": "WQ1", "desk": "WQ1", "phone": ""}, "facts": 3}
    with pytest.raises(PlanError) as found:
        binding_of(document, {"pools": ["phone", "desk"]}, "ids.yaml")
    for text in ("'pols' is unknown (did you mean 'pools'?)", "pools.phne: no such name", "did you mean 'phone'",
                 "'WQ1' is given 2 times", "pools.phone: '' is no id", "facts: must map names"):  # fmt: skip
        assert text in str(found.value)
    with pytest.raises(PlanError, match="must map sections"):
        binding_of(["pools"], {})


FACTS = {
    "phone": PoolFacts("voice"),
    "partner": PoolFacts("voice", platform="partner", reasons=("a",)),
    "helpers": PoolFacts("voice", reasons=("a", "b")),
    "bot": PoolFacts("chat", kind="automated", discipline="automated"),
    "desk": PoolFacts("chat", discipline="live_chat", concurrency=3),
    "mail": PoolFacts("email", discipline="deferred"),
}


def test_each_platform_gets_a_bundle_with_transfers_to_the_others() -> None:
    rules = rules_for({"entry_reason": "a", "pool": "partner"}, {"pool": "phone"})
    made = make_export(rules, "taskrouter", facts=FACTS)
    assert sorted(made.files) == ["main/workflow.json", "partner/workflow.json"]
    assert "transfer to partner" in made.unbound
    assert all(proof.holds for proof in prove(made, CONTACTS))
    binding = Binding(
        {"pools": {"phone": "WQ1", "partner": "WQ2"}}, {"main": {"partner": "+41"}, "partner": {"main": "x"}}
    )
    bound = make_export(rules, "taskrouter", facts=FACTS, binding=binding)
    assert bound.unbound == []
    assert '"+41"' in bound.files["main/workflow.json"]
    assert "WQ2" not in bound.files["main/workflow.json"]


def test_overflow_to_another_platform_needs_a_declared_way() -> None:
    rules = rules_for({"pool": "phone", "overflow_pool": "partner", "overflow_after_s": 30.0})
    with pytest.raises(PlanError, match="phone to partner on platform partner; declare the way"):
        make_export(rules, "genesys", facts=FACTS)
    made = make_export(rules, "genesys", facts=FACTS, binding=Binding({}, {"main": {"partner": "+41"}}))
    assert prove(made, CONTACTS)[0].holds


def test_exceptional_rows_cover_closed_hours_outage_closed_pools_and_must_human() -> None:
    plain = rules_for({"channel": "voice", "pool": "phone"}, {"channel": "chat", "pool": "bot"}, {"pool": "phone"})
    rules = with_exceptions(plain, FACTS, ["fraud"])

    def pool(**facts: object) -> tuple[str, str | None]:
        answer = rules.decide({"contact_id": "1"} | facts)
        return answer["pool"], answer["channel_offer"]

    assert pool(channel="voice") == ("phone", None)
    assert pool(channel="chat") == ("bot", None)
    assert pool(channel="chat", must_human=True) == ("desk", None)
    assert pool(channel="chat", day_part="closed") == ("bot", None)
    assert pool(channel="chat", day_part="closed", entry_reason="fraud") == ("desk", "email")
    assert pool(channel="voice", queue_state="outage") == ("phone", "email")
    assert pool(channel="voice", closed_pool="phone", entry_reason="b") == ("helpers", None)
    assert pool(channel="voice", closed_pool="phone", entry_reason="z") == ("phone", None)
    assert pool(channel="voice", closed_pool="partner") == ("phone", None)
    assert rules.decide({"channel": "chat", "must_human": "yes"})["concurrency_cap"] == 3
    assert replay(without_exceptions(rules), CONTACTS)[["rule", "pool"]].equals(
        replay(plain, CONTACTS)[["rule", "pool"]]
    )
    for fmt in ("jdm", "connect", "genesys", "taskrouter", "csv"):
        facts = CONTACTS.assign(
            day_part=["closed", None, None, "closed", None], closed_pool=[None, None, "phone", None, None]
        )
        assert all(proof.holds for proof in prove(make_export(rules, fmt), facts)), fmt


def test_center_is_read_from_the_plain_values_of_a_scenario() -> None:
    pool = {"kind": "human", "channel": "chat", "discipline": "live_chat", "shrinkage": 0.3, "shifts": ["day"]}
    document = {
        "reasons": {"fraud": {"must_human": True}, "fees": None},
        "segments": {"all": {}},
        "channels": {"chat": {}},
        "pools": {"desk": pool | {"chat": {"total_speed": [1, 1.6]}, "platform": "b"}},
    }
    center = center_of(document)
    assert center.pools["desk"] == PoolFacts("chat", "b", "human", "live_chat", 2)
    assert (center.must_human, center.reasons) == (("fraud",), ("fraud", "fees"))
