"""Rule sets as a Genesys Cloud decision table: rules schema, table, rows and import job, and the queues behind it."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planner.errors import PlanError
from planner.routing.check import refuse
from planner.routing.columns import Columns, first_true
from planner.routing.facts import LABELS
from planner.routing.priority import from_vendor, to_vendor
from planner.routing.table import Rule
from planner.routing.targets.bundle import Bundle, Job, as_json, not_carried

ATTRIBUTES_MAX, STRINGS_MAX, DECIMALS_MAX = 30, 20, 10
TABLE_FILE, ROWS_FILE = "2-decision-table.json", "3-rows.json"
CARRIES = ("rule", "pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s", "skill", "level")
ANYTHING = {"special": "Wildcard"}
_OUTPUT_TYPES = {
    "rule": "integer",
    "pool": "queue",
    "priority": "integer",
    "channel_offer": "string",
    "overflow_pool": "queue",
    "overflow_after_s": "number",
    "skill": "string",
    "level": "integer",
}


def export_genesys(job: Job) -> Bundle:
    """Write schema, table, rows and import job.

    The comparator belongs to the column, not to the cell: a range takes two columns of its fact (>= and <), and a rule
    for several names takes one row per combination of them. Queues are set to strict priority (`PriorityOnly`), as the
    plan assumes; aging is another policy.

    Raises
    ------
    PlanError
        More than 30 attributes or 20 strings, or a number with more than 10 decimals.
    """
    inputs = _inputs(job)
    outputs = [name for name in CARRIES if name in ("rule", *job.rules.actions)]
    _check_limits(job, inputs, outputs)
    rows = [row for rule in job.table for row in _rows(rule, inputs, outputs, job)]
    for index, row in enumerate(rows, 1):
        row["rowIndex"] = index
    name = f"routing-{job.rules.plan}-{job.platform}"
    setting = job.binding.ids.get("settings", {})
    table = {
        "name": name,
        "description": f"routing rules of {job.rules.plan}, run {job.manifest_hash}",
        "divisionId": job.binding.id("settings", "division_id"),
        "schemaId": job.binding.id("settings", "schema_id"),
        "columns": {"inputs": [_input(key, fact, how, job) for key, fact, how in inputs], "outputs": _outputs(outputs)},
    }
    files = {
        "1-rules-schema.json": as_json(_schema(name, inputs, outputs, job)),
        TABLE_FILE: as_json(table),
        ROWS_FILE: as_json(rows),
        "4-import-job.json": as_json({"importMode": "Replace", "rowsFile": ROWS_FILE, "target": "draft"}),
        "0-queues.json": as_json([_queue(pool) for pool in job.own_pools()]),
    }
    unbound = [pool for pool in job.pools() if not job.binding.has("pools", pool)]
    unbound += [one for one in ("division_id", "schema_id") if one not in setting]
    lossy = not_carried(job, tuple(outputs), "set it on the queue or its agents")
    return Bundle(files, tuple(outputs), tuple(lossy), tuple(unbound), "executed by our interpreter")


def _inputs(job: Job) -> list[tuple[str, str, str]]:
    """Columns as (id, fact, comparator)."""
    asked = job.used()
    columns = [(fact, fact, "Equals") for fact in asked["labels"]]
    for fact in asked["ranges"]:
        columns += [(f"{fact}_from", fact, "GreaterThanOrEquals"), (f"{fact}_to", fact, "LessThan")]
    return columns


def _check_limits(job: Job, inputs: Sequence[tuple[str, str, str]], outputs: Sequence[str]) -> None:
    attributes = {fact for _, fact, _ in inputs} | set(outputs)
    strings = sum(fact in LABELS or _OUTPUT_TYPES.get(fact) == "string" for fact in attributes)
    faults = []
    if len(attributes) > ATTRIBUTES_MAX:
        faults.append(f"{len(attributes)} attributes; a table takes {ATTRIBUTES_MAX}")
    if strings > STRINGS_MAX:
        faults.append(f"{strings} attributes of text; a table takes {STRINGS_MAX}")
    for rule in job.table:
        numbers = [end for pair in rule.ranges.values() for end in pair if not math.isinf(end)]
        numbers += [rule.actions["overflow_after_s"] or 0.0]
        faults += [
            f"rule {rule.number}: {number!r} has more than {DECIMALS_MAX} decimals; round it"
            for number in numbers
            if round(number, DECIMALS_MAX) != number
        ]
    refuse("Genesys decision table", faults)


def _schema(name: str, inputs: Sequence[tuple[str, str, str]], outputs: Sequence[str], job: Job) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for _, fact, _ in inputs:
        properties[job.binding.attribute(fact)] = {"title": fact, "type": "string" if fact in LABELS else "number"}
    for output in outputs:
        properties[f"out_{output}"] = {"title": output, "type": _OUTPUT_TYPES[output]}
    return {"name": f"{name}-schema", "enabled": True, "jsonSchema": {"type": "object", "properties": properties}}


def _input(key: str, fact: str, comparator: str, job: Job) -> dict[str, Any]:
    expression = {"contractual": {"schemaPropertyKey": job.binding.attribute(fact)}, "comparator": comparator}
    return {"id": f"in_{key}", "defaultsTo": dict(ANYTHING), "expression": expression}


def _outputs(outputs: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"out_{name}",
            "defaultsTo": {"special": "Null"},
            "value": {"schemaPropertyKey": f"out_{name}"},
        }
        for name in outputs
    ]


def _rows(rule: Rule, inputs: Sequence[tuple[str, str, str]], outputs: Sequence[str], job: Job) -> list[dict[str, Any]]:
    """One row per combination of a rule's names."""
    given = _literals(rule, outputs, job)
    rows = []
    for names in itertools.product(*rule.labels.values()):
        cells: dict[str, Any] = {}
        one_of = dict(zip(rule.labels, names, strict=True))
        for key, fact, comparator in inputs:
            low, high = rule.ranges.get(fact, (-math.inf, math.inf))
            end = low if comparator == "GreaterThanOrEquals" else high
            if fact in one_of:
                cells[f"in_{key}"] = {"literal": {"string": job.binding.value(fact, one_of[fact])}}
            elif fact in rule.ranges and not math.isinf(end):
                cells[f"in_{key}"] = {"literal": {"number": end}}
            else:
                cells[f"in_{key}"] = {"literal": dict(ANYTHING)}
        rows.append({"rowIndex": 0, "inputs": cells, "outputs": given})
    return rows


def _literals(rule: Rule, outputs: Sequence[str], job: Job) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in outputs:
        value = rule.number if name == "rule" else rule.actions[name]
        if value is None:
            literal: dict[str, Any] = {"special": "Null"}
        elif name == "priority":
            literal = {"integer": to_vendor("genesys", value, job.last)}
        elif _OUTPUT_TYPES[name] == "queue":
            literal = {"string": job.binding.id("pools", str(value))}
        else:
            literal = {_OUTPUT_TYPES[name]: value}
        found[f"out_{name}"] = {"literal": literal}
    return found


def _queue(pool: str) -> dict[str, Any]:
    """Queue settings the plan assumes; everything else stays as it is."""
    return {"name": pool, "scoringMethod": "PriorityOnly", "skillEvaluationMethod": "ALL"}


def run_genesys(files: Mapping[str, str], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Execute the table: rows from top to bottom, conditions of a row all met, case-sensitive; the top match counts."""
    table, rows = json.loads(files[TABLE_FILE]), json.loads(files[ROWS_FILE])
    asks = {
        one["id"]: (one["expression"]["contractual"]["schemaPropertyKey"], one["expression"]["comparator"])
        for one in table["columns"]["inputs"]
    }
    back = {job.binding.id("pools", pool): pool for pool in job.pools()}
    ordered = sorted(rows, key=lambda row: row["rowIndex"])
    tests = []
    for row in ordered:
        hit = np.ones(columns.size, dtype=bool)
        for key, cell in row["inputs"].items():
            hit &= _meets(cell["literal"], *asks[key], columns)
        tests.append(hit)
    answers = [_answer(row["outputs"], back, job) for row in ordered]
    return [answers[k] for k in first_true(tests, columns.size)]


def _meets(literal: Mapping[str, Any], fact: str, comparator: str, columns: Columns) -> Any:
    if literal == ANYTHING:
        return np.ones(columns.size, dtype=bool)
    if comparator == "Equals" and "string" in literal:
        return columns.equal(fact, literal["string"])
    if comparator in ("GreaterThanOrEquals", "LessThan") and "number" in literal:
        value = columns.number(fact)
        return value >= literal["number"] if comparator == "GreaterThanOrEquals" else value < literal["number"]
    raise PlanError(f"Genesys decision table: {comparator} {literal} is not known here")


def _answer(outputs: Mapping[str, Any], back: Mapping[str, str], job: Job) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for key, cell in outputs.items():
        name, literal = key.removeprefix("out_"), cell["literal"]
        value = None if literal.get("special") == "Null" else next(iter(literal.values()))
        if value is not None and _OUTPUT_TYPES[name] == "queue":
            value = back[value]
        answer[name] = (
            from_vendor("genesys", int(value), job.last) if name == "priority" and value is not None else value
        )
    return answer
