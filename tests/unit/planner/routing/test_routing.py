"""Rules come out of every door alike: decide, replay, zen-engine on the JDM, and a harmless CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlanError
from planner.routing import RuleSet, bucket, export_rules, to_jdm
from planner.routing.export_cells import safe_text
from planner.routing.facts import BUCKETS
from planner.routing.overflow import SHARES, TYPES, Overflow
from planner.routing.replay import replay
from planner.routing.table import ACTIONS
from planner.routing.targets.jdm import quote

HOSTILE = [
    "it's late",
    'say "hi"',
    "both ' and \"",
    "a, b; c",
    "Überweisung ÄÖß",
    "שלום עולם",
    "=cmd()",
    "-1",
    "x" * 80,
]
LABELS = ("entry_reason", "channel", "segment")
COLUMNS = [
    "rule", "entry_reason", "channel", "segment", "offer_from", "offer_to", "pool_from", "pool_to",
    "pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s", "why",
]  # fmt: skip


def make_rules(seed: int = 0, rows: int = 40) -> RuleSet:
    rng = np.random.default_rng(seed)

    def label() -> str:
        return "*" if rng.random() < 0.4 else str(rng.choice(HOSTILE))

    table = []
    for number in range(1, rows + 1):
        offer, pool = sorted(rng.choice(11, 2, replace=False) / 10), sorted(rng.choice(11, 2, replace=False) / 10)
        over = [str(rng.choice(HOSTILE)), float(rng.integers(300))] if rng.random() < 0.5 else [None, None]
        table.append(
            [number, label(), label(), label(), *offer, *pool, str(rng.choice(HOSTILE)), int(rng.integers(3))]
            + [None if rng.random() < 0.5 else str(rng.choice(HOSTILE)), *over, "because"]
        )
    table.append([rows + 1, "*", "*", "*", 0.0, 1.0, 0.0, 1.0, "general", 1, None, None, None, "default"])
    return RuleSet("p007", pd.DataFrame(table, columns=COLUMNS))


def make_contacts(n: int = 2000, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = np.array([*HOSTILE, None, "never seen"], dtype=object)
    frame = pd.DataFrame({name: pd.Series(rng.choice(names, n), dtype=object) for name in LABELS})
    frame["contact_id"] = [f"c{number}" for number in range(n)]
    return frame


def decisions(rules: RuleSet, contacts: pd.DataFrame) -> list[dict]:
    return [dict(rules.decide(contact)) for contact in contacts.to_dict("records")]


def test_replay_equals_decide_on_two_thousand_contacts() -> None:
    rules, contacts = make_rules(), make_contacts()
    assert replay(rules, contacts).to_dict("records") == decisions(rules, contacts)


def make_overflow(seed: int = 0) -> Overflow:
    """Links between the pools of `make_rules` with up to two ranges per pool and interval."""
    rng, shares, types = np.random.default_rng(seed), [], []
    for source in (*HOSTILE, "general"):
        targets = [t for t in rng.choice(HOSTILE, 2, replace=False) if t != source]
        for hour in range(4):
            edges = np.sort(rng.uniform(0, 1, len(targets) + 1))
            edges[0] = 0.0
            for target, low, high in zip(targets, edges, edges[1:], strict=False):
                shares.append((source, str(target), f"2026-01-05T{hour:02d}:00", high - low, low, high, 1.0))
        for target in targets:
            for reason in rng.choice(HOSTILE, 6, replace=False):
                for segment in ("*",) if rng.random() < 0.5 else rng.choice(HOSTILE, 5, replace=False):
                    types.append((source, str(target), str(reason), str(segment), int(rng.integers(3))))
    return Overflow(pd.DataFrame(shares, columns=list(SHARES)), pd.DataFrame(types, columns=list(TYPES)))


def test_overflow_replayed_equals_decide_and_sends_once() -> None:
    rules = replace(make_rules(5), overflow=make_overflow())
    contacts = make_contacts(3000, 2)
    hours = np.random.default_rng(3).integers(0, 6, len(contacts))
    contacts["interval"] = [f"2026-01-05T{hour:02d}:00" if hour < 5 else None for hour in hours]
    answer = replay(rules, contacts)
    assert answer.to_dict("records") == decisions(rules, contacts)
    before = replay(replace(rules, overflow=None), contacts)
    sent = answer["pool"] != before["pool"]
    assert 100 < sent.sum() < 2000
    assert not sent[hours > 3].any()
    links = set(zip(rules.overflow.shares["from_pool"], rules.overflow.shares["to_pool"], strict=True))
    assert set(zip(before["pool"][sent], answer["pool"][sent], strict=True)) <= links
    assert answer["rule"].equals(before["rule"])
    assert replay(rules, contacts.drop(columns="interval")).equals(before)


def test_overflow_takes_its_share_by_a_bucket_of_its_own() -> None:
    """Of contacts of every offer and pool bucket the stated share goes over, each to its range's pool."""
    rows = pd.DataFrame([[1, "*", "*", "*", 0.0, 1.0, 0.0, 1.0, "a", 1, None, None, None, "all"]], columns=COLUMNS)
    shares = pd.DataFrame(
        [("a", "b", "9", 0.3, 0.0, 0.3, 1.0), ("a", "c", "9", 0.2, 0.3, 0.5, 1.0)], columns=list(SHARES)
    )
    types = pd.DataFrame([("a", "b", "fee", "*", 0), ("a", "c", "fee", "vip", 2)], columns=list(TYPES))
    rules = RuleSet("p", rows, Overflow(shares, types))
    ids = [f"c{k}" for k in range(4000)]
    vip = replay(rules, pd.DataFrame({"contact_id": ids, "entry_reason": "fee", "segment": "vip", "interval": "9"}))
    assert {k: v / 4000 for k, v in vip["pool"].value_counts().items()} == pytest.approx(
        {"a": 0.5, "b": 0.3, "c": 0.2}, abs=0.03
    )
    assert vip.groupby("pool")["priority"].unique().map(list).to_dict() == {"a": [1], "b": [0], "c": [2]}
    plain = replay(rules, pd.DataFrame({"contact_id": ids, "entry_reason": "fee", "segment": "all", "interval": "9"}))
    assert (plain["pool"] == vip["pool"].replace("c", "a")).all()
    other = replay(rules, pd.DataFrame({"contact_id": ids, "entry_reason": "loan", "segment": "vip", "interval": "9"}))
    assert set(other["pool"]) == {"a"}


def test_replay_takes_buckets_where_they_are_given_and_keeps_the_index() -> None:
    rules, contacts = make_rules(3), make_contacts(200)
    contacts.index = contacts.index * 7
    contacts["offer_bucket"] = np.where(contacts.index % 2 == 0, 0.3, np.nan)
    answer = replay(rules, contacts)
    assert list(answer.index) == list(contacts.index)
    expected = [
        rules.decide({**c, "offer_bucket": None if np.isnan(c["offer_bucket"]) else c["offer_bucket"]})
        for c in contacts.to_dict("records")
    ]
    assert answer.to_dict("records") == expected


def test_replay_without_a_reason_column_matches_only_any() -> None:
    rules = make_rules(4)
    answer = replay(rules, make_contacts(300).drop(columns="entry_reason"))
    hit = rules.rows.set_index("rule")["entry_reason"].loc[answer["rule"]]
    assert set(hit) == {"*"}


def test_zen_engine_on_the_jdm_equals_decide() -> None:
    zen = pytest.importorskip("zen", reason="zen-engine is not installed")
    rules, contacts = make_rules(), make_contacts()
    decision = zen.ZenEngine().create_decision(json.dumps(to_jdm(rules)))
    for contact, expected in zip(contacts.to_dict("records"), decisions(rules, contacts), strict=True):
        facts = contact | {name: bucket(contact["contact_id"], name) for name in ("offer_bucket", "pool_bucket")}
        result = decision.evaluate(facts)["result"]
        assert {name: result.get(name) for name in ("rule", *ACTIONS)} == expected


def test_zen_engine_sends_over_as_decide_does() -> None:
    zen = pytest.importorskip("zen", reason="zen-engine is not installed")
    rules, contacts = replace(make_rules(5), overflow=make_overflow()), make_contacts(500, 2)
    hours = np.random.default_rng(3).integers(0, 5, len(contacts))
    known = [f"2026-01-05T{hour:02d}:00" if hour < 4 else None for hour in hours]
    contacts["interval"] = pd.Series(known, dtype=object)
    decision = zen.ZenEngine().create_decision(json.dumps(to_jdm(rules)))
    sent = 0
    for contact, expected in zip(contacts.to_dict("records"), decisions(rules, contacts), strict=True):
        facts = contact | {name: bucket(contact["contact_id"], name) for name in BUCKETS}
        result = decision.evaluate(facts)["result"]
        assert {name: result.get(name) for name in ("rule", *ACTIONS)} == expected
        sent += expected["pool"] != replace(rules, overflow=None).decide(contact)["pool"]
    assert sent > 15


def test_jdm_is_first_hit_and_carries_its_origin() -> None:
    document = to_jdm(make_rules(), "abc123")
    table = document["nodes"][1]["content"]
    assert table["hitPolicy"] == "first"
    assert [column["field"] for column in table["inputs"]] == [
        "entry_reason", "channel", "segment", "offer_bucket", "pool_bucket",
    ]  # fmt: skip
    assert document["metadata"] == {"plan": "p007", "manifest_hash": "abc123"}
    assert all(table["rules"][-1][f"in_{name}"] == "" for name in ("channel", "offer_bucket"))


def test_names_that_hold_all_quotes_are_refused() -> None:
    assert quote("it's") == '"it\'s"'
    assert quote("both ' and \"") == "`both ' and \"`"
    with pytest.raises(PlanError, match="cannot be written as a JDM cell"):
        quote("all ' \" `")
    with pytest.raises(PlanError, match="rename"):
        quote("' \" ${x}")


def test_rules_without_default_row_are_refused() -> None:
    rules = make_rules()
    with pytest.raises(PlanError, match="'p007' have no default row"):
        to_jdm(RuleSet("p007", rules.rows.iloc[:-1]))
    with pytest.raises(PlanError, match="no default row"):
        to_jdm(RuleSet("p007", rules.rows.iloc[:0]))


@pytest.mark.parametrize("fmt", ["jdm", "csv"])
def test_export_writes_one_whole_file_with_its_origin(fmt: str, tmp_path) -> None:
    path = export_rules(make_rules(), fmt, tmp_path / f"rules.{fmt}", "abc123")
    text = path.read_text(encoding="utf-8")
    assert "p007" in text
    assert "abc123" in text
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_csv_is_inert_in_a_spreadsheet_and_keeps_numbers(tmp_path) -> None:
    path = export_rules(make_rules(), "csv", tmp_path / "rules.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 42
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert {row[1] for row in rows[1:]} == {str(number) for number in range(1, 42)}
    assert safe_text(-1.5) == -1.5
    assert safe_text("+49") == "'+49"


def test_unknown_format_and_unwritable_place_are_plan_errors(tmp_path) -> None:
    with pytest.raises(PlanError, match="'xml' is not known; known are jdm, dmn, connect"):
        export_rules(make_rules(), "xml", tmp_path / "x")
    with pytest.raises(PlanError, match="cannot write here"):
        export_rules(make_rules(), "csv", tmp_path / "missing" / "x.csv")
