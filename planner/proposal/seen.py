"""What the past tells of a center, as its proposed scenario needs it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from planner.history.week_counts import Counts
from planner.proposal.pools import PoolSeen
from planner.scenario.scenario import Horizon


@dataclass(frozen=True)
class Seen:
    """What the past tells of a center; names by contacts per week, the most frequent first.

    `answered`: channel and seconds -> share of the contacts answered within so long, where waits were measured.
    """

    counts: Counts
    horizon: Horizon
    reasons: pd.Series
    segments: pd.Series
    channels: pd.Series
    pools: tuple[PoolSeen, ...]
    files: dict[str, str]
    answers: dict[str, dict[str, int]]
    scale: dict[str, tuple[float, float]]
    identified: bool
    patience: dict[str, tuple[float, float, float, int]]
    redial: dict[str, tuple[float, int]]
    outcomes: pd.DataFrame | None
    timezone_known: bool
    waited: frozenset[str] = frozenset()
    staffing_from: str = ""
    answered: dict[tuple[str, int], float] = field(default_factory=dict)
