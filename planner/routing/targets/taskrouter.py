"""Rule sets as a Twilio TaskRouter workflow: filters in order, each with a target and, for overflow, a second one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from planner.errors import PlanError
from planner.routing.check import refuse
from planner.routing.columns import Columns, first_true
from planner.routing.priority import from_vendor, to_vendor
from planner.routing.table import Rule
from planner.routing.targets.bundle import Bundle, Job, as_json, not_carried
from planner.routing.targets.jdm import decimal
from planner.routing.targets.task_expression import parse, true_for

FILE = "workflow.json"
CARRIES = ("rule", "pool", "priority", "overflow_pool", "overflow_after_s", "skill", "level")
ALWAYS = "1 == 1"
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z")
_WORKER = re.compile(r"worker\.skills HAS (?P<skill>.+?)(?: AND worker\.levels\.(?P<key>\w+) >= (?P<level>\d+))?\Z")


def export_taskrouter(job: Job) -> Bundle:
    """Write the workflow configuration: the JSON that `Configuration` takes as text.

    Tasks must carry the facts as attributes, `offer_bucket` and `pool_bucket` among them where rules share contacts.

    Raises
    ------
    PlanError
        A name or attribute cannot stand in an expression.
    """
    faults = [
        f"attribute {job.binding.attribute(fact)!r} of {fact} must be letters, digits, _ and dots (no hyphen)"
        for fact in (*job.used()["labels"], *job.used()["ranges"])
        if not _KEY.match(job.binding.attribute(fact))
    ]
    refuse("TaskRouter", faults)
    filters = [_filter(rule, job) for rule in job.table]
    default = {"queue": job.binding.id("pools", job.table[-1].actions["pool"])}
    document = {"task_routing": {"filters": filters, "default_filter": default}}
    unbound = tuple(pool for pool in job.pools() if not job.binding.has("pools", pool))
    carries = tuple(name for name in CARRIES if name in ("rule", *job.rules.actions))
    lossy = not_carried(job, carries, "a workflow routes tasks; offers are made where the customer arrives")
    return Bundle({FILE: as_json(document)}, carries, tuple(lossy), unbound, "executed by our interpreter")


def _filter(rule: Rule, job: Job) -> dict[str, Any]:
    number = to_vendor("twilio", rule.actions["priority"], job.last)
    target: dict[str, Any] = {"queue": job.binding.id("pools", rule.actions["pool"]), "priority": number}
    if rule.actions.get("skill"):
        target["expression"] = _worker(rule)
    targets = [target]
    if rule.actions["overflow_pool"] is not None:
        target["timeout"] = rule.actions["overflow_after_s"]
        targets.append({"queue": job.binding.id("pools", rule.actions["overflow_pool"]), "priority": number})
    name = f"rule {rule.number}"
    return {"filter_friendly_name": name, "expression": _expression(rule, job), "targets": targets}


def _worker(rule: Rule) -> str:
    text = f"worker.skills HAS {quoted(str(rule.actions['skill']))}"
    level = rule.actions.get("level")
    if level is None:
        return text
    key = re.sub(r"\W", "_", str(rule.actions["skill"]), flags=re.ASCII)
    return f"{text} AND worker.levels.s_{key} >= {level}"


def _expression(rule: Rule, job: Job) -> str:
    parts = []
    for fact, wanted in rule.labels.items():
        key = job.binding.attribute(fact)
        values = [quoted(job.binding.value(fact, name)) for name in wanted]
        parts.append(f"{key} == {values[0]}" if len(values) == 1 else f"{key} IN [{', '.join(values)}]")
    for fact, (low, high) in rule.ranges.items():
        key = job.binding.attribute(fact)
        if not math.isinf(low):
            parts.append(f"{key} >= {decimal(low)}")
        if not math.isinf(high):
            parts.append(f"{key} < {decimal(high)}")
    return " AND ".join(parts) or ALWAYS


def quoted(name: str) -> str:
    """Quote a string constant by its content; expressions know no documented escapes."""
    for mark in ("'", '"'):
        if mark not in name and "\\" not in name and not any(ord(char) < 32 for char in name):
            return f"{mark}{name}{mark}"
    raise PlanError(
        f"name {name!r} cannot stand in a TaskRouter expression: it holds both quotes, a backslash or a control "
        "character; rename it"
    )


def run_taskrouter(files: Mapping[str, str], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Route every contact by the workflow: the first filter whose expression is true; its targets, in order.

    A second target is reached when the first one's timeout is over; that is what overflow says.
    """
    routing = json.loads(files[FILE])["task_routing"]
    back = {job.binding.id("pools", pool): pool for pool in job.pools()}
    tests = [true_for(parse(one["expression"]), columns) for one in routing["filters"]]
    answers: list[Mapping[str, Any]] = [_answer(one, back, job) for one in routing["filters"]]
    answers.append({"pool": back[routing["default_filter"]["queue"]]})
    return [answers[k] for k in first_true(tests, columns.size)]


def _answer(one: Mapping[str, Any], back: Mapping[str, str], job: Job) -> dict[str, Any]:
    first, rest = one["targets"][0], one["targets"][1:]
    answer = {
        "rule": int(one["filter_friendly_name"].removeprefix("rule ")),
        "pool": back[first["queue"]],
        "priority": from_vendor("twilio", first["priority"], job.last),
        "overflow_pool": back[rest[0]["queue"]] if rest else None,
        "overflow_after_s": first.get("timeout"),
    }
    asked = _WORKER.match(first.get("expression", ""))
    answer["skill"] = asked["skill"][1:-1] if asked else None
    answer["level"] = int(asked["level"]) if asked and asked["level"] else None
    return answer
