"""Overflow by interval as overflow after a wait: for those who may be sent, in every row, in every target."""

from __future__ import annotations

import pandas as pd
import pytest

from planner.errors import PlanError
from planner.routing import RuleSet, make_export, prove
from planner.routing.overflow import Overflow
from planner.routing.replay import replay
from planner.routing.waiting_overflow import with_waiting_overflow

SHARES = pd.DataFrame(
    {
        "from_pool": ["phone", "phone", "phone"],
        "to_pool": ["partner", "vendor", "vendor"],
        "interval": ["t1", "t1", "t2"],
        "share": [0.2, 0.1, 0.3],
        "bucket_from": [0.0, 0.2, 0.0],
        "bucket_to": [0.2, 0.3, 0.3],
        "contacts": [10.0, 5.0, 9.0],
    }
)
TYPES = pd.DataFrame(
    {
        "from_pool": ["phone"] * 4,
        "to_pool": ["vendor", "vendor", "vendor", "partner"],
        "entry_reason": ["order", "fault", "fees", "order"],
        "segment": ["*", "basic", "basic", "*"],
        "priority": [0, 0, 0, 0],
    }
)
ROW = {"channel": "*", "segment": "*", "offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0,
       "priority": 0, "channel_offer": None, "overflow_pool": None, "overflow_after_s": None, "why": ""}  # fmt: skip


def planned(*rows: dict) -> RuleSet:
    frame = pd.DataFrame([ROW | {"rule": k, "entry_reason": "*"} | row for k, row in enumerate(rows, 1)])
    return RuleSet("p", frame.astype(object), Overflow(SHARES, TYPES))


RULES = planned(
    {"entry_reason": ("order", "fault"), "channel": "voice", "pool": "phone", "pool_to": 0.5},
    {"entry_reason": "order", "channel": "voice", "segment": "gold", "pool": "phone", "priority": 1},
    {"channel": "voice", "pool": "desk"},
    {"pool": "phone"},
)
CASES = [(r, s, c) for r in ("order", "fault", "fees", "odd") for s in ("basic", "gold", None) for c in ("voice", "x")]


def contacts() -> pd.DataFrame:
    frame = pd.DataFrame(CASES * 20, columns=["entry_reason", "segment", "channel"])
    return frame.assign(contact_id=[f"c{k}" for k in range(len(frame))])


def test_who_may_be_sent_is_helped_after_the_wait_and_nothing_else_changes() -> None:
    changed = with_waiting_overflow(RULES, 45.0)
    assert changed.overflow is None
    numbers = [rule.number for rule in changed.table]
    assert len(set(numbers)) == len(numbers)
    people = contacts()
    plain = RuleSet("p", RULES.rows)
    before, after = replay(plain, people), replay(changed, people)
    names = ["pool", "priority", "channel_offer"]
    assert after[names].equals(before[names])
    able = (people["entry_reason"] == "order") | (
        people["entry_reason"].isin(["fault", "fees"]) & (people["segment"] == "basic")
    )
    expected = (before["pool"] == "phone") & able  # the vendor gets more of them than the partner
    assert expected.sum() > 50
    assert ((after["overflow_pool"] == "vendor") == expected).all()
    assert after.loc[expected, "overflow_after_s"].eq(45.0).all()
    assert after.loc[~expected, "overflow_after_s"].isna().all()


@pytest.mark.parametrize("fmt", ["jdm", "dmn", "connect", "genesys", "taskrouter", "csv"])
def test_targets_that_cannot_send_shares_carry_it_out(fmt: str) -> None:
    made = make_export(with_waiting_overflow(RULES, 45.0), fmt)
    assert all(proof.holds for proof in prove(made, contacts()))
    assert not any("overflow by interval" in line for line in made.lossy)
    assert not any("overflow_after_s" in line and "not" in line for line in made.lossy if fmt in ("jdm", "dmn", "csv"))


def test_what_cannot_be_turned_is_refused() -> None:
    with pytest.raises(PlanError, match="plan p sends no contacts over"):
        with_waiting_overflow(RuleSet("p", RULES.rows), 45.0)
    with pytest.raises(PlanError, match="after 0 s"):
        with_waiting_overflow(RULES, 0.0)
    own = planned({"pool": "phone", "overflow_pool": "desk", "overflow_after_s": 5.0})
    with pytest.raises(PlanError, match="rule 1 has an overflow of its own"):
        with_waiting_overflow(own, 45.0)
