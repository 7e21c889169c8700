"""The backtest: each of the last weeks predicted from the weeks before it, with the people who really stood there."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.backtest.after_call import after_calls, with_after_calls
from planner.backtest.calibration import WorkAndPatience, work_and_patience
from planner.backtest.center import CenterFacts
from planner.backtest.checks import score_tolerance
from planner.backtest.forecast import VolumeForecast, forecast_volume, naive_ratio
from planner.backtest.judged import Judged, judged_mean, judged_worlds
from planner.backtest.roster import Roster
from planner.backtest.seen import Seen, monday_of
from planner.backtest.summary import interval_table, summary_table
from planner.backtest.worlds import FormulaWaiting, Worlds, formula_waiting, simulate_worlds
from planner.history.columns import SCALES

Floats = NDArray[np.float64]

MOST_CALLS = 5_000_000
_ZERO = ("seen_above", "seen_below", "floor_error", "above", "below")


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """How to look back.

    `weeks` predicted at most; `worlds` simulated per week: one less than a multiple of 40, so that a 95 % interval
    ends at whole worlds; `known_volume`: predict the service once more with the contacts that really came, which tells
    errors of the forecast from those of the waiting model.
    """

    weeks: int = 4
    worlds: int = 39
    known_volume: bool = True

    def __post_init__(self) -> None:
        if self.weeks < 1:
            raise ValueError(f"weeks = {self.weeks} — must be at least 1")
        if self.worlds < 39:
            raise ValueError(f"worlds = {self.worlds} — must be at least 39, or there is no 95 % interval")


@dataclass(frozen=True)
class Backtest:
    """What was predicted and what was seen.

    `summary` and `intervals`: see `summary_table` and `interval_table`; `weeks` the Mondays of the predicted weeks;
    `roster` pool -> where its agents on task come from; `notes` what was left out, in words.
    """

    summary: pd.DataFrame
    intervals: pd.DataFrame = field(repr=False)
    weeks: tuple[str, ...]
    roster: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Past:
    """Everything a backtest reads from a history, once for all weeks; `score`: the column whose means it predicts."""

    score: str
    seen: Seen
    handles: pd.DataFrame
    waits: pd.DataFrame
    calls: pd.DataFrame | None
    roster: Roster


def predict(
    past: Past, facts: CenterFacts, settings: BacktestSettings, *, seed: int, executor: Executor | None = None
) -> Backtest:
    """Predict each of the last complete weeks from what came before it, and compare; see `reading.backtest`."""
    seen = past.seen
    held = min(settings.weeks, len(seen.weeks) - 1)
    judged: list[Judged] = []
    for position in range(len(seen.weeks) - held, len(seen.weeks)):
        judged += _week(past, facts, settings, position, seed, executor)
    low, high = SCALES.get(past.score, (1.0, 5.0))
    return Backtest(
        summary=summary_table(judged, facts, score_tolerance(low, high)),
        intervals=interval_table(judged, facts),
        weeks=tuple(str(monday_of(week)) for week in seen.weeks[-held:]),
        roster={name: source for name, source in zip(facts.names, past.roster.source, strict=True) if source},
        notes=_notes(past, facts, settings.weeks, held),
    )


def _week(
    past: Past, facts: CenterFacts, settings: BacktestSettings, position: int, seed: int, executor: Executor | None
) -> list[Judged]:
    """Predict one week from those before it."""
    seen, week = past.seen, past.seen.weeks[position]
    known = _known(past, facts, week)
    forecast = forecast_volume(seen.count("contacts")[:, :position])
    rng = np.random.default_rng([seed, 53, position])
    volumes = forecast.draws(settings.worlds, rng)
    offered = rng.poisson(volumes).astype(float)
    found = [_judged_volume(seen, position, forecast, offered)]
    found += _judged_means(seen, position, settings.worlds)
    on_task = past.roster.on_task[:, position]
    usable = [
        pool.live
        and known[g].service is not None
        and bool(np.isfinite(on_task[g]).all())
        and seen.count("timed")[g, position].sum() > 0
        for g, pool in enumerate(facts.pools)
    ]
    pools = np.flatnonzero(usable)
    if pools.size == 0:
        return found
    modes = [(False, volumes[:, pools], forecast.mean[pools])]
    if settings.known_volume:
        came = seen.count("contacts")[pools, position]
        modes.append((True, np.broadcast_to(came, (settings.worlds, *came.shape)), came))
    kept = tuple(known[g] for g in pools)
    for k, (volume_seen, arrivals, mean) in enumerate(modes):
        one = int(np.random.SeedSequence([seed, 54, position, k]).generate_state(1)[0])
        worlds = simulate_worlds(arrivals, on_task[pools], kept, facts, pools, seed=one, executor=executor)
        formula = formula_waiting(mean, on_task[pools], kept, facts, pools)
        found += _judged_service(seen, position, volume_seen, pools, worlds, formula, mean)
    return found


def _known(past: Past, facts: CenterFacts, week: int) -> tuple[WorkAndPatience, ...]:
    """What the weeks before say; agents counted over the gaps between their calls also need their after-call times."""
    known = list(work_and_patience(past.handles, past.waits, facts, week))
    if past.calls is not None:
        for g in np.flatnonzero(past.roster.present):
            known[g] = with_after_calls(known[g], after_calls(past.calls, facts.names[g], week))
    return tuple(known)


def _judged_volume(seen: Seen, position: int, forecast: VolumeForecast, offered: Floats) -> Judged:
    contacts = seen.count("contacts")
    ever = (contacts[:, : position + 1].sum(axis=1) > 0).astype(float)
    naive = contacts[:, :position].mean(axis=1)
    return judged_worlds(
        seen.weeks[position],
        "volume",
        False,
        (contacts[:, position], ever),
        (offered, np.broadcast_to(ever, offered.shape)),
        (np.full(naive.shape, np.nan), ever),
        naive,
    )


def _judged_means(seen: Seen, position: int, worlds: int) -> list[Judged]:
    """Handle times and scores."""
    found = []
    for measure, total, squares, count in (
        ("aht_s", "handle_s", "handle2_s2", "handled"),
        ("score", "score", "score2", "scored"),
    ):
        sums = [seen.count(name)[:, :position] for name in (total, squares, count)]
        if sums[2].sum() <= 0:
            continue
        now = seen.count(total)[:, position], seen.count(count)[:, position]
        before = [values.sum(axis=(1, 2)) for values in sums]
        naive = naive_ratio(sums[0], sums[2])
        found.append(judged_mean(seen.weeks[position], measure, now, (before[0], before[1], before[2]), naive, worlds))
    return found


def _judged_service(
    seen: Seen,
    position: int,
    volume_seen: bool,
    pools: NDArray[np.int64],
    worlds: Worlds,
    formula: FormulaWaiting,
    mean: Floats,
) -> list[Judged]:
    """Abandonment, wait and service level of the pools simulated; NaN for the others."""
    found = []
    for measure, above, below, world_above, world_below in (
        ("abandon_rate", "abandoned", "contacts", worlds.abandoned, worlds.offered),
        ("asa_s", "wait_s", "timed", worlds.wait_s, worlds.ended),
        ("service_level", "in_time", "timed", worlds.in_time, worlds.offered),
    ):
        top, bottom = seen.count(above), seen.count(below)
        naive = naive_ratio(top[pools, :position], bottom[pools, :position])
        one = judged_worlds(
            seen.weeks[position],
            measure,
            volume_seen,
            (top[pools, position], bottom[pools, position]),
            (world_above, world_below),
            (getattr(formula, measure), mean),
            naive,
        )
        found.append(_for_all_pools(one, pools, top.shape[0]))
    return found


def _for_all_pools(one: Judged, pools: NDArray[np.int64], count: int) -> Judged:
    """Spread the rows of some pools over all, the others unknown."""
    changed: dict[str, Any] = {}
    for item in fields(one):
        value = getattr(one, item.name)
        if isinstance(value, np.ndarray):
            axis = value.ndim - 2 if item.name not in ("above", "below") else 1
            shape = list(value.shape)
            shape[axis] = count
            filled = np.full(shape, 0.0 if "weight" in item.name or item.name in _ZERO else np.nan)
            filled[(slice(None),) * axis + (pools,)] = value
            changed[item.name] = filled
    return replace(one, **changed)


def _notes(past: Past, facts: CenterFacts, asked: int, held: int) -> tuple[str, ...]:
    seen = past.seen
    notes = []
    if held < asked:
        notes.append(
            f"{len(seen.weeks)} complete weeks of history: {held} of the {asked} weeks asked for can be predicted; "
            f"{asked + 1} would do"
        )
    total = float(seen.count("contacts").sum())
    if seen.shared > 0:
        share = seen.shared / total
        notes.append(f"{share:.1%} of the contacts carry no pool: shared out over the pools of their channel")
    if seen.outside > 0:
        notes.append(f"{seen.outside:,.0f} contacts lie outside complete weeks or opening hours: left out")
    if seen.strange > 0:
        notes.append(f"{seen.strange:,.0f} contacts are of pools the scenario does not name: left out")
    return (*notes, *_pool_notes(past, facts))


def _pool_notes(past: Past, facts: CenterFacts) -> list[str]:
    """Say per pool where its people come from, and why its waits are not predicted where they are not."""
    notes = []
    for g, pool in enumerate(facts.pools):
        if not pool.live or past.seen.count("contacts")[g].sum() <= 0:
            continue
        missing = []
        if past.seen.count("timed")[g].sum() <= 0:
            missing.append("its contacts have no wait_s")
        if past.seen.count("handled")[g].sum() <= 0:
            missing.append("its contacts have no handle_s")
        if not past.roster.source[g]:
            missing.append(
                "nobody knows who stood there (no staffing table, no agent_id, no stated staffing; "
                f"more than {MOST_CALLS:,} contacts are not searched for agents)"
            )
        if missing:
            notes.append(f"{pool.name}: its waits cannot be predicted: {'; '.join(missing)}")
        elif past.roster.present[g]:
            notes.append(
                f"{pool.name}: no staffing table; who was there is modeled from the calls of the agents, joined over "
                "gaps of up to ten minutes; the time they took between calls while somebody waited counts as work"
            )
        elif past.roster.source[g].startswith("stated"):
            notes.append(f"{pool.name}: no staffing table; its agents are the {past.roster.source[g]}")
    return notes
