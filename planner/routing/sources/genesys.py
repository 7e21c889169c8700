"""Genesys Cloud configuration in: queues by name, and a decision table as rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from planner.routing.check import refuse
from planner.routing.facts import ANY, LABELS, RANGES
from planner.routing.priority import from_vendor
from planner.routing.ruleset import RuleSet
from planner.routing.table import ACTIONS, NUMBERS

_RANGE_ENDS = {"GreaterThanOrEquals": 0, "LessThan": 1}


def genesys_queues(document: Any) -> dict[str, str]:
    """Return queue name -> id of a list of queues (`entities`)."""
    entities = document.get("entities", []) if isinstance(document, Mapping) else document
    return {str(one["name"]): str(one["id"]) for one in entities if "name" in one and "id" in one}


def rules_from_genesys(
    table: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], queues: Mapping[str, str], plan: str = "imported"
) -> RuleSet:
    """Read a decision table as a rule set.

    Parameters
    ----------
    table
        As created: `columns.inputs` with their comparators, `columns.outputs`.
    rows
        `rowIndex, inputs, outputs` with literals.
    queues
        Queue name -> id; ids nobody names stay as they are.

    Raises
    ------
    PlanError
        With the list: comparators or facts that rules here do not have.
    """
    asks, faults = {}, []
    for column in table["columns"]["inputs"]:
        fact = str(column["expression"]["contractual"]["schemaPropertyKey"])
        comparator = str(column["expression"]["comparator"])
        known = (fact in LABELS and comparator == "Equals") or (fact in RANGES and comparator in _RANGE_ENDS)
        if not known:
            faults.append(f"column {column['id']}: {fact} {comparator} is not a condition of rules here")
        asks[str(column["id"])] = (fact, comparator)
    refuse("this decision table cannot be read as rules", faults)
    outputs = {str(c["id"]): str(c["value"]["schemaPropertyKey"]).removeprefix("out_") for c in _outputs(table)}
    names = {number: name for name, number in queues.items()}
    ordered = sorted(rows, key=lambda row: int(row["rowIndex"]))
    said = [_said(row, outputs, names) for row in ordered]
    last = max((int(one["priority"] or 0) for one in said), default=0) // 10
    made = [_row(k, row, asks, one, last) for k, (row, one) in enumerate(zip(ordered, said, strict=True), 1)]
    frame = pd.DataFrame(made)
    return RuleSet(plan, frame.astype(object).where(frame.notna(), None))


def _outputs(table: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return list(table["columns"]["outputs"])


def _literal(cell: Mapping[str, Any]) -> Any:
    literal = cell["literal"]
    return None if "special" in literal else next(iter(literal.values()))


def _said(row: Mapping[str, Any], outputs: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = dict.fromkeys(ACTIONS)
    for key, cell in row["outputs"].items():
        name, value = outputs[key], _literal(cell)
        said[name] = names.get(str(value), value) if name in ("pool", "overflow_pool") and value is not None else value
    return said


def _row(
    number: int, row: Mapping[str, Any], asks: Mapping[str, tuple[str, str]], said: Mapping[str, Any], last: int
) -> dict[str, Any]:
    made: dict[str, Any] = {"rule": number} | dict.fromkeys(LABELS, ANY)
    made |= {"offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0}
    for key, cell in row["inputs"].items():
        fact, comparator = asks[key]
        value = _literal(cell)
        if value is None:
            continue
        if comparator == "Equals":
            made[fact] = str(value)
        else:
            made[RANGES[fact][_RANGE_ENDS[comparator]]] = float(value)
    actions = {name: value for name, value in said.items() if name != "rule"}
    actions["priority"] = from_vendor("genesys", int(said["priority"] or 0), last)
    for name in NUMBERS:
        if isinstance(actions.get(name), float) and math.isnan(actions[name]):
            actions[name] = None
    return made | actions | {"why": "imported"}
