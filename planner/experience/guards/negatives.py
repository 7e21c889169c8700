"""Guard: low scores are missing where peers have them, or one score is given too often."""

from __future__ import annotations

import pandas as pd

from planner.experience.guards.agents import FEWEST_UNITS, LEAST_ANSWERS
from planner.experience.guards.findings import CONFIDENCE_Z, Finding
from planner.experience.guards.funnel import CELL, Funnel, count_funnel, peers
from planner.experience.guards.periods import long_enough, when
from planner.experience.guards.shift import binomial_precision, find_shift
from planner.history.surveys import SurveyLog

MOST_VALUES = 25
"""Scales with more values are no rating scales: their values are not counted one by one."""

_GONE = 0.35
_SPIKE = 1.25


def missing_negatives(log: SurveyLog, seed: int) -> list[Finding]:
    """Find missing low scores and spikes.

    Per agent: a beta-binomial tail of the low scores among all answers, and among those below the best score, against
    peers on the same work. Per agent: the score given most too often, its p-value times the number of scores
    (Bonferroni). Per channel: low scores that become rare from some moment on.
    """
    if log.score is None:
        return []
    counts = log.score_counts(["agent", *CELL])
    found = _channels(log, seed)
    if len(counts):
        found += [*_agents_low(log, counts), *_agents_spikes(counts)]
    return found or [Finding("history", "too few answers per agent and period: low scores were not counted")]


def _agents_low(log: SurveyLog, counts: pd.DataFrame) -> list[Finding]:
    """Low scores among all answers, and among those below the best score.

    The second is the sharper one: agents differ in how many they delight, less in how unhappy the others are.
    """
    keys = ["agent", *CELL]
    best = counts["points"].max()
    every = counts.assign(low=counts["answers"] * counts["low"])
    found = []
    for what, rows in (("answers", every), ("answers below the best score", every[every["points"] < best])):
        cells = rows.groupby(keys, as_index=False)[["low", "answers"]].sum()
        frame = peers(cells, "agent", "low", "answers", LEAST_ANSWERS)
        if len(frame) >= FEWEST_UNITS and 0 < frame["hits"].sum() < frame["trials"].sum():
            found += _low(log, count_funnel(frame), what)
    return found


def _low(log: SurveyLog, funnel: Funnel, what: str) -> list[Finding]:
    found = []
    for k, unit in enumerate(funnel.unit):
        size, half = float(funnel.difference[k]), CONFIDENCE_Z * float(funnel.se[k])
        words = (
            f"{funnel.value[k]:.1%} of {funnel.trials[k]:.0f} {what} are low ({log.low_words}), "
            f"{funnel.expected[k]:.1%} with peers on the same work"
        )
        material = bool(funnel.value[k] <= _GONE * funnel.expected[k])
        found.append(Finding(f"agent={unit}", words, size, size - half, size + half, float(funnel.p_low[k]), material))
    return found


def _agents_spikes(counts: pd.DataFrame) -> list[Finding]:
    values = sorted(counts["score"].unique())
    if not 2 <= len(values) <= MOST_VALUES:
        return []
    keys = ["agent", *CELL]
    total = counts.groupby(keys, as_index=False)["answers"].sum()
    tests = []
    for value in values:
        own = counts.loc[counts["score"] == value, [*keys, "answers"]].rename(columns={"answers": "given"})
        cells = total.merge(own, on=keys, how="left").fillna({"given": 0})
        frame = peers(cells, "agent", "given", "answers", LEAST_ANSWERS)
        if len(frame) < FEWEST_UNITS or not 0 < frame["hits"].sum() < frame["trials"].sum():
            continue
        funnel = count_funnel(frame)
        tests.append(
            pd.DataFrame(
                {
                    "agent": funnel.unit,
                    "score": value,
                    "p": funnel.p_high,
                    "value": funnel.value,
                    "expected": funnel.expected,
                    "se": funnel.se,
                    "n": funnel.trials,
                }
            )
        )
    if not tests:
        return []
    every = pd.concat(tests).sort_values(["agent", "p", "score"])
    most = every.groupby("agent", sort=True).head(1)
    return [_spike(row, len(values)) for row in most.to_dict("records")]


def _spike(row: dict, values: int) -> Finding:
    size, half = row["value"] - row["expected"], CONFIDENCE_Z * row["se"]
    words = f"score {row['score']:g} in {row['value']:.1%} of {row['n']:.0f} answers, {row['expected']:.1%} with peers"
    p_value = min(1.0, row["p"] * values)
    material = row["value"] >= _SPIKE * row["expected"]
    return Finding(f"agent={row['agent']}", words, size, size - half, size + half, p_value, material)


def _channels(log: SurveyLog, seed: int) -> list[Finding]:
    found = []
    for channel, frame in log.sums(["channel", "period"]).groupby("channel", sort=True):
        used = frame[frame["answers"] > 0]
        low, answers = used["low"].to_numpy(float), used["answers"].to_numpy(float)
        if not long_enough(used) or not 0 < low.sum() < answers.sum():
            continue
        shift = find_shift(low / answers, binomial_precision(low, answers), seed)
        words = (
            f"{shift.before:.1%} of answers were low ({log.low_words}), {shift.after:.1%} {when(log, used, shift)}: "
            "better service, or the unhappy are no longer asked"
        )
        # Only a fall is this guard's business: with the direction given, the two-sided value is halved.
        p_value = shift.p_value / 2 if shift.after < shift.before else 1 - shift.p_value / 2
        material = shift.after <= _GONE * shift.before
        found.append(Finding(f"channel={channel}", words, shift.size, shift.lower, shift.upper, p_value, material))
    return found
