"""Rule sets as DMN 1.3: one decision table with hit policy FIRST, inside the portable S-FEEL subset."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from planner.errors import PlanError
from planner.routing.columns import Columns, first_true
from planner.routing.facts import LABELS
from planner.routing.table import NUMBERS, Rule
from planner.routing.targets.bundle import Bundle, Job, not_carried
from planner.routing.targets.jdm import decimal
from planner.routing.targets.sfeel import literal, unary_test

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
FILE = "rules.dmn"
_FEEL_FORBIDDEN = '"\\'


def export_dmn(job: Job) -> Bundle:
    """Write the rules as one DMN file.

    Raises
    ------
    PlanError
        A name holds a double quote, a backslash or a control character: engines disagree on how to escape them.
    """
    asked = job.used()
    facts = [*asked["labels"], *asked["ranges"]] or ["channel"]
    outputs = ["rule", *job.rules.actions]
    root = ET.Element("definitions", _head(job))
    for fact in facts:
        data = ET.SubElement(root, "inputData", {"id": f"fact_{fact}", "name": fact})
        ET.SubElement(data, "variable", {"id": f"var_{fact}", "name": fact, "typeRef": _type(fact)})
    decision = ET.SubElement(root, "decision", {"id": "routing", "name": "routing"})
    ET.SubElement(decision, "variable", {"id": "var_routing", "name": "routing"})
    for fact in facts:
        need = ET.SubElement(decision, "informationRequirement", {"id": f"needs_{fact}"})
        ET.SubElement(need, "requiredInput", {"href": f"#fact_{fact}"})
    table = ET.SubElement(decision, "decisionTable", {"id": "rules", "hitPolicy": "FIRST"})
    for fact in facts:
        column = ET.SubElement(table, "input", {"id": f"in_{fact}", "label": fact})
        expression = ET.SubElement(column, "inputExpression", {"id": f"ask_{fact}", "typeRef": _type(fact)})
        ET.SubElement(expression, "text").text = fact
    for name in outputs:
        ET.SubElement(table, "output", {"id": f"out_{name}", "name": name, "typeRef": _type(name)})
    for rule in job.table:
        _rule(table, rule, facts, outputs)
    ET.indent(root)
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
    lossy = not_carried(job, tuple(outputs), "")
    return Bundle({FILE: text}, tuple(outputs), tuple(lossy), checked="executed by our S-FEEL evaluator")


def _head(job: Job) -> dict[str, str]:
    return {
        "xmlns": MODEL,
        "id": "cxfrontier_routing",
        "name": f"routing rules of {_clean(job.rules.plan)}",
        "namespace": "https://cxfrontier.invalid/routing",
        "exporter": "cxfrontier",
        "exporterVersion": job.manifest_hash,
    }


def _type(name: str) -> str:
    return "number" if name in ("rule", *NUMBERS) or (name.endswith("bucket") or name == "value") else "string"


def _rule(table: ET.Element, rule: Rule, facts: list[str], outputs: list[str]) -> None:
    row = ET.SubElement(table, "rule", {"id": f"rule_{rule.number}"})
    if rule.why:
        ET.SubElement(row, "description").text = _clean(rule.why)
    for fact in facts:
        cell = ET.SubElement(row, "inputEntry", {"id": f"r{rule.number}_{fact}"})
        ET.SubElement(cell, "text").text = _test(rule, fact)
    for name in outputs:
        cell = ET.SubElement(row, "outputEntry", {"id": f"r{rule.number}_out_{name}"})
        ET.SubElement(cell, "text").text = _value(rule.number if name == "rule" else rule.actions[name])


def _test(rule: Rule, fact: str) -> str:
    if fact in rule.labels:
        return ",".join(_quoted(name) for name in rule.labels[fact])
    if fact not in rule.ranges:
        return "-"
    low, high = rule.ranges[fact]
    if math.isinf(high):
        return f">= {decimal(low)}"
    return f"< {decimal(high)}" if math.isinf(low) else f"[{decimal(low)}..{decimal(high)})"


def _value(value: Any) -> str:
    if value is None:
        return "null"
    return _quoted(value) if isinstance(value, str) else decimal(float(value))


def _quoted(name: str) -> str:
    if any(char in _FEEL_FORBIDDEN or ord(char) < 32 or not _xml(char) for char in name):
        raise PlanError(
            f"name {name!r} cannot be written in DMN: double quotes, backslashes and control characters are read "
            "differently by different engines; rename it"
        )
    return f'"{name}"'


def _xml(char: str) -> bool:
    code = ord(char)
    return code in (9, 10, 13) or 32 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _clean(text: str) -> str:
    """Leave out what XML cannot hold; only for words nobody matches."""
    return "".join(char for char in text if _xml(char))


def run_dmn(files: Mapping[str, str], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Decide every contact by our own evaluator of the S-FEEL subset, from the file's text alone."""
    space = {"d": MODEL}
    table = ET.fromstring(files[FILE]).find("d:decision/d:decisionTable", space)
    if table is None or table.get("hitPolicy") != "FIRST":
        raise PlanError(f"{FILE}: holds no decision table with hit policy FIRST")
    facts = [_text(one, space) for one in table.findall("d:input/d:inputExpression", space)]
    outputs = [str(one.get("name")) for one in table.findall("d:output", space)]
    tests, answers = [], []
    for row in table.findall("d:rule", space):
        cells = [_text(one, space) for one in row.findall("d:inputEntry", space)]
        hit = columns.number("offer_bucket") == columns.number("offer_bucket")
        for fact, cell in zip(facts, cells, strict=True):
            hit = hit & unary_test(cell, columns, fact, fact in LABELS)
        tests.append(hit)
        values = [literal(_text(one, space)) for one in row.findall("d:outputEntry", space)]
        answers.append(dict(zip(outputs, values, strict=True)))
    return [answers[k] for k in first_true(tests, columns.size)]


def _text(element: ET.Element, space: dict[str, str]) -> str:
    found = element.find("d:text", space)
    return "" if found is None or found.text is None else found.text
