"""The held model of a run: its network and plans as arrays, so that questions are answered without planning again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.errors import PlanError, RunError
from planner.frontier.records import Record, pack, unpack
from planner.operation.problem import FlowProblem
from solvers.archive import from_bytes, to_bytes
from solvers.flow.network import Floats
from solvers.flow.solution import Instance


@dataclass(frozen=True)
class Labels:
    """Names of what the arrays count: `types` as reason, U+001F, segment; `starts` as ISO text; else by key."""

    types: tuple[str, ...]
    channels: tuple[str, ...]
    pools: tuple[str, ...]
    segments: tuple[str, ...]
    steers: tuple[str, ...]
    promises: tuple[str, ...]
    shift_kinds: tuple[str, ...]
    starts: tuple[str, ...]
    currency: str

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(reason, segment) of each type."""
        return [(text.split("\x1f")[0], text.split("\x1f")[1]) for text in self.types]

    @property
    def dates(self) -> list[str]:
        """Dates of the horizon, ISO text, in order."""
        return list(dict.fromkeys(dt.datetime.fromisoformat(start).date().isoformat() for start in self.starts))


@dataclass(frozen=True)
class Held:
    """The arrays a run was planned on, by portfolio of initiatives: `instances`, `portfolios` (their names).

    `labels`, `fallback` shares (split,), `plans` by id, priority `classes`.
    """

    instances: tuple[Instance, ...]
    portfolios: tuple[tuple[str, ...], ...]
    labels: Labels
    fallback: Floats
    plans: dict[str, Record]
    classes: int

    @property
    def instance(self) -> Instance:
        """The center without initiatives."""
        return self.instances[0]

    def instance_of(self, record: Record) -> Instance:
        """The center with the initiatives of a plan."""
        return self.instances[record.portfolio]

    def plan(self, id: str) -> Record:
        """Return a plan by its id.

        Raises
        ------
        PlanError
            Today, or no plan of the run.
        """
        if id not in self.plans:
            hint = "Today's shifts are not known" if id == "today" else f"known are {', '.join(list(self.plans)[:5])}…"
            raise PlanError(f"plan {id!r} cannot be planned anew: {hint}")
        return self.plans[id]


def held_bytes(
    problems: Sequence[FlowProblem], keys: Sequence[str], records: Sequence[Record], fallback: Floats
) -> bytes:
    """Encode the model of a run, one problem per portfolio; the same run gives the same bytes."""
    problem = problems[0]
    labels = Labels(
        types=tuple("\x1f".join(pair) for pair in problem.types),
        channels=problem.channels,
        pools=problem.pools,
        segments=problem.segments,
        steers=problem.steers,
        promises=problem.promise_names,
        shift_kinds=problem.shift_kinds,
        starts=tuple(start.isoformat() for start in problem.starts),
        currency=problem.scenario.currency,
    )
    return to_bytes(
        {
            "instances": tuple(one.instance for one in problems),
            "portfolios": tuple(one.initiatives for one in problems),
            "portfolio": tuple(record.portfolio for record in records),
            "labels": labels,
            "fallback": fallback,
            "keys": tuple(keys),
            "records": pack(records),
            "classes": problem.scenario.frontier.priority_classes,
        }
    )


def held_from(data: bytes, where: str) -> Held:
    """Decode the model of a run.

    Raises
    ------
    RunError
        If it is damaged or from another version.
    """
    kinds = {
        "instances": tuple[Instance, ...],
        "portfolios": tuple[tuple[str, ...], ...],
        "portfolio": tuple[int, ...],
        "labels": Labels,
        "fallback": Floats,
        "keys": tuple[str, ...],
        "records": bytes,
        "classes": int,
    }
    try:
        found = from_bytes(data, kinds)
        records = zip(unpack(found["records"])[0], found["portfolio"], strict=True)
        plans = dict(zip(found["keys"], [replace(r, portfolio=p) for r, p in records], strict=True))
    except ValueError as err:
        raise RunError(f"{where}: {err}; run the scenario again") from err
    return Held(found["instances"], found["portfolios"], found["labels"], found["fallback"], plans, found["classes"])
