"""What must be known about a center to predict its past: pools, opening hours, and who is said to stand there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.scenario import Scenario, read_today_staffing
from planner.scenario.center import Discipline
from planner.scenario.scenario import Measure, Metric

SHOWN_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """One pool: `live` is True where contacts wait in a queue for agents.

    `speed` total speed of an agent with 1..K contacts at once; `shrinkage` share of scheduled time not on task, as
    stated; `within_s` threshold of the service level, seconds.
    """

    name: str
    channel: str
    live: bool
    speed: tuple[float, ...]
    shrinkage: float
    within_s: float


@dataclass(frozen=True)
class CenterFacts:
    """Pools, opening hours (minutes after midnight), interval length, and the staffing somebody stated.

    `staffing`: `weekday, minute, pool, scheduled`, or None where today's staffing comes from history. `score` is the
    column of the survey score.
    """

    pools: tuple[PoolFacts, ...]
    opens: int
    closes: int
    interval_min: int
    staffing: pd.DataFrame | None = None
    score: str = "csat"

    @property
    def slots(self) -> int:
        """Intervals of a day."""
        return (self.closes - self.opens) // self.interval_min

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the pools."""
        return tuple(pool.name for pool in self.pools)


def facts_of(scenario: Scenario) -> CenterFacts:
    """Read the facts from a scenario; a pool's threshold is that of its first service level promise, else 20 s."""
    within = {
        pool: promise.answer_within_s
        for promise in reversed(scenario.promises.values())
        if promise.measure is Measure.SERVICE_LEVEL
        for pool in promise.pools
    }
    live = (Discipline.LIVE_VOICE, Discipline.LIVE_CHAT)
    pools = tuple(
        PoolFacts(
            name=name,
            channel=pool.channel,
            live=pool.discipline in live,
            speed=pool.chat.total_speed if pool.chat is not None else (1.0,),
            shrinkage=pool.shrinkage.value,
            within_s=within.get(name, SHOWN_WITHIN_S),
        )
        for name, pool in scenario.pools.items()
    )
    horizon, metric = scenario.horizon, scenario.experience.metric
    return CenterFacts(
        pools=pools,
        opens=horizon.opens,
        closes=horizon.closes,
        interval_min=horizon.interval_min,
        staffing=_stated(scenario),
        score="csat" if metric is Metric.COMPOSITE else str(metric.value),
    )


def _stated(scenario: Scenario) -> pd.DataFrame | None:
    """Today's stated staffing by weekday and clock time, as far as days of the horizon without own hours show it."""
    if scenario.today.staffing == "history":
        return None
    frame, horizon = read_today_staffing(scenario), scenario.horizon
    dates = [(horizon.start + dt.timedelta(days=day)).isoformat() for day in range(horizon.days)]
    usual = np.repeat([date not in horizon.hours for date in dates], horizon.intervals_per_day)
    frame = frame[usual[frame["interval"].to_numpy(int)]]
    starts = pd.DatetimeIndex(horizon.starts())
    at = starts[frame["interval"].to_numpy(int)]
    stated = pd.DataFrame(
        {
            "weekday": at.day_of_week,
            "minute": at.hour * 60 + at.minute,
            "pool": frame["pool"].to_numpy(),
            "scheduled": frame["scheduled"].to_numpy(float),
        }
    )
    grouped = stated.groupby(["weekday", "minute", "pool"])["scheduled"].mean()
    return pd.DataFrame(grouped.reset_index())
