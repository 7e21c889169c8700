"""What an export must know of pools beside their names: who works there, in which channel, on which platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from planner.scenario.center import Pool


@dataclass(frozen=True)
class PoolFacts:
    """One pool.

    `kind` human, ai_assisted, automated or vendor; `discipline` live_voice, live_chat, deferred or automated;
    `concurrency` contacts an agent handles at once; `reasons`, `segments` it may serve (None: all).
    """

    channel: str = ""
    platform: str = "main"
    kind: str = "human"
    discipline: str = "live_voice"
    concurrency: int = 1
    reasons: tuple[str, ...] | None = None
    segments: tuple[str, ...] | None = None

    @property
    def automated(self) -> bool:
        """True where no human serves."""
        return self.kind == "automated"

    def serves(self, reason: str | None, segment: str | None) -> bool:
        """Tell if the pool may serve a contact; of unknown reason or segment only where it serves all."""
        fits = self.reasons is None or (reason is not None and reason in self.reasons)
        return fits and (self.segments is None or (segment is not None and segment in self.segments))


@dataclass(frozen=True)
class Center:
    """What the router's world is made of.

    `must_human` reasons that people must serve, names in use, `protected` attributes that must not count, `cx_min`
    segment -> least CX.
    """

    pools: Mapping[str, PoolFacts]
    must_human: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    cx_min: Mapping[str, float] = field(default_factory=dict)


def center_of(document: Mapping[str, Any]) -> Center:
    """Read the center from the plain values of a scenario, as a run keeps them.

    Raises
    ------
    ValueError
        The values are not those of a scenario.
    """
    pools = {str(name): Pool(**values) for name, values in document["pools"].items()}
    reasons = document.get("reasons") or {}
    must = tuple(str(name) for name, values in reasons.items() if (values or {}).get("must_human"))
    names = {group: tuple(map(str, document.get(group) or {})) for group in ("reasons", "segments", "channels")}
    floors = {
        str(name): float(values["cx_min"])
        for name, values in (document.get("segments") or {}).items()
        if (values or {}).get("cx_min") is not None
    }
    protected = tuple(map(str, document.get("protected") or ()))
    return Center(pools_of(pools), must, **names, protected=protected, cx_min=floors)


def pools_of(pools: Mapping[str, Pool]) -> Mapping[str, PoolFacts]:
    """Read the pools of a scenario."""
    return {
        name: PoolFacts(
            channel=pool.channel,
            platform=pool.platform,
            kind=str(pool.kind),
            discipline=str(pool.discipline),
            concurrency=len(pool.chat.total_speed) if pool.chat is not None else 1,
            reasons=pool.reasons,
            segments=pool.segments,
        )
        for name, pool in pools.items()
    }
