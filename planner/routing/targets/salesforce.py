"""Rule sets for Salesforce: queue routing configurations (metadata XML) and a decision table. Limits checked only."""

from __future__ import annotations

import csv
import io
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from planner.routing.check import refuse
from planner.routing.pools import PoolFacts
from planner.routing.priority import to_vendor
from planner.routing.table import Rule
from planner.routing.targets.bundle import Bundle, Job, not_carried
from planner.routing.targets.jdm import decimal
from planner.routing.targets.plain import harmless

INPUTS_MAX, OUTPUTS_MAX, NAME_MAX = 30, 5, 80
METADATA = "http://soap.sforce.com/2006/04/metadata"
OUTPUTS = ("pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s")


def export_salesforce(job: Job) -> Bundle:
    """Write a routing configuration per pool and priority class, and the rules as rows of a decision table.

    Raises
    ------
    PlanError
        More than 30 inputs or 5 outputs; two names that give the same developer name.
    """
    columns = _columns(job)
    faults = []
    if len(columns) > INPUTS_MAX:
        faults.append(f"{len(columns)} inputs; a decision table takes {INPUTS_MAX}")
    files = {"decision-table.csv": _table(job, columns)}
    keys = dict.fromkeys((str(rule.actions["pool"]), int(rule.actions["priority"])) for rule in job.table)
    for pool, priority in keys:
        path = f"queueRoutingConfigs/{developer_name(f'{pool} {priority}')}.queueRoutingConfig"
        if path in files:
            faults.append(f"pool {pool!r}: its developer name {path} is another pool's; rename one")
        files[path] = _config(job, pool, priority)
    refuse("Salesforce", faults)
    lossy = not_carried(job, OUTPUTS, f"a decision table has {OUTPUTS_MAX} outputs")
    unbound = tuple(pool for pool in job.pools() if not job.binding.has("pools", pool))
    return Bundle(files, OUTPUTS, tuple(lossy), unbound, "limits checked; not executed: no engine runs it here")


def developer_name(text: str) -> str:
    """Turn a name into a developer name: letters, digits and single underscores, beginning with a letter."""
    plain = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]", "_", text)).strip("_")
    return (plain if plain[:1].isalpha() else f"Q_{plain}")[:NAME_MAX].strip("_")


def _columns(job: Job) -> list[tuple[str, str]]:
    asked = job.used()
    columns = [(fact, fact) for fact in asked["labels"]]
    for fact in asked["ranges"]:
        columns += [(fact, f"{fact} >="), (fact, f"{fact} <")]
    return columns


def _table(job: Job, columns: Sequence[tuple[str, str]]) -> str:
    """One row per combination of names, in order; the lowest sequence number wins."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["sequence", *(title for _, title in columns), *OUTPUTS])
    sequence = 0
    for rule in job.table:
        for labels in _combinations(rule):
            sequence += 1
            cells = [_cell(rule, labels, fact, title) for fact, title in columns]
            writer.writerow([sequence, *cells, *_outputs(rule, job)])
    return buffer.getvalue()


def _combinations(rule: Rule) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for fact, names in rule.labels.items():
        found = [{**one, fact: name} for one in found for name in names]
    return found


def _cell(rule: Rule, labels: dict[str, str], fact: str, title: str) -> str:
    if fact in labels:
        return str(harmless(labels[fact]))
    if fact not in rule.ranges:
        return ""
    end = rule.ranges[fact][0 if title.endswith(">=") else 1]
    return "" if math.isinf(end) else decimal(end)


def _outputs(rule: Rule, job: Job) -> list[str]:
    said = dict(rule.actions) | {"priority": to_vendor("salesforce", rule.actions["priority"], job.last)}
    for name in ("pool", "overflow_pool"):
        said[name] = None if said[name] is None else job.binding.id("pools", said[name])
    return ["" if said[name] is None else str(harmless(said[name])) for name in OUTPUTS]


def _config(job: Job, pool: str, priority: int) -> str:
    facts = job.facts.get(pool, PoolFacts())
    root = ET.Element("QueueRoutingConfig", {"xmlns": METADATA})
    voice = facts.discipline == "live_voice"
    values = {
        ("capacityPercentage" if voice else "capacityWeight"): "100" if voice else "1.0",
        "isAttributeBased": "false",
        "label": f"{pool} {priority}"[:NAME_MAX],
        "routingModel": "MostAvailable",
        "routingPriority": str(to_vendor("salesforce", priority, job.last)),
    }
    rules = [rule for rule in job.table if rule.actions["pool"] == pool and rule.actions["overflow_pool"]]
    if rules:
        values["queueOverflowAssignee"] = job.binding.id("pools", str(rules[0].actions["overflow_pool"]))
    for name, value in sorted(values.items()):
        ET.SubElement(root, name).text = "".join(c for c in value if ord(c) >= 32)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
