"""Guards on agents: who is answered, how they score, and whether the unhappy are asked, each against peers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from planner.experience.guards.findings import CONFIDENCE_Z, Finding
from planner.experience.guards.funnel import CELL, RANKABLE, Funnel, Scale, count_funnel, mean_funnel, peers
from planner.history.surveys import SurveyLog

LEAST_CONTACTS = 30.0
LEAST_ANSWERS = 10.0
FEWEST_UNITS = 10
"""Fewest agents that can be compared with one another."""

_MATERIAL_POINTS = 0.1
_MATERIAL_RATE = 0.25
_MATERIAL_CORRELATION = 0.3
_BOTH = 0.05
_BEYOND = 0.05
"""The ends of the scale are moved outwards by this share of it, so that a mean may lie at an end."""


def agent_cells(log: SurveyLog) -> pd.DataFrame:
    """Sums by agent and kind of work."""
    return log.sums(["agent", *CELL])


def rate_funnel(cells: pd.DataFrame) -> Funnel | None:
    """Answers per contact against peers; None where all or nobody answers, or too few agents are known."""
    frame = peers(cells, "agent", "answers", "contacts", LEAST_CONTACTS)
    if len(frame) < FEWEST_UNITS or not 0 < frame["hits"].sum() < frame["trials"].sum():
        return None
    return count_funnel(frame)


def score_funnel(log: SurveyLog, cells: pd.DataFrame) -> Funnel | None:
    """Mean scores against peers; None where too few agents have answers."""
    frame = peers(cells, "agent", "s1", "answers", LEAST_ANSWERS)
    if len(frame) < FEWEST_UNITS:
        return None
    scale = spread_of_scores(log, cells)
    return mean_funnel(frame, scale) if scale is not None else None


def spread_of_scores(log: SurveyLog, cells: pd.DataFrame) -> Scale | None:
    """How scores vary within agent and work; None where they do not."""
    seen = cells[cells["answers"] > 0]
    within = (seen["s2"] - seen["s1"] ** 2 / seen["answers"]).sum()
    freedom = seen["answers"].sum() - len(seen)
    if freedom < 1 or not within > 0:
        return None
    counts = log.score_counts(["channel"])
    points, weight = counts["points"].to_numpy(float), counts["answers"].to_numpy(float)
    third = float(np.average((points - np.average(points, weights=weight)) ** 3, weights=weight))
    beyond = _BEYOND * float(np.ptp(points))
    bottom, top = float(points.min()) - beyond, float(points.max()) + beyond
    return Scale(math.sqrt(within / freedom), third, bottom, top)


def agent_skew(log: SurveyLog, seed: int) -> list[Finding]:
    """Find agents whose answers per contact or mean score lie outside what agents differ by anyway."""
    del seed
    cells = agent_cells(log)
    if log.score is None or cells.empty:
        return [] if log.score is None else [Finding("history", "no agents known: agents were not compared")]
    rates, scores = rate_funnel(cells), score_funnel(log, cells)
    found = []
    if rates is not None:
        found += _outliers(
            rates, "{value:.1%} of contacts were answered, {expected:.1%} with peers on the same work", _MATERIAL_RATE
        )
    if scores is not None:
        found += _outliers(scores, "mean score {value:.2f}, {expected:.2f} with peers on the same work", None)
        found.append(_reliability(scores))
    return found or [Finding("history", f"fewer than {FEWEST_UNITS} agents with enough answers: not compared")]


def _outliers(funnel: Funnel, words: str, relative: float | None) -> list[Finding]:
    half = CONFIDENCE_Z * funnel.se
    limit = relative * funnel.expected if relative else np.full(len(half), _MATERIAL_POINTS)
    return [
        Finding(
            f"agent={unit}",
            words.format(value=funnel.value[k], expected=funnel.expected[k]) + f" (n = {funnel.trials[k]:.0f})",
            float(funnel.difference[k]),
            float(funnel.difference[k] - half[k]),
            float(funnel.difference[k] + half[k]),
            float(funnel.p_value[k]),
            bool(abs(funnel.difference[k]) >= limit[k]),
        )
        for k, unit in enumerate(funnel.unit)
    ]


def _reliability(funnel: Funnel) -> Finding:
    reliability = funnel.reliability
    rankable = int((reliability >= RANKABLE).sum())
    if funnel.tau > 0:
        n = math.ceil(float(np.median(funnel.se**2 * funnel.trials)) / funnel.tau**2 * RANKABLE / (1 - RANKABLE))
        need = f"ranking needs about {n} answers per agent"
    else:
        need = "agents do not differ beyond chance: there is nothing to rank"
    words = (
        f"reliability of an agent's mean score is {np.median(reliability):.2f} (median); {rankable} of "
        f"{len(reliability)} agents reach {RANKABLE}, the others must not be ranked; {need}"
    )
    return Finding("agents", words, float(np.median(reliability)), float(reliability.min()), float(reliability.max()))


def answer_selection(log: SurveyLog, seed: int) -> list[Finding]:
    """Find agents who seem to choose whose answers count: few answers and high scores at once.

    Over all agents: Spearman's correlation of answers per contact and mean score, both against peers. Per agent: few
    answers *and* a high score; both at 5 %, and their one-sided p-values p, q combined by
    Fisher's rule `x (1 - ln x)`, `x = p q` (1932): where nothing is wrong the two are independent.
    """
    del seed
    cells = agent_cells(log)
    rates = rate_funnel(cells) if len(cells) else None
    scores = score_funnel(log, cells) if rates is not None else None
    if rates is None or scores is None:
        return [Finding("history", "answers per contact and scores per agent are not both known: not compared")]
    both, left, right = np.intersect1d(rates.unit, scores.unit, return_indices=True)
    found = [across("agents", "answers per contact and mean score", rates.difference[left], scores.difference[right])]
    p_value = _both_odd(rates.p_low[left], scores.p_high[right])
    for k, unit in enumerate(both):
        i, j = left[k], right[k]
        half = CONFIDENCE_Z * scores.se[j]
        words = (
            f"{rates.value[i]:.1%} answered (peers {rates.expected[i]:.1%}) and mean score {scores.value[j]:.2f} "
            f"(peers {scores.expected[j]:.2f}): few answers, all of them good"
        )
        size = float(scores.difference[j])
        found.append(Finding(f"agent={unit}", words, size, size - half, size + half, float(p_value[k])))
    return [finding for finding in found if finding is not None]


def _both_odd(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    product = np.maximum(one * other, 1e-300)
    return np.where(np.maximum(one, other) < _BOTH, product * (1 - np.log(product)), 1.0)


def across(where: str, what: str, one: np.ndarray, other: np.ndarray, above: bool = False) -> Finding | None:
    """Test the rank correlation of two measures over units; `above`: only a positive one counts."""
    if len(one) < FEWEST_UNITS or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    result = spearmanr(one, other, alternative="greater" if above else "two-sided")
    r = float(result.statistic)
    spread = CONFIDENCE_Z / math.sqrt(len(one) - 3)
    lower, upper = (math.tanh(math.atanh(min(max(r, -0.999), 0.999)) + sign * spread) for sign in (-1, 1))
    words = f"{what} go {'together' if r > 0 else 'against each other'} over {len(one)} {where}: correlation {r:.2f}"
    return Finding(where, words, r, lower, upper, float(result.pvalue), abs(r) >= _MATERIAL_CORRELATION)
