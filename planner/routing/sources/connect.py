"""Amazon Connect configuration in: queues by name, who helps whom by delays, and the rules that follow from both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.routing.facts import ANY
from planner.routing.pools import PoolFacts
from planner.routing.ruleset import RuleSet
from planner.routing.table import ACTIONS


@dataclass(frozen=True)
class ConnectConfiguration:
    """What stands in an instance.

    `queues` name -> ARN (or id); `served`: `profile, queue, channel, priority, delay_s`, one row per queue of a routing
    profile.
    """

    queues: Mapping[str, str]
    served: pd.DataFrame

    def helpers(self) -> dict[str, tuple[str, int]]:
        """Queue -> (queue whose agents help, seconds after which): the shortest delay above 0 of another's agents.

        A profile's own queue is the one of the same channel that it serves without delay at the best priority.
        """
        found: dict[str, tuple[str, int]] = {}
        for _, rows in self.served.groupby("profile", sort=False):
            own = rows[rows["delay_s"] == 0].sort_values(["priority", "queue"], kind="stable")
            for row in rows[rows["delay_s"] > 0].to_dict("records"):
                queue, after = str(row["queue"]), int(row["delay_s"])
                mine = own[own["channel"] == row["channel"]]
                if len(mine) and (queue not in found or after < found[queue][1]):
                    found[queue] = (str(mine.iloc[0]["queue"]), after)
        return found


def connect_configuration(documents: Sequence[Any]) -> ConnectConfiguration:
    """Read the answers of ListQueues, DescribeRoutingProfile and ListRoutingProfileQueues, in any order."""
    queues: dict[str, str] = {}
    rows: list[tuple[str, str, str, int, int]] = []
    for document in documents:
        for one in document.get("QueueSummaryList", []):
            if one.get("QueueType", "STANDARD") == "STANDARD" and "Name" in one:
                queues[str(one["Name"])] = str(one.get("Arn") or one["Id"])
        profile = str(document.get("RoutingProfile", {}).get("Name") or document.get("RoutingProfileName") or "")
        rows += list(_served(profile, document.get("RoutingProfileQueueConfigSummaryList", [])))
    columns = ["profile", "queue", "channel", "priority", "delay_s"]
    return ConnectConfiguration(queues, pd.DataFrame(rows, columns=columns))


def _served(profile: str, summaries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, int, int]]:
    for one in summaries:
        yield profile, str(one["QueueName"]), str(one["Channel"]), int(one["Priority"]), int(one["Delay"])


def rules_from_connect(
    found: ConnectConfiguration, pools: Mapping[str, PoolFacts], plan: str = "imported"
) -> RuleSet | None:
    """Read queues and routing profiles as a rule set.

    Which reason goes to which queue stands in flows, not in queues; so a queue takes what the scenario's pool of its
    name may serve: queues for few reasons and segments come before those for all, and among equals the queue that most
    profiles serve at their best priority and without delay. The class of a queue is the rank of its best priority among
    those of its channel, its overflow the queue whose agents help after a delay.

    Parameters
    ----------
    pools
        Pools of the scenario; queues of other names say nothing about its contacts.

    Returns
    -------
    RuleSet or None
        A row per queue, one per channel for what no queue is made for, and the default row; None where no queue that a
        profile serves bears the name of a pool.
    """
    best = found.served.groupby("queue")["priority"].min() if len(found.served) else pd.Series(dtype=float)
    served = [name for name in pools if name in best.index and (name in found.queues or not found.queues)]
    if not served:
        return None
    order = sorted(served, key=lambda name: (_width(pools[name]), *_standing(found.served, name), name))
    helpers = {queue: way for queue, way in found.helpers().items() if way[0] in pools}
    rows = []
    for channel in dict.fromkeys(pools[name].channel for name in served):
        mine = [name for name in order if pools[name].channel == channel]
        ranks = {number: rank for rank, number in enumerate(sorted({int(best[name]) for name in mine}))}
        made = [_queue_row(name, pools[name], ranks[int(best[name])], helpers.get(name)) for name in mine]
        rows += made
        if not (made[-1]["entry_reason"] == ANY and made[-1]["segment"] == ANY):
            why = f"no queue is made for it: {mine[-1]}, the widest of {channel}"
            rows.append({**made[-1], "entry_reason": ANY, "segment": ANY, "why": why})
    widest = next(row for row in reversed(rows) if row["pool"] == max(order, key=lambda name: _width(pools[name])))
    rows.append(
        {**widest, **dict.fromkeys(("entry_reason", "channel", "segment"), ANY), "why": "default: everything else"}
    )
    frame = pd.DataFrame(rows)
    frame.insert(0, "rule", range(1, len(frame) + 1))
    return RuleSet(plan, frame.astype(object).where(frame.notna(), None))


def _width(pool: PoolFacts) -> tuple[int, int]:
    """How much a pool may serve: everything last."""
    return tuple(10**6 if names is None else len(names) for names in (pool.reasons, pool.segments))  # type: ignore[return-value]


def _standing(served: pd.DataFrame, queue: str) -> tuple[int, int]:
    """Profiles that serve a queue without delay (more come first), and its best priority."""
    own = served[served["queue"] == queue]
    return -int((own["delay_s"] == 0).sum()), int(own["priority"].min())


def _queue_row(name: str, pool: PoolFacts, rank: int, helper: tuple[str, int] | None) -> dict[str, Any]:
    actions: dict[str, Any] = dict.fromkeys(ACTIONS)
    if helper is not None:
        actions |= {"overflow_pool": helper[0], "overflow_after_s": float(helper[1])}
    return {
        "entry_reason": ANY if pool.reasons is None else pool.reasons,
        "channel": pool.channel,
        "segment": ANY if pool.segments is None else pool.segments,
        **{"offer_from": 0.0, "offer_to": 1.0, "pool_from": 0.0, "pool_to": 1.0},
        **actions,
        "pool": name,
        "priority": rank,
        "why": f"queue {name}: serves {'all' if pool.reasons is None else ', '.join(pool.reasons)} in {pool.channel}",
    }
