"""Required against available people by pool and month: a recursion that can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class PoolOutlook:
    """A pool at the plan and what is known of its coming months.

    Attributes
    ----------
    paid_h_per_week
        Hours the plan pays in a week, shrinkage included.
    contract_h_per_week
        Paid hours of one full-time equivalent (FTE).
    heads
        People on the payroll when the months begin, all trained.
    growth_per_year, attrition_per_year
        Ratios a year. A twelfth of the attrition leaves each month, of those there when the month begins.
    shrinkage_of_plan, shrinkage
        Share of paid time not on task, in the plan and in the coming months (ratios below 1).
    ramp
        Productivity of starters in their 1st, 2nd, ... month (ratios); 1 afterwards.
    starters
        People who start at the beginning of month 1, 2, ...; nobody afterwards.
    """

    pool: str
    paid_h_per_week: float
    contract_h_per_week: float
    heads: float
    growth_per_year: float = 0.0
    attrition_per_year: float = 0.0
    shrinkage_of_plan: float = 0.0
    shrinkage: float = 0.0
    ramp: tuple[float, ...] = ()
    starters: tuple[float, ...] = ()


def gap_of_pool(outlook: PoolOutlook, months: int) -> pd.DataFrame:
    """Required and available FTE of a pool at the end of each of the next `months`.

    With a = attrition_per_year / 12, s the shrinkage of the coming months and s0 that of the plan, for m = 1, 2, ...:

        required[m]  = paid_h_per_week / contract_h_per_week * (1 + growth_per_year)^(m / 12) * (1 - s0) / (1 - s)
        trained[m]   = trained[m-1] * (1 - a),                     trained[0] = heads
        class_c[c]   = starters[c],   class_c[m] = class_c[m-1] * (1 - a)                for the class that starts in c
        available[m] = trained[m] + sum over c <= m of ramp[m-c] * class_c[m]            (ramp beyond its end is 1)
        gap[m]       = available[m] - required[m]

    Columns: `pool, month, required, available, gap` (FTE), `heads` (people, those in training included), `starters`,
    `leavers` (people in the month).

    Raises
    ------
    ValueError
        If months is below 1, the contract is not positive, or a shrinkage is not below 1.
    """
    if months < 1:
        raise ValueError(f"months is {months}, but at least 1 month is needed")
    if outlook.contract_h_per_week <= 0:
        raise ValueError(f"contract_h_per_week of {outlook.pool} is {outlook.contract_h_per_week:g}, not above 0")
    for shrinkage in (outlook.shrinkage_of_plan, outlook.shrinkage):
        if not 0 <= shrinkage < 1:
            raise ValueError(f"shrinkage of {outlook.pool} is {shrinkage:g}, not a ratio from 0 to below 1")
    leaving = outlook.attrition_per_year / 12
    today = outlook.paid_h_per_week / outlook.contract_h_per_week
    today *= (1 - outlook.shrinkage_of_plan) / (1 - outlook.shrinkage)
    trained, classes = outlook.heads, [0.0] * months
    rows = []
    for month in range(1, months + 1):
        there = trained + sum(classes)
        trained *= 1 - leaving
        classes = [people * (1 - leaving) for people in classes]
        starters = outlook.starters[month - 1] if month <= len(outlook.starters) else 0.0
        classes[month - 1] = starters
        productive = sum(_ramp(outlook.ramp, month - 1 - c) * classes[c] for c in range(month))
        required = today * (1 + outlook.growth_per_year) ** (month / 12)
        available = trained + productive
        heads = trained + sum(classes)
        leavers = there * leaving
        rows.append((outlook.pool, month, required, available, available - required, heads, starters, leavers))
    columns = ["pool", "month", "required", "available", "gap", "heads", "starters", "leavers"]
    return pd.DataFrame(rows, columns=columns)


def gap_table(outlooks: Sequence[PoolOutlook], months: int) -> pd.DataFrame:
    """Return the months of every pool, one below the other; see `gap_of_pool`."""
    return pd.concat([gap_of_pool(outlook, months) for outlook in outlooks], ignore_index=True)


def gap_words(table: pd.DataFrame) -> list[str]:
    """Say in a sentence per pool when it runs short, and by how much at worst."""
    out = []
    for pool, rows in table.groupby("pool", sort=False):
        short = rows[rows["gap"] < 0]
        if short.empty:
            least = rows.iloc[int(rows["gap"].to_numpy().argmin())]
            out.append(
                f"{pool}: enough people in every month; least to spare in month {least.month}: {least.gap:.1f} FTE."
            )
            continue
        worst = short.iloc[int(short["gap"].to_numpy().argmin())]
        out.append(
            f"{pool}: short from month {short['month'].iloc[0]}, in {len(short)} of {len(rows)} months; at worst "
            f"{-worst['gap']:.1f} FTE in month {worst['month']}."
        )
    return out


def _ramp(ramp: tuple[float, ...], age: int) -> float:
    return ramp[age] if age < len(ramp) else 1.0
