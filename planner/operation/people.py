"""Shift catalogues and payrolls of a scenario as arrays."""

from __future__ import annotations

import numpy as np

from planner.scenario import Scenario
from planner.scenario.center import Pool, Shift
from planner.scenario.day_parts import intervals_of
from planner.scenario.hours_check import fits
from solvers.shifts.catalogue import Catalogue, Payroll


def build_catalogue(scenario: Scenario, pool: Pool, kinds: tuple[str, ...]) -> Catalogue:
    """Every start of every kind of shift a pool may use on some day of the horizon, and the days it may be used on."""
    horizon = scenario.horizon
    cover, paid, start, end, kind, allowed = [], [], [], [], [], []
    for name in pool.shifts:
        shift = scenario.shifts[name]
        for begin in shift.begins:
            there = [fits(scenario, name, begin, day) for day in range(horizon.days)]
            if not any(there):
                continue
            cover.append(_floor(shift, begin, horizon.opens, horizon.interval_min, horizon.intervals_per_day))
            paid.append(shift.length_h - sum(b.length_min / 60 for b in shift.breaks if not b.paid))
            start.append(begin)
            end.append(begin + round(shift.length_h * 60))
            kind.append(kinds.index(name))
            allowed.append(there)
    days = np.array(allowed, dtype=bool).T
    return Catalogue(
        np.array(cover, dtype=float),
        np.array(paid),
        np.array(start, dtype=np.int64),
        np.array(end, dtype=np.int64),
        np.array(kind, dtype=np.int64),
        None if days.all() else np.ascontiguousarray(days),
    )


def _floor(shift: Shift, begin: int, opens: int, interval_min: int, intervals: int) -> list[float]:
    """1 for each interval of the day the person is on the floor."""
    end = begin + round(shift.length_h * 60)
    row = []
    for k in range(intervals):
        clock = opens + k * interval_min
        there = begin <= clock and clock + interval_min <= end
        for pause in shift.breaks:
            away = begin + round(pause.after_h * 60)
            if clock < away + pause.length_min and clock + interval_min > away:
                there = False
        row.append(float(there))
    return row


def people_min(scenario: Scenario) -> np.ndarray:
    """Least people scheduled of each pool while it and the center are open, shape (pool, interval)."""
    horizon = scenario.horizon
    opened = np.array(horizon.opened())
    least = np.zeros((len(scenario.pools), horizon.days, horizon.intervals_per_day))
    for g, pool in enumerate(scenario.pools.values()):
        for part in pool.day_parts.values():
            least[g, :, list(intervals_of(horizon, part))] = part.people_min
    return np.where(opened, least.reshape(len(scenario.pools), horizon.intervals), 0.0)


def build_payroll(scenario: Scenario) -> Payroll:
    """People of each pool over the horizon; pools without a roster have endless uncommitted heads."""
    days = scenario.horizon.days
    rows = []
    for pool in scenario.pools.values():
        roster = pool.roster
        if roster is None:
            rows.append((np.inf, np.inf, days, 7, 0.0, 0.0, 0.0, 0.0, np.inf, 0.0))
            continue
        weeks = days / 7 if days >= 7 else min(days, roster.days_per_week) / roster.days_per_week
        work_days = round(roster.days_per_week * days / 7) if days >= 7 else min(days, roster.days_per_week)
        rows.append(
            (
                roster.heads,
                roster.contract_h_per_week * weeks,
                work_days,
                roster.days_per_week,
                roster.min_rest_h * 60,
                roster.overtime_h_per_week_max * weeks,
                roster.overtime_premium,
                roster.time_off_h_per_week_max * weeks,
                roster.hires_max,
                roster.cost_per_hire * weeks / roster.hire_amortization_weeks,
            )
        )
    table = np.array(rows, dtype=float)
    return Payroll(
        heads=table[:, 0],
        contract_h=table[:, 1],
        days=table[:, 2].astype(np.int64),
        week_days=table[:, 3].astype(np.int64),
        rest_min=table[:, 4],
        overtime_h=table[:, 5],
        overtime_premium=table[:, 6],
        time_off_h=table[:, 7],
        hires_max=table[:, 8],
        hire_cost=table[:, 9],
    )
