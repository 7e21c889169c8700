"""What an export must know of pools beside their names: who works there, in which channel, on which platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.scenario import Scenario


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


def pools_of(scenario: Scenario) -> Mapping[str, PoolFacts]:
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
        for name, pool in scenario.pools.items()
    }
