"""Rule sets as Zendesk omnichannel queues; shares become percentage queues. Limits checked, nothing executed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from planner.routing.areas import areas
from planner.routing.check import refuse
from planner.routing.priority import to_vendor
from planner.routing.table import Rule
from planner.routing.targets.bundle import Bundle, Job, as_json, listed, not_carried

SUBQUEUES_MAX, PERCENT = 5, 100
CARRIES = ("pool", "priority")


def export_zendesk(job: Job) -> Bundle:
    """Write one queue per run of rules with the same conditions, in order; the first that applies takes the ticket.

    Raises
    ------
    PlanError
        A share needs more than five subqueues.
    """
    files, lossy, faults = {}, [], []
    for order, rules in enumerate(_runs(job.table), 1):
        shares, left = _shares(rules)
        named = listed([rule.number for rule in rules])
        if left > 1e-9:
            lossy.append(f"{named}: {left:.0%} of these contacts are left to later rules; a queue takes them all")
        if len(shares) > SUBQUEUES_MAX:
            faults.append(f"{named}: {len(shares)} pools share them; a queue is split into {SUBQUEUES_MAX}")
            continue
        percent = percentages([share for _, _, share in shares])
        if max(abs(p - PERCENT * s) for p, (_, _, s) in zip(percent, shares, strict=True)) > 1e-6:
            lossy.append(f"{named}: shares are rounded to {percent} percent")
        files[f"queue-{order:03d}.json"] = as_json({"queue": _queue(order, rules, shares, percent, job)})
    refuse("Zendesk", faults)
    valued = [rule.number for rule in job.table if "value" in rule.ranges]
    if valued:
        lossy.append(f"value of {listed(valued)} is left out: queues compare fields with names, not with ranges")
    lossy += not_carried(job, CARRIES, "a queue has groups and a priority only")
    lossy += _secondary(job)
    unbound = [pool for pool in job.pools() if not job.binding.has("pools", pool)]
    unbound += [fact for fact in job.used()["labels"] if not job.binding.has("facts", fact)]
    return Bundle(files, CARRIES, tuple(lossy), tuple(unbound), "limits checked; not executed: no engine runs it here")


def _secondary(job: Job) -> list[str]:
    rules = [rule.number for rule in job.table if rule.actions["overflow_pool"]]
    return [f"overflow_pool of {listed(rules)} is the secondary group: who waits how long is Zendesk's"] * bool(rules)


def _runs(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Neighboring rules with the same conditions on names."""
    for _, group in itertools.groupby(rules, key=lambda rule: tuple(rule.labels.items())):
        yield list(group)


def _shares(rules: Sequence[Rule]) -> tuple[list[tuple[str, int, float]], float]:
    """Pools of a run with their class and share of the contacts that the run decides, and the share it leaves."""
    bare = [Rule(r.number, {}, {f: e for f, e in r.ranges.items() if f != "value"}, r.actions) for r in rules]
    nobody = Rule(-1, {}, {}, {"pool": "", "priority": -1})
    found: dict[tuple[str, int], float] = {}
    for rule, part in areas([*bare, nobody], {}):
        key = (str(rule.actions["pool"]), int(rule.actions["priority"]))
        found[key] = found.get(key, 0.0) + part
    left = found.pop(("", -1), 0.0)
    return [(pool, priority, share / (1 - left)) for (pool, priority), share in found.items()], left


def percentages(shares: Sequence[float]) -> list[int]:
    """Round shares to whole percents that sum to 100, the largest remainders up (Hamilton's method)."""
    floors = [int(PERCENT * share + 1e-9) for share in shares]
    rest = sorted(range(len(shares)), key=lambda k: (round(floors[k] - PERCENT * shares[k], 9), k))
    for k in rest[: PERCENT - sum(floors)]:
        floors[k] += 1
    return floors


def _queue(
    order: int, rules: Sequence[Rule], shares: Sequence[tuple[str, int, float]], percent: Sequence[int], job: Job
) -> dict[str, Any]:
    queue: dict[str, Any] = {
        "name": f"{job.rules.plan} {listed([rule.number for rule in rules])}",
        "description": rules[0].why[:255],
        "order": order,
        "definition": _definition(rules[0], job),
    }
    over = list(dict.fromkeys(str(r.actions["overflow_pool"]) for r in rules if r.actions["overflow_pool"]))
    groups = {"secondary_groups": _groups(over, job)} if over else {}
    if len(shares) == 1:
        pool, priority, _ = shares[0]
        number = to_vendor("zendesk", priority, job.last)
        return queue | {"priority": number, "primary_groups": _groups([pool], job)} | groups
    queue["subqueues"] = [
        {
            "name": pool,
            "percentage": part,
            "priority": to_vendor("zendesk", priority, job.last),
            "primary_groups": _groups([pool], job),
        }
        | groups
        for (pool, priority, _), part in zip(shares, percent, strict=True)
    ]
    return queue


def _groups(pools: Sequence[str], job: Job) -> dict[str, Any]:
    return {"groups": [{"id": job.binding.id("pools", pool)} for pool in pools]}


def _definition(rule: Rule, job: Job) -> dict[str, Any]:
    """Conditions that must all hold; a fact with several names is said as none of the others would be: any of them."""
    alone = {fact: names[0] for fact, names in rule.labels.items() if len(names) == 1}
    several = [(fact, names) for fact, names in rule.labels.items() if len(names) > 1]
    definition = {
        "all": [_condition(fact, "is", job.binding.value(fact, name), job) for fact, name in alone.items()],
        "any": [],
    }
    if len(several) == 1:
        fact, names = several[0]
        definition["any"] = [_condition(fact, "is", job.binding.value(fact, name), job) for name in names]
    else:
        for fact, names in several:
            definition["all"].append(
                _condition(fact, "includes", [job.binding.value(fact, name) for name in names], job)
            )
    return definition


def _condition(fact: str, operator: str, value: Any, job: Job) -> dict[str, Any]:
    return {"field": job.binding.id("facts", fact), "operator": operator, "value": value}
