"""Guard: scores rise while customers come back more, over time or over agents and reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from planner.experience.guards.agents import LEAST_CONTACTS, across, score_funnel
from planner.experience.guards.findings import CONFIDENCE_Z, Finding
from planner.experience.guards.funnel import CELL, count_funnel, peers
from planner.experience.guards.shift import FEWEST_PERIODS, binomial_precision
from planner.history.surveys import SurveyLog

_FEWEST = 10
_MATERIAL_SHARE = 0.25


def score_repeat_divergence(log: SurveyLog, seed: int) -> list[Finding]:
    """Find where satisfaction and resolution part.

    Over time, per channel and for all: both trends must rise, the p-value is the larger of the two one-sided ones
    (intersection-union, Berger 1982). Over agents and reasons: rank correlation of mean score and repeats. Per agent:
    customers who come back although their issue was coded solved, against peers.
    """
    del seed
    found = [*_over_time(log), *_over_agents(log), *_over_reasons(log)]
    if not found:
        return [Finding("history", "later contacts or scores are not known: scores and repeats were not compared")]
    return found


def _over_time(log: SurveyLog) -> list[Finding]:
    if log.score is None:
        return []
    sums = log.sums(["channel", "period"])
    measures = ["answers", "s1", "s2", "followed", "repeats"]
    series = {"all channels": sums.groupby("period", as_index=False)[measures].sum()}
    if sums["channel"].nunique() > 1:
        series |= {f"channel={name}": frame for name, frame in sums.groupby("channel", sort=True)}
    found = []
    for where, frame in series.items():
        used = frame[(frame["answers"] >= 2) & (frame["followed"] >= 2)]
        if len(used) >= FEWEST_PERIODS:
            found.append(_both_rise(log, where, used))
    return found


def _both_rise(log: SurveyLog, where: str, frame: pd.DataFrame) -> Finding:
    time = frame["period"].to_numpy(float)
    span = float(np.ptp(time))
    answers, followed = frame["answers"].to_numpy(float), frame["followed"].to_numpy(float)
    score, p_score, _ = trend(time, frame["s1"].to_numpy(float) / answers, answers)
    repeats = frame["repeats"].to_numpy(float)
    weights = binomial_precision(repeats, followed)
    repeat, p_repeat, se = trend(time, repeats / followed, weights)
    words = (
        f"the mean score rose by {score * span:.2f} points from {log.day_of(int(time[0]))} to "
        f"{log.day_of(int(time[-1]))} while repeats rose by {100 * repeat * span:.1f} percentage points"
    )
    half = CONFIDENCE_Z * se * span
    size = repeat * span
    return Finding(where, words, size, size - half, size + half, max(p_score, p_repeat))


def trend(time: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """Slope of a weighted line, one-sided p-value of its rising, and its standard error (from the residuals)."""
    centered = time - np.average(time, weights=weights)
    spread = (weights * centered**2).sum()
    slope = (weights * centered * values).sum() / spread
    residual = values - np.average(values, weights=weights) - slope * centered
    noise = (weights * residual**2).sum() / (len(time) - 2)
    se = float(np.sqrt(noise / spread))
    p_value = float(student.sf(slope / se, len(time) - 2)) if se > 0 else float(slope <= 0)
    return float(slope), p_value, se


def _over_agents(log: SurveyLog) -> list[Finding]:
    cells = log.sums(["agent", *CELL])
    found: list[Finding | None] = []
    back = peers(cells, "agent", "repeats", "followed", LEAST_CONTACTS) if len(cells) else cells
    scores = score_funnel(log, cells) if len(cells) and log.score is not None else None
    if scores is not None and len(back) >= _FEWEST:
        returned = count_funnel(back)
        _, left, right = np.intersect1d(scores.unit, returned.unit, return_indices=True)
        found.append(
            across("agents", "mean score and repeats", scores.difference[left], returned.difference[right], above=True)
        )
    solved = peers(cells, "agent", "solved_repeats", "solved_followed", LEAST_CONTACTS) if len(cells) else cells
    if len(solved) >= _FEWEST and solved["hits"].sum() > 0:
        funnel = count_funnel(solved)
        for k, unit in enumerate(funnel.unit):
            size, half = float(funnel.difference[k]), CONFIDENCE_Z * float(funnel.se[k])
            words = (
                f"{funnel.value[k]:.1%} of customers whose issue was coded solved came back, {funnel.expected[k]:.1%} "
                f"with peers on the same work (n = {funnel.trials[k]:.0f}): the code says more than was done"
            )
            material = size >= _MATERIAL_SHARE * funnel.expected[k]
            found.append(
                Finding(f"agent={unit}", words, size, size - half, size + half, float(funnel.p_high[k]), material)
            )
    return [finding for finding in found if finding is not None]


def _over_reasons(log: SurveyLog) -> list[Finding]:
    if log.score is None:
        return []
    sums = log.sums(["reason"])
    used = sums[(sums["answers"] >= LEAST_CONTACTS) & (sums["followed"] >= LEAST_CONTACTS)]
    if used.empty:
        return []
    score, back = used["s1"] / used["answers"], used["repeats"] / used["followed"]
    finding = across("reasons", "mean score and repeats", score.to_numpy(float), back.to_numpy(float), above=True)
    return [] if finding is None else [finding]
