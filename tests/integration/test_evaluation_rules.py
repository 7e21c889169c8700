"""Rules at a real bank: inferred from its calls, with a priority by segment, and decided alike by every export."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planner.history import load_history, routing_shares
from planner.routing import RuleSet, make_export, prove
from planner.routing.past import past_contacts
from planner.routing.replay import replay
from planner.routing.sources.seen import rules_seen

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or ROOT.parent / "shared" / "data").resolve()
CALLS = DATA / "bank_calls_feb1999.parquet"
FAST = ("dmn", "connect", "genesys", "taskrouter", "csv")

pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not CALLS.exists(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data"),
]


def test_every_call_of_a_month_is_decided_alike_and_unidentified_callers_have_no_value() -> None:
    history = load_history(CALLS, ROOT / "scenarios/mappings/bank_calls_feb1999.yaml")
    rows = rules_seen(routing_shares(history)).rows
    assert set(rows["pool"]) == {"agents"}
    preferred = rows["segment"] == "high"
    assert preferred.sum() >= 3
    rules = RuleSet("bank", rows.assign(priority=[0 if one else 1 for one in preferred]))
    starts = [f"1999-02-{day:02d}T{hour:02d}:00" for day in range(1, 8) for hour in range(7, 24)]
    contacts = past_contacts(history, starts)
    assert len(contacts) > 30_000
    for fmt in FAST:
        proof = prove(make_export(rules, fmt), contacts)[0]
        assert (proof.agreed, proof.contacts) == (len(contacts), len(contacts)), fmt
    pytest.importorskip("zen", reason="zen-engine is not installed")
    assert prove(make_export(rules, "jdm"), contacts.tail(3000))[0].agreed == 3000
    unknown = contacts["customer_id"].isna()
    assert 0.4 < unknown.mean() < 0.7
    decided = replay(rules, contacts)["priority"]
    assert (decided[unknown] == 1).all()
    assert (decided[~unknown] == 0).sum() == (contacts["segment"][~unknown] == "high").sum() > 1000
