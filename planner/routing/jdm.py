"""Rule sets as GoRules JDM: first-hit decision tables that zen-engine and the GoRules editor open."""

from __future__ import annotations

import importlib
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from planner.errors import PlanError
from planner.routing.overflow import Overflow
from planner.routing.ruleset import ACTIONS, ANY, RuleSet

INPUTS = ("entry_reason", "channel", "segment", "offer_bucket", "pool_bucket")
"""Facts of a contact the decision table reads, in column order."""

_SENT = ("pool", "interval", "overflow_bucket")
_KINDS = ("pool", "sent_to", "entry_reason", "segment")
_RANGES = {"offer_bucket": ("offer_from", "offer_to"), "pool_bucket": ("pool_from", "pool_to")}


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
        A name holds all three kinds of quotes, a cell is not valid, or the last row is not a default row.
    """
    rows = rules.rows.to_dict("records")
    _check_default(rules.plan, rows)
    first = _table(INPUTS, ("rule", *ACTIONS), [_rule(row) for row in rows], rules.overflow is not None)
    steps = [("rules", f"routing rules of {rules.plan}", first)]
    if rules.overflow is not None:
        sent = _table(_SENT, ("sent_to",), _sent_rows(rules.overflow), True)
        kinds = _table(_KINDS, ("rule", *ACTIONS), _kind_rows(rules.overflow), False)
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


def _table(
    inputs: tuple[str, ...], outputs: tuple[str, ...], rows: list[dict[str, str]], pass_through: bool
) -> dict[str, Any]:
    """Return a decision table; with `pass_through` the next node sees the contact too, not only the outputs."""
    return {
        "hitPolicy": "first",
        "passThrough": pass_through,
        "inputs": [{"id": f"in_{name}", "name": name, "field": name} for name in inputs],
        "outputs": [{"id": f"out_{name}", "name": name, "field": name} for name in outputs],
        "rules": rows,
    }


def _sent_rows(overflow: Overflow) -> list[dict[str, str]]:
    """Where interval and bucket send the contacts of a pool; nowhere by default."""
    cells = [
        {
            "_id": f"sent_{number}",
            "in_pool": quote(str(row["from_pool"])),
            "in_interval": quote(str(row["interval"])),
            "in_overflow_bucket": _range(row, "bucket_from", "bucket_to"),
            "out_sent_to": quote(str(row["to_pool"])),
        }
        for number, row in enumerate(overflow.shares.to_dict("records"), 1)
    ]
    return [*cells, {"_id": "stays", **{f"in_{name}": "" for name in _SENT}, "out_sent_to": "null"}]


def _kind_rows(overflow: Overflow) -> list[dict[str, str]]:
    """Pool and priority of contacts whose type may be sent; all others keep what the rules said."""
    kept = {f"out_{name}": name for name in ("rule", *ACTIONS)}
    cells = [
        {
            "_id": f"type_{number}",
            "in_pool": quote(str(row["from_pool"])),
            "in_sent_to": quote(str(row["to_pool"])),
            "in_entry_reason": quote(str(row["entry_reason"])),
            "in_segment": _label(row["segment"]),
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


def _rule(row: dict[Any, Any]) -> dict[str, str]:
    cells = {"_id": f"rule_{row['rule']}", "_description": str(row.get("why") or "")}
    for name in INPUTS:
        cells[f"in_{name}"] = _range(row, *_RANGES[name]) if name in _RANGES else _label(row[name])
    cells["out_rule"] = str(int(row["rule"]))
    for name in ACTIONS:
        cells[f"out_{name}"] = _output(row[name])
    return cells


def _label(value: Any) -> str:
    return "" if value == ANY else quote(str(value))


def _range(row: dict[Any, Any], low: str, high: str) -> str:
    start, end = float(row[low]), float(row[high])
    return "" if start <= 0.0 and end >= 1.0 else f"[{_number(start)}..{_number(end)})"


def _number(value: float) -> str:
    return np.format_float_positional(value, trim="-")


def _output(value: Any) -> str:
    if pd.isna(value):
        return "null"
    if isinstance(value, str):
        return quote(value)
    return _number(float(value))


def _check_default(plan: str, rows: list[dict[Any, Any]]) -> None:
    last = _rule(rows[-1]) if rows else {}
    if not rows or any(last[f"in_{name}"] for name in INPUTS):
        raise PlanError(f"rules of plan {plan!r} have no default row; the last row must match every contact")


def _check_cells(plan: str, rules: list[dict[str, str]]) -> None:
    try:
        zen = importlib.import_module("zen")
    except ImportError:
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
