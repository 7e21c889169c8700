"""Amazon Connect configuration in: queues by name, and who helps whom by the delays of routing profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


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

        A profile's own queue is the one it serves without delay at the best priority.
        """
        found: dict[str, tuple[str, int]] = {}
        for _, rows in self.served.groupby("profile", sort=False):
            own = rows[rows["delay_s"] == 0].sort_values(["priority", "queue"], kind="stable")
            for row in rows[rows["delay_s"] > 0].to_dict("records"):
                queue, after = str(row["queue"]), int(row["delay_s"])
                if len(own) and (queue not in found or after < found[queue][1]):
                    found[queue] = (str(own.iloc[0]["queue"]), after)
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
