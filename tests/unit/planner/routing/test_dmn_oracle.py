"""DMN: valid against the standard's schema, and a full DMN engine decides as our evaluator of the subset does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from random_rules import TAME, random_contacts, random_rules

from planner.routing import make_export
from planner.routing.columns import columns_of
from planner.routing.targets.dmn import FILE, run_dmn

SAFE = tuple(name for name in TAME if name not in ("-", "null", "=1+1"))


def test_files_are_valid_against_the_schema_of_dmn_1_3() -> None:
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    spec = importlib.util.find_spec("SpiffWorkflow")
    if spec is None or spec.origin is None:
        pytest.skip("SpiffWorkflow, which carries DMN13.xsd, is not installed")
    path = next(Path(spec.origin).parent.rglob("DMN13.xsd"))
    schema = etree.XMLSchema(etree.parse(str(path)))
    for seed in range(4):
        text = make_export(random_rules(seed, 8, SAFE), "dmn").files[FILE]
        assert schema.validate(etree.fromstring(text.encode())), schema.error_log
        broken = text.replace('hitPolicy="FIRST"', 'hitPolicy="FIRSTLY"')
        assert not schema.validate(etree.fromstring(broken.encode()))


@pytest.mark.slow
def test_a_full_dmn_engine_decides_alike() -> None:
    """pyDMNrules on distinct contacts; it loads slowly (its grammar), so this is the only test that does."""
    engine = pytest.importorskip("pyDMNrules", reason="pyDMNrules is not installed")
    compared = 0
    for seed in range(2):
        made = make_export(random_rules(seed, 7, SAFE), "dmn")
        job, text = made.jobs["main"], made.files[FILE]
        loaded = engine.DMN()
        assert not loaded.useXML(text)
        contacts = random_contacts(seed + 9, 60, SAFE)
        contacts["offer_bucket"] = np.random.default_rng(seed).integers(0, 10_000, 60) / 10_000
        contacts["pool_bucket"] = np.random.default_rng(seed + 1).integers(0, 10_000, 60) / 10_000
        columns = columns_of(contacts)
        asked = {f for rule in job.table for f in (*rule.labels, *rule.ranges)}
        for facts, ours in zip(columns.records(), run_dmn({FILE: text}, columns, job), strict=True):
            status, answer = loaded.decide({name: value for name, value in facts.items() if name in asked})
            assert not status
            found = answer["Result"] if isinstance(answer, dict) else answer[-1]["Result"]
            assert {name: found[name] for name in ours} == ours
            compared += 1
    assert compared == 120
