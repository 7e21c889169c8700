"""Guard: customers who are asked often answer less or score lower; how many days of rest the data ask for."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from planner.experience.guards.findings import CONFIDENCE_Z, Finding
from planner.history.surveys import GAP_DAYS, SurveyLog

_LEAST_ANSWERS = 50.0
_FEWEST_BUCKETS = 20


def survey_fatigue(log: SurveyLog, seed: int) -> list[Finding]:
    """Test response and score of first contacts for the time since the customer last answered a survey.

    Only customers who have answered before are compared with one another: others may never answer. The trend over the
    bins of that time is tested in the direction of fatigue, with errors by jackknife over groups of customers
    (customers are split by their hashed id), so that a customer's contacts may resemble one another. Response by
    surveys answered and contacts made in 30 days is tested and said, respectively.
    """
    del seed
    if log.score is None:
        return []
    sums = log.sums(["bucket", "gap_bin", "first"])
    sums = sums[sums["first"] == 1]
    if sums["answers"].sum() < _LEAST_ANSWERS or sums["bucket"].nunique() < _FEWEST_BUCKETS:
        return [Finding("history", "too few customers answered twice: survey fatigue was not looked at")]
    response = _trend(sums, "gap_bin", "answers", "contacts", 1.0)
    score = _trend(sums, "gap_bin", "s1", "answers", 1.0)
    found = [
        _finding("response rate", "per step towards a fresher survey", response, percent=True),
        _finding("mean score", "per step towards a fresher survey", score, percent=False),
    ]
    often = log.sums(["bucket", "recent_answers"])
    found.append(
        _finding(
            "response rate",
            "per survey answered in the 30 days before",
            _trend(often, "recent_answers", "answers", "contacts", -1.0),
            percent=True,
        )
    )
    return [*found, _rest(sums, response), _by_contacts(log)]


def _trend(sums: pd.DataFrame, dose: str, top: str, bottom: str, sign: float) -> tuple[float, float, float]:
    """Slope of a ratio over a dose, its jackknife error and the p-value of a loss (`sign` = 1: slope above 0)."""
    table = sums.groupby(["bucket", dose])[[top, bottom]].sum().unstack(dose, fill_value=0.0)
    tops, bottoms = table[top].to_numpy(float), table[bottom].to_numpy(float)
    doses = table[top].columns.to_numpy(float)
    whole_top, whole_bottom = tops.sum(axis=0), bottoms.sum(axis=0)
    whole = _slope(whole_top, whole_bottom, doses)
    left_out = _slope(whole_top - tops, whole_bottom - bottoms, doses)
    n = len(tops)
    se = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    if not se > 0:
        return float(whole), 0.0, 1.0
    return float(whole), se, float(student.sf(sign * float(whole) / se, n - 1))


def _slope(top: np.ndarray, bottom: np.ndarray, dose: np.ndarray) -> np.ndarray:
    """Weighted least-squares slope of top / bottom over the dose, along the last axis."""
    total = bottom.sum(axis=-1, keepdims=True)
    mean = (bottom * dose).sum(axis=-1, keepdims=True) / total
    centered = dose - mean
    spread = (bottom * centered**2).sum(axis=-1)
    return (top * centered).sum(axis=-1) / np.where(spread > 0, spread, np.inf)


def _finding(what: str, step: str, fit: tuple[float, float, float], percent: bool) -> Finding:
    slope, se, p_value = fit
    if step.endswith("fresher survey"):
        slope = -slope
    amount = f"{100 * slope:+.2f} percentage points" if percent else f"{slope:+.3f} points"
    half = CONFIDENCE_Z * se
    return Finding("customers", f"{what}: {amount} {step}", slope, slope - half, slope + half, p_value)


def _rest(sums: pd.DataFrame, response: tuple[float, float, float]) -> Finding:
    """State the rule: the shortest rest after which the response is no longer below that after longer rests.

    From the longest time down, a bin joins the plateau as long as its rate is not below the plateau's at 5 %
    (one-sided, jackknife over groups of customers); the rest is the upper end of the first bin that is.
    """
    bins = np.sort(sums["gap_bin"].unique()).astype(int)
    for k in bins[-2::-1]:
        pair = sums[sums["gap_bin"] >= k].assign(rested=lambda f, k=k: (f["gap_bin"] > k).astype(float))
        gain, _, p_value = _trend(pair, "rested", "answers", "contacts", 1.0)
        if p_value < 0.05 and gain > 0 and response[2] < 0.05:
            words = f"rule: let {GAP_DAYS[k]} days pass after an answer before asking again; sooner, fewer answer"
            return Finding("customers", words, float(GAP_DAYS[k]))
    return Finding("customers", "rule: these data ask for no rest between surveys", 0.0)


def _by_contacts(log: SurveyLog) -> Finding:
    sums = log.sums(["recent_contacts"])
    shares = [
        f"{int(row['recent_contacts'])}{'+' if row['recent_contacts'] == 3 else ''}: "
        f"{row['answers'] / max(row['contacts'], 1):.1%} answer, mean {row['s1'] / max(row['answers'], 1):.2f}"
        for row in sums.to_dict("records")
    ]
    words = "by contacts in the 30 days before (not tested: those who come often have other issues): "
    return Finding("customers", words + "; ".join(shares))
