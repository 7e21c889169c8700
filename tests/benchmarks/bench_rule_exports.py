"""Do exported files decide as the rules do? Random rule sets by the thousand, and contacts by the 100,000.

Rule sets hold hostile names (quotes, tags, formulas, right-to-left text, 200 characters), shares, value ranges, several
names in a condition, skills and overflow. A refusal with its reason counts as agreement: nothing wrong is written.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/unit/planner/routing")]

from random_rules import HOSTILE, TAME, random_contacts, random_rules  # noqa: E402

from planner.errors import PlanError  # noqa: E402
from planner.history import load_history, routing_shares  # noqa: E402
from planner.routing import FORMATS, RuleSet, make_export, prove  # noqa: E402
from planner.routing.export import TARGETS  # noqa: E402
from planner.routing.past import past_contacts  # noqa: E402
from planner.routing.sources.seen import rules_seen  # noqa: E402

REPORT = Path(__file__).with_name("rule_exports.md")
EXECUTED = [fmt for fmt in FORMATS if TARGETS[fmt].run is not None]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or "nowhere")
SETS, CONTACTS = 2_000, 100_000
NAMES = st.lists(
    st.sampled_from(HOSTILE)
    | st.sampled_from(TAME)
    | st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda name: name != "*"),
    min_size=5,
    max_size=9,
    unique=True,
)


@pytest.fixture(scope="module", autouse=True)
def report() -> None:
    """Begin the report anew."""
    REPORT.write_text("# Exports against the rules\n\n" + __doc__.split("\n\n")[1] + "\n")


def add(title: str, head: list[str], rows: list[list[str]]) -> None:
    lines = [f"\n## {title}\n", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    text = "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
    with REPORT.open("a") as file:
        file.write(text)
    print(text)


def test_random_rule_sets() -> None:
    seen: Counter[tuple[str, str]] = Counter()

    @settings(
        max_examples=SETS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )
    @given(NAMES, st.integers(0, 10**9), st.integers(1, 8), st.booleans())
    def decide(names: list[str], seed: int, rows: int, rich: bool) -> None:
        rules, contacts = random_rules(seed, rows, names, rich), random_contacts(seed + 1, 60, names)
        for fmt in EXECUTED:
            try:
                made = make_export(rules, fmt)
            except PlanError:
                seen[fmt, "refused"] += 1
                continue
            proof = prove(made, contacts)[0]
            seen[fmt, "agreed" if proof.holds else "differs"] += 1
            assert proof.holds, proof.words()

    decide()
    rows = [[fmt, *(f"{seen[fmt, kind]:,}" for kind in ("agreed", "refused", "differs"))] for fmt in EXECUTED]
    add(f"{SETS:,} random rule sets, 60 contacts each", ["format", "agreed", "refused", "differ"], rows)
    assert not [key for key in seen if key[1] == "differs"]


def raced(rules: RuleSet, contacts) -> list[list[str]]:
    rows = []
    for fmt in EXECUTED:
        try:
            made = make_export(rules, fmt)
        except PlanError as err:
            rows.append([fmt, "refused", str(err).splitlines()[0][:60], ""])
            continue
        began = time.process_time()
        proof = prove(made, contacts)[0]
        assert proof.holds, proof.words()
        rows.append([fmt, f"{proof.agreed:,}", f"{proof.contacts:,}", f"{time.process_time() - began:.1f}"])
    return rows


def test_a_hundred_thousand_random_contacts() -> None:
    rules, contacts = random_rules(3, 20, TAME, False), random_contacts(4, CONTACTS, TAME)
    add(f"{CONTACTS:,} random contacts, 21 rules", ["format", "agree", "of", "CPU s"], raced(rules, contacts))


@pytest.mark.skipif(not (DATA / "bank_calls_feb1999.parquet").exists(), reason="set PLANNER_EVAL_DATA")
def test_the_real_bank() -> None:
    """Rules inferred from February 1999, with a priority by segment on top, over all its calls."""
    mapping = ROOT / "scenarios/mappings/bank_calls_feb1999.yaml"
    history = load_history(DATA / "bank_calls_feb1999.parquet", mapping)
    rules = rules_seen(routing_shares(history))
    classes = {"high": 0, "regular": 1}
    rows = rules.rows.assign(priority=[classes.get(str(s), 1) for s in rules.rows["segment"]])
    starts = [f"1999-02-{day:02d}T{hour:02d}:00" for day in range(1, 8) for hour in range(7, 24)]
    contacts = past_contacts(history, starts)
    add("bank_calls_feb1999, all calls", ["format", "agree", "of", "CPU s"], raced(RuleSet("bank", rows), contacts))
