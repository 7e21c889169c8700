"""What each promise costs a plan: its slack, where it is tightest, and the money that relaxing it a little saves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from planner.frontier.restaff import restaffed
from planner.frontier.tables import Shown, period_labels
from solvers.flow.evaluate import promise_quality
from solvers.flow.network import Promises
from solvers.flow.staff import Covers

RATIO_STEP = 0.05  # 80 % to 75 %
WAIT_STEP = 0.1  # of the promised wait
RATES = (0, 2, 3)  # measures that are ratios
COLUMNS = ("plan", "promise", "target", "relaxed", "saves", "change_cx")


def slack_table(shown: Shown) -> pd.DataFrame:
    """How far each promise is from its target in its worst period, and the pool and interval that press it most.

    `slack` is in the promise's own unit, negative where it is missed; pressing most: the largest contacts × shortfall
    from the target (or the least surplus where nothing falls short).
    """
    problem, rows = shown.problem, []
    network, promises = problem.network, problem.instance.promises
    offered = shown.evaluation.state.arrivals.sum(axis=1)
    for k, name in enumerate(problem.promise_names):
        sign = 1.0 if promises.measure[k] in (0, 3) else -1.0
        target = float(promises.target[k])
        slack = sign * (np.asarray(shown.evaluation.promise_values[k]) - target)
        if not np.isfinite(slack).any():
            continue
        worst = int(np.nanargmin(slack))
        length = int(promises.period_intervals[k])
        part = slice(worst * length, (worst + 1) * length)
        quality = promise_quality(network, promises, shown.decision, shown.evaluation.state, k)[:, part]
        press = np.where(promises.pools[k][:, None] & (offered[:, part] > 1e-9), offered[:, part], np.nan)
        press = press * sign * (target - quality)
        g, t = np.unravel_index(int(np.nanargmax(press)), press.shape)
        interval = problem.starts[part.start + int(t)].isoformat(timespec="minutes")
        value = float(shown.evaluation.promise_values[k][worst])
        label = period_labels(problem, k)[worst]
        rows.append((shown.key, name, label, target, value, float(slack[worst]), problem.pools[g], interval))
    columns = ["plan", "promise", "period", "target", "value", "slack", "pool", "interval"]
    return pd.DataFrame(rows, columns=columns)


def relaxed_target(promises: Promises, promise: int) -> float:
    """Next weaker target in planners' steps: 5 points of a ratio, a tenth of a wait."""
    target, measure = float(promises.target[promise]), int(promises.measure[promise])
    if measure in (0, 3):
        return max(0.0, target - RATIO_STEP)
    return min(1.0, target + RATIO_STEP) if measure == 2 else target * (1 + WAIT_STEP)


def promise_prices(shown: Shown, covers: Covers) -> pd.DataFrame:
    """Money saved by relaxing each promise alone, by staffing the plan's routing anew with and without.

    Both are staffed for the plan's headroom by the same method; where whole people hide the difference, 0.
    """
    problem, rows = shown.problem, []
    instance, target = problem.instance, shown.evaluation.headroom
    now = restaffed(instance, shown.routing, target, covers) if len(problem.promise_names) else None
    for k, name in enumerate(problem.promise_names if now is not None else ()):
        weaker = instance.promises.target.copy()
        weaker[k] = relaxed_target(instance.promises, k)
        eased = replace(instance, promises=replace(instance.promises, target=weaker))
        then = restaffed(eased, shown.routing, target, covers)
        if now is not None and then is not None:
            saved = max(0.0, now.cost - then.cost)
            rows.append((shown.key, name, float(instance.promises.target[k]), weaker[k], saved, then.cx - now.cx))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def slack_words(slack: pd.DataFrame, measures: dict[str, int]) -> list[str]:
    """Say how tight the promises are, the tightest by share of its target first."""
    lines = []
    for row in slack.to_dict("records"):
        ratio = measures[row["promise"]] in RATES
        value, target = (_said(row[name], ratio) for name in ("value", "target"))
        room = _said(abs(row["slack"]), ratio, points=True)
        verdict = f"{room} to spare" if row["slack"] >= -1e-9 else f"missed by {room}"
        where = f"{row['pool']} {pd.Timestamp(row['interval']):%a %H:%M}"
        lines.append((row["slack"] / max(row["target"], 1e-9), row["promise"], value, target, verdict, where))
    return [
        f"Promise {promise} ({target}): {value} in its worst period, {verdict}; tightest in {where}."
        for _, promise, value, target, verdict, where in sorted(lines)
    ]


def price_words(prices: pd.DataFrame, measures: dict[str, int], currency: str, per: str) -> list[str]:
    """Say what relaxing each promise saves; promises that cost nothing are named together."""
    lines, free = [], []
    for row in prices.sort_values("saves", ascending=False, kind="stable").to_dict("records"):
        if row["saves"] < 0.5:
            free.append(row["promise"])
            continue
        ratio = measures[row["promise"]] in RATES
        now, then = _said(row["target"], ratio), _said(row["relaxed"], ratio)
        saves = f"saves about {row['saves']:,.0f} {currency} {per}"
        lines.append(
            f"Relaxing {row['promise']} from {now} to {then} {saves} (CX {row['change_cx']:+.3f}), staffed anew."
        )
    if free:
        lines.append(f"Relaxing {', '.join(free)} by a step saves nothing: other limits ask for these people.")
    return lines


def _said(value: float, ratio: bool, *, points: bool = False) -> str:
    if ratio:
        return f"{100 * value:.1f} points" if points else f"{value:.1%}"
    return f"{value:,.0f} s"
