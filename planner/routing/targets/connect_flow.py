"""Rules as an Amazon Connect flow module: a decision tree of Compare actions, a linter and a walker.

The module is called by a flow that exists, sets attributes, priority and working queue, and returns to it; nobody
replaces their own flow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.errors import PlanError
from planner.routing.columns import Columns
from planner.routing.facts import LABELS
from planner.routing.priority import from_vendor, to_vendor
from planner.routing.table import Rule
from planner.routing.targets.bundle import Job
from planner.routing.targets.jdm import decimal

VERSION = "2019-10-30"
ACTIONS_MAX, IDENTIFIER_MAX = 250, 50
FORBIDDEN = set("%:(\\/)=$,;[]{}")
PROTOTYPE = {
    "__proto__", "constructor", "__defineGetter__", "__defineSetter__", "toString", "hasOwnProperty", "isPrototypeOf",
    "propertyIsEnumerable", "toLocaleString", "valueOf",
}  # fmt: skip
ENDS = ("EndFlowModuleExecution", "DisconnectParticipant", "TransferContactToQueue")
PREFIX = "cx_"
CARRIES = ("rule", "pool", "priority", "channel_offer", "overflow_pool", "overflow_after_s", "skill", "level")
_RARE = ("rollout_bucket", "day_part", "queue_state", "closed_pool", "must_human")
_USUAL = ("channel", "entry_reason", "segment", "value", "offer_bucket", "pool_bucket")
_ORDERS = (
    (*_RARE, *_USUAL),
    ("channel", *_RARE, *_USUAL[1:]),
    ("channel", *_RARE, "segment", "entry_reason", *_USUAL[3:]),
    (*_RARE, "entry_reason", "channel", *_USUAL[2:]),
)


def flow_module(job: Job, carries: Sequence[str]) -> dict[str, Any]:
    """Build the content of the module.

    A first-hit table becomes a tree: one fact per Compare action, rules that agree share their branch. The order in
    which facts are asked decides how many actions that takes; a few orders are tried, the smallest tree is kept.
    """
    trees = []
    for order in _ORDERS:
        tree = _Tree(job, carries, order)
        trees.append((len(tree.actions), tree.start, tree.actions))
    _, start, actions = min(trees, key=lambda one: one[0])
    return {"Version": VERSION, "StartAction": start, "Metadata": {}, "Actions": actions}


class _Tree:
    """Collects actions; equal branches and equal leaves exist once."""

    def __init__(self, job: Job, carries: Sequence[str], order: Sequence[str]) -> None:
        self.job, self.carries, self.order = job, carries, order
        self.actions: list[dict[str, Any]] = []
        self.known: dict[Any, str] = {}
        self.start = self.branch(job.table)

    def branch(self, rules: Sequence[Rule]) -> str:
        """Return the identifier of what decides among rules, the first of which may still ask something."""
        rules = _reachable(rules)
        key = tuple((rule.number, tuple(rule.labels.items()), tuple(rule.ranges.items())) for rule in rules)
        if key not in self.known:
            asked = [fact for fact in self.order if any(fact in rule.labels or fact in rule.ranges for rule in rules)]
            if not asked:
                self.known[key] = self.leaf(rules[0])
            else:
                self.known[key] = self.compare(asked[0], rules)
        return self.known[key]

    def compare(self, fact: str, rules: Sequence[Rule]) -> str:
        """Add a Compare on one fact."""
        other = self.branch([rule for rule in rules if fact not in rule.labels and fact not in rule.ranges])
        conditions = []
        for operator, operand, met in _cases(fact, rules):
            there = self.branch([_without(rule, fact) for rule in rules if met(rule)])
            text = self.job.binding.value(fact, operand) if operator == "Equals" else operand
            conditions.append({"NextAction": there, "Condition": {"Operator": operator, "Operands": [text]}})
        path = f"$.Attributes.{self.job.binding.attribute(fact)}"
        transitions = {
            "NextAction": other,
            "Errors": [{"ErrorType": "NoMatchingCondition", "NextAction": other}],
            "Conditions": conditions,
        }
        return self.add("ask", fact, "Compare", {"ComparisonValue": path}, transitions)

    def leaf(self, rule: Rule) -> str:
        """Add what a rule does: attributes for the flow that called, priority, working queue, return."""
        answer = {name: rule.number if name == "rule" else rule.actions[name] for name in self.carries}
        end = self.shared(("end",), "return", "", "EndFlowModuleExecution", {}, {})
        queue = self.job.binding.id("pools", str(answer["pool"]))
        errors = {"NextAction": end, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": end}]}
        after = self.shared(("queue", queue, end), "queue", "", "UpdateContactTargetQueue", {"QueueId": queue}, errors)
        if answer.get("skill"):
            after = self.criteria(str(answer["skill"]), answer.get("level"), after)
        number = to_vendor("connect", answer["priority"], self.job.last)
        after = self.shared(
            ("priority", number, after), "priority", "", "UpdateContactRoutingBehavior", {"QueuePriority": number},
            {"NextAction": after},
        )  # fmt: skip
        said = {
            f"{PREFIX}{n}": "" if v is None else str(v) for n, v in answer.items() if n not in ("priority", "skill")
        }
        parameters = {"Attributes": said, "TargetContact": "Current"}
        errors = {"NextAction": after, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": after}]}
        key = ("say", tuple(said.items()), after)
        return self.shared(key, "rule", str(rule.number), "UpdateContactAttributes", parameters, errors)

    def criteria(self, skill: str, level: int | None, after: str) -> str:
        """Add what agents must know; without a level the lowest proficiency is enough."""
        condition = {
            "Name": skill,
            "Value": skill,
            "ProficiencyLevel": level or 1,
            "ComparisonOperator": "NumberGreaterOrEqualTo",
        }
        parameters = {"RoutingCriteria": {"Steps": [{"Expression": {"AttributeCondition": condition}}]}}
        errors = {"NextAction": after, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": after}]}
        return self.shared(
            ("criteria", skill, level or 1, after), "skill", "", "UpdateRoutingCriteria", parameters, errors
        )

    def shared(self, key: Any, kind: str, name: str, action: str, parameters: Any, transitions: Any) -> str:
        """Add an action that exists once."""
        if key not in self.known:
            self.known[key] = self.add(kind, name, action, parameters, transitions)
        return self.known[key]

    def add(self, kind: str, name: str, action: str, parameters: Any, transitions: Any) -> str:
        """Append an action under an identifier of its own."""
        identifier = " ".join(part for part in (kind, name, f"#{len(self.actions) + 1}") if part)
        self.actions.append(
            {"Identifier": identifier, "Type": action, "Parameters": parameters, "Transitions": transitions}
        )
        return identifier


def _reachable(rules: Sequence[Rule]) -> Sequence[Rule]:
    """Leave out what stands behind a rule that asks nothing any more."""
    for k, rule in enumerate(rules):
        if rule.always:
            return rules[: k + 1]
    return rules


def _without(rule: Rule, fact: str) -> Rule:
    labels = {name: wanted for name, wanted in rule.labels.items() if name != fact}
    ranges = {name: ends for name, ends in rule.ranges.items() if name != fact}
    return Rule(rule.number, labels, ranges, rule.actions, rule.why)


def _cases(fact: str, rules: Sequence[Rule]) -> list[tuple[str, str, Any]]:
    """Conditions of a Compare in order, with the rules each leaves open; all others go to NoMatchingCondition."""
    if fact in LABELS:
        names = dict.fromkeys(name for rule in rules for name in rule.labels.get(fact, ()))
        return [
            ("Equals", name, lambda rule, name=name: fact not in rule.labels or name in rule.labels[fact])
            for name in names
        ]
    cuts = sorted({end for rule in rules for end in rule.ranges.get(fact, ()) if not math.isinf(end)})
    edges = [-math.inf, *cuts, math.inf]
    cases: list[tuple[str, str, Any]] = []
    for low, high in zip(edges, edges[1:], strict=False):

        def met(rule: Rule, low: float = low, high: float = high) -> bool:
            start, end = rule.ranges.get(fact, (-math.inf, math.inf))
            return start <= low and high <= end

        last = math.isinf(high)
        cases.append(("NumberGreaterOrEqualTo" if last else "NumberLessThan", decimal(low if last else high), met))
    return cases


def lint(content: Mapping[str, Any]) -> list[str]:
    """List the faults of a flow that Amazon Connect would refuse or a contact would fall into."""
    actions = {one["Identifier"]: one for one in content["Actions"]}
    faults = []
    if len(content["Actions"]) > ACTIONS_MAX:
        faults.append(
            f"{len(content['Actions'])} actions; a flow takes {ACTIONS_MAX}: fewer rules (--max-rules) need fewer"
        )
    if len(actions) < len(content["Actions"]):
        faults.append("identifiers repeat")
    for name, action in actions.items():
        if len(name) > IDENTIFIER_MAX or FORBIDDEN & set(name) or name in PROTOTYPE:
            faults.append(f"identifier {name!r} is longer than {IDENTIFIER_MAX} or holds what is not allowed")
        following = next_of(action)
        faults += [f"{name!r} leads to {one!r}, which does not exist" for one in following if one not in actions]
        if not following and action["Type"] not in ENDS:
            faults.append(f"{name!r} leads nowhere and does not end the module")
    seen, open_ = set(), [content["StartAction"]]
    while open_:
        name = open_.pop()
        if name in actions and name not in seen:
            seen.add(name)
            open_ += next_of(actions[name])
    faults += [f"{name!r} is never reached" for name in actions if name not in seen]
    return faults


def next_of(action: Mapping[str, Any]) -> list[str]:
    """Return the identifiers an action may lead to."""
    ways = action["Transitions"]
    found = [ways["NextAction"]] if "NextAction" in ways else []
    return found + [one["NextAction"] for one in (*ways.get("Errors", ()), *ways.get("Conditions", ()))]


def walk(content: Mapping[str, Any], columns: Columns, job: Job) -> list[Mapping[str, Any]]:
    """Send every contact through the module and read what it leaves behind: attributes, priority, working queue."""
    actions = {one["Identifier"]: one for one in content["Actions"]}
    back = {job.binding.id("pools", pool): pool for pool in job.pools()}
    answers: list[Mapping[str, Any]] = [{}] * columns.size
    open_: list[tuple[str, NDArray[np.int64], dict[str, Any]]] = [(content["StartAction"], np.arange(columns.size), {})]
    while open_:
        name, who, said = open_.pop()
        action = actions[name]
        kind, parameters = action["Type"], action["Parameters"]
        if kind == "Compare":
            open_ += [(there, which, said) for there, which in _split(action, columns, who) if len(which)]
            continue
        if kind == "UpdateContactAttributes":
            said = said | {k.removeprefix(PREFIX): v for k, v in parameters["Attributes"].items()}
        elif kind == "UpdateContactRoutingBehavior":
            said = said | {"priority": from_vendor("connect", parameters["QueuePriority"], job.last)}
        elif kind == "UpdateContactTargetQueue":
            said = said | {"pool": back[parameters["QueueId"]]}
        elif kind == "UpdateRoutingCriteria":
            step = parameters["RoutingCriteria"]["Steps"][0]
            said = said | {"skill": step["Expression"]["AttributeCondition"]["Value"]}
        elif kind in ENDS:
            answer = {k: _read(k, v) for k, v in said.items()}
            for one in who:
                answers[one] = answer
            continue
        else:
            raise PlanError(f"flow action {kind} is not known here")
        open_.append((action["Transitions"]["NextAction"], who, said))
    return answers


def _read(name: str, value: Any) -> Any:
    if value == "":
        return None
    if name in ("rule", "overflow_after_s", "level"):
        return float(value)
    return value


_PATH = re.compile(r"\$\.Attributes\.(.+)\Z", re.DOTALL)


def _split(action: Mapping[str, Any], columns: Columns, who: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    """Divide contacts by the conditions of a Compare, tested in order; texts that are no number meet no comparison."""
    path = _PATH.match(action["Parameters"]["ComparisonValue"])
    if path is None:
        raise PlanError(f"{action['Identifier']}: compares {action['Parameters']['ComparisonValue']!r}")
    here, parts = columns.take(who), []
    left = np.ones(len(who), dtype=bool)
    for one in action["Transitions"]["Conditions"]:
        operator, operand = one["Condition"]["Operator"], one["Condition"]["Operands"][0]
        if operator == "Equals":
            hit = here.equal(path[1], operand)
        else:
            value = here.number(path[1])
            hit = value < float(operand) if operator == "NumberLessThan" else value >= float(operand)
        parts.append((one["NextAction"], who[left & hit]))
        left &= ~hit
    errors = {one["ErrorType"]: one["NextAction"] for one in action["Transitions"]["Errors"]}
    return [*parts, (errors["NoMatchingCondition"], who[left])]
