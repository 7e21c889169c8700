"""Rule sets as GoRules JDM: first-hit decision tables that zen-engine and the GoRules editor open."""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.routing.check import check_rules
from planner.routing.columns import Columns
from planner.routing.facts import ANY, LABELS, OPEN, RANGES
from planner.routing.overflow import Overflow
from planner.routing.ruleset import RuleSet
from planner.routing.table import Rule
from planner.routing.targets.bundle import Bundle, Job, as_json

INPUTS = ("entry_reason", "channel", "segment", "offer_bucket", "pool_bucket")
"""Facts of a contact that every decision table reads, in column order; others follow where rules ask about them."""

FILE = "rules.json"
AT_ONCE = 1_000
"""Contacts the engine is asked about together."""
_Contact = tuple[tuple[str, Any], ...]
_SENT = ("pool", "interval", "overflow_bucket")
_KINDS = ("pool", "sent_to", "entry_reason", "segment")


def export_jdm(job: Job) -> Bundle:
    """Write the rules as one JDM file; it says everything a rule set says."""
    document = to_jdm(job.rules, job.manifest_hash)
    checked = "every cell validated by zen-engine" if _zen() else "cells not validated: zen-engine is not installed"
    return Bundle({FILE: as_json(document)}, ("rule", *job.rules.actions), checked=checked)


def run_jdm(files: Mapping[str, str], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Ask zen-engine for the decision of every contact.

    Raises
    ------
    PlanError
        zen-engine is not installed.
    """
    zen = _zen()
    if zen is None:
        raise PlanError("the JDM cannot be executed here: install zen-engine")
    decision = zen.ZenEngine().create_decision(files[FILE])
    keys = [tuple(record.items()) for record in columns.records()]
    asked = list(dict.fromkeys(keys))
    # In a thread of its own: a notebook's has an event loop already.
    with ThreadPoolExecutor(1) as apart:
        given = apart.submit(asyncio.run, _decided(decision, asked)).result()
    known = dict(zip(asked, given, strict=True))
    return [known[key] for key in keys]


async def _decided(decision: Any, asked: Sequence[_Contact]) -> list[Mapping[str, Any]]:
    """Decisions of contacts, many at a time: the engine starts two threads for each that it is asked alone."""
    found: list[Mapping[str, Any]] = []
    for first in range(0, len(asked), AT_ONCE):
        answers = (decision.async_evaluate(dict(key)) for key in asked[first : first + AT_ONCE])
        found += [answer["result"] for answer in await asyncio.gather(*answers)]
    return found


def to_jdm(rules: RuleSet, manifest_hash: str = "") -> dict[str, Any]:
    """Turn a rule set into a JDM document: input, decision tables (hit policy first), output.

    Overflow adds two tables behind the rules: where the contact's interval and `overflow_bucket` would send it, and
    whether its type may go there.

    A broken cell of a decision table neither fails at load nor at run, it silently never matches; so every cell is
    checked with zen-engine here where it is installed, and a rule set without a default row is refused.

    Parameters
    ----------
    manifest_hash
        Hash of the run's manifest, carried in the document beside the plan's id.

    Raises
    ------
    PlanError
        A name holds all three kinds of quotes, a cell is not valid, or the rules are not fit for a router.
    """
    check_rules(rules)
    asked = {fact for rule in rules.table for fact in (*rule.labels, *rule.ranges)}
    inputs = (*INPUTS, *(fact for fact in (*LABELS, *RANGES) if fact in asked and fact not in INPUTS))
    outputs = ("rule", *rules.actions)
    first = _table(inputs, outputs, [_row(rule, inputs) for rule in rules.table], rules.overflow is not None)
    steps = [("rules", f"routing rules of {rules.plan}", first)]
    if rules.overflow is not None:
        sent = _table(_SENT, ("sent_to",), _sent_rows(rules.overflow), True)
        kinds = _table(_KINDS, outputs, _kind_rows(rules.overflow, outputs), False)
        steps += [("overflow", f"overflow of {rules.plan}", sent), ("overflow_types", "who may be sent", kinds)]
    for _, _, table in steps:
        _check_cells(rules.plan, table["rules"])
    nodes = [_node("input", "contact", "inputNode", 0, {"schema": ""})]
    nodes += [_node(key, name, "decisionTableNode", 320 * (k + 1), t) for k, (key, name, t) in enumerate(steps)]
    nodes.append(_node("output", "decision", "outputNode", 320 * (len(steps) + 1), {}))
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": nodes,
        "edges": [_edge(str(a["id"]), str(b["id"])) for a, b in pairwise(nodes)],
        "metadata": {"plan": rules.plan, "manifest_hash": manifest_hash},
    }


def _zen() -> Any:
    try:
        return importlib.import_module("zen")
    except ImportError:
        return None


def _table(
    inputs: Sequence[str], outputs: Sequence[str], rows: list[dict[str, str]], pass_through: bool
) -> dict[str, Any]:
    """Return a decision table; with `pass_through` the next node sees the contact too, not only the outputs."""
    return {
        "hitPolicy": "first",
        "passThrough": pass_through,
        "inputs": [{"id": f"in_{name}", "name": name, "field": name} for name in inputs],
        "outputs": [{"id": f"out_{name}", "name": name, "field": name} for name in outputs],
        "rules": rows,
    }


def _row(rule: Rule, inputs: Sequence[str]) -> dict[str, str]:
    cells = {"_id": f"rule_{rule.number}", "_description": rule.why}
    for fact in inputs:
        if fact in rule.labels:
            cells[f"in_{fact}"] = _names(rule.labels[fact])
        else:
            cells[f"in_{fact}"] = range_cell(fact, *rule.ranges[fact]) if fact in rule.ranges else ""
    cells["out_rule"] = str(rule.number)
    for name, value in rule.actions.items():
        cells[f"out_{name}"] = _output(value)
    return cells


def _names(wanted: Sequence[str]) -> str:
    """Write one name or a list; a bare `'a','b'` matches too, but the engine's own check of cells refuses it."""
    cells = [quote(name) for name in wanted]
    return cells[0] if len(cells) == 1 else f"[{','.join(cells)}]"


def _sent_rows(overflow: Overflow) -> list[dict[str, str]]:
    """Where interval and bucket send the contacts of a pool; nowhere by default."""
    cells = [
        {
            "_id": f"sent_{number}",
            "in_pool": quote(str(row["from_pool"])),
            "in_interval": quote(str(row["interval"])),
            "in_overflow_bucket": range_cell("pool_bucket", float(row["bucket_from"]), float(row["bucket_to"])),
            "out_sent_to": quote(str(row["to_pool"])),
        }
        for number, row in enumerate(overflow.shares.to_dict("records"), 1)
    ]
    return [*cells, {"_id": "stays", **{f"in_{name}": "" for name in _SENT}, "out_sent_to": "null"}]


def _kind_rows(overflow: Overflow, outputs: Sequence[str]) -> list[dict[str, str]]:
    """Pool and priority of contacts whose type may be sent; all others keep what the rules said."""
    kept = {f"out_{name}": name for name in outputs}
    cells = [
        {
            "_id": f"type_{number}",
            "in_pool": quote(str(row["from_pool"])),
            "in_sent_to": quote(str(row["to_pool"])),
            "in_entry_reason": quote(str(row["entry_reason"])),
            "in_segment": "" if row["segment"] == ANY else quote(str(row["segment"])),
            **kept,
            "out_pool": quote(str(row["to_pool"])),
            "out_priority": str(int(row["priority"])),
        }
        for number, row in enumerate(_own_segment_first(overflow.types), 1)
    ]
    return [*cells, {"_id": "kept", **{f"in_{name}": "" for name in _KINDS}, **kept}]


def _own_segment_first(types: pd.DataFrame) -> list[dict[Any, Any]]:
    """Rows of one segment before those of any, as `Overflow.priority` reads them."""
    return types.assign(any_=types["segment"] == ANY).sort_values("any_", kind="stable").to_dict("records")


def quote(name: str) -> str:
    """Quote a name for a JDM cell by its content; the expression language knows no escaped quotes."""
    for mark in ("'", '"'):
        if mark not in name:
            return f"{mark}{name}{mark}"
    if "`" in name or "${" in name:
        raise PlanError(f"name {name!r} cannot be written as a JDM cell: it holds ', \" and ` (or ${{); rename it")
    return f"`{name}`"


def range_cell(fact: str, low: float, high: float) -> str:
    """Write a half-open range; ends that bound nothing are left out."""
    first, last = OPEN[fact]
    if low <= first and high >= last:
        return ""
    if math.isinf(low) or math.isinf(high):
        return f"$ < {decimal(high)}" if math.isinf(low) else f"$ >= {decimal(low)}"
    return f"[{decimal(low)}..{decimal(high)})"


def decimal(value: float) -> str:
    """Write a number without an exponent, as exactly as it reads back."""
    return np.format_float_positional(value, trim="-")


def _output(value: Any) -> str:
    if value is None:
        return "null"
    return quote(value) if isinstance(value, str) else decimal(float(value))


def _check_cells(plan: str, rules: list[dict[str, str]]) -> None:
    zen = _zen()
    if zen is None:
        return
    for rule in rules:
        for key, cell in rule.items():
            check = {"in": zen.validate_unary_expression, "out": zen.validate_expression}.get(key.partition("_")[0])
            fault = check(cell) if check and cell else None
            if fault:
                raise PlanError(f"plan {plan!r}, {rule['_id']}, {key} = {cell}: not a valid JDM cell ({fault})")


def _node(key: str, name: str, kind: str, x: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"id": key, "name": name, "type": kind, "position": {"x": x, "y": 120}, "content": content}


def _edge(source: str, target: str) -> dict[str, str]:
    return {"id": f"{source}_{target}", "sourceId": source, "targetId": target, "type": "edge"}
