"""What a plan changes against Today and against its neighbors, and which reasons and segments gain or lose by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from planner.frontier.labels import move_name
from planner.frontier.shown import Shown
from planner.frontier.tables import stack
from solvers.flow.evaluate import score_points

NEIGHBORS = {
    "cheaper": "The nearest cheaper plan",
    "better": "The nearest plan with more CX",
    "safer": "The nearest plan with more headroom",
}
"""Kinds of neighbor -> words."""
AXES = ("cx", "cost", "headroom")
APART = 0.01  # of an axis' range: a neighbor that differs by less tells nothing
LEAST_MONEY = 0.5  # less is said as none
_MOST = 3


def neighbors_of(plans: pd.DataFrame) -> pd.DataFrame:
    """Find each plan's nearest cheaper, better and safer plan, each axis scaled by the frontier's range.

    Columns `plan, against, other, cx, cost, headroom`: the other plan's axes less this one's; Today's plans first
    (`against` = today, the other being Today).
    """
    found = plans[plans["origin"] != "today"].reset_index(drop=True)
    today = plans[plans["origin"] == "today"].iloc[0]
    points = found[list(AXES)].to_numpy(float)
    span = np.ptp(points, axis=0) if len(points) else np.ones(3)
    unit = points / np.where(span > 0, span, 1.0)
    better = {"cheaper": (1, -1.0), "better": (0, 1.0), "safer": (2, 1.0)}
    rows = []
    for k, plan in enumerate(found["plan"]):
        rows.append((plan, "today", today["plan"], *(today[list(AXES)].to_numpy(float) - points[k])))
        distance = np.square(unit - unit[k]).sum(axis=1)
        for kind, (axis, sign) in better.items():
            allowed = np.flatnonzero(sign * (points[:, axis] - points[k, axis]) > APART * max(span[axis], 1e-12))
            if len(allowed):
                other = int(allowed[distance[allowed].argmin()])
                rows.append((plan, kind, found["plan"].iloc[other], *(points[other] - points[k])))
    return pd.DataFrame(rows, columns=["plan", "against", "other", *AXES])


def changes_table(tables: Mapping[str, pd.DataFrame], interval_h: float) -> pd.DataFrame:
    """What differs between a plan and Today or a neighbor: scheduled hours per pool, moved issues, initiatives (0, 1).

    Columns `plan, against, other, what (staff | move | initiative), name, here, there, change`; here: this plan, there:
    the other, change: here less there. Rows without a difference are left out. From the tables `neighbors, staffing,
    channel_mix, plans`.
    """
    neighbors, mix = tables["neighbors"], tables["channel_mix"]
    hours = tables["staffing"].pivot_table(index="plan", columns="pool", values="scheduled", aggfunc="sum") * interval_h
    moved = mix[mix["channel"] != mix["from_channel"]]
    keys = moved[["reason", "from_channel", "channel"]]
    names = [move_name(*key) for key in keys.itertuples(index=False)]
    issues = moved.assign(name=names).pivot_table(index="plan", columns="name", values="issues", aggfunc="sum")
    choice = tables["plans"].set_index("plan")[["initiatives", "closed"]].agg(", ".join, axis=1)
    chosen = choice.str.strip(", ").str.get_dummies(", ").astype(float).drop(columns="", errors="ignore")
    frames = []
    for what, wide, least in (("staff", hours, 0.05), ("move", issues, 0.5), ("initiative", chosen, 0.5)):
        known = wide.reindex(pd.unique(pd.concat([neighbors["plan"], neighbors["other"]]))).fillna(0.0)
        here, there = known.loc[neighbors["plan"]].to_numpy(float), known.loc[neighbors["other"]].to_numpy(float)
        row, column = np.nonzero(np.abs(here - there) >= least)
        frame = neighbors.iloc[row][["plan", "against", "other"]].reset_index(drop=True)
        frame["what"], frame["name"] = what, known.columns.to_numpy(str)[column]
        frame["here"], frame["there"] = here[row, column].round(4), there[row, column].round(4)
        frame["change"] = (frame["here"] - frame["there"]).round(4)
        frames.append(frame)
    return stack(frames)


def gains_table(shown: Sequence[Shown]) -> pd.DataFrame:
    """CX of every reason and segment under each plan: `plan, reason, segment, issues, cx, change` (against Today)."""
    frames, base = [], None
    for view in shown:
        cx = cx_by_type(view)
        base = cx if base is None else base
        reasons, segments = zip(*view.problem.types, strict=True)
        issues = view.problem.network.issues
        columns = {"plan": view.key, "reason": reasons, "segment": segments, "issues": issues, "cx": cx}
        frames.append(pd.DataFrame({**columns, "change": cx - base}))
    return stack(frames)


def cx_by_type(shown: Shown) -> np.ndarray:
    """Expected experience per issue of each type, shape (type,); NaN where a type has no issues."""
    network = shown.problem.network
    points, _ = score_points(network, shown.decision, shown.evaluation.state)
    total = np.bincount(network.flow_kind, points, len(network.issues)) + network.effort * network.issues
    return np.asarray(np.where(network.issues > 0, total / np.maximum(network.issues, 1e-300), np.nan))


def change_words(neighbors: pd.DataFrame, changes: pd.DataFrame, currency: str, labels: Mapping[str, str]) -> list[str]:
    """Say what one plan's neighbors differ in: axes first, then the largest differences of staff and moves.

    `labels`: names in `changes` -> what people call them.
    """
    changes = changes.assign(name=changes["name"].map(lambda name: labels.get(name, name)))
    lines = []
    for row in neighbors.to_dict("records"):
        own = changes[(changes["against"] == row["against"]) & (changes["other"] == row["other"])]
        if row["against"] == "today":
            parts = _largest(own, 1.0)
            if parts:
                lines.append(f"Against Today: {'; '.join(parts)}.")
            continue
        money = f"{abs(row['cost']):,.0f} {currency} {'less' if row['cost'] < 0 else 'more'}"
        money = money if abs(row["cost"]) >= LEAST_MONEY else "as much"
        axes = f"costs {money}, CX {signed(row['cx'], 3)}, headroom {signed(100 * row['headroom'], 1)} points"
        parts = _largest(own, -1.0)
        detail = f" ({'; '.join(parts)})" if parts else ""
        lines.append(f"{NEIGHBORS[row['against']]}, {row['other']}, {axes}{detail}.")
    return lines


def signed(value: float, digits: int) -> str:
    """Write a difference with its sign; one that rounds to nothing has none."""
    text = f"{value:+,.{digits}f}"
    return text if text.strip("+-0.,") else f"±{text[1:]}"


def _largest(changes: pd.DataFrame, sign: float) -> list[str]:
    """Largest differences in words; `sign` 1: this plan's less the other's, −1 the other way round."""
    parts = []
    for what, unit in (("staff", "h of"), ("move", "issues")):
        own = changes[changes["what"] == what]
        top = own.reindex(own["change"].abs().sort_values(ascending=False, kind="stable").index).head(_MOST)
        for row in top.to_dict("records"):
            parts.append(f"{sign * row['change']:+,.0f} {unit} {row['name']}")
    for verb, way in (("with", 1.0), ("without", -1.0)):
        own = changes[(changes["what"] == "initiative") & (sign * way * changes["change"] > 0)]
        parts += [f"{verb} {name}" for name in own["name"]]
    return parts


def gain_words(gains: pd.DataFrame) -> list[str]:
    """Say which reasons and segments gain and lose the most points against Today, weighed by their issues."""
    known = gains[np.isfinite(gains["change"].to_numpy(float))]
    worth = (known["change"] * known["issues"]).to_numpy(float)
    lines = []
    for verb, sign in (("gain", 1.0), ("lose", -1.0)):
        order = np.argsort(-sign * worth, kind="stable")[:_MOST]
        parts = [
            f"{known['reason'].iloc[k]}, {known['segment'].iloc[k]} ({known['change'].iloc[k]:+.3f})"
            for k in order
            if sign * worth[k] > 1e-9 and abs(known["change"].iloc[k]) >= 5e-4
        ]
        lines.append(f"Those who {verb} most: {'; '.join(parts)}." if parts else f"Nobody {verb}s.")
    return lines
