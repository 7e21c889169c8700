"""Demand as a mean week of the past: issues per type and interval, smoothed where thin, with their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.model import Demand
from planner.demand.profiles import FEW_WEEKS, UNKNOWN_CV, WeekSpread, shares, shrunk_profiles, week_spread
from planner.demand.quantiles import interval_quantiles, joint_cv
from planner.demand.service_days import service_days
from planner.experience.chance import chance_links, issues_without_chance
from planner.experience.issues import labeled_volumes, with_issues
from planner.history import History, first_contact_volumes
from planner.scenario import Scenario
from planner.scenario.opening_hours import WEEKDAYS

Array = NDArray[np.float64]


def history_demand(scenario: Scenario, history: History) -> Demand:
    """Build the demand of a scenario from its history.

    Issues are first contacts of stitched journeys, with what anonymous contacts stand for; the mean over complete
    weeks, times growth. The weekly profile of a type is shrunk, interval by interval, to that of its reason, and
    that to the center's (Poisson counts, gamma prior worth 10 issues); the total of each type stays as counted.
    """
    raw = first_contact_volumes(
        history, window_days=scenario.experience.window_days, interval_min=scenario.horizon.interval_min
    )
    volumes, notes = with_issues(labeled_volumes(raw, scenario))
    stated = scenario.experience
    chance, more = chance_links(history, volumes, stated.window_days, stated.metric.value)
    return demand_from_volumes(scenario, issues_without_chance(volumes, chance), (*notes, *more))


def demand_from_volumes(scenario: Scenario, volumes: pd.DataFrame, known: tuple[str, ...] = ()) -> Demand:
    """Build the demand from counts of contacts and issues per past interval, as from `issues.with_issues`.

    `known` are notes on how these counts came about.
    """
    notes: list[str] = list(known)
    placed = _by_opening(volumes, scenario, notes)
    frame = _within(placed, scenario, notes)
    days = _days(placed)
    frame = frame[frame["week"].isin(days.weeks)] if days.weeks else frame
    notes.append(_reconciled(volumes, frame, days))
    types = scenario.types
    week = _while_open(_weekly(frame, scenario, days), scenario, notes)
    spread = _spread(frame, scenario, days, notes)
    growth = 1 + scenario.demand.growth
    per_interval = _smoothed(week.sum(axis=1), scenario, days) * growth
    issues = per_interval.sum(axis=1)
    by_channel = week.sum(axis=2)
    empty = by_channel.sum(axis=1) <= 0
    natural = np.where(
        empty[:, None], 1.0 / by_channel.shape[1], by_channel / np.where(empty, 1.0, by_channel.sum(axis=1))[:, None]
    )
    stated = scenario.demand.uncertainty
    level = spread.level if stated is None else stated.value
    cv = np.maximum(joint_cv(level, spread.by_row), spread.interval)
    p10, p50, p90 = interval_quantiles(per_interval, np.broadcast_to(cv[:, None], per_interval.shape))
    return Demand(
        types=tuple(types),
        channels=tuple(scenario.channels),
        starts=tuple(scenario.horizon.starts()),
        issues=issues,
        profile=per_interval / np.where(issues > 0, issues, 1.0)[:, None],
        natural=natural,
        level_cv=level,
        type_cv=spread.by_row,
        p10=p10,
        p50=p50,
        p90=p90,
        source=f"history, mean of {days.words}" + (f", growth {growth - 1:+.1%}" if growth != 1 else ""),
        notes=tuple(notes),
        weeks=_past_weeks(frame, scenario, days) / growth,
    )


def _by_opening(volumes: pd.DataFrame, scenario: Scenario, notes: list[str]) -> pd.DataFrame:
    """Count contacts after midnight to the day the center opened on; leave out nights cut at the ends of the past."""
    horizon = scenario.horizon
    if not horizon.overnight:
        return volumes
    monday = pd.DatetimeIndex(volumes["week"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    day, minute, whole = service_days(
        horizon.closes, monday + volumes["weekday"].to_numpy(np.int64), volumes["minute"].to_numpy(np.int64)
    )
    dates = pd.DatetimeIndex(day.astype("datetime64[D]"))
    weekday = dates.day_of_week.to_numpy(np.int64)
    week = (day - weekday).astype("datetime64[D]").astype("datetime64[s]")
    if not whole.all():
        share = volumes.loc[~whole, "contacts"].sum() / max(volumes["contacts"].sum(), 1e-300)
        notes.append(f"{share:.1%} of the contacts of history lie in nights cut off at its ends: left out")
    return volumes.assign(week=week, weekday=weekday, minute=minute)[whole]


@dataclass(frozen=True)
class _Days:
    """Which days of the past count: complete weeks (Mondays), and how many of each weekday there are."""

    weeks: tuple[pd.Timestamp, ...]
    per_weekday: Array

    @property
    def words(self) -> str:
        """How long the past is."""
        if self.weeks:
            return f"{len(self.weeks)} complete week{'s' if len(self.weeks) > 1 else ''}"
        return f"{int(self.per_weekday.sum())} days (less than a complete week)"


def _days(raw: pd.DataFrame) -> _Days:
    """Find the complete weeks: their Monday and Sunday lie within the days that have contacts."""
    dates = pd.DatetimeIndex(raw["week"]) + pd.to_timedelta(raw["weekday"], unit="D")
    first, last = dates.min(), dates.max()
    day = pd.Timedelta(days=1)
    # A center closed on Sundays, or at the start of its first week, still has complete weeks.
    open_days = sorted(raw["weekday"].unique())
    weeks = [
        week
        for week in sorted(pd.DatetimeIndex(raw["week"].unique()))
        if week + open_days[0] * day >= first and week + open_days[-1] * day <= last
    ]
    if weeks:
        return _Days(tuple(weeks), np.full(7, float(len(weeks))))
    seen = pd.Series(dates.unique()).dt.day_of_week.value_counts()
    return _Days((), seen.reindex(range(7)).fillna(0.0).to_numpy(float))


def _within(volumes: pd.DataFrame, scenario: Scenario, notes: list[str]) -> pd.DataFrame:
    """Leave out contacts outside the hours of their weekday and labels the scenario does not know; both are counted."""
    opens, closes = np.array([scenario.horizon.weekday_hours(day) for day in range(7)]).T
    weekday = volumes["weekday"].to_numpy(np.int64)
    outside = (volumes["minute"] < opens[weekday]) | (volumes["minute"] >= closes[weekday])
    if outside.any():
        share = volumes["contacts"] / volumes["contacts"].sum()
        by_day = share[outside].groupby(weekday[outside.to_numpy()]).sum()
        named = ", ".join(f"{WEEKDAYS[day]} {part:.1%}" for day, part in by_day.items() if part >= 0.0005)
        whose = f" ({named})" if scenario.horizon.hours and named else ""
        notes.append(
            f"{share[outside].sum():.1%} of the contacts of history lie outside the opening hours{whose}: left out"
        )
    strange = ~(
        volumes["entry_reason"].isin(list(scenario.reasons))
        & volumes["segment"].isin(list(scenario.segments))
        & volumes["channel"].isin(list(scenario.channels))
    )
    if strange.any():
        count = volumes.loc[strange, "contacts"].sum()
        notes.append(f"{count:.0f} contacts of history carry a reason, segment or channel the scenario does not know")
    return volumes[~outside & ~strange]


def _reconciled(raw: pd.DataFrame, frame: pd.DataFrame, days: _Days) -> str:
    """Say how the contacts of history become issues: a line whose numbers add up."""
    total, used, issues = float(raw["contacts"].sum()), float(frame["contacts"].sum()), float(frame["issues"].sum())
    return (
        f"{total:,.0f} contacts in history = {used:,.0f} in {days.words} + {total - used:,.0f} outside; "
        f"they are {issues:,.0f} issues, {used / max(issues, 1e-9):.3f} contacts each"
    )


def _codes(frame: pd.DataFrame, scenario: Scenario) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    types = pd.MultiIndex.from_tuples(scenario.types).get_indexer(
        pd.MultiIndex.from_frame(frame[["entry_reason", "segment"]])
    )
    channels = pd.Index(list(scenario.channels)).get_indexer(pd.Index(frame["channel"]))
    slots = ((frame["minute"] - scenario.horizon.opens) // scenario.horizon.interval_min).to_numpy(int)
    per_day = scenario.horizon.intervals_per_day
    return types, channels, frame["weekday"].to_numpy(int) * per_day + slots


def _weekly(frame: pd.DataFrame, scenario: Scenario, days: _Days) -> Array:
    """Mean issues, shape (type, channel, interval of the horizon); weekdays never seen get the mean of the others."""
    types, channels, slots = _codes(frame, scenario)
    per_day = scenario.horizon.intervals_per_day
    week = np.zeros((len(scenario.types), len(scenario.channels), 7 * per_day))
    np.add.at(week, (types, channels, slots), frame["issues"].to_numpy(float))
    cube = week.reshape(*week.shape[:2], 7, per_day)
    count = days.per_weekday
    mean = cube / np.where(count > 0, count, 1.0)[None, None, :, None]
    if (count == 0).any():
        mean[:, :, count == 0] = (cube.sum(axis=2) / count.sum())[:, :, None]
    weekdays = [start.weekday() for start in scenario.horizon.starts()[::per_day]]
    return np.asarray(mean[:, :, weekdays].reshape(*week.shape[:2], -1))


def _while_open(week: Array, scenario: Scenario, notes: list[str]) -> Array:
    """Leave out issues, shape (type, channel, interval), of days that a date's own hours close or shorten."""
    opened = np.array(scenario.horizon.opened())
    lost = float(week[:, :, ~opened].sum())
    if lost > 0:
        notes.append(
            f"{lost:,.0f} of {week.sum():,.0f} issues that such a week has come when the center is closed by "
            "horizon.hours: left out"
        )
    return np.where(opened, week, 0.0)


def _smoothed(week: Array, scenario: Scenario, days: _Days) -> Array:
    """Shrink profiles of shape (type, interval): type to reason, reason to center; totals of types stay."""
    weeks = float(np.maximum(days.per_weekday[days.per_weekday > 0].mean(), 1.0))
    reasons = np.asarray([list(scenario.reasons).index(reason) for reason, _ in scenario.types])
    center = shares(week.sum(axis=0))
    by_reason = np.zeros((len(scenario.reasons), week.shape[1]))
    np.add.at(by_reason, reasons, week)
    parents = shrunk_profiles(by_reason, np.broadcast_to(center, by_reason.shape), weeks)
    return shrunk_profiles(week, shares(parents)[reasons], weeks)


def _past_weeks(frame: pd.DataFrame, scenario: Scenario, days: _Days) -> Array:
    """Issues of each complete week as a share of the mean week, shape (week, type); 1 for types never seen."""
    totals = np.zeros((len(days.weeks), len(scenario.types)))
    if days.weeks:
        types, _, _ = _codes(frame, scenario)
        weeks = pd.DatetimeIndex(days.weeks).get_indexer(pd.DatetimeIndex(frame["week"]))
        np.add.at(totals, (weeks, types), frame["issues"].to_numpy(float))
    mean = totals.mean(axis=0) if len(totals) else np.ones(totals.shape[1])
    return np.asarray(np.where(mean > 0, totals / np.where(mean > 0, mean, 1.0), 1.0))


def _spread(frame: pd.DataFrame, scenario: Scenario, days: _Days, notes: list[str]) -> WeekSpread:
    """How the weekly total, the types on top of it, and single intervals vary from week to week."""
    kinds = len(scenario.types)
    if len(days.weeks) < FEW_WEEKS:
        notes.append(
            f"{days.words}: too few to see how weeks vary; the weekly total is taken to vary by {UNKNOWN_CV:.0%}"
        )
        return WeekSpread(UNKNOWN_CV, np.zeros(kinds), 0.0)
    types, _, slots = _codes(frame, scenario)
    weeks = pd.DatetimeIndex(days.weeks).get_indexer(pd.DatetimeIndex(frame["week"]))
    cube = np.zeros((len(days.weeks), kinds, 7 * scenario.horizon.intervals_per_day))
    np.add.at(cube, (weeks, types, slots), frame["issues"].to_numpy(float))
    return week_spread(cube)
