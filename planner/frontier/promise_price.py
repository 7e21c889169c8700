"""What each promise costs a plan: the money that relaxing it a little saves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.frontier.restaff import sound
from planner.frontier.shown import Shown
from solvers.flow.covering import Covers
from solvers.flow.network import Promises

if TYPE_CHECKING:  # workers load this module, and need no tables
    import pandas as pd

RATIO_STEP = 0.05  # 80 % to 75 %
WAIT_STEP = 0.1  # of the promised wait
RATES = (0, 2, 3)  # measures that are ratios
COLUMNS = ("plan", "promise", "target", "relaxed", "saves", "change_cx")


def relaxed_target(promises: Promises, promise: int) -> float:
    """Next weaker target in planners' steps: 5 points of a ratio, a tenth of a wait."""
    target, measure = float(promises.target[promise]), int(promises.measure[promise])
    if measure in (0, 3):
        return max(0.0, target - RATIO_STEP)
    return min(1.0, target + RATIO_STEP) if measure == 2 else target * (1 + WAIT_STEP)


def promise_prices(shown: Shown, covers: Covers) -> list[dict[str, Any]]:
    """Money saved by relaxing each promise alone, by staffing the plan's routing anew with and without: `COLUMNS`.

    Both are staffed for the plan's headroom by the same method; where whole people hide the difference, or other limits
    let nobody go, 0.
    """
    problem, rows = shown.problem, []
    instance, target = problem.instance, shown.evaluation.headroom
    now = sound(instance, shown.routing, target, covers) if len(problem.promise_names) else None
    for k, name in enumerate(problem.promise_names if now is not None else ()):
        weaker = instance.promises.target.copy()
        weaker[k] = relaxed_target(instance.promises, k)
        eased = replace(instance, promises=replace(instance.promises, target=weaker))
        if now is not None:
            then = sound(eased, shown.routing, target, covers) or now
            saved, change = max(0.0, now.cost - then.cost), float(then.cx - now.cx)
            row = shown.key, name, float(instance.promises.target[k]), float(weaker[k]), float(saved), change
            rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def price_words(prices: pd.DataFrame, measures: dict[str, int], currency: str, per: str) -> list[str]:
    """Say what relaxing each promise saves; promises that cost nothing are named together."""
    lines, free = [], []
    for row in prices.sort_values("saves", ascending=False, kind="stable").to_dict("records"):
        if row["saves"] < 0.5:
            free.append(row["promise"])
            continue
        ratio = measures[row["promise"]] in RATES
        now, then = target_words(row["target"], ratio), target_words(row["relaxed"], ratio)
        saves = f"saves about {row['saves']:,.0f} {currency} {per}"
        lines.append(
            f"Relaxing {row['promise']} from {now} to {then} {saves} (CX {row['change_cx']:+.3f}), staffed anew."
        )
    if free:
        lines.append(
            f"Relaxing {', '.join(free)} by a step saves nothing: other limits, or people who come whole, "
            "ask for as many."
        )
    return lines


def target_words(value: float, ratio: bool, *, points: bool = False) -> str:
    """Say a target, or with `points` a difference of two: a ratio in percent, else seconds."""
    if ratio:
        return f"{100 * value:.1f} points" if points else f"{value:.1%}"
    return f"{value:.1f} s" if 0 < abs(value) < 10 and value % 1 else f"{value:,.0f} s"
