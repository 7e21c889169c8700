"""Today's rules from a file: a system's configuration in JSON, or a history to infer them from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import PlanError
from planner.history import load_history, routing_shares
from planner.routing.binding import Binding
from planner.routing.pools import PoolFacts
from planner.routing.ruleset import RuleSet
from planner.routing.sources.connect import connect_configuration, rules_from_connect
from planner.routing.sources.genesys import genesys_queues, rules_from_genesys
from planner.routing.sources.seen import rules_seen


@dataclass(frozen=True)
class TodaysRouting:
    """What stands today.

    `rules` None where the configuration has queues but no rules in it; `queues` queue name -> id; `helpers` queue ->
    (queue whose agents help, seconds after which); `source` in words.
    """

    source: str
    rules: RuleSet | None = None
    queues: Mapping[str, str] = field(default_factory=dict)
    helpers: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def todays_routing(
    path: Path, timezone: str | None = None, pools: Mapping[str, PoolFacts] | None = None
) -> TodaysRouting:
    """Read how contacts are routed today.

    A JSON file holds a Genesys decision table (`table`, `rows` and, if wanted, `queues`), a Genesys list of queues
    (`entities`), or the answers of Amazon Connect's ListQueues and ListRoutingProfileQueues (one, or a list); anything
    else is a history, from which the most frequent pool per entry reason, segment and channel is taken. `pools` of the
    scenario say which contacts a queue of Connect is for.

    Raises
    ------
    PlanError
        The file is no JSON, or nothing in it is known.
    """
    if path.suffix != ".json":
        shares = routing_shares(load_history(path, timezone=timezone))
        return TodaysRouting(f"the most frequent pools of {path.name}", rules_seen(shares))
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{path}: cannot be read as JSON ({error})") from error
    return _configuration(document, path, pools or {})


def _configuration(document: Any, path: Path, pools: Mapping[str, PoolFacts]) -> TodaysRouting:
    if isinstance(document, Mapping) and "table" in document and "rows" in document:
        queues = genesys_queues(document.get("queues") or [])
        rules = rules_from_genesys(document["table"], document["rows"], queues)
        return TodaysRouting(f"the decision table in {path.name}", rules, queues)
    if isinstance(document, Mapping) and "entities" in document:
        return TodaysRouting(f"the queues in {path.name}", None, genesys_queues(document))
    parts = document if isinstance(document, list) else [document]
    if all(isinstance(one, Mapping) for one in parts):
        found = connect_configuration(parts)
        if found.queues or len(found.served):
            source = f"the queues and routing profiles in {path.name}"
            return TodaysRouting(source, rules_from_connect(found, pools), found.queues, found.helpers())
    raise PlanError(
        f"{path}: holds neither a Genesys decision table (table, rows), nor queues (entities), nor answers of Amazon "
        "Connect (QueueSummaryList, RoutingProfileQueueConfigSummaryList)"
    )


def with_queues(binding: Binding, queues: Mapping[str, str], pools: list[str]) -> Binding:
    """Bind pools that bear the name of a queue and have no id yet."""
    known = {pool: queues[pool] for pool in pools if pool in queues}
    return Binding({**binding.ids, "pools": {**known, **binding.ids.get("pools", {})}}, binding.transfers)


def configuration_diff(today: TodaysRouting, rules: RuleSet) -> str:
    """Say what the rules add to and leave of a configuration (Markdown)."""
    named = [(rule.actions["pool"], rule.actions["overflow_pool"]) for rule in rules.table]
    wanted = list(dict.fromkeys(str(pool) for pair in named for pool in pair if pool))
    overflow = {str(a): str(b) for a, b in named if b}
    lines = [f"# Against {today.source}", ""]
    lines += [f"- queue {pool}: exists, kept as it is" for pool in wanted if pool in today.queues]
    lines += [f"- queue {pool}: **new**" for pool in wanted if pool not in today.queues]
    lines += [f"- queue {name}: no rule sends contacts there any more" for name in today.queues if name not in wanted]
    for queue, (helper, after) in today.helpers.items():
        if overflow.get(queue) != helper:
            lines.append(f"- {helper} helps {queue} after {after} s today; the rules do not ask for it")
    return "\n".join([*lines, ""])
