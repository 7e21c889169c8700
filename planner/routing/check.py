"""Is a rule set fit for a router: every fault of it, in one message."""

from __future__ import annotations

import math
from collections.abc import Iterator

from planner.errors import PlanError
from planner.routing.facts import CONDITIONS, LABELS, OPEN, RANGES
from planner.routing.ruleset import RuleSet
from planner.routing.table import ACTIONS, MORE_ACTIONS, NUMBERS, Rule

LEVELS = (1, 5)
_LONGEST_LIST = 12


def check_rules(rules: RuleSet) -> None:
    """Refuse a rule set that a router could misread.

    Raises
    ------
    PlanError
        With the list of faults: columns that are no fact of routing, rule numbers that repeat, ranges and numbers out
        of order, no default row.
    """
    faults = [*_columns(rules)]
    if not faults:
        faults = [fault for rule in rules.table for fault in _rule(rule)]
        numbers = [rule.number for rule in rules.table]
        faults += [f"rule {n} comes {numbers.count(n)} times" for n in sorted(set(numbers)) if numbers.count(n) > 1]
        if not rules.table or not rules.table[-1].always:
            faults.append(f"rules of plan {rules.plan!r} have no default row; the last row must match every contact")
    refuse(f"plan {rules.plan}: these rules cannot be exported", faults)


def refuse(lead: str, faults: list[str]) -> None:
    """Raise one error that lists all faults, if there are any."""
    if len(faults) == 1:
        raise PlanError(f"{lead}: {faults[0]}")
    if faults:
        shown = faults[:_LONGEST_LIST] + [f"and {len(faults) - _LONGEST_LIST} more"] * (len(faults) > _LONGEST_LIST)
        raise PlanError("\n  - ".join([f"{lead}:", *shown]))


def _columns(rules: RuleSet) -> Iterator[str]:
    known = {"rule", "why", *CONDITIONS, *ACTIONS, *MORE_ACTIONS}
    for name in rules.rows.columns:
        if name not in known:
            facts = ", ".join([*LABELS, *RANGES])
            yield f"column {name!r} is no fact that exists when a contact is routed; rules may ask about {facts}"
    for name in ("rule", "pool", "priority"):
        if name not in rules.rows:
            yield f"column {name!r} is missing"


def _rule(rule: Rule) -> Iterator[str]:
    where = f"rule {rule.number}"
    for fact, (low, high) in rule.ranges.items():
        first, last = OPEN[fact]
        if math.isnan(low) or math.isnan(high) or low >= high or low < first or high > last:
            yield f"{where}: {fact} in [{low:g}, {high:g}) holds nobody or leaves [{first:g}, {last:g})"
    for fact, wanted in rule.labels.items():
        if not wanted or len(set(wanted)) < len(wanted):
            yield f"{where}: {fact} must be one of {list(wanted)}, which is empty or names one twice"
    if not rule.actions["pool"]:
        yield f"{where}: names no pool"
    for name in NUMBERS:
        value = rule.actions.get(name)
        if value is not None and not (math.isfinite(value) and value >= 0):
            yield f"{where}: {name} = {value} must be a number of at least 0"
    priority, level = rule.actions["priority"], rule.actions.get("level")
    if priority is None or priority != int(priority):
        yield f"{where}: priority = {priority} must be a whole class; 0 is served first"
    if level is not None and not (LEVELS[0] <= level <= LEVELS[1] and rule.actions.get("skill")):
        yield f"{where}: level = {level} must lie in 1..5 and belong to a skill"
    if (rule.actions["overflow_pool"] is None) != (rule.actions["overflow_after_s"] is None):
        yield f"{where}: overflow_pool and overflow_after_s go together"
