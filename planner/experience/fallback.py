"""Scores for channels without surveys, through the resolution of contacts: plainly labeled, with a wide sd."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.experience.hierarchical import Array
from planner.experience.model import Support
from planner.experience.targets import interval_columns

_TYPE = ["reason", "segment", "stage"]
_LEAST_PAIRS = 6
_LEAST_SPREAD = 0.075
"""Floor of the added sd, share of the scale: the surveyed channels alone cannot tell how odd an unsurveyed one is."""

_SELECTION_SPREAD = 0.1
"""Share of the scale by which those who move may differ from those who use an unsurveyed channel already (sd)."""


def selection_sd(scale: tuple[float, float]) -> float:
    """Sd, points, of what customers of other channels may score off the present users of an unsurveyed channel.

    Who chooses a channel without surveys cannot be adjusted for. In the thin reference center, moves read off present
    users miss those of the full surveys by 0.12 of the scale (root mean square); with this, 92 % lie in the intervals.
    """
    span = scale[1] - scale[0]
    return _SELECTION_SPREAD * span if np.isfinite(span) else 0.0


def fill_unsurveyed(
    outcomes: pd.DataFrame, surveyed: tuple[str, ...], scale: tuple[float, float]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give unsurveyed channels a score through their first-contact resolution, flagged extrapolated.

    score = mean of the type's scores in surveyed channels + slope * (resolution here - resolution there); the slope
    is the regression of scores on resolution over surveyed (reason, channel) pairs within reasons. The sd adds what
    the channels of one reason differ by, at least 7.5 % of the scale. Rows that history never saw, or without
    resolution, stay without a score.
    """
    rows = outcomes.assign(resolved=(1 - outcomes["p_escalate"].fillna(0.0)) * (1 - outcomes["p_return"]))
    good = rows[rows["channel"].isin(surveyed) & rows["score"].notna() & rows["resolved"].notna()]
    asked = ~rows["channel"].isin(surveyed) & rows["score"].isna() & rows["resolved"].notna()
    asked &= _seen(outcomes)
    if good.empty or not asked.any():
        return outcomes, ()
    slope, spread = _slope(good, scale)
    there = _type_means(good)
    joined = rows.loc[asked, _TYPE + ["resolved"]].merge(there, on=_TYPE, how="left", suffixes=("", "_there"))
    value = joined["score"] + slope * (joined["resolved"] - joined["resolved_there"])
    out = outcomes.copy()
    out.loc[asked, "score"] = np.clip(value.to_numpy(float), *scale)
    out.loc[asked, "score_sd"] = np.sqrt(joined["score_sd"].to_numpy(float) ** 2 + spread**2)
    found = asked & out["score"].notna()
    out.loc[found, "support"] = Support.EXTRAPOLATED.value
    out.loc[found, "source"] = "estimated"
    named = ", ".join(sorted(outcomes.loc[found, "channel"].unique()))
    note = (
        f"{named}: no survey there; scores are read off first-contact resolution "
        f"({slope:+.2f} points from none to full, sd widened by {spread:.2f}): extrapolated"
    )
    return out, (note,) if named else ()


def read_off(table: pd.DataFrame, outcomes: pd.DataFrame, scale: tuple[float, float]) -> pd.DataFrame:
    """Show extrapolated scores in the reading table too: first contacts of the type in that channel, over its pools.

    The reason known when the contact was routed stands in for the true one, and today's users for all customers of the
    reason: the sd is widened for it. No survey answer stands behind a row.
    """
    keys = ["reason", "segment", "channel"]
    rows = outcomes[(outcomes["stage"] == "first") & (outcomes["support"] == Support.EXTRAPOLATED.value)]
    rows = rows[(rows["source"] == "estimated") & rows["score"].notna()]
    weight = rows["n_contacts"].clip(lower=0.0) + 1e-6
    sums = rows[keys].assign(weight=weight, mean=rows["score"] * weight, sd=rows["score_sd"] * weight)
    sums = sums.groupby(keys)[["weight", "mean", "sd"]].sum()
    found = sums[["mean", "sd"]].div(sums["weight"], axis=0).reindex(pd.MultiIndex.from_frame(table[keys]))
    take = table["mean"].isna().to_numpy() & found["mean"].notna().to_numpy() & (table["n_contacts"] > 0).to_numpy()
    out = table.copy()
    mean, sd = found["mean"].to_numpy(float), np.hypot(found["sd"].to_numpy(float), selection_sd(scale))
    for name, value in {"mean": mean, "sd": sd, **interval_columns(mean, sd)}.items():
        out[name] = np.where(take, value, out[name].to_numpy(float))
    out["support"] = np.where(take, Support.EXTRAPOLATED.value, out["support"])
    return out


def _seen(outcomes: pd.DataFrame) -> pd.Series:
    """Say which rows belong to a (reason, channel) that history saw at all."""
    total = outcomes.groupby(["reason", "channel"])["n_contacts"].transform("sum")
    return total > 0


def _type_means(good: pd.DataFrame) -> pd.DataFrame:
    weight = good["n_contacts"].clip(lower=0.0) + 1e-6
    parts = {name: good[name] * weight for name in ("score", "score_sd", "resolved")}
    sums = good[_TYPE].assign(weight=weight, **parts).groupby(_TYPE, as_index=False).sum()
    for name in parts:
        sums[name] = sums[name] / sums["weight"]
    return sums.drop(columns="weight")


def _slope(good: pd.DataFrame, scale: tuple[float, float]) -> tuple[float, float]:
    """Slope of scores on resolution within reasons, and the sd of what channels differ by beyond it (points)."""
    pairs = good[good["stage"] == "first"].groupby(["reason", "channel"], as_index=False)[["score", "resolved"]].mean()
    within = pairs[["score", "resolved"]] - pairs.groupby("reason")[["score", "resolved"]].transform("mean")
    y: Array = within["score"].to_numpy(float)
    x: Array = within["resolved"].to_numpy(float)
    span = scale[1] - scale[0]
    usual = 0.25 * span
    if len(pairs) < _LEAST_PAIRS or float(x @ x) < 1e-6:
        return usual, 0.1 * span
    # A weak prior at a quarter of the scale keeps the slope sane where resolution hardly differs.
    prior = 0.05
    slope = float(np.clip((x @ y + prior * usual) / (x @ x + prior), -span, span))
    rest = y - slope * x
    spread = float(np.sqrt(rest @ rest / max(len(pairs) - pairs["reason"].nunique(), 1)))
    return slope, max(spread, _LEAST_SPREAD * span)
