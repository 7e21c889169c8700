"""How far the promises of a plan are from their targets, and where they are tightest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.frontier.promise_price import RATES, target_words
from planner.frontier.shown import Shown, period_labels
from solvers.flow.kept import promise_quality


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


def slack_words(slack: pd.DataFrame, measures: dict[str, int]) -> list[str]:
    """Say how tight the promises are, the tightest by share of its target first."""
    lines = []
    for row in slack.to_dict("records"):
        ratio = measures[row["promise"]] in RATES
        value, target = (target_words(row[name], ratio) for name in ("value", "target"))
        room = target_words(abs(row["slack"]), ratio, points=True)
        verdict = f"{room} to spare" if row["slack"] >= -1e-9 else f"missed by {room}"
        where = f"{row['pool']} {pd.Timestamp(row['interval']):%a %H:%M}"
        lines.append((row["slack"] / max(row["target"], 1e-9), row["promise"], value, target, verdict, where))
    return [
        f"Promise {promise} ({target}): {value} in its worst period, {verdict}; tightest in {where}."
        for _, promise, value, target, verdict, where in sorted(lines)
    ]
