"""Which plans meet a user's limits, and which comes closest where none does."""

from __future__ import annotations

import pandas as pd

from planner.cli.console import inert


def select(table: pd.DataFrame, *, max_cost: float | None, min_cx: float | None, named: bool) -> pd.DataFrame:
    """Return Today and the plans that meet the limits, in the table's order."""
    keep = pd.Series(True, index=table.index)
    if max_cost is not None:
        keep &= table["cost"] <= max_cost
    if min_cx is not None:
        keep &= table["cx"] >= min_cx
    if named:
        keep &= table["name"].fillna("").astype(str) != ""
    return table[keep | (table["origin"] == "today")]


def nearest_miss(plans: pd.DataFrame, *, max_cost: float | None, min_cx: float | None) -> str:
    """Name the plan that comes closest to the limits and what it misses, each limit measured by the plans' range."""
    missed = pd.DataFrame(index=plans.index)
    if max_cost is not None:
        missed["cost"] = (plans["cost"] - max_cost).clip(lower=0)
    if min_cx is not None:
        missed["cx"] = (min_cx - plans["cx"]).clip(lower=0)
    if missed.empty or missed.shape[1] == 0:
        return "No plan of this run has a name."
    ranges = (plans[missed.columns].max() - plans[missed.columns].min()).replace(0, 1)
    position = int((missed / ranges).sum(axis=1).to_numpy().argmin())
    misses_of = {str(name): float(value) for name, value in missed.iloc[position].items()}
    flags = {"cost": "--max-cost", "cx": "--min-cx"}
    misses = [f"{flags[name]} by {miss:,.3g}" for name, miss in misses_of.items() if miss > 0]
    plan = inert(plans["plan"].iloc[position])
    return f"No plan meets these limits. Nearest is {plan}: it misses {' and '.join(misses)}."
