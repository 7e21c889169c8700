"""What an exporter yields: files, what they carry, what they cannot say, and whether they can be deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from planner.routing.binding import Binding
from planner.routing.columns import Columns
from planner.routing.pools import PoolFacts
from planner.routing.ruleset import RuleSet
from planner.routing.table import Rule


@dataclass(frozen=True)
class Bundle:
    """An export.

    `files` path inside the bundle -> content. `carries` the actions of a rule that the files say. `lossy` sentences
    about what they do not say. `unbound` names that still stand where the system wants its own ids (empty: the bundle
    can be deployed). `checked` how its correctness is known.
    """

    files: Mapping[str, str]
    carries: tuple[str, ...]
    lossy: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()
    checked: str = ""

    @property
    def deployable(self) -> bool:
        """True where every name has the system's own id."""
        return not self.unbound


@dataclass(frozen=True)
class Job:
    """What an exporter is asked for.

    `rules` checked and of one platform; `binding` ids of the system; `platform` whose bundle it is; `last` highest
    priority class of the whole rule set; `manifest_hash` of the run; `facts` what is known of pools.
    """

    rules: RuleSet
    binding: Binding = field(default_factory=Binding)
    platform: str = "main"
    last: int = 0
    manifest_hash: str = ""
    facts: Mapping[str, PoolFacts] = field(default_factory=dict)

    @property
    def table(self) -> tuple[Rule, ...]:
        """The rules, in order."""
        return self.rules.table

    def used(self) -> dict[str, list[str]]:
        """Facts the rules ask about, in the order of the table: labels and ranges."""
        labels = dict.fromkeys(fact for rule in self.table for fact in rule.labels)
        ranges = dict.fromkeys(fact for rule in self.table for fact in rule.ranges)
        return {"labels": list(labels), "ranges": list(ranges)}

    def pools(self) -> list[str]:
        """Pools the rules name, overflow last."""
        own = [str(rule.actions["pool"]) for rule in self.table]
        over = [str(rule.actions["overflow_pool"]) for rule in self.table if rule.actions["overflow_pool"]]
        return list(dict.fromkeys(own + over))

    def own_pools(self) -> list[str]:
        """Pools of this platform: not the transfers to others."""
        return [pool for pool in self.pools() if not self.facts or pool in self.facts]


Run = Callable[[Mapping[str, str], Columns, Job], Mapping[str, Any]]


def as_json(value: Any) -> str:
    """Write JSON as all bundles do."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def not_carried(job: Job, carries: tuple[str, ...], hint: str) -> list[str]:
    """Say which actions of which rules a format leaves out."""
    found = []
    for action in job.rules.actions:
        rules = [rule.number for rule in job.table if rule.actions.get(action) is not None]
        if action not in carries and rules:
            found.append(f"{action} of {listed(rules)} is not in these files: {hint}")
    if job.rules.overflow is not None:
        found.append(
            f"overflow by interval ({len(job.rules.overflow.shares)} shares) is not in these files; the JDM has it"
        )
    return found


def listed(rules: list[int]) -> str:
    """Name rules by their numbers, runs as ranges."""
    parts: list[str] = []
    start = None
    for k, number in enumerate(rules):
        start = number if start is None else start
        if k + 1 == len(rules) or rules[k + 1] != number + 1:
            parts.append(str(start) if start == number else f"{start}-{number}")
            start = None
    return f"{'rule' if len(rules) == 1 else 'rules'} {', '.join(parts)}"
